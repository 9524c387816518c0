#!/usr/bin/env bash
# A batch on a farm of one machine: the job for OpenJD, with its three shards as three processes that are
# killed at random moments until forty kills have met one, then to its end; the same pictures, byte for byte,
# as without shards. Then the same batch by GNU parallel, and as an array of Slurm on one node.
#
#     tests/farm.sh [PROGRAM]        by default target/release/impasto
#
# Needs: openjd (pip install openjd-cli) on the path or in OPENJD; for Slurm, which is optional, root and
# `apt-get install slurm-wlm munge`. Ends with 3 if OpenJD is not there.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/release/impasto}")
openjd=${OPENJD:-openjd}
kills_wanted=${KILLS:-40}
work=$(realpath "$(mktemp -d)")

fail() {
  echo "farm: $*" >&2
  exit 1
}

clean_up() {
  # Only what was started here.
  for pid in $(jobs -p); do
    kill "$pid" 2>/dev/null || true
  done
  wait || true
  rm -rf "$work"
}
trap clean_up EXIT

command -v "$openjd" >/dev/null || { echo "farm: NOT TESTED: there is no openjd" >&2; exit 3; }

mkdir -p "$work/bin" "$work/home" "$work/photos"
ln -s "$program" "$work/bin/impasto"
export PATH="$work/bin:$PATH" HOME="$work/home" IMPASTO_CONFIG_DIR="$work/home/config"
openjd=$(command -v "$openjd")
cp assets/{astronaut,chelsea,coffee}.jpg "$work/photos"
cp assets/{swirl,mosaic,woodcut,embers}.jpg "$work"
cd "$work"
words=(-c photos -s swirl.jpg mosaic.jpg woodcut.jpg embers.jpg --size 32 --steps 3 --init noise --device cpu)
impasto batch "${words[@]}" -o whole --quiet

# Names and hashes of a folder's pictures.
hashes() {
  (cd "$1" && sha256sum -- *.png)
}

check_folder() {
  diff <(hashes whole) <(hashes "$1") >&2 || fail "$1 differs from the batch without shards"
  # Unfinished files of killed processes have names of their own, and go after a day.
  local others
  others=$(find "$1" -type f ! -name '*.png' ! -name '.impasto-*.part')
  [ -z "$others" ] || fail "these are left: $others"
}

echo "== OpenJD: checked, then run with its shards one after the other"
impasto farm openjd --shards 3 --job job.yaml "${words[@]}" -o calm
"$openjd" check job.yaml
"$openjd" run job.yaml --step Paint >calm.log || { tail -20 calm.log; fail "openjd run"; }
check_folder calm

echo "== OpenJD: three shards at once, killed at random moments"
impasto farm openjd --shards 3 --job wild.yaml "${words[@]}" -o wild
# The process of a shard, among those that were started here.
painter() {
  local pid
  for pid in $(pgrep -f -- "^impasto batch --shard $1/3 .*-o wild$" || true); do
    [ "$(readlink "/proc/$pid/cwd" || true)" != "$work" ] || echo "$pid"
  done
}
# Runs a shard as its scheduler would: again after every kill. As long as more kills are wanted, what it has painted is
# compared and taken away again.
shard() {
  local number=$1 kills=0 wanted=$(((kills_wanted + 2) / 3)) session victim name
  RANDOM=$((number * 7919))
  while :; do
    "$openjd" run wild.yaml --step Paint --task-param "Shard=$number" >"wild-$number.log" 2>&1 &
    session=$!
    victim=
    if [ "$kills" -lt "$wanted" ]; then
      while victim=$(painter "$number") && [ -z "$victim" ] && kill -0 "$session" 2>/dev/null; do
        sleep 0.02
      done
      sleep "0.$(printf '%03d' $((RANDOM % 900)))"
      if [ -n "$victim" ] && kill -KILL "$victim" 2>/dev/null; then
        kills=$((kills + 1))
        echo "$kills" >"kills-$number"
      fi
    fi
    if wait "$session"; then
      [ "$kills" -lt "$wanted" ] || return 0
      impasto batch "${words[@]}" -o wild --quiet --missing --shard "$number/3" >/dev/null ||
        fail "shard $number has not painted all"
      while read -r name; do
        cmp "whole/${name#none/}" "wild/${name#none/}" >&2 || fail "shard $number: a picture differs"
        rm "wild/${name#none/}"
      done < <(impasto batch "${words[@]}" -o none --quiet --missing --shard "$number/3" || true)
    fi
  done
}
shards=()
for number in 1 2 3; do
  shard "$number" &
  shards+=($!)
done
for pid in "${shards[@]}"; do
  wait "$pid" || fail "a shard"
done
check_folder wild
impasto batch "${words[@]}" -o wild --missing --quiet || fail "something is missing"
echo "== $(awk '{all += $1} END {print all}' kills-*) kills, every picture once"

if command -v parallel >/dev/null; then
  echo "== GNU parallel"
  seq 3 | parallel -j 3 impasto batch "${words[@]}" --quiet -o parallel --shard '{}/3'
  check_folder parallel
else
  echo "== GNU parallel: NOT TESTED, it is not installed"
fi

if ! command -v slurmctld >/dev/null || ! command -v munged >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "== Slurm: NOT TESTED, it is not installed or this is not root"
  exit 0
fi
echo "== Slurm: an array on one node"
mkdir -p slurm/{state,spool,munge}
chmod 700 slurm/munge
dd if=/dev/urandom of=slurm/munge/key bs=1 count=1024 status=none
chmod 400 slurm/munge/key
host=$(hostname -s)
cat >slurm/slurm.conf <<END
ClusterName=farm
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/slurm/munge/socket
CredType=cred/munge
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
StateSaveLocation=$work/slurm/state
SlurmdSpoolDir=$work/slurm/spool
SlurmctldPidFile=$work/slurm/slurmctld.pid
SlurmdPidFile=$work/slurm/slurmd.pid
SlurmctldLogFile=$work/slurm/slurmctld.log
SlurmdLogFile=$work/slurm/slurmd.log
MpiDefault=none
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF="$work/slurm/slurm.conf"
munged --foreground --force --key-file="$work/slurm/munge/key" --socket="$work/slurm/munge/socket" \
  --pid-file="$work/slurm/munge/pid" --log-file="$work/slurm/munge/log" --seed-file="$work/slurm/munge/seed" \
  >"$work/slurm/munge/out" 2>&1 &
sleep 1
slurmctld -D -f "$SLURM_CONF" >slurm/ctld.out 2>&1 &
slurmd -D -f "$SLURM_CONF" >slurm/slurmd.out 2>&1 &
began=$SECONDS
until [ "$(sinfo -h -o %t 2>/dev/null)" = idle ]; do
  [ $((SECONDS - began)) -lt 60 ] || { tail -5 slurm/*.log slurm/*.out; fail "Slurm does not start"; }
  sleep 1
done
impasto farm slurm --shards 3 --job job.sh "${words[@]}" -o slurm-out
sbatch --wait --output=slurm/task-%a.out job.sh || { tail slurm/task-*.out; fail "sbatch"; }
check_folder slurm-out
# What is missing, as an array.
rm slurm-out/*astronaut*swirl.png
array=$(impasto batch "${words[@]}" -o slurm-out --missing=3 --quiet || true)
sbatch --wait --array="$array" --output=slurm/task-%a.out job.sh || { tail slurm/task-*.out; fail "sbatch --array=$array"; }
check_folder slurm-out
echo "== all is well"
