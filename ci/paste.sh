#!/usr/bin/env bash
# Each program of the READMEs and of the guide, pasted into an empty package with the dependencies
# that the text names. `ci/paste.sh PAGE...`: the programs of these pages.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || die 'python3 is missing'

(($#)) || set -- README.md crates/aiter/README.md crates/aiter/docs/*.md
CARGO_TARGET_DIR=$target_dir python3 ci/paste.py "$@"
