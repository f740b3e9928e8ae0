#!/usr/bin/env bash
# The documentation, as users and as contributors see it: no warning, no dead link.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
export RUSTDOCFLAGS='-D warnings'

cargo doc --workspace --no-deps --document-private-items
cargo doc --workspace --no-deps
