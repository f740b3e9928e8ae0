#!/usr/bin/env bash
# Compares aiter with its peers, and prints the tables of bench/README.md. Takes over ten minutes.
# `ci/bench.sh --write [FILE...]`: writes the tables into that file, and the plots into bench/plots.
# If files are named, which `aiter-bench --json` printed, it measures nothing.
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
    grep -qx "<!-- results: $mark -->" "$readme" || die "$readme has no line 'results: $mark'"
done
# Replaces the lines between the marks.
sed -e "/^<!-- results: begin -->\$/r $tables" -e '/^<!-- results: begin -->$/,/^<!-- results: end -->$/{//!d}' \
    "$readme" >"$tables.new"
cat "$tables.new" >"$readme"
note "$readme: $(grep -c '\*\*missed\*\*' "$readme") bars missed"
