#!/usr/bin/env bash
# The list under Miri: this machine, a 32-bit one, a big-endian one.
# `ci/miri.sh full`: 64 seeds each, then the same under tree borrows.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
need_nightly miri rust-src || exit 0

flags="-Zmiri-strict-provenance ${MIRIFLAGS:-}"
case ${1:-fast} in
fast) models=("$flags") ;;
full) models=("$flags -Zmiri-many-seeds=0..64" "$flags -Zmiri-many-seeds=0..64 -Zmiri-tree-borrows") ;;
*) die "a form of this run called '$1': it knows fast and full" ;;
esac

for model in "${models[@]}"; do
    for target in "$host" i686-unknown-linux-gnu s390x-unknown-linux-gnu; do
        note "$target $model"
        MIRIFLAGS=$model cargo "+$nightly" miri test -p aiter-core --lib --test list \
            --target "$target"
    done
done
