#!/usr/bin/env bash
# Random operations on all handles of the core, also from inside user code, which panics as well,
# against a model: 1,000 seeds, as `ci/test.sh` runs them too.
# `ci/fuzz.sh full`: 100,000 (`AITER_FUZZ_SEEDS`). It prints the seeds that fail; `AITER_FUZZ_SEED=n`
# traces one.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

case ${1:-fast} in
fast) export AITER_FUZZ_SEEDS=${AITER_FUZZ_SEEDS:-1000} ;;
full) export AITER_FUZZ_SEEDS=${AITER_FUZZ_SEEDS:-100000} ;;
*) die "no form of this run is called '$1': say fast or full" ;;
esac
CARGO_TARGET_DIR=$target_dir/fuzz CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true \
    cargo test --release -p aiter-core --test reentrancy -- --nocapture
