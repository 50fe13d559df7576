#!/bin/sh
# Runs the module in Node and the page in Chromium, without a window, and compares
# what they forecast with `ravel run`; then gives the page files that are wrong.
#
#   examples/web/test.sh [SEED] [FOLDER]
#
# FOLDER (build/examples/web) also gets page.png and phone.png.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/examples/web
seed=${1:-0}
folder=${2:-$root/build/examples/web}
ravel=${RAVEL:-$root/build/${RAVEL_PRESET:-release}/bin/ravel}
days=$root/build/examples/forecast/seattle.csv

"$here/build.sh" "$seed" "$folder"
command -v node >/dev/null 2>&1 || "$root/tools/setup.sh" install nodejs
command -v chromium >/dev/null 2>&1 || "$root/tools/setup.sh" install chromium

"$ravel" run "$root/build/examples/forecast/run-$seed" --entry @forecast \
  --data "$days" --keep date,value --names forecast --output "$folder/forecasts.csv"
node "$here/check.mjs" "$folder" "$days" "$folder/forecasts.csv"
node "$here/browser.mjs" "$folder" "$days" "$folder/forecasts.csv"
echo "web: wrote $folder/page.png and $folder/phone.png"
