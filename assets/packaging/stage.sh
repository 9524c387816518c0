#!/usr/bin/env bash
# Lays out what every package holds, as below /usr: program, desktop data, manual pages, completions, licences.
#
#   assets/packaging/stage.sh PROGRAM [FOLDER]
#
# PROGRAM is a built impasto; FOLDER is target/package unless it is given. If PROGRAM is for another kind of machine,
# IMPASTO_RUN names one for this machine, which prints the manual pages and completions.
set -euo pipefail
program=$(realpath "$1")
run=$(realpath "${IMPASTO_RUN:-$program}")
root=$(cd "$(dirname "$0")/../.." && pwd)
tree=${2:-$root/target/package}
rm -rf "$tree"
mkdir -p "$tree"
tree=$(cd "$tree" && pwd)
cd "$root"

id=$(cat assets/desktop/app-id)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
# The time of the commit, so that packages of one commit are the same.
time=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
maintainer=$(sed -n 's/^maintainer = "\(.*\)"$/\1/p' Cargo.toml)

fill() { # SOURCE DESTINATION: a file with its placeholders filled in
  mkdir -p "$(dirname "$tree/$2")"
  sed -e "s|@APP_ID@|$id|g" -e "s|@DEVELOPER_ID@|${id%.*}|g" -e "s|@VERSION@|$version|g" \
    -e "s|@DATE@|$(date -u -d "@$time" +%F 2>/dev/null || date -u -r "$time" +%F)|g" "$1" > "$tree/$2"
}
put() { mkdir -p "$(dirname "$tree/$2")"; cp "$1" "$tree/$2"; } # SOURCE DESTINATION
packed() { gzip -9 -n > "$1"; }

put "$program" bin/impasto
chmod 755 "$tree/bin/impasto"

fill assets/desktop/app.desktop "share/applications/$id.desktop"
fill assets/desktop/metainfo.xml "share/metainfo/$id.metainfo.xml"
fill assets/desktop/project.xml "share/mime/packages/$id.xml"
fill assets/desktop/project.thumbnailer "share/thumbnailers/$id.thumbnailer"
for icon in assets/desktop/icons/*.png; do
  size=$(basename "$icon" .png)
  put "$icon" "share/icons/hicolor/${size}x$size/apps/$id.png"
done
put assets/desktop/impasto.svg "share/icons/hicolor/scalable/apps/$id.svg"

"$run" man "$tree/share/man/man1"
gzip -9 -n "$tree"/share/man/man1/*.1
script() { mkdir -p "$(dirname "$tree/share/$2")"; "$run" completions "$1" > "$tree/share/$2"; } # SHELL FILE
script bash bash-completion/completions/impasto
script zsh zsh/site-functions/_impasto
script fish fish/vendor_completions.d/impasto.fish

doc=share/doc/impasto
for page in LICENSE-MIT LICENSE-APACHE SECURITY.md assets/third-party.txt; do put "$page" "$doc/$(basename "$page")"; done
put weights/README.md "$doc/weights.md"
put assets/README.md "$doc/pictures.md"
put assets/packaging/copyright "$doc/copyright"
for page in assets/guide/*.md assets/guide/*.jpg; do put "$page" "$doc/guide/$(basename "$page")"; done
packed "$tree/$doc/changelog.gz" < CHANGELOG.md
# Debian's own list of changes.
mkdir -p "$tree/debian"
packed "$tree/debian/changelog.Debian.gz" <<EOF
impasto ($version-1) unstable; urgency=medium

  * What is new is in changelog.gz.

 -- $maintainer  $(date -u -R -d "@$time" 2>/dev/null || date -u -r "$time" '+%a, %d %b %Y %T +0000')
EOF
find "$tree" -type f ! -path '*/bin/*' -exec chmod 644 {} +
find "$tree" -type d -exec chmod 755 {} +
echo "$tree: $(find "$tree" -type f | wc -l | tr -d ' ') files, $(du -sk "$tree" | cut -f 1) kB, $id $version"
