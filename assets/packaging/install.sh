#!/bin/sh
# Installs Impasto from the folder that this script is in, or removes it again.
#
#   ./install.sh [--prefix FOLDER] [--uninstall]
#
# The prefix is /usr/local for root and ~/.local for everybody else.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ "$(id -u)" = 0 ]; then prefix=/usr/local; else prefix=$HOME/.local; fi
uninstall=
while [ $# -gt 0 ]; do
  case $1 in
    --prefix) prefix=${2:?--prefix needs a folder}; shift 2 ;;
    --prefix=*) prefix=${1#*=}; shift ;;
    --uninstall) uninstall=yes; shift ;;
    -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "install.sh: unknown argument $1" >&2; exit 2 ;;
  esac
done
case $prefix in /*) ;; *) prefix=$(pwd)/$prefix ;; esac
case $prefix in *[\"\`\$\\\|\&%]*) echo "install.sh: the prefix has a character that desktop files cannot hold" >&2; exit 2 ;; esac
list=$prefix/share/impasto/installed

refresh() {
  [ ! -d "$prefix/share/applications" ] || update-desktop-database -q "$prefix/share/applications" 2>/dev/null || true
  [ ! -d "$prefix/share/mime/packages" ] || update-mime-database "$prefix/share/mime" 2>/dev/null || true
  [ ! -d "$prefix/share/icons/hicolor" ] || gtk-update-icon-cache -q -t -f "$prefix/share/icons/hicolor" 2>/dev/null || true
}

remove() { # what an earlier call has installed, and the folders that are empty then
  [ -e "$list" ] || return 0
  while IFS= read -r file; do rm -f "$prefix/$file"; done < "$list"
  sed 's|/[^/]*$||' "$list" | sort -ru | while IFS= read -r folder; do
    while [ "$folder" != "${folder%/*}" ] && rmdir "$prefix/$folder" 2>/dev/null; do folder=${folder%/*}; done
  done
  rm -f "$list"
  rmdir "$prefix/share/impasto" 2>/dev/null || true
}

if [ -n "$uninstall" ]; then
  [ -e "$list" ] || { echo "install.sh: nothing is installed in $prefix" >&2; exit 1; }
  remove
  refresh
  echo "Impasto is removed from $prefix. Settings and paintings stay where they are."
  exit 0
fi

remove
mkdir -p "$prefix/share/impasto"
(cd "$here" && find bin share -type f) > "$list"
while IFS= read -r file; do
  mkdir -p "$prefix/$(dirname "$file")"
  case $file in
    # A desktop may not search this folder for programs.
    share/applications/*.desktop | share/thumbnailers/*)
      sed -e "s|^Exec=impasto|Exec=\"$prefix/bin/impasto\"|" -e "s|^TryExec=impasto|TryExec=$prefix/bin/impasto|" \
        "$here/$file" > "$prefix/$file" ;;
    *) cp "$here/$file" "$prefix/$file" ;;
  esac
done < "$list"
chmod 755 "$prefix/bin/impasto"
refresh
echo "Impasto is installed in $prefix; $0 --prefix \"$prefix\" --uninstall removes it."
case :$PATH: in *:"$prefix/bin":*) ;; *) echo "$prefix/bin is not in PATH: the command is $prefix/bin/impasto." ;; esac
