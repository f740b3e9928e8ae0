#!/usr/bin/env bash
# The documentation as users see it: no warning, no dead link.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps
