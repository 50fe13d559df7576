#!/bin/sh
# From a bare Debian 12 to a trained network: installs what is missing, builds,
# fetches the weather of Seattle, trains a forecast, runs it on a year that it
# has not seen, and draws forecast.svg.
#
#   tools/demo.sh
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/build/examples/forecast
ravel=$root/build/${RAVEL_PRESET:-release}/bin/ravel

"$root/tools/setup.sh"
"$root/examples/forecast/fetch.sh"

echo "demo: the model, examples/forecast/forecast.mlir, has these parameters"
"$ravel" params "$root/examples/forecast/forecast.mlir" --entry @forecast

echo "demo: training on 2012 to 2014"
start=$(date +%s)
"$root/examples/forecast/train.sh" 0 "$folder"
echo "demo: trained and tested in $(($(date +%s) - start)) s"

echo "demo: the saved model on the last rows, one of them a day yet to come"
"$ravel" run "$folder/run-0" --entry @forecast --data "$folder/seattle.csv" \
  --rows 1457: --keep date,value --names forecast

cp "$folder/forecast-0.svg" "$root/forecast.svg"
echo "demo: see forecast.svg"
