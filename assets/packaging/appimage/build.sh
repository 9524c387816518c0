#!/usr/bin/env bash
# Makes an AppImage of what stage.sh has laid out. Untried: appimagetool was not at hand.
#
#   assets/packaging/appimage/build.sh [FOLDER]
#
# Needs appimagetool in PATH. Libraries of the desktop are not packed: they belong to the system's drivers.
set -euo pipefail
cd "$(dirname "$0")/../../.."
id=$(cat assets/desktop/app-id)
out=$(cd "${1:-target}" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/usr"
cp -R target/package/bin target/package/share "$folder/usr/"
ln -s usr/bin/impasto "$folder/AppRun"
cp "$folder/usr/share/applications/$id.desktop" "$folder/"
cp assets/desktop/icons/256.png "$folder/$id.png"
ln -s "$id.png" "$folder/.DirIcon"
# The name that its checker expects beside the desktop file.
mv "$folder/usr/share/metainfo/$id.metainfo.xml" "$folder/usr/share/metainfo/$id.appdata.xml"
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
ARCH=$(uname -m) appimagetool "$folder" "$out/Impasto-$version-$(uname -m).AppImage"
