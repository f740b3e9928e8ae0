#!/usr/bin/env bash
# The list under Miri: all on this machine, with 20 seeds of the fuzz, its core on a 32-bit and on a big-endian one.
# On this machine also with an allocator that fails, with and without debug assertions.
# `ci/miri.sh full`: all on all, under stacked and under tree borrows, and what threads do with 16 seeds each
# (`AITER_MIRI_SEEDS`).
set -euo pipefail
source "$(dirname "$0")/lib.sh"
need_nightly miri rust-src || exit 0

case ${1:-fast} in
fast) elsewhere=(cases:: items:: threads::) models=('') seeds= ;;
full) elsewhere=('') models=('' -Zmiri-tree-borrows) seeds=${AITER_MIRI_SEEDS:-16} ;;
*) die "no form of this run is called '$1': say fast or full" ;;
esac
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT

# check MODEL TARGET [FILTER...]: its output comes in one piece, as several run side by side.
check() {
    local out status=0 fuzz=()
    [[ $2 != "$host" ]] || fuzz=(--test reentrancy)
    out=$(MIRIFLAGS="-Zmiri-strict-provenance $1" cargo "+$nightly" miri test -p aiter-core --lib \
        --test list "${fuzz[@]}" --target "$2" -- "${@:3}" 2>&1) || status=$?
    printf -- '-- %s %s\n%s\n' "$2" "$1" "$out"
    return "$status"
}

# alloc_fails MODEL [PROFILE]
alloc_fails() {
    MIRIFLAGS="-Zmiri-strict-provenance $1" cargo "+$nightly" miri test -p aiter-core \
        --test alloc_fails --target "$host" ${2:+"$2"}
}

targets=("$host" i686-unknown-linux-gnu s390x-unknown-linux-gnu)
for target in "${targets[@]}"; do cargo "+$nightly" miri setup --target "$target"; done
for model in "${models[@]}"; do
    for target in "${targets[@]:1}"; do check "$model" "$target" "${elsewhere[@]}" & done
    check "$model" "$host"
    # Short stories that are interrupted often.
    check "$model -Zmiri-preemption-rate=0.1 -Zmiri-many-seeds=0..16" "$host" races
    alloc_fails "$model"
    alloc_fails "$model" --release
    for job in $(jobs -p); do wait "$job"; done
    # Each of these takes all cores by itself.
    for target in ${seeds:+"${targets[@]}"}; do
        check "$model -Zmiri-many-seeds=0..$seeds" "$target" threads::
    done
done
