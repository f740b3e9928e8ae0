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
# Each package is built against the others out of a temporary registry. Cargo takes a version in a registry for something
# that never changes, so neither what it unpacked from an older one nor what it built of it may be left.
package_dir=$target_dir/packaged
rm -rf "$package_dir"
for crate in "${published[@]}"; do
    rm -rf "${CARGO_HOME:-$HOME/.cargo}/registry/src"/-*/"$crate"-[0-9]*
done
cargo package "${published[@]/#/-p}" "${dirty[@]}" --target-dir "$package_dir"

for crate in "${published[@]}"; do
    package=$(ls "$package_dir/package/$crate"-[0-9]*.crate)
    files=$(tar -tzf "$package")
    for file in LICENSE-MIT LICENSE-APACHE README.md src/lib.rs; do
        grep -q "/$file\$" <<<"$files" || { echo "$package lacks $file" >&2 && exit 1; }
    done
    note "$crate: $(wc -l <<<"$files") files, $(wc -c <"$package") bytes"
done
