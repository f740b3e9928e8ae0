#!/usr/bin/env bash
# The firmware tests on emulated boards: interrupt handlers push, the main loop reads.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
need_apt qemu-system-arm qemu-system-arm || exit 0
cd tests/firmware

for target in ${*:-thumbv6m-none-eabi thumbv7m-none-eabi}; do
    need_target "$target" || continue
    note "$target"
    cargo build --release --target "$target"
    # A deadlock in a handler shows as a program that never ends.
    timeout 60 cargo run -q --release --target "$target"
done
