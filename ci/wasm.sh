#!/usr/bin/env bash
# The tests of the core and the adapters as WebAssembly under Node's own WASI, those that need no threads; the crates
# for a host without a system.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

if need_target wasm32-unknown-unknown; then
    note 'wasm32-unknown-unknown'
    cargo check -q "${published[@]/#/-p}" --no-default-features --target wasm32-unknown-unknown
    cargo check -q "${published[@]/#/-p}" --target wasm32-unknown-unknown
fi

need_apt node nodejs || exit 0
[[ $(node --version) =~ ^v([0-9]+) ]] && ((BASH_REMATCH[1] >= 20)) ||
    { skip "node is $(node --version), and its WASI needs 20" || exit 0; }
need_target wasm32-wasip1 || exit 0
export CARGO_TARGET_WASM32_WASIP1_RUNNER="node --no-warnings $PWD/ci/wasi-runner.mjs"

# Nothing unwinds there, and nothing has threads; tests are named by that (or lie in `races`). The bars of `allocations` are for the blocks of
# 64-bit machines.
note 'wasm32-wasip1'
cargo test --target wasm32-wasip1 -p aiter-core -p aiter-adapters -p aiter-tests \
    --lib --test list --test memory --test it \
    -- --skip panic --skip thread --skip races --skip allocations::
