#!/bin/sh
# Compiles the trained overdrive to a library, builds stream.c with it, plays the
# test's sound through it and draws a few milliseconds.
#
#   examples/audio/run.sh [SEED] [FOLDER]     default: 0, build/examples/audio
#
# FOLDER gets compiled/, the library and its header, stream, test.wav, what the
# model makes of data/test.x.wav, and overdrive.svg.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/examples/audio
seed=${1:-0}
folder=${2:-$root/build/examples/audio}
ravel=${RAVEL:-$root/build/${RAVEL_PRESET:-release}/bin/ravel}
python=/usr/bin/python3 # the one that Debian's NumPy is for
cc=${CC:-$(command -v cc || command -v clang-22)}

[ -x "$ravel" ] || "$root/tools/setup.sh"
[ -s "$folder/run-$seed/best.safetensors" ] || "$here/train.sh" "$seed" "$folder"
mkdir -p "$folder/compiled"
"$ravel" compile "$folder/run-$seed" --entry @overdrive --emit static \
  -o "$folder/compiled/overdrive"
"$cc" -std=c99 -O2 -I "$folder/compiled" "$here/stream.c" \
  "$folder/compiled/liboverdrive.a" -lm -o "$folder/stream"
"$folder/stream" "$folder/data/test.x.wav" "$folder/test.wav"
"$python" "$here/score.py" "$folder/test.wav" "$folder/data/test.y.wav"

"$python" "$here/excerpt.py" "$folder/data/test.x.wav" \
  "$folder/data/test.y.wav" "$folder/test.wav" 578400 300 >"$folder/excerpt.csv"
"$ravel" plot --data "$folder/excerpt.csv" --x sample \
  --lines 'input=input,circuit=circuit,model=model,error × 10=error' \
  --title '6 ms of the test: what the circuit and the model make of strings' \
  --output "$folder/overdrive.svg"
