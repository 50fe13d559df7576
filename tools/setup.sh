#!/bin/sh
# Installs what the build needs and builds the release preset.
#
#   tools/setup.sh                     install, configure, build
#   tools/setup.sh install PACKAGE...  only install these Debian packages
#
# Runs as root or with sudo, and only when a package is missing. Says what it
# does in one line each; what the tools print is in build/setup.log.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
preset=${RAVEL_PRESET:-release}
log=$root/build/setup.log

packages="llvm-22-dev libmlir-22-dev mlir-22-tools llvm-22-tools clang-22
  lld-22 libomp-22-dev clang-format-22 clang-tidy-22 cmake ninja-build ccache
  libgtest-dev libeigen3-dev libspectra-dev zlib1g-dev python3 make dpkg-dev file"

# quietly COMMAND...: runs it with its output in the log, which is shown when
# the command fails.
quietly() {
  if ! "$@" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "setup: failed: $*" >&2
    exit 1
  fi
}

# as_root COMMAND...
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    echo "setup: this needs root or sudo: $*" >&2
    return 1
  fi
}

# install PACKAGE...: installs those that are missing.
install() {
  missing=
  for package; do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
    installed) ;;
    *) missing="$missing $package" ;;
    esac
  done
  [ -n "$missing" ] || return 0
  echo "setup: installing$missing"
  quietly as_root apt-get update -q
  quietly as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends $missing
}

mkdir -p "$root/build"

if [ "${1:-}" = install ]; then
  shift
  install "$@"
  exit 0
fi

# The sanitizers' runtime comes apart from the compiler.
[ "$preset" != sanitize ] || packages="$packages libclang-rt-22-dev"
install $packages
cd "$root"
echo "setup: configuring build/$preset"
# A cache left by another toolchain can't be configured again: start afresh.
cmake --preset "$preset" >"$log" 2>&1 || quietly cmake --fresh --preset "$preset"
echo "setup: building build/$preset"
quietly cmake --build --preset "$preset"
