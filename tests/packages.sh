#!/usr/bin/env bash
# Makes the packages for Linux, and installs the Debian one in a clean chroot: is the program at home there?
#
#   tests/packages.sh [PROGRAM]
#
# PROGRAM is a built impasto; without it one is built with the profile of packages. Needs Debian, root, a
# mirror, and: cargo-deb, debootstrap, desktop-file-utils, appstream, xvfb, xdotool. If cargo-generate-rpm and
# rpm are there, the RPM is made and read as well; if lintian is, it is asked. Variables: MIRROR, SUITE,
# SCREEN (the display's number), and BASE, a folder with a clean system that an earlier debootstrap has made
# (it is copied, not changed).
set -euo pipefail
cd "$(dirname "$0")/.."
suite=${SUITE:-$(. /etc/os-release && echo "$VERSION_CODENAME")}
mirror=${MIRROR:-http://deb.debian.org/debian}
screen=:${SCREEN:-77}
out=target/packages
mkdir -p "$out"
work=$(mktemp -d)
root=$work/root
running=() mounted=()
clean() {
  for process in "${running[@]}"; do kill "$process" 2>/dev/null || true; done
  for ((at = ${#mounted[@]} - 1; at >= 0; at--)); do umount -R "${mounted[at]}" || umount -R -l "${mounted[at]}"; done
  rm -rf --one-file-system "$work"
}
trap clean EXIT
say() { printf '\n== %s\n' "$*"; }
fail() { echo "packages.sh: $*" >&2; exit 1; }
seconds() { awk -v from="$1" -v to="$(date +%s.%N)" 'BEGIN { printf "%.1f", to - from }'; }
size() { echo "$(stat -c %s "$1") bytes"; }

if [ $# -gt 0 ]; then
  program=$1
else
  cargo build --profile dist --locked
  program=${CARGO_TARGET_DIR:-target}/dist/impasto
fi

say "what packages hold"
assets/packaging/stage.sh "$program"
tree=target/package
id=$(cat assets/desktop/app-id)
echo "program: $(size "$program")"
desktop-file-validate "$tree/share/applications/$id.desktop"
appstreamcli validate --no-net "$tree/share/metainfo/$id.metainfo.xml"

say "the Debian package"
rm -f "$out"/*.deb
start=$(date +%s.%N)
cargo deb --no-build --no-strip --fast -o "$out/" -q
deb=$(echo "$out"/*.deb)
echo "$deb: $(size "$deb"), made in $(seconds "$start") s"
dpkg-deb -f "$deb" Package Version Architecture Depends Recommends Installed-Size
if command -v lintian >/dev/null; then
  # Its libraries are crates, which are built in; and no bug of Debian's is closed.
  lintian --tag-display-limit 0 --allow-root --fail-on error --suppress-tags embedded-library,initial-upload-closes-no-bugs "$deb"
fi

if command -v cargo-generate-rpm >/dev/null && command -v rpm >/dev/null; then
  say "the RPM"
  rm -f "$out"/*.rpm
  start=$(date +%s.%N)
  cargo generate-rpm --payload-compress gzip -o "$out/"
  rpm=$(echo "$out"/*.rpm)
  echo "$rpm: $(size "$rpm"), made in $(seconds "$start") s"
  rpm -qp --requires "$rpm"
  for file in bin/impasto "share/applications/$id.desktop" share/man/man1/impasto.1.gz share/doc/impasto/third-party.txt; do
    rpm -qpl "$rpm" | grep -x "/usr/$file" || fail "the RPM has no /usr/$file"
  done
fi

say "the archive"
archive=$(assets/packaging/tarball.sh "$(uname -m)-unknown-linux-gnu" "$out")
echo "$archive: $(size "$archive")"
tar -xzf "$archive" -C "$work"
installer=$(echo "$work"/impasto-*/install.sh)
"$installer" --prefix "$work/a prefix"
"$work/a prefix/bin/impasto" --version
desktop-file-validate "$work/a prefix/share/applications/$id.desktop"
touch "$work/a prefix/share/mine"
"$installer" --prefix "$work/a prefix"
"$installer" --prefix "$work/a prefix" --uninstall
if "$installer" --prefix "$work/100%u" 2>/dev/null; then fail "a prefix with % is taken, which means something in desktop files"; fi
# Databases of the desktop belong to all programs.
left=$(cd "$work/a prefix" && find . -type f ! -path './share/mime/*' ! -name mimeinfo.cache ! -name icon-theme.cache)
[ "$left" = ./share/mine ] || fail "the archive leaves behind: $left"

say "a clean $suite"
start=$(date +%s.%N)
if [ -n "${BASE:-}" ]; then
  cp -a "$BASE" "$root"
else
  debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$work/debootstrap.log" || { tail "$work/debootstrap.log"; exit 1; }
fi
echo "ready in $(seconds "$start") s"
for folder in dev proc sys; do
  mount --rbind --make-rslave "/$folder" "$root/$folder"
  mounted+=("$root/$folder")
done
mkdir -p "$root/tmp/.X11-unix"
[ ! -e /etc/resolv.conf ] || cp /etc/resolv.conf "$root/etc/resolv.conf"
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive "$@"; }
person() { # a command of an ordinary user, who has a display
  chroot --userspec=1000:1000 "$root" /usr/bin/env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 HOME=/home/painter DISPLAY="$screen" XDG_RUNTIME_DIR=/home/painter/run "$@"
}
inside useradd -m -u 1000 painter
person mkdir -m 700 /home/painter/run
cp "$deb" "$root/tmp/impasto.deb"
inside apt-get update -qq

say "the package in it"
start=$(date +%s.%N)
# What it depends on, and of what it recommends only a driver: nothing else may be needed.
inside apt-get install -y -qq --no-install-recommends /tmp/impasto.deb mesa-vulkan-drivers >"$work/install.log" 2>&1 || { tail "$work/install.log"; exit 1; }
echo "installed in $(seconds "$start") s, $(grep -c '^Setting up' "$work/install.log") packages"
person impasto --version
person impasto devices
person impasto notices | head -n 1

say "the window in it"
Xvfb "$screen" -screen 0 1360x860x24 -nolisten tcp -ac >/dev/null 2>&1 &
running+=($!)
for _ in $(seq 100); do [ -e "/tmp/.X11-unix/X${screen#:}" ] && break; sleep 0.1; done
mount --bind /tmp/.X11-unix "$root/tmp/.X11-unix"
mounted+=("$root/tmp/.X11-unix")
opened=$(date +%s.%N)
# `exec`, so that the number is the program's own.
(cd / && exec chroot --userspec=1000:1000 "$root" /usr/bin/env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 HOME=/home/painter DISPLAY="$screen" XDG_RUNTIME_DIR=/home/painter/run impasto --size 128 >"$work/window.log" 2>&1) &
window=$!
running+=("$window")
found=
for _ in $(seq 600); do
  found=$(DISPLAY=$screen xdotool search --onlyvisible --name '^Impasto$' 2>/dev/null | head -n 1) && [ -n "$found" ] && break
  kill -0 "$window" 2>/dev/null || { cat "$work/window.log"; fail "the window has closed"; }
  sleep 0.1
done
[ -n "$found" ] || fail "there is no window"
echo "a window after $(seconds "$opened") s; $(seconds "$start") s from the package to it"
class=$(DISPLAY=$screen xdotool search --class "^${id//./\\.}\$" 2>/dev/null | head -n 1) || true
project=
for _ in $(seq 1200); do
  project=$(find "$root/home/painter/.local/share/impasto" -name painting.impasto 2>/dev/null | head -n 1)
  [ -n "$project" ] && break
  sleep 0.1
done
[ -n "$project" ] || fail "nothing was painted"
echo "a painting is kept after $(seconds "$opened") s; $(seconds "$start") s from the package to it"
if command -v import >/dev/null; then import -display "$screen" -window root "$out/window.png"; fi
cp -p "$project" "$root/home/painter/mine.impasto"
cp -p "$project" "$root/home/painter/mine"
kill "$window"
wait "$window" || true

say "the desktop in it"
inside apt-get install -y -qq --no-install-recommends shared-mime-info desktop-file-utils libglib2.0-bin >"$work/install.log" 2>&1 || { tail "$work/install.log"; exit 1; }
for file in mine.impasto mine; do
  [[ $(person gio info -a standard::content-type "/home/painter/$file") == *"content-type: application/x-impasto" ]] || fail "$file is no project to the desktop"
done
[[ $(person gio mime application/x-impasto) == *"$id.desktop"* ]] || fail "projects are opened by something else"
[[ $(person gio mime image/png) == *"$id.desktop"* ]] || fail "pictures are not opened with it"
[ -s "$root/usr/share/man/man1/impasto-render.1.gz" ] || fail "a manual page is missing"
inside bash -c '. /usr/share/bash-completion/completions/impasto && complete -p impasto' || fail "bash completes nothing"
# By it the desktop finds the window's menu entry and icon.
[ -n "$class" ] || fail "the window is not of the class $id"
thumbnailer=$(sed -n 's/^Exec=//p' "$root/usr/share/thumbnailers/$id.thumbnailer")
thumbnailer=${thumbnailer//%s/128}
thumbnailer=${thumbnailer//%i//home/painter/mine.impasto}
person ${thumbnailer//%o//home/painter/small.png}
head -c 8 "$root/home/painter/small.png" | cmp -s - <(printf '\x89PNG\r\n\x1a\n') || fail "the thumbnail is no PNG"
echo "thumbnail: $(size "$root/home/painter/small.png")"

say "removed"
inside apt-get purge -y -qq impasto >/dev/null 2>&1
left=$(find "$root/usr" "$root/etc" "$root/var/lib/dpkg/info" -iname '*impasto*')
[ -z "$left" ] || fail "it leaves behind: $left"
echo "nothing is left"
