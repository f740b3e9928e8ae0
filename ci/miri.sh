#!/usr/bin/env bash
# The list under Miri: all on this machine, with 20 seeds of the fuzz, its core on a 32-bit one.
# On this machine also with an allocator that fails, with and without debug assertions.
# The bounded lists: all tests on this machine; the gate, the line and the model on a 32-bit one.
# `ci/miri.sh full`: all on all and on a big-endian machine, under stacked and under tree borrows, and what threads do
# with 16 seeds each (`AITER_MIRI_SEEDS`).
set -euo pipefail
source "$(dirname "$0")/lib.sh"
need_nightly miri rust-src || exit 0

case ${1:-fast} in
fast) elsewhere=(cases:: items:: threads::) models=('') more=() seeds= ;;
full) elsewhere=('') models=('' -Zmiri-tree-borrows) more=(s390x-unknown-linux-gnu) seeds=${AITER_MIRI_SEEDS:-16} ;;
*) die "no form of this run is called '$1': say fast or full" ;;
esac
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT

# check MODEL TARGET PROGRAMS [FILTER...]: its output comes in one piece, as several run side by side. PROGRAMS is
# `-p PACKAGE` and more words.
check() {
    local out status=0 begin=$SECONDS
    out=$(MIRIFLAGS="-Zmiri-strict-provenance $1" cargo "+$nightly" miri test $3 \
        --target "$2" -- "${@:4}" 2>&1) || status=$?
    printf -- '-- %s %s, %s s\n%s\n' "$2" "$1" $((SECONDS - begin)) "$out"
    return "$status"
}

# alloc_fails MODEL [PROFILE]
alloc_fails() {
    MIRIFLAGS="-Zmiri-strict-provenance $1" cargo "+$nightly" miri test -p aiter-core \
        --test alloc_fails --target "$host" ${2:+"$2"}
}

bounded='-p aiter-adapters --features std,sink'
targets=("$host" i686-unknown-linux-gnu "${more[@]}")
cargo "+$nightly" miri setup --target "$host"
tests=$(cargo "+$nightly" miri test -p aiter-core --test list --target "$host" -- --list | sed -n 's/: test$//p')
mapfile -t odd < <(sed -n 1~2p <<<"$tests")
mapfile -t even < <(sed -n 2~2p <<<"$tests")
((${#even[@]})) || die 'the list has no tests'
for model in "${models[@]}"; do
    # Every second test, and the others: each process uses one core.
    check "$model" "$host" '-p aiter-core --test list' --exact "${odd[@]}" &
    check "$model" "$host" '-p aiter-core --test list' --exact "${even[@]}" &
    for target in "${targets[@]:1}"; do
        cargo "+$nightly" miri setup --target "$target"
        check "$model" "$target" '-p aiter-core --lib --test list' "${elsewhere[@]}" &
    done
    check "$model" "$host" '-p aiter-core --lib --test reentrancy'
    check "$model" "$host" "$bounded --test bounded --test lossy --test weighed" &
    check "$model" i686-unknown-linux-gnu "$bounded --lib --test bounded" gate:: model:: line:: &
    alloc_fails "$model"
    alloc_fails "$model" --release
    for job in $(jobs -p); do wait "$job"; done
    # Each of these takes all cores by itself. Short stories that are interrupted often.
    check "$model -Zmiri-preemption-rate=0.1 -Zmiri-many-seeds=0..16" "$host" '-p aiter-core --test list' races
    for target in ${seeds:+"${targets[@]}"}; do
        check "$model -Zmiri-many-seeds=0..$seeds" "$target" '-p aiter-core --test list' threads::
    done
done
