#!/usr/bin/env bash
# What `cargo publish` would upload: each package builds alone and carries its licences and README.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
published+=(stream-laws)
version=$(cargo --version | sed -E 's/^cargo 1\.([0-9]+)\..*/\1/')
((version >= 90)) || die "cargo is older than 1.90 and cannot package crates that depend on each other"

# At a desk the checkout may hold work in progress.
dirty=(--allow-dirty)
[[ -z ${CI:-} ]] || dirty=()
cargo package "${published[@]/#/-p}" "${dirty[@]}"

for crate in "${published[@]}"; do
    package=$(ls -t "$target_dir/package/$crate"-[0-9]*.crate | head -n 1)
    files=$(tar -tzf "$package")
    for file in LICENSE-MIT LICENSE-APACHE README.md src/lib.rs; do
        grep -q "/$file\$" <<<"$files" || { echo "$package lacks $file" >&2 && exit 1; }
    done
    note "$crate: $(wc -l <<<"$files") files, $(wc -c <"$package") bytes"
done
