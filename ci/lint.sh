#!/usr/bin/env bash
# Formatting, clippy, and the rules of the house that a search can check.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
firmware=tests/firmware/Cargo.toml bench=bench/Cargo.toml playground=playground/Cargo.toml

if need_component rustfmt; then
    cargo fmt --all --check
    cargo fmt --all --manifest-path "$firmware" --check
    cargo fmt --all --manifest-path "$bench" --check
    cargo fmt --all --manifest-path "$playground" --check
fi
if need_component clippy; then
    cargo clippy --workspace --all-targets -- -D warnings
    cargo clippy --manifest-path "$bench" --workspace --all-targets -- -D warnings
    cargo clippy --manifest-path "$playground" --workspace --all-targets -- -D warnings
    cargo clippy -p aiter-core -p aiter --features critical-section,sink -- -D warnings
    cargo clippy -p aiter-adapters --features critical-section,sink --all-targets -- -D warnings
    for board in thumbv6m-none-eabi riscv32imc-unknown-none-elf; do
        need_target "$board" || continue
        # Apart, as each brings critical sections of its own.
        programs=("-p aiter-firmware -p aiter-firmware-size")
        [[ $board == riscv* ]] || programs+=("-p aiter-firmware-example")
        for packages in "${programs[@]}"; do
            (cd tests/firmware && cargo clippy --release $packages --target "$board" -- -D warnings)
        done
    done
fi

for crate in aiter aiter-adapters aiter-executor-compat stream-laws; do
    grep -qF '#![forbid(unsafe_code)]' "crates/$crate/src/lib.rs" ||
        { echo "crates/$crate/src/lib.rs has to forbid unsafe code" && exit 1; }
done
diff <(sed -n '/^```rust,ignore$/,/^```$/{//!p}' crates/aiter-core/MICROCONTROLLER.md) \
    tests/firmware/example/src/main.rs ||
    { echo 'MICROCONTROLLER.md has to show the program of tests/firmware/example' && exit 1; }
for script in ci/*.sh .ci/run; do
    [[ -x $script ]] || { echo "$script has to be executable" && exit 1; }
done
diff <(sed -n 's/^for check in \(.*\); do$/\1/p' .ci/run | tr ' ' '\n') \
    <(sed -n '/^ *check:$/,/^ *steps:$/s/^ *- \([a-z-]*\)$/\1/p' .github/workflows/ci.yml) ||
    { echo '.github/workflows/ci.yml has to run the checks of .ci/run' && exit 1; }
if grep -rnE '[+]nightly|nightly-[0-9]' ci .ci .github --exclude=lib.sh --exclude=lint.sh; then
    echo 'only ci/lib.sh names a nightly toolchain' && exit 1
fi
# Comments may name what code may not.
if grep -rnE '^([^/]|/[^/])*((core|std)::sync::atomic|portable_atomic|cfg.*(loom|shuttle))' \
    crates/aiter-core/src --include='*.rs' --exclude={sync,lib}.rs --exclude-dir=sync; then
    echo 'only sync.rs and its folder choose the atomics' && exit 1
fi
command -v python3 >/dev/null || die 'python3 is missing'
python3 ci/layout.py crates/{aiter,aiter-core,aiter-adapters,aiter-executor-compat,stream-laws}/src
python3 ci/layout.py bench/{,budget/,laws-peers/}src playground/src
python3 ci/words.py
python3 ci/situations.py
