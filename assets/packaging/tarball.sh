#!/usr/bin/env bash
# Packs what stage.sh has laid out with its install script, for systems without a package.
#
#   assets/packaging/tarball.sh TARGET [FOLDER]
#
# Writes FOLDER/impasto-VERSION-TARGET.tar.gz; TARGET is the compiler's, as x86_64-unknown-linux-gnu, FOLDER is target.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
name=impasto-$version-$1
out=$(cd "${2:-target}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/$name"
cp -R target/package/bin target/package/share assets/packaging/install.sh README.md "$work/$name/"
tar -C "$work" -czf "$out/$name.tar.gz" "$name"
echo "$out/$name.tar.gz"
