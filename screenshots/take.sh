#!/usr/bin/env bash
# Takes the pictures of this folder from the real window in a real run, on a virtual display.
# Needs: cargo build --release; Xvfb, xdotool and ImageMagick (Debian: xvfb xdotool imagemagick mesa-vulkan-drivers).
set -euo pipefail
cd "$(dirname "$0")/.."
program=${1:-target/release/impasto}
export DISPLAY=:97
unset WAYLAND_DISPLAY
work=$(mktemp -d)
chmod 700 "$work"
export HOME=$work XDG_RUNTIME_DIR=$work
Xvfb $DISPLAY -screen 0 1600x1000x24 -nolisten tcp -noreset >/dev/null 2>&1 &
display=$!
trap 'kill $display 2>/dev/null; rm -rf "$work"' EXIT
sleep 1

window=
start() { # a fresh configuration, then arguments for the program
  export IMPASTO_CONFIG_DIR="$work/$RANDOM$RANDOM"
  "$program" "$@" >/dev/null 2>&1 &
  run=$!
  until window=$(xdotool search --name '^Impasto$' | tail -n 1) && [ -n "$window" ]; do sleep 0.2; done
  sleep 1
  until xdotool windowfocus "$window" 2>/dev/null; do sleep 0.5; done # not before it is shown
  sleep 0.5
}
stop() { kill $run; wait $run 2>/dev/null || true; }
take() { # the pointer out of the way, then the window alone
  xdotool mousemove 700 990; sleep 0.6
  import -window "$window" "screenshots/$1.png"
  echo "screenshots/$1.png"
}
rests() { # waits until nothing has moved for 15 seconds, so many seconds at most
  local end=$((SECONDS + $1)) since=$SECONDS before= now
  while [ $SECONDS -lt $end ]; do
    now=$(import -window "$window" rgb:- | sha256sum)
    if [ "$now" != "$before" ]; then before=$now since=$SECONDS; fi
    if [ $((SECONDS - since)) -ge 15 ]; then return; fi
    sleep 2
  done
  echo "still moving after $1 seconds" >&2
}
find() { # a command by its name
  xdotool key ctrl+k sleep 0.6 type --delay 40 "$1"
  xdotool sleep 0.5 key Return sleep 0.8
}

start --size 448 --steps 400 --automate 'beta={ lfo = { shape = "sine", period = 0.25, depth = 0.2 } }'
sleep 100; find "automation"; sleep 2; take automation
stop

start --size 448 --steps 400
sleep 150; take painting
xdotool key s; sleep 1; take compare
xdotool key s; xdotool mousemove 368 630 click 1; sleep 2; take filmstrip
xdotool key l; sleep 6; xdotool mousemove 657 210 click 1; sleep 2; take lab
xdotool key l; find "mixer"; sleep 2; take mixer
stop

start --size 384 --steps 200
sleep 8; find "example with regions"; sleep 70; xdotool key k; sleep 2; take regions
stop

start assets/rocket.jpg assets/woodcut.jpg --size 256 --steps 60
sleep 8; xdotool key g; sleep 1; xdotool mousemove 921 148 click 1; sleep 20; rests 900; take grid
stop

"$program" layers -c assets/chelsea.jpg -s assets/swirl.jpg -o "$work/layers.png" --size 128 --device cpu --quiet
convert "$work/layers.png" -quality 88 assets/guide/layers.jpg
optipng -quiet -o1 screenshots/*.png 2>/dev/null || true
