#!/usr/bin/env bash
# How the real window feels: paints 512 px on a virtual display while a hand drags a fader, zooms, compares
# and opens the palette, then closes the window, which prints its frame times. After that, the CPU time of a
# window that rests, and how soon a fader that is dragged then is seen.
# Needs: cargo build --release; Xvfb and xdotool (Debian: xvfb xdotool mesa-vulkan-drivers).
set -euo pipefail
cd "$(dirname "$0")/../.."
program=${1:-target/release/impasto}
export DISPLAY=:96
unset WAYLAND_DISPLAY
work=$(mktemp -d)
chmod 700 "$work"
export HOME=$work XDG_RUNTIME_DIR=$work IMPASTO_CONFIG_DIR=$work/config
Xvfb $DISPLAY -screen 0 1600x1000x24 -nolisten tcp -noreset >/dev/null 2>&1 &
display=$!
trap 'kill $display 2>/dev/null; rm -rf "$work"' EXIT
sleep 1

window=
start() {
  "$program" "$@" --device cpu --frame-times >"$work/times" 2>&1 &
  run=$!
  until window=$(xdotool search --onlyvisible --name '^Impasto$' 2>/dev/null | tail -n 1) && [ -n "$window" ]; do sleep 0.1; done
  xdotool windowfocus --sync "$window"
}
close() {
  xdotool key ctrl+q
  for _ in $(seq 50); do kill -0 $run 2>/dev/null || break; sleep 0.1; done
  wait $run || true
}
drag() { # from x y, in 60 moves per second to x2, forth and back
  xdotool mousemove "$1" "$2" mousedown 1
  for _ in 1 2; do
    for i in $(seq 0 2 40); do xdotool mousemove $(( $1 + i )) "$2" sleep 0.016; done
    for i in $(seq 40 -2 0); do xdotool mousemove $(( $1 + i )) "$2" sleep 0.016; done
  done
  xdotool mouseup 1
}

start --size 512 --steps 400
sleep 15
drag 1213 357 # Style β
xdotool mousemove 620 400 click --repeat 10 --delay 30 4 sleep 0.5 click --repeat 10 --delay 30 5
drag 600 400
xdotool key f sleep 0.3 key s sleep 0.3
drag 620 400
xdotool key s key w sleep 0.5 key w key ctrl+k sleep 0.3 type --delay 60 "style scale"
xdotool key Escape sleep 0.2 key F12 sleep 4
close
cat "$work/times"

start --size 128 --steps 20
sleep 120 # the pictures of the layers are made first
before=$(awk '{print $14 + $15}' /proc/$run/stat); sleep 10
after=$(awk '{print $14 + $15}' /proc/$run/stat)
awk -v ticks=$(( after - before )) -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "at rest, 10 s: %.1f %% CPU\n", ticks / hz * 10 }'
for _ in 1 2 3 4 5; do
  xdotool mousemove 1213 357 mousedown 1 mousemove_relative 30 0 sleep 0.1 mouseup 1
  sleep 20
done
close
echo "dragged at rest, 128 px:"; grep "^Change" "$work/times"
