#!/bin/sh
# Opens the page in Chromium, without a window, and compares what it says with what
# `ravel run` said; then gives it files that are wrong.
#
#   examples/web/test.sh [SEED] [FOLDER]
#
# Writes FOLDER/page.png.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
seed=${1:-0}
folder=${2:-$root/build/examples/web}
"$root/examples/web/build.sh" "$seed" "$folder"
command -v chromium >/dev/null 2>&1 || "$root/tools/setup.sh" install chromium

browse() {
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars \
    --user-data-dir="$folder/profile" --virtual-time-budget=20000 "$@" 2>/dev/null
}
# read ID < page: the text of an element.
read_element() {
  sed -n "s/.*id=\"$1\"[^>]*>\\([^<]*\\)<.*/\\1/p" | head -n 1
}

page=file://$folder/index.html
browse --dump-dom "$page#sample" >"$folder/sample.html"
got=$(read_element rmse <"$folder/sample.html")
wanted=$(awk -F, '
  NR == 1 { for (i = 1; i <= NF; ++i) column[$i] = i; next }
  { sum += ($column["forecast"] - $column["value"]) ^ 2 }
  END { printf "%.3f °C", sqrt(sum / (NR - 1)) }' \
  "$root/build/examples/forecast/forecast-$seed.csv")
echo "web: the page says $got, ravel run $wanted"
[ "$got" = "$wanted" ]
browse --window-size=900,780 --screenshot="$folder/page.png" "$page#sample"
echo "web: a forecast takes $(read_element time <"$folder/sample.html")"

# wrong TEXT MESSAGE: the page must say so.
wrong() {
  browse --dump-dom "$page#text=$1" | read_element message >"$folder/message"
  grep -q "$2" "$folder/message" || {
    echo "web: expected '$2', got '$(cat "$folder/message")'" >&2
    exit 1
  }
}
wrong 'a,b%0A1,2' 'must name the columns'
wrong 'date,value%0A2015-01-01,3' 'a forecast needs 28 days'
wrong 'date,value%0Ayesterday,3' 'Row 1: “yesterday” is no date'
wrong 'date,value%0A2015-01-01,warm' 'Row 1: “warm” is no temperature'
echo "web: wrong files get a message"
