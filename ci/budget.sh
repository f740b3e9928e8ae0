#!/usr/bin/env bash
# Instructions and allocations of each operation against bench/budget.toml: more than 5 % above it fail.
# `ci/budget.sh --record`: writes what they are now into that file. `ci/budget.sh --filter PART`: some operations.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
# Allocations can be counted without it.
need_apt valgrind valgrind || true
bench=(--manifest-path bench/Cargo.toml)

[[ $# -gt 0 ]] || cargo test -q "${bench[@]}" --workspace
cargo run -q --release "${bench[@]}" -p aiter-budget -- "$@"
