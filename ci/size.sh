#!/usr/bin/env bash
# What the least program that pushes in an interrupt and reads in main takes on a board: with nothing, with a heap, with
# a push list, and with other crates' channels. Each is run first. Bytes of code and constants + static RAM + heap.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
need_apt qemu-system-arm qemu-system-arm && need_apt qemu-system-riscv32 qemu-system-misc &&
    need_apt size binutils || exit 0
cd tests/firmware
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}

boards=(thumbv6m-none-eabi thumbv7m-none-eabi riscv32imc-unknown-none-elf)
for board in "${boards[@]}"; do need_target "$board" || exit 0; done
# All at once, as each program is linked by one core.
for features in report ''; do
    cargo build -q --profile plain -p aiter-firmware-size --bins --features "$features" "${boards[@]/#/--target=}"
done

# row PROGRAM NAME
row() {
    local board heap reported
    printf '| %s |' "$2"
    for board in "${boards[@]}"; do
        local run=(cargo run -q --profile plain -p aiter-firmware-size --bin "$1" --target "$board")
        heap=0
        if [[ $1 == heap || $1 == aiter || $1 == bounded ]]; then
            reported=$(timeout 60 "${run[@]}" --features report 2>/dev/null)
            heap=${reported//[!0-9]/}
        fi
        # Takes the place of the program that reports.
        timeout 20 "${run[@]}" 2>/dev/null || die "$1 failed on $board"
        # Without the stack, the heap's own 1024 bytes and what only unwinding would read.
        size -A "$CARGO_TARGET_DIR/$board/plain/$1" | awk -v heap="$heap" -v arena=$((heap ? 1024 : 0)) '
            /^\.(vector_table|text|rodata|init\.rust)/ { code += $2 }
            /^\.data/ { code += $2; ram += $2 }
            /^\.bss/ { ram += $2 }
            END { printf " %d + %d + %d |", code, ram - arena, heap }'
    done
    printf '\n'
}

echo '| program | Cortex-M0 | Cortex-M3 | RV32IMC |'
echo '|---|---|---|---|'
row base 'no channel: an interrupt counts, main sleeps'
row heap 'the same, with `embedded-alloc`'
row aiter 'a push list with `embedded-alloc`, `reserve(16)`'
row bounded 'a bounded list of 16 items with `embedded-alloc`, `preallocate()`'
row channel "embassy-sync's \`Channel\`, 16 items"
row spsc "heapless' \`spsc::Queue\`, 16 items"
