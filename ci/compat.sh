#!/usr/bin/env bash
# What works on which executor, as the README of aiter-executor-compat shows it: here, and as
# WebAssembly under Node's own WASI.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

note "$host"
cargo test -q -p aiter-executor-compat --test matrix -- --nocapture

need_target wasm32-wasip1 && need_apt node nodejs || exit 0
note wasm32-wasip1
export CARGO_TARGET_WASM32_WASIP1_RUNNER="node --no-warnings $PWD/ci/wasi-runner.mjs"
cargo test -q -p aiter-executor-compat --test matrix --target wasm32-wasip1 -- --nocapture
