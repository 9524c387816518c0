#!/usr/bin/env bash
# Publishes all crates on crates.io, in the order in which they need each other.
#
#   assets/packaging/crates.sh --dry-run [CARGO'S ARGUMENTS]
#
# With --dry-run they are packed and built as a stranger would build them, and nothing is sent; with --no-verify as well
# they are only packed. crates.io takes 10 MiB at most, so the network's weights are cut in two first.
set -euo pipefail
cd "$(dirname "$0")/../.."
limit=10485760
case " $* " in
  *" --dry-run "*) ;;
  *)
    # A published version stays for ever.
    if grep -nE '\.example[">]' Cargo.toml || grep -n '^example\.' assets/desktop/app-id; then
      echo "placeholders are left, see assets/packaging/README.md" >&2
      exit 1
    fi
    changes=$(git status --porcelain)
    [ -z "$changes" ] || { echo "the folder has changes that are not committed" >&2; exit 1; }
    ;;
esac
split=$(sed -n 's/^const SPLIT: usize = \([0-9_]*\);$/\1/p' weights/block-5/build.rs | tr -d _)
head -c "$split" weights/vgg19.safetensors > weights/blocks-1-4/part.bin
tail -c "+$((split + 1))" weights/vgg19.safetensors > weights/block-5/part.bin
for part in weights/*/part.bin; do
  bytes=$(gzip -9 -c "$part" | wc -c)
  [ "$bytes" -lt "$limit" ] || { echo "$part: $bytes bytes when packed, and crates.io takes $limit" >&2; exit 1; }
done
# Git does not keep the two parts, which cargo takes for changes.
cargo publish --workspace --locked --allow-dirty "$@"
