#!/usr/bin/env bash
# The public API of each published crate against its record in docs/api/: prints what changed, and fails if anything did.
# `ci/api.sh record`: writes the records anew, for a change that is meant.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

case ${1:-} in
'' | record) ;;
*) die "no form of this run is called '$1': say record or nothing" ;;
esac
need_nightly || exit 0
need_program cargo-public-api 0.52.0 || exit 0

changed=()
for crate in "${published[@]}" stream-laws; do
    record=docs/api/$crate.txt
    # Without blanket and auto traits: tests/it/auto_traits.rs pins the latter.
    api=$(CARGO_TARGET_DIR=$target_dir/api cargo "+$nightly" public-api -ss --all-features -p "$crate")
    if [[ ${1:-} == record ]]; then
        mkdir -p docs/api && printf '%s\n' "$api" >"$record"
    else
        diff -U0 --label recorded --label now "$record" <(printf '%s\n' "$api") || changed+=("$crate")
    fi
done
((!${#changed[@]})) || die "the API of ${changed[*]} has changed: if it is meant, run 'ci/api.sh record'"
