#!/usr/bin/env bash
# The tests of bench/, then instructions and allocations of each operation. Fails if a cost exceeds
# bench/budget.toml by 5 %.
# `ci/budget.sh --record`: writes that file.
# `ci/budget.sh --filter PART`: only operations with PART in their names.
# With an option, no test runs.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
# Without valgrind, only allocations are counted.
need_apt valgrind valgrind || true
bench=(--manifest-path bench/Cargo.toml)

[[ $# -gt 0 ]] || cargo test -q "${bench[@]}" --workspace
cargo run -q --release "${bench[@]}" -p aiter-budget -- "$@"
