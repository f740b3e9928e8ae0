#!/usr/bin/env bash
# The loom models of core and adapters: every interleaving with at most 2 preemptions; the list in blocks of two and of
# four slots.
# `ci/loom.sh full`: with 3, which takes many times as long.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

case ${1:-fast} in
fast) export LOOM_MAX_PREEMPTIONS=${LOOM_MAX_PREEMPTIONS:-2} ;;
full) export LOOM_MAX_PREEMPTIONS=3 ;;
*) die "no form of this run is called '$1': say fast or full" ;;
esac

# models PACKAGE TARGET [FILTER...]
models() {
    CARGO_TARGET_DIR=$target_dir/loom RUSTFLAGS='--cfg loom' CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true \
        cargo test --release -p "$1" --test "$2" -- "${@:3}"
}

note 'the core, blocks of two slots'
models aiter-core loom
note 'the list, blocks of four slots'
AITER_FOUR_SLOTS=1 models aiter-core loom list::
for target in crates/aiter-adapters/tests/loom*.rs; do
    note "the adapters, $(basename "$target" .rs)"
    models aiter-adapters "$(basename "$target" .rs)"
done
