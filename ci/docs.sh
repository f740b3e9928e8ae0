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
pages=$target_dir/docsrs/doc
rm -rf "$pages"
# As on docs.rs, other crates are documented elsewhere. Without their addresses, rustdoc omits the
# links to them.
flags='--cfg docsrs -D warnings -Z unstable-options'
for crate in $(cargo tree "${published[@]/#/-p}" --all-features -e normal --prefix none |
    cut -d' ' -f1 | sort -u); do
    flags+=" --extern-html-root-url ${crate//-/_}=https://docs.rs/$crate/latest"
done
CARGO_TARGET_DIR=$target_dir/docsrs RUSTDOCFLAGS=$flags \
    cargo "+$nightly" doc "${published[@]/#/-p}" --no-deps --all-features

# An item that another crate inlines keeps a link in brackets if rustdoc cannot resolve it there.
if grep -rnoE '\[<code>[^]]*\]' --include='*.html' --exclude-dir=src "$pages"; then
    die 'these links lead nowhere; write their targets, as in (aiter_core::Pusher::push)'
fi
