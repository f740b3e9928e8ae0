#!/usr/bin/env bash
# The loom models of core and adapters: every interleaving with at most 2 preemptions; the list in blocks of two and of
# four slots.
# `ci/loom.sh full`: with 3, each story for ten minutes at most (`LOOM_MAX_DURATION`, in seconds); it names those that
# were not through by then.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

report=()
case ${1:-fast} in
fast) export LOOM_MAX_PREEMPTIONS=${LOOM_MAX_PREEMPTIONS:-2} ;;
full)
    export LOOM_MAX_PREEMPTIONS=3 LOOM_MAX_DURATION=${LOOM_MAX_DURATION:-600}
    report=(--show-output)
    ;;
*) die "no form of this run is called '$1': say fast or full" ;;
esac

# models PACKAGE TEST [FILTER...]
models() {
    CARGO_TARGET_DIR=$target_dir/loom RUSTFLAGS='--cfg loom' CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true \
        cargo test --release -p "$1" "$2" -- "${report[@]}" "${@:3}"
}

note 'the core, blocks of two slots'
models aiter-core --test=loom
models aiter-core --lib stories::
note 'the list, blocks of four slots'
AITER_FOUR_SLOTS=1 models aiter-core --test=loom list::
note 'the adapters'
models aiter-adapters --test=loom
