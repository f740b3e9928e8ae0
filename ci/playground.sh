#!/usr/bin/env bash
# The playground: builds the page into a folder for any static server and weighs it. Then runs its
# tests, compiles the programs that it prints, and clicks through it in Chromium.
# Usage: ci/playground.sh [--build] [FOLDER]
set -euo pipefail
build_only=
[[ ${1:-} != --build ]] || { build_only=1 && shift; }
folder=${1:+$(realpath -m "$1")}
source "$(dirname "$0")/lib.sh"
folder=${folder:-$target_dir/playground}
export CARGO_TARGET_DIR=$target_dir
# Compressed bytes of all files.
limit=150000

need_target wasm32-unknown-unknown || exit 0
cargo build -q --release --target wasm32-unknown-unknown --manifest-path playground/Cargo.toml \
    -p aiter-playground
mkdir -p "$folder/web"
cp playground/index.html "$folder"
cp playground/web/* "$folder/web"
cp "$target_dir/wasm32-unknown-unknown/release/aiter_playground.wasm" "$folder"

weight=0
for file in index.html aiter_playground.wasm $(cd playground && echo web/*); do
    bytes=$(gzip -9 -c "$folder/$file" | wc -c)
    printf '%8d %s\n' "$bytes" "$file"
    weight=$((weight + bytes))
done
note "$weight of $limit compressed bytes in $folder"
((weight <= limit)) || die 'the playground is too heavy'
[[ -z $build_only ]] || exit 0

note 'replays, and the programs that the page prints'
cargo test -q --workspace --manifest-path playground/Cargo.toml

command -v chromium google-chrome >/dev/null || need_apt chromium chromium || exit 0
need_apt node nodejs && need_apt npm npm || exit 0
playwright=1.65.1
export PLAYWRIGHT=$target_dir/tools/playwright-core-$playwright
[[ -d $PLAYWRIGHT/node_modules/playwright-core ]] ||
    npm install --silent --no-audit --no-fund --prefix "$PLAYWRIGHT" \
        "playwright-core@$playwright" ||
    skip 'playwright-core could not be installed' || exit 0
CHROMIUM=$(command -v chromium google-chrome | head -1) \
    node playground/driver/drive.mjs "$folder" "$folder-shots"
