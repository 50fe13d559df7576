#!/bin/sh
# Runs the module in Node and the page in Chromium, without a window, and compares
# what they forecast with `ravel run`; then gives the page files that are wrong.
#
#   examples/web/test.sh [SEED] [FOLDER]
#
# Writes FOLDER/page.png and FOLDER/phone.png.
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
  --data "$days" --keep date,value --names forecast --output "$folder/all.csv"
node "$here/check.mjs" "$folder" "$days" "$folder/all.csv"

# open_page NAME OPTION...: opens FOLDER/NAME in Chromium.
open_page() {
  name=$1
  shift
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars \
    --user-data-dir="$folder/profile" --virtual-time-budget=20000 "$@" \
    "file://$folder/$name" 2>/dev/null
}
# with_script SCRIPT: the page with a script that runs after its own.
with_script() {
  cat "$folder/index.html"
  printf '<script type="module">%s</script>\n' "$1"
}
# read_element ID < page: the text of an element.
read_element() {
  sed -n "s/.*id=\"$1\"[^>]*>\\([^<]*\\)<.*/\\1/p" | head -n 1
}
fail() {
  echo "web: $*" >&2
  exit 1
}

# The sample, which is 2015: its error, and each of its forecasts.
sample='document.getElementById("sample").click();'
with_script "$sample" >"$folder/try.html"
open_page try.html --dump-dom >"$folder/sample.html"
python3 - "$folder/sample.html" "$folder/all.csv" <<'END'
import csv, html, io, re, sys, urllib.parse

page = open(sys.argv[1], encoding="utf-8").read()
link = re.search(r'href="data:text/csv;charset=utf-8,([^"]*)"', page)
if not link:
    sys.exit("web: the page has no forecasts")
text = urllib.parse.unquote(html.unescape(link.group(1)))
found = list(csv.DictReader(io.StringIO(text)))
with open(sys.argv[2], newline="") as file:
    wanted = [row for row in csv.DictReader(file) if not row["date"] or row["date"] >= "2015"]
assert len(found) == len(wanted) == 366, (len(found), len(wanted))
assert all(f["date"] == w["date"] for f, w in zip(found[:-1], wanted))
apart = max(abs(float(f["forecast"]) - float(w["forecast"])) for f, w in zip(found, wanted))
error = (sum((float(w["forecast"]) - float(w["value"])) ** 2 for w in wanted[:-1]) / 365) ** 0.5
shown = float(re.search(r'id="rmse">([0-9.]+) °C<', page).group(1))
print("web: the page says RMSE %.3f °C, ravel run %.3f °C; "
      "forecasts at most %.0e °C apart" % (shown, error, apart))
if abs(shown - error) > 0.001 or apart > 1e-4:
    sys.exit("web: the page's forecasts are not those of ravel run")
END
echo "web: a forecast takes $(read_element time <"$folder/sample.html") in Chromium"

# choose NAME TEXT: a script that chooses a file of that text, a literal of JavaScript.
choose() {
  printf '%s' "const files = new DataTransfer(), input = document.getElementById('file');
    files.items.add(new File([$2], '$1')); input.files = files.files;
    input.dispatchEvent(new Event('change'));"
}
# says ELEMENT PATTERN NAME TEXT: what the page must say of a file.
says() {
  with_script "$(choose "$3" "$4")" >"$folder/try.html"
  open_page try.html --dump-dom >"$folder/said.html"
  said=$(read_element "$1" <"$folder/said.html")
  case $said in
  *"$2"*) ;;
  *) fail "of $3, expected '$2', got '$said'" ;;
  esac
}
row='(_, i) => `2016-02-${i + 1},${i % 7}`'
says message 'The file is empty' empty.csv '""'
says message 'This is no CSV file' picture.png 'new Uint8Array([137, 80, 78, 71, 0, 0, 0, 13])'
says message 'lacks the column “date” (or “day”, “month” and “year”) and the column “value”' \
  prose.txt '"It was warm.\nThen it rained."'
says message 'lacks the column “value”' dates.csv '"date,rain\n2015-01-01,3"'
says message 'The file has 2 days; a forecast takes 28' two.csv '"date,value\n2015-01-01,3\n2015-01-02,4"'
says message 'Row 1: “2015-02-30” is no date' february.csv '"date,value\n2015-02-30,3"'
says message 'Row 2: “warm” is no temperature' warm.csv '"date,value\n2015-01-01,3\n2015-01-02,warm"'
says message 'Row 2: the temperature is missing' hole.csv '"date,value\n2015-01-01,3\n2015-01-02,"'
says message 'days must be in order' turned.csv '"date,value\n2015-01-02,3\n2015-01-01,4"'
says next '29 Feb 2016' short.csv "'date,value\\n' + Array.from({length: 28}, $row).join('\\n')"
says note 'missing in 1 place' gap.csv \
  "'date,value\\n2015-12-01,3\\n' + Array.from({length: 28}, $row).join('\\n')"
echo "web: wrong files get a message"

with_script "$sample" >"$folder/try.html"
open_page try.html --window-size=1200,800 --screenshot="$folder/page.png"
# A window has a least width, a frame has none.
cat >"$folder/frame.html" <<'END'
<!doctype html>
<body style="margin: 0">
<iframe src="try.html" style="border: 0; width: 390px; height: 1100px"></iframe>
END
open_page frame.html --window-size=500,1100 --screenshot="$folder/phone.png"
rm -r "$folder/profile" "$folder/frame.html" "$folder/try.html" "$folder/said.html"
echo "web: wrote $folder/page.png and $folder/phone.png"
