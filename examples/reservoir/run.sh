#!/bin/sh
# Reproduces published figures of reservoir computing: see README.md.
#
#   examples/reservoir/run.sh [--seeds N] [--only TASK,...]
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
ravel=${RAVEL:-$root/build/${RAVEL_PRESET:-release}/bin/ravel}

"$root/tools/setup.sh" install python3-numpy
exec /usr/bin/python3 "$root/examples/reservoir/run.py" --ravel "$ravel" \
  --work "$root/build/examples/reservoir" "$@"
