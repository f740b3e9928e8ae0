#!/usr/bin/env bash
# The firmware on emulated boards: interrupt handlers push, the main loop reads; then a soak of a million pushes.
# `ci/embedded.sh TARGET...`: those boards alone. AITER_SOAK=N: so many pushes.
# `ci/embedded.sh faults`: breaks a copy of the sources in several ways; the cases have to fail on each.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

boards=(thumbv6m-none-eabi thumbv7m-none-eabi riscv32imc-unknown-none-elf)

has_board() {
    case $1 in
    riscv*) need_apt qemu-system-riscv32 qemu-system-misc ;;
    *) need_apt qemu-system-arm qemu-system-arm ;;
    esac && need_target "$1"
}

# run SECONDS ARG...: a program in time, as a deadlock in a handler shows as one that never ends.
run() { cargo build -q "${@:2}" && timeout "$1" cargo run -q "${@:2}"; }

# Without compare-and-swap there are two back ends. An empty RUSTFLAGS turns off the one that this
# checkout chooses.
run_with_sections() {
    CARGO_TARGET_DIR=$target_dir/sections RUSTFLAGS='' run "$@" --features critical-section
}

faults() {
    local copy=$target_dir/faults/copy
    local list=crates/aiter-core/src/list/claim.rs
    local gate=crates/aiter-adapters/src/bounded/gate/serve.rs sections=tests/firmware/src/critical.rs

    # fault NAME RUN FILE PERL: what comes to pass on every board with FILE changed by PERL.
    fault() {
        mkdir -p "$copy" && rm -rf "${copy:?}"/{crates,tests}
        tar --exclude target -cf - Cargo.toml .cargo crates tests | tar -xf - -C "$copy"
        perl -0pi -e "$4" "$copy/$3"
        ! cmp -s "$3" "$copy/$3" || die "$1: nothing to change in $3"
        for board in "${boards[@]}"; do
            [[ $2 == run || $board != thumbv7m* ]] || continue
            has_board "$board" || continue
            (cd "$copy/tests/firmware" && cargo build -q --release --target "$board") ||
                die "$1: does not build for $board"
            note "$1, $board"
            ! (cd "$copy/tests/firmware" && "$2" 30 --release --target "$board") |& tail -n 4 ||
                die "$1: not noticed on $board"
        done
    }
    export CARGO_TARGET_DIR=$target_dir/faults

    fault 'a claim by load and store' run "$list" \
        's/(let exchanged = )self\.tail\.compare_exchange_weak\(.*?\);/$1Ok::<(), ()>(self.tail.store(tail.plus(want).0, Ordering::Release));/s'
    fault 'no wake after a publication' run "$list" 's/self\.waiters\.notify\(Wakers::\w+\);//g'
    fault 'no wake of a producer that waits' run "$gate" 's/wakers\.wake\(\);/drop(wakers);/'
    fault 'critical sections that mask nothing' run_with_sections "$sections" \
        's/^.*interrupt::disable\(\);\n//mg'
}

if [[ ${1:-} == faults ]]; then
    faults
    exit
fi

cd tests/firmware
for board in "${@:-${boards[@]}}"; do
    has_board "$board" || continue
    note "$board"
    run 60 --release --bin cases --target "$board"
    run 300 --profile plain --bin soak --target "$board"
    [[ $board == riscv* ]] || run 30 --profile plain -p aiter-firmware-example --target "$board"
    [[ $board != thumbv7m* ]] || continue
    note "$board, critical sections"
    run_with_sections 60 --release --bin cases --target "$board"
done
