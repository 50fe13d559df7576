#!/bin/sh
# Fetches the Seattle weather of 2012 to 2015 and writes seattle.csv, one row a
# day: date,day,month,year,value, the value being the daily maximum in °C.
#
#   examples/forecast/fetch.sh [FOLDER]     default: build/examples/forecast
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$root/build/examples/forecast}
csv=$folder/seattle.csv
[ ! -s "$csv" ] || exit 0

mkdir -p "$folder"
command -v npm >/dev/null 2>&1 || "$root/tools/setup.sh" install npm
echo "forecast: fetching vega-datasets 3.2.1"
npm install --prefix "$folder/npm" --ignore-scripts --no-audit --no-fund \
  --loglevel error vega-datasets@3.2.1 >/dev/null

source=$folder/npm/node_modules/vega-datasets/data/seattle-weather.csv
awk -F, '
  NR == 1 {
    for (i = 1; i <= NF; ++i) column[$i] = i
    if (!("date" in column && "temp_max" in column)) exit 1
    print "date,day,month,year,value"
    next
  }
  {
    split($column["date"], ymd, "-")
    printf "%s,%d,%d,%d,%s\n", $column["date"], ymd[3], ymd[2], ymd[1],
      $column["temp_max"]
  }' "$source" >"$csv.part"

days=$(($(wc -l <"$csv.part") - 1))
if [ "$days" != 1461 ]; then
  echo "forecast: expected 1461 days in $source, found $days" >&2
  exit 1
fi
mv "$csv.part" "$csv"
