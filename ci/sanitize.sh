#!/usr/bin/env bash
# The list's tests under ThreadSanitizer, and with the fuzz under AddressSanitizer and its leak check.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
target=x86_64-unknown-linux-gnu
[[ $host == "$target" ]] || { skip "the sanitizers run on $target, not on $host" || exit 0; }
need_nightly rust-src || exit 0

tests() { cargo "+$nightly" test -p aiter-core --test list --test stress --target "$target" "$@"; }

# It knows no fences, which the lone handle of a relay relies on: Miri checks those.
note ThreadSanitizer
CARGO_TARGET_DIR=$target_dir/tsan RUSTFLAGS='-Zsanitizer=thread' \
    TSAN_OPTIONS='halt_on_error=1' tests -Zbuild-std -- --skip races_poll_lock::

note AddressSanitizer
CARGO_TARGET_DIR=$target_dir/asan RUSTFLAGS='-Zsanitizer=address' \
    ASAN_OPTIONS='detect_leaks=1' tests --test reentrancy
