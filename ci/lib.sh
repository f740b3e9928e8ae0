# Helpers of the scripts beside this file: sourced by them, never run.
# Every `need_*` puts a thing in place, or prints a SKIPPED line and fails.

note() { printf -- '-- %s\n' "$*"; }
die() { printf 'STOPPED: %s\n' "$*" >&2; exit 1; }
skip() { printf 'SKIPPED: %s\n' "$*"; return 1; }

command -v rustup >/dev/null || die 'rustup is missing, see https://rustup.rs'
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target_dir=${CARGO_TARGET_DIR:-$PWD/target}
# The only place that names a nightly. AITER_NIGHTLY=NAME: another toolchain.
nightly=${AITER_NIGHTLY:-nightly-2026-05-20}
host=$(rustc -vV | sed -n 's/^host: //p')
published=(aiter-core aiter-adapters aiter-executor-compat aiter)

# need_toolchain NAME
need_toolchain() {
    rustup run "$1" rustc -V >/dev/null 2>&1 ||
        rustup toolchain install "$1" --profile minimal --no-self-update ||
        skip "toolchain $1 could not be installed"
}

# need_target TRIPLE [TOOLCHAIN]
need_target() {
    rustup target add "$1" ${2:+--toolchain "$2"} || skip "target $1 could not be installed"
}

# need_component NAME [TOOLCHAIN]
need_component() {
    rustup component add "$1" ${2:+--toolchain "$2"} || skip "component $1 could not be installed"
}

# need_nightly COMPONENT...
need_nightly() {
    need_toolchain "$nightly" || return
    local component
    for component in "$@"; do need_component "$component" "$nightly" || return; done
}

# need_apt COMMAND PACKAGE
need_apt() {
    ! command -v "$1" >/dev/null || return 0
    local root=(env DEBIAN_FRONTEND=noninteractive)
    ((EUID == 0)) || root=(sudo "${root[@]}")
    { "${root[@]}" apt-get update -q &&
        "${root[@]}" apt-get install -y -q --no-install-recommends "$2"; } >/dev/null ||
        skip "$1 is missing, and its apt package $2 could not be installed"
}

# need_program NAME VERSION [OPTION...]: of crates.io. An installed one will do if it has this very
# version. The options are those of `cargo install`.
need_program() {
    local root=$target_dir/tools/$1-$2
    PATH=$root/bin:$PATH
    [[ ! $("$1" --version 2>/dev/null) =~ ^"$1 "v?"$2"$ ]] || return 0
    note "$1 $2 is built, which takes a minute or two"
    # Without optimization it is built sooner, and still fast enough.
    env -u CARGO_TARGET_DIR -u RUSTFLAGS CARGO_PROFILE_DEV_DEBUG=0 \
        cargo install --quiet --locked --debug --root "$root" "$1@$2" "${@:3}" ||
        skip "$1 $2 is missing, and could not be installed"
}
