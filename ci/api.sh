#!/usr/bin/env bash
# The public API of each published crate against its record in docs/api/: prints what changed, and fails if anything did.
# Then, whether every public item has an example (ci/items.py).
# `ci/api.sh record`: writes the records anew, for a change that is meant.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

case ${1:-} in
'' | record) ;;
*) die "no form of this run is called '$1': say record or nothing" ;;
esac
command -v python3 >/dev/null || die 'python3 is missing'
need_nightly || exit 0
need_program cargo-public-api 0.52.0 || exit 0

changed=() json=()
for crate in "${published[@]}" stream-laws; do
    record=docs/api/$crate.txt
    # Without blanket and auto traits: tests/it/auto_traits.rs pins the latter.
    api=$(CARGO_TARGET_DIR=$target_dir/api cargo "+$nightly" public-api -ss --all-features -p "$crate")
    json+=("$target_dir/api/doc/${crate//-/_}.json")
    if [[ ${1:-} == record ]]; then
        mkdir -p docs/api && printf '%s\n' "$api" >"$record"
    else
        diff -U0 --label recorded --label now "$record" <(printf '%s\n' "$api") || changed+=("$crate")
    fi
done
((!${#changed[@]})) || die "the API of ${changed[*]} has changed: if it is meant, run 'ci/api.sh record'"
python3 ci/items.py "${json[@]}"
