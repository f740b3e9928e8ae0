#!/usr/bin/env bash
# The book as HTML, in docs/book/html: no warning, no dead link. The tests of docs/book/listings
# compare its code with the program, and its output with a run.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || die 'python3 is missing'

if need_target thumbv6m-none-eabi; then
    note 'the device of chapter 8, on a Cortex-M0'
    cargo check -q -p sensor-hub-device --target thumbv6m-none-eabi
fi

# Without the features that watch, serve and search a book, it is built sooner.
need_program mdbook 0.5.4 --no-default-features || exit 0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
mdbook build docs/book 2>&1 | tee "$log"
! grep -qE '^ *(WARN|ERROR)' "$log" || die 'mdbook has warned'
ci/playground.sh --build docs/book/html/playground
python3 ci/book.py docs/book/html
