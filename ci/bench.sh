#!/usr/bin/env bash
# Measures everything, some minutes long, and prints the tables of bench/README.md.
# `ci/bench.sh --write [FILE...]`: puts them and the pictures there; from these files of
# `aiter-bench --json`, if there are any, instead of measuring.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
readme=bench/README.md
bench() { cargo run -q --release --manifest-path bench/Cargo.toml -- "$@"; }

case ${1:-} in
'') bench --full --markdown && exit ;;
--write) shift ;;
*) die "no form of this run is called '$1': say --write or nothing" ;;
esac

from=(--full)
[[ $# == 0 ]] || from=("${@/#/--from=}")
tables=$(mktemp)
trap 'rm -f "$tables" "$tables.new"' EXIT
bench "${from[@]}" --markdown --plots bench/plots >"$tables"
for mark in begin end; do
    grep -qx "<!-- results: $mark -->" "$readme" || die "$readme has lost its mark 'results: $mark'"
done
# What stands between the marks goes; the tables come.
sed -e "/^<!-- results: begin -->\$/r $tables" -e '/^<!-- results: begin -->$/,/^<!-- results: end -->$/{//!d}' \
    "$readme" >"$tables.new"
cat "$tables.new" >"$readme"
note "$readme: $(grep -c '\*\*missed\*\*' "$readme") bars missed"
