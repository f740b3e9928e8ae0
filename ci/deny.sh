#!/usr/bin/env bash
# The dependencies against deny.toml: licences and registries of all that any workspace locks, and no crate in two
# versions among what the published crates bring.
# `ci/deny.sh advisories`: also known vulnerabilities, by a database that is fetched.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

case ${1:-} in
'' | advisories) ;;
*) die "no form of this run is called '$1': say advisories or nothing" ;;
esac
need_program cargo-deny 0.20.2 || die 'cargo-deny 0.20.2 is missing: cargo install --locked cargo-deny@0.20.2'

# deny ARG...: each run meets a part of deny.toml only, so what it does not meet is no fault.
deny() {
    cargo-deny --config deny.toml --locked --all-features "$@" -A unused-wrapper -A license-exception-not-encountered
}
firmware=(--manifest-path tests/firmware/Cargo.toml --workspace)
bench=(--manifest-path bench/Cargo.toml --workspace)
playground=(--manifest-path playground/Cargo.toml --workspace)

note 'the published crates'
deny --exclude-dev --exclude-unpublished check -D unmatched-skip bans
note 'all of the workspace'
deny check -A duplicate bans licenses sources
note 'the firmware'
deny "${firmware[@]}" check -A duplicate bans licenses sources
note 'the benchmark'
deny "${bench[@]}" check -A duplicate bans licenses sources
note 'the playground'
deny "${playground[@]}" check -A duplicate bans licenses sources

[[ ${1:-} == advisories ]] || exit 0
cargo-deny fetch db 2>/dev/null || { skip 'advisories: their database could not be fetched' || exit 0; }
note 'advisories'
deny check advisories
deny "${firmware[@]}" check advisories
deny "${bench[@]}" check advisories
deny "${playground[@]}" check advisories
