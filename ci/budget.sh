#!/usr/bin/env bash
# Instructions and allocations of each operation against crates/aiter-bench/budget.toml: more than 5 % above it fail.
# `ci/budget.sh --record`: writes what they are now into that file. `ci/budget.sh --filter PART`: some operations.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
# Allocations can be counted without it.
need_apt valgrind valgrind || true

cargo run -q --release -p aiter-budget -- "$@"
