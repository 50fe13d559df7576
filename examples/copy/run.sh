#!/bin/sh
# Trains a decoder with attention and one without on the same pairs, and draws
# which share of new sequences each writes exactly, by length.
#
#   examples/copy/run.sh [copy|reverse] [FOLDER]     default: reverse,
#                                                    build/examples/copy
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/examples/copy
task=${1:-reverse}
folder=${2:-$root/build/examples/copy}
ravel=${RAVEL:-$root/build/${RAVEL_PRESET:-release}/bin/ravel}

[ -x "$ravel" ] || "$root/tools/setup.sh"
mkdir -p "$folder"
python3 "$here/make.py" "$task" 40000 1 >"$folder/train.tsv"
python3 "$here/make.py" "$task" 1000 2 >"$folder/valid.tsv"
python3 "$here/make.py" "$task" 4000 3 >"$folder/test.tsv"
cut -f1 "$folder/test.tsv" >"$folder/test.txt"

for model in attention plain; do
  "$ravel" train "$here/$model.mlir" --objective @loss --decode @write \
    --metric sequence-error --data "$folder/train.tsv" \
    --validation "$folder/valid.tsv" --characters x=0 --words y=1 \
    --epochs 6 --batch 64 --lr 0.003 --schedule cosine --clip 1 \
    --overwrite --out "$folder/$task-$model"
  "$ravel" run "$folder/$task-$model" --entry @write --batch 64 \
    <"$folder/test.txt" >"$folder/$model.txt"
done
python3 "$here/accuracy.py" "$folder/test.tsv" "attention=$folder/attention.txt" \
  "plain=$folder/plain.txt" >"$folder/$task.csv"
"$ravel" plot --data "$folder/$task.csv" --x length \
  --lines 'with attention=attention,without=plain' --title "$task" \
  --y-label 'exact sequences' --output "$folder/$task.svg"
head -1 "$folder/test.txt" | "$ravel" run "$folder/$task-attention" \
  --entry @write --attention "$folder/$task-alignment.svg"
