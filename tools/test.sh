#!/bin/sh
# Installs what is missing, builds, and runs every test. The last line reads
# "N passed, N failed"; the exit status is 0 only when something passed and
# nothing failed.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build/${RAVEL_PRESET:-release}
results=$build/test/results.json

if ! "$root/tools/setup.sh"; then
  echo "0 passed, 1 failed"
  exit 1
fi

# What objects that are compiled ahead of time are linked and run with.
"$root/tools/setup.sh" install gcc g++ qemu-user nodejs dpkg-dev

# The unit tests and the lit tests are two suites of one lit run.
rm -f "$results"
"$build/test/run-lit" -v --output "$results" || true
exec python3 "$root/test/count.py" "$results"
