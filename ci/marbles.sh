#!/usr/bin/env bash
# The marble pictures of the documentation: each is drawn from a test, and none is stale, missing or left over.
# `ci/marbles.sh --write`: writes the pictures.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

case ${1:-} in
'') ;;
--write) export AITER_MARBLES_WRITE=1 ;;
*) die "no form of this run is called '$1': say --write or nothing" ;;
esac
cargo test -q -p aiter-marbles
