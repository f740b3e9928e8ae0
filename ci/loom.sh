#!/usr/bin/env bash
# The loom models of core and adapters: every interleaving with at most 2 preemptions; the list in blocks of two and of
# four slots; without the stories in modules named `full`.
# `ci/loom.sh full`: all, with 3, each story for ten minutes at most (`LOOM_MAX_DURATION`, in seconds); it names those
# that were not through by then.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

case ${1:-fast} in
fast) export LOOM_MAX_PREEMPTIONS=${LOOM_MAX_PREEMPTIONS:-2} skip=(--skip full::) ;;
full) export LOOM_MAX_PREEMPTIONS=3 LOOM_MAX_DURATION=${LOOM_MAX_DURATION:-600} skip=() ;;
*) die "no form of this run is called '$1': say fast or full" ;;
esac
programs=$target_dir/loom/programs
mkdir -p "$programs"

# models NAME PACKAGE TEST [FILTER]: builds a program, and lists its stories. TEST may be several
# words.
models() {
    local built
    # `thin` takes longer to build, and the stories take as long.
    built=$(CARGO_TARGET_DIR=$target_dir/loom RUSTFLAGS='--cfg loom' \
        CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true CARGO_PROFILE_RELEASE_LTO=false \
        cargo test --release -p "$2" $3 --no-run 2>&1 | tee >(cat >&2))
    # The next program may have the same name.
    cp "$(sed -n 's/^ *Executable .*(\(.*\))$/\1/p' <<<"$built")" "$programs/$1"
    "$programs/$1" --list "${@:4}" "${skip[@]}" 2>/dev/null | sed -n "s/\(.*\): test$/$1 \1/p"
}

# story PROGRAM NAME
story() {
    local out
    out=$("$programs/$1" --exact "$2" --show-output 2>&1) || { printf '%s\n' "$out" && return 1; }
    printf 'ok: %s, %s, %s s\n' "$1" "$2" "$SECONDS"
    grep '^CUT' <<<"$out" || true
}
export -f story
export programs

# A process each, from the first build on: loom maps a stack for every thread of every interleaving, and the threads of
# a process wait for each other to do so.
{
    models core aiter-core --test=loom
    models core-inside aiter-core --lib stories::
    AITER_FOUR_SLOTS=1 models core-four-slots aiter-core --test=loom list::
    models adapters-inside aiter-adapters '--lib --features=std' stories::
    models adapters aiter-adapters '--test=loom --features=std'
} | tee "$programs/stories" | xargs -r -n 2 -P "$(nproc)" bash -c 'story "$@"' story
printf '%s passed, 0 failed\n' "$(wc -l <"$programs/stories")"
