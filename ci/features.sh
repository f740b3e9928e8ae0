#!/usr/bin/env bash
# The published crates with no feature, with the default ones and with each alone; then the oldest
# Rust that Cargo.toml promises.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
published+=(stream-laws)
export CARGO_TARGET_DIR=$target_dir/features

features() { sed -n '/^\[features\]/,/^\[/s/^\([a-z0-9_-]*\) *=.*/\1/p' "crates/$1/Cargo.toml"; }

for crate in "${published[@]}"; do
    for feature in '' $(features "$crate"); do
        note "$crate, features: ${feature:-none}"
        RUSTFLAGS='-D warnings' \
            cargo check -q -p "$crate" --lib --no-default-features --features "$feature"
    done
done

msrv=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
need_toolchain "$msrv" || exit 0
note "Rust $msrv"
cargo "+$msrv" check "${published[@]/#/-p}" --lib
cargo "+$msrv" check "${published[@]/#/-p}" --lib --no-default-features
