#!/usr/bin/env bash
# The crates on targets without std, without an operating system, without compare-and-swap.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# tests/no-std names every type that a crate exports without std, or with critical-section instead.
for crate in "${published[@]}"; do
    for name in $(sed -n -e '/(feature = "std"/,/;/d' -e '/^pub use/,/;/p' "crates/$crate/src/lib.rs" |
        grep -oE '\b[A-Z]\w+'); do
        grep -qw "$name" tests/no-std/src/lib.rs || { echo "tests/no-std lacks $name" && exit 1; }
    done
done

build() {
    cargo build -q -p aiter-core -p aiter-adapters -p aiter-executor-compat -p aiter \
        -p aiter-no-std-check --no-default-features "$@"
}

sections=aiter/critical-section,aiter-no-std-check/critical-section
for target in thumbv7m-none-eabi thumbv7em-none-eabihf wasm32-unknown-unknown wasm32-wasip1; do
    need_target "$target" || continue
    note "$target"
    build --target "$target"
    note "$target, critical sections"
    build --target "$target" --features "$sections"
done

# No compare-and-swap: once with the single-core back end that .cargo/config.toml chooses (an empty
# RUSTFLAGS turns that file's flags off), once with the critical sections of the final program.
for target in thumbv6m-none-eabi riscv32imc-unknown-none-elf; do
    need_target "$target" || continue
    note "$target, single core"
    build --target "$target"
    note "$target, single core, the bounded list"
    build --target "$target" --features aiter-adapters/critical-section
    note "$target, critical sections"
    RUSTFLAGS='' build --target "$target" --features "$sections"
done
