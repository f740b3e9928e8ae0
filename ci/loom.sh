#!/usr/bin/env bash
# The loom models of the list, in blocks of two and of four slots: every interleaving with at most 2 preemptions.
# `ci/loom.sh full`: with 3, which takes many times as long.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

case ${1:-fast} in
fast) export LOOM_MAX_PREEMPTIONS=${LOOM_MAX_PREEMPTIONS:-2} ;;
full) export LOOM_MAX_PREEMPTIONS=3 ;;
*) die "no form of this run is called '$1': say fast or full" ;;
esac

# models [FILTER...]
models() {
    CARGO_TARGET_DIR=$target_dir/loom RUSTFLAGS='--cfg loom' CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true \
        cargo test --release -p aiter-core --test loom -- "$@"
}

note 'blocks of two slots'
models
note 'blocks of four slots'
AITER_FOUR_SLOTS=1 models list::
