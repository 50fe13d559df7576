#!/bin/sh
# Compares Ravel's speed with that of PyTorch, oneDNN and ONNX Runtime: installs
# them where they are missing, builds, and runs the benchmark. Whatever can't be
# installed is left out. See test/benchmark/README.md.
#
#   tools/bench.sh                      everything: an hour
#   tools/bench.sh --quick              fewer rounds: a quarter of that
#   tools/bench.sh --only lstm --threads 1 --out DIR
#   tools/bench.sh --reservoir          reservoirs against numpy and scipy: 5 minutes
#   tools/bench.sh --list
#   tools/bench.sh --help
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
preset=${RAVEL_PRESET:-release}
# Outside of the repository's own files.
npm_folder=$root/build/bench/npm
onnxruntime_version=${ONNXRUNTIME_VERSION:-1.30.0}

for argument; do
  case $argument in
  --list | --help | -h) exec python3 "$root/test/benchmark/run.py" "$@" ;;
  esac
done

if [ "${1:-}" = --reservoir ]; then
  "$root/tools/setup.sh" install python3-numpy python3-scipy libopenblas0-openmp
  "$root/tools/setup.sh"
  for threads in 1 2; do
    echo "threads: $threads"
    /usr/bin/python3 "$root/test/benchmark/reservoir.py" \
      "$root/build/$preset/bin/ravel" --threads $threads
  done
  exit
fi

# PyTorch multiplies with OpenBLAS, whose threads must be OpenMP's.
for package in python3-torch libopenblas0-openmp libdnnl-dev python3-onnx; do
  "$root/tools/setup.sh" install "$package" ||
    echo "bench: going without $package"
done

case $(uname -m) in
x86_64) arch=x64 ;;
aarch64) arch=arm64 ;;
*) arch=none ;;
esac
find_onnxruntime() {
  find "$npm_folder" -path "*/linux/$arch/*" -name "libonnxruntime.so*" \
    2>/dev/null | head -n 1
}
if [ -z "$(find_onnxruntime)" ]; then
  command -v npm >/dev/null 2>&1 || "$root/tools/setup.sh" install npm || true
  mkdir -p "$npm_folder"
  # Only the library is wanted: no script of the package runs.
  npm install --prefix "$npm_folder" --ignore-scripts --no-audit --no-fund \
    "onnxruntime-node@$onnxruntime_version" >"$root/build/bench/npm.log" 2>&1 ||
    echo "bench: going without ONNX Runtime; see build/bench/npm.log"
fi

"$root/tools/setup.sh"
exec python3 "$root/test/benchmark/run.py" \
  --binaries "$root/build/$preset/bin" --onnxruntime "$(find_onnxruntime)" "$@"
