#!/usr/bin/env bash
# Every unit, integration and documentation test of the workspace.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

cargo test --workspace "$@"
# Without `std`, which another package of the workspace turns on. The bounded list has another lock.
cargo test -p aiter-adapters --features critical-section,sink --lib --test bounded \
    --test weighed --test without_std "$@"
# Debug assertions may hide what a panic in a drop leaves behind.
cargo test --release -p aiter-tests --test it panic "$@"
