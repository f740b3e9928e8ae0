#!/usr/bin/env bash
# The loom models of the list: every interleaving with at most 3 preemptions.
# `ci/loom.sh full`: with no bound, which takes long.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

case ${1:-fast} in
fast) export LOOM_MAX_PREEMPTIONS=${LOOM_MAX_PREEMPTIONS:-3} ;;
full) unset LOOM_MAX_PREEMPTIONS ;;
*) die "a form of this run called '$1': it knows fast and full" ;;
esac

CARGO_TARGET_DIR=$target_dir/loom RUSTFLAGS='--cfg loom' \
    cargo test --release -p aiter-core --test loom
