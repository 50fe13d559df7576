#!/bin/sh
# Trains a language model of characters on the King James Bible, the last 5%
# held out, and lets it write.
#
#   examples/text/train.sh [EPOCHS] [FOLDER]
#
# FOLDER (build/examples/text) gets run/, the trained model. An interrupted
# training goes on when the script is run again.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
epochs=${1:-4}
folder=${2:-$root/build/examples/text}
ravel=${RAVEL:-$root/build/${RAVEL_PRESET:-release}/bin/ravel}

"$root/examples/text/fetch.sh" "$folder"

resume=
[ ! -e "$folder/run/last.safetensors" ] || resume=--resume
"$ravel" train "$root/examples/text/lm.mlir" --objective @loss \
  --text "$folder/bible.txt" --streams 32 --window 100 --split time:0.05 \
  --metric bits --epochs "$epochs" --lr 0.002 --schedule cosine --clip 1 \
  --log-every 100 --seed 1 --out "$folder/run" $resume

for temperature in 0.5 0.8 1.0; do
  echo "--- temperature $temperature"
  "$ravel" sample "$folder/run" --entry @next --length 400 \
    --temperature "$temperature" --prompt "And it came to pass" --seed 1
done
