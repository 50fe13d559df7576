#!/bin/sh
# Writes the King James Bible as plain text, one verse a line without its
# reference, in the order of the canon: bible.txt, 31102 lines, ASCII.
#
#   examples/text/fetch.sh [FOLDER]     default: build/examples/text
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$root/build/examples/text}
text=$folder/bible.txt
[ ! -s "$text" ] || exit 0

mkdir -p "$folder"
"$root/tools/setup.sh" install bible-kjv bible-kjv-text

# With -f a verse is one line, "Gen1:1 In the beginning …".
bible -f 'Gen1:1-Rev22:21' </dev/null | sed -E 's/^[A-Za-z0-9]+:[0-9]+ +//' >"$text.part"

verses=$(wc -l <"$text.part")
if [ "$verses" != 31102 ] || LC_ALL=C grep -q '[^ -~]' "$text.part"; then
  echo "text: the text of bible-kjv is not what it was: $verses lines" >&2
  exit 1
fi
mv "$text.part" "$text"
