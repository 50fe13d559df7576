#!/bin/sh
# Trains an overdrive on the simulated clipper and tests it on sounds that it has
# not heard.
#
#   examples/audio/train.sh [SEED] [FOLDER]     default: 0, build/examples/audio
#
# FOLDER gets data/, what make.py writes, and run-SEED/, the trained model. An
# interrupted training goes on when the script is run again.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/examples/audio
seed=${1:-0}
folder=${2:-$root/build/examples/audio}
ravel=${RAVEL:-$root/build/${RAVEL_PRESET:-release}/bin/ravel}
python=/usr/bin/python3 # the one that Debian's NumPy is for

[ -x "$ravel" ] || "$root/tools/setup.sh"
if [ ! -d "$folder/data" ]; then
  "$root/tools/setup.sh" install python3-numpy
  rm -rf "$folder/data.part"
  "$python" "$here/make.py" "$folder/data.part"
  mv "$folder/data.part" "$folder/data"
fi

# One thread: steps of 32 units are too short to be shared.
resume=
[ ! -s "$folder/run-$seed/last.safetensors" ] || resume=--resume
"$ravel" train "$here/overdrive.mlir" --objective @loss \
  --data "$folder/data/train.npz" --validation "$folder/data/valid.npz" \
  --epochs 60 --batch 32 --lr 0.005 --schedule cosine --clip 1 --threads 1 \
  --seed "$seed" --out "$folder/run-$seed" $resume

"$ravel" run "$folder/run-$seed" --entry @overdrive --threads 1 \
  --data "$folder/data/test.npz" --output "$folder/test-$seed.csv"
for output in "$folder/data/test.curve.wav" "$folder/test-$seed.csv"; do
  score=$("$python" "$here/score.py" "$output" "$folder/data/test.y.wav")
  echo "${output##*/}: $score"
done
