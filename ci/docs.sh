#!/usr/bin/env bash
# The documentation as users see it: no warning, no dead link. The published crates also as docs.rs builds them.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
published+=(stream-laws)

command -v python3 >/dev/null || die 'python3 is missing'

RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps
python3 ci/links.py "$target_dir/doc"
RUSTDOCFLAGS='-D warnings' cargo doc --manifest-path bench/Cargo.toml --workspace --no-deps

ci/book.sh

need_nightly || exit 0
note docs.rs
CARGO_TARGET_DIR=$target_dir/docsrs RUSTDOCFLAGS='--cfg docsrs -D warnings' \
    cargo "+$nightly" doc "${published[@]/#/-p}" --no-deps --all-features
