#!/bin/sh
# Compiles the forecast to WebAssembly and writes a page around it, in one file.
#
#   examples/web/build.sh [SEED] [FOLDER]
#
# Trains the forecast first if it is not there. FOLDER (build/examples/web) gets
# index.html, and what it was made of: forecast.wasm with its headers, settings.json.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/examples/web
seed=${1:-0}
folder=${2:-$root/build/examples/web}
ravel=${RAVEL:-$root/build/${RAVEL_PRESET:-release}/bin/ravel}
forecast=$root/build/examples/forecast
run=$forecast/run-$seed

[ -x "$ravel" ] || "$root/tools/setup.sh"
[ -e "$run/last.safetensors" ] || "$root/examples/forecast/train.sh" "$seed"
"$root/tools/setup.sh" install lld-22 python3
mkdir -p "$folder"
PATH=$PATH:/usr/lib/llvm-22/bin "$ravel" compile "$run" --entry @forecast \
  --target wasm32 --optimize size --emit shared -o "$folder/forecast"
python3 "$here/build.py" "$here/page.html" "$here/forecast.mjs" "$run" \
  "$folder/forecast.wasm" "$forecast/seattle.csv" "$folder"
echo "web: wrote $folder/index.html"
