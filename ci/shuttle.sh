#!/usr/bin/env bash
# Random schedules of many threads over the list, the bounded and the lossy list.
# `ci/shuttle.sh full`: 100,000 schedules of each.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

case ${1:-fast} in
fast) ;;
full) export AITER_SHUTTLE_SCHEDULES=${AITER_SHUTTLE_SCHEDULES:-100000} ;;
*) die "no form of this run is called '$1': say fast or full" ;;
esac

export CARGO_TARGET_DIR=$target_dir/shuttle CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true RUSTFLAGS='--cfg shuttle'
cargo test --release -p aiter-core --test shuttle
cargo test --release -p aiter-adapters --features std --test shuttle
