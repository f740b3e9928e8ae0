#!/usr/bin/env bash
# The list's tests under ThreadSanitizer, and with the fuzz under AddressSanitizer and its leak check.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
target=x86_64-unknown-linux-gnu
[[ $host == "$target" ]] || { skip "the sanitizers run on $target, not on $host" || exit 0; }
need_nightly rust-src || exit 0
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
export TSAN_OPTIONS=halt_on_error=1 ASAN_OPTIONS=detect_leaks=1

# sanitizer NAME ARG...: its output comes in one piece, as two run side by side.
sanitizer() {
    local out status=0
    out=$(CARGO_TARGET_DIR=$target_dir/sanitizer/$1 RUSTFLAGS="-Zsanitizer=$1" \
        cargo "+$nightly" test -p aiter-core --test list --test stress --target "$target" "${@:2}" 2>&1) || status=$?
    note "sanitizer: $1"
    printf '%s\n' "$out"
    return "$status"
}

# It knows no fences, which the lone handle of a `PollLock` relies on: Miri checks those.
sanitizer thread -Zbuild-std -- --skip races_poll_lock:: &
sanitizer address --test reentrancy
wait "$!"
