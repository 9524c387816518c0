#!/usr/bin/env bash
# Builds the wheel with maturin, which builds the program for it.
#
#   assets/packaging/wheel/build.sh FOLDER [MATURIN'S ARGUMENTS]
#
# Fails if the wheel is larger than Python's index takes.
set -euo pipefail
out=$(mkdir -p "$1" && cd "$1" && pwd)
shift
cd "$(dirname "$0")/../../.."
mkdir -p target/wheel
cp assets/packaging/wheel/pyproject.toml LICENSE-MIT LICENSE-APACHE assets/third-party.txt target/wheel/
(cd target/wheel && maturin build --out "$out" "$@")
for wheel in "$out"/impasto-*.whl; do
  bytes=$(wc -c < "$wheel")
  echo "$wheel: $bytes bytes"
  [ "$bytes" -lt 100000000 ] || { echo "the index takes 100000000 bytes at most" >&2; exit 1; }
done
