#!/bin/sh
# Trains the pronunciation of English words on the CMU pronouncing dictionary and
# tests it on words that it has not seen.
#
#   examples/g2p/train.sh [EPOCHS] [FOLDER]
#
# FOLDER (build/examples/g2p) gets run/, the trained model, and what it writes for
# the test words. An interrupted training goes on when the script is run again.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/examples/g2p
epochs=${1:-30}
folder=${2:-$root/build/examples/g2p}
ravel=${RAVEL:-$root/build/${RAVEL_PRESET:-release}/bin/ravel}

[ -x "$ravel" ] || "$root/tools/setup.sh"
"$here/fetch.sh" "$folder"
resume=
[ ! -s "$folder/run/last.safetensors" ] || resume=--resume
"$ravel" train "$here/g2p.mlir" --objective @loss \
  --data "$folder/train.tsv" --validation "$folder/valid.tsv" \
  --characters word=0 --words phones=1 \
  --decode @pronounce --metric sequence-error \
  --epochs "$epochs" --batch 64 --lr 0.002 --schedule cosine:warmup=500 \
  --clip 1 $resume --out "$folder/run"

for beam in 1 4; do
  "$ravel" run "$folder/run" --entry @pronounce --batch 64 --beam $beam \
    <"$folder/test.txt" >"$folder/found.$beam.txt"
  echo "beam of $beam: $(python3 "$here/score.py" \
    "$folder/test.references.tsv" "$folder/test.txt" "$folder/found.$beam.txt")"
done
