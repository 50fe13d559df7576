#!/bin/sh
# Gets the CMU pronouncing dictionary from npm and splits it: see prepare.py.
#
#   examples/g2p/fetch.sh [FOLDER]     default: build/examples/g2p
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$root/build/examples/g2p}
[ ! -s "$folder/test.references.tsv" ] || exit 0

mkdir -p "$folder"
command -v npm >/dev/null || "$root/tools/setup.sh" install npm
archive=$(cd "$folder" && npm pack --silent cmu-pronouncing-dictionary@3.0.0)
tar -xzf "$folder/$archive" -C "$folder"
entries=$(grep -c '^  "' "$folder/package/index.js" || true)
if [ "$entries" != 135155 ]; then
  echo "g2p: expected 135155 entries in $folder/package/index.js, found $entries" >&2
  exit 1
fi
python3 "$root/examples/g2p/prepare.py" "$folder/package/index.js" "$folder"
