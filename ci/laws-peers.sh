#!/usr/bin/env bash
# Runs adapters of other crates under the laws of stream-laws, and prints a table of broken laws.
# `ci/laws-peers.sh --write`: writes the table into the README of stream-laws.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
readme=crates/stream-laws/README.md
laws() { cargo run -q --manifest-path bench/Cargo.toml -p stream-laws-peers; }

case ${1:-} in
'') laws && exit ;;
--write) ;;
*) die "no form of this run is called '$1': say --write or nothing" ;;
esac

table=$(mktemp)
trap 'rm -f "$table" "$table.new"' EXIT
laws >"$table"
for mark in begin end; do
    grep -qx "<!-- peers: $mark -->" "$readme" || die "$readme has no line 'peers: $mark'"
done
# Replaces the lines between the marks.
sed -e "/^<!-- peers: begin -->\$/r $table" -e '/^<!-- peers: begin -->$/,/^<!-- peers: end -->$/{//!d}' \
    "$readme" >"$table.new"
cat "$table.new" >"$readme"
note "$readme: $(grep -c '^| `' "$table") adapters that break a law"
