#!/usr/bin/env bash
# Makes Impasto.app and a disk image of it, on macOS. Untried: no Mac was at hand.
#
#   assets/packaging/dmg/build.sh PROGRAM [FOLDER]
#
# PROGRAM may be universal (lipo). If CODESIGN_IDENTITY is set, the app is signed with it; without a signature and a
# notarisation of the owner's, macOS opens it only after "Open anyway" in its settings.
set -euo pipefail
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$(dirname "$0")/../../.."
out=$(cd "${2:-target}" && pwd)
id=$(cat assets/desktop/app-id)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
app=$work/Impasto.app/Contents
mkdir -p "$app/MacOS" "$app/Resources" "$work/impasto.iconset"
cp "$program" "$app/MacOS/impasto"
sed -e "s|@APP_ID@|$id|g" -e "s|@VERSION@|$version|g" assets/packaging/dmg/Info.plist > "$app/Info.plist"
for size in 16 32 128 256 512; do
  cp "assets/desktop/icons/$size.png" "$work/impasto.iconset/icon_${size}x$size.png"
done
for size in 16 32 128 256; do # at twice the density
  cp "assets/desktop/icons/$((2 * size)).png" "$work/impasto.iconset/icon_${size}x$size@2x.png" 2>/dev/null || true
done
iconutil -c icns -o "$app/Resources/impasto.icns" "$work/impasto.iconset"
cp LICENSE-MIT LICENSE-APACHE assets/third-party.txt "$app/Resources/"
if [ -n "${CODESIGN_IDENTITY:-}" ]; then
  codesign --force --options runtime --timestamp --sign "$CODESIGN_IDENTITY" "$work/Impasto.app"
else
  codesign --force --sign - "$work/Impasto.app"
fi
rm -rf "$work/impasto.iconset"
ln -s /Applications "$work/Applications"
hdiutil create -volname Impasto -srcfolder "$work" -format UDZO -ov "$out/Impasto-$version.dmg"
