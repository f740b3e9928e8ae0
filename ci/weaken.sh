#!/usr/bin/env bash
# Weakens each atomic ordering and each fence of core and adapters, one at a time, and runs the loom stories that pass
# it, then Miri. Goes on with what has no result in docs/weakened-orderings.tsv yet; takes hours, can be stopped.
# `ci/weaken.sh list`: prints the mutants and their results.
# `ci/weaken.sh table`: writes the summary into docs/verification.md.
# `ci/weaken.sh deep`: the survivors with three preemptions, each story for a minute at most (`LOOM_MAX_DURATION`).
# `--only FILE[:LINE]` with each: these places alone. `--stages inside,two,four,adapters,miri`: these stages alone.
# `--again`: also what has a result.
# `AITER_WEAKEN_JOBS`: so many stories at a time. `AITER_MIRI_SEEDS`: so many seeds each.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || die 'python3 is missing'
[[ ${1:-run} == @(list|table) ]] || need_nightly miri rust-src || die 'Miri is missing'

export CARGO_TARGET_DIR=$target_dir AITER_NIGHTLY=$nightly
exec python3 ci/weaken.py "$@"
