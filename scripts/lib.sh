# Shared by the scripts next to it. Source it: it moves to the repository's root and defines functions, nothing more.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT" || exit

# One target directory for all checkouts: third-party artifacts stay warm between a clone and another.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/ratio1/target}
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}

WASM_TARGET=wasm32v1-none

# rustup's own installation is not on the PATH of a shell that was opened before it.
case ":$PATH:" in
    *":${CARGO_HOME:-$HOME/.cargo}/bin:"*) ;;
    *) PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin ;;
esac

log() { printf '==> %s\n' "$*" >&2; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# The channel that rust-toolchain.toml names.
channel() { sed -n 's/^channel *= *"\(.*\)"/\1/p' "$ROOT/rust-toolchain.toml"; }

# Whether version $1 is at least version $2.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n1)" = "$2" ]; }

# Whether the toolchain with sysroot $1 can compile the runtime to wasm.
has_wasm() { compgen -G "$1/lib/rustlib/$WASM_TARGET/lib/libcore-*.rlib" >/dev/null; }

# Whether rustup has everything rust-toolchain.toml asks for. Downloads nothing.
rustup_ready() {
    local sysroot
    have rustup || return 1
    sysroot=$(rustup run "$(channel)" rustc --print sysroot 2>/dev/null) || return 1
    has_wasm "$sysroot" && [ -x "$sysroot/bin/cargo-clippy" ] && [ -x "$sysroot/bin/rustfmt" ]
}

# Whether the distribution's own Rust, with the target built by `setup`, can be used instead.
distribution_ready() {
    [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && [ -x /usr/bin/rustfmt ] && [ -x /usr/bin/cargo-clippy ] &&
        at_least "$(/usr/bin/rustc --version | cut -d' ' -f2)" "$(channel)" &&
        has_wasm "$(/usr/bin/rustc --print sysroot)"
}

# Put the toolchain that is ready in front. Fails if none is.
use_toolchain() {
    if rustup_ready; then
        return 0
    elif distribution_ready; then
        # Before rustup's proxies, which would look for a toolchain that is not there.
        PATH=/usr/bin:$PATH
        export PATH
        return 0
    fi
    return 1
}

# The names bindgen looks for: a runtime library alone, with a number behind its name, is not enough.
have_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] && return 0
    compgen -G '/usr/lib*/llvm*/lib/libclang*.so' >/dev/null || compgen -G '/usr/lib*/libclang*.so' >/dev/null ||
        compgen -G '/usr/lib/*-linux-*/libclang*.so' >/dev/null
}

# Debian's names of the system packages that are missing, one per line.
missing_packages() {
    have protoc || echo protobuf-compiler
    have clang || echo clang
    have_libclang || echo libclang-dev
    have cmake || echo cmake
    have pkg-config || echo pkg-config
    have curl || echo curl
    have git || echo git
    have python3 || echo python3
    { have cc && have c++ && have make; } || echo build-essential
}

# Run `setup` if anything is missing, and select the toolchain.
need_setup() {
    if [ -n "$(missing_packages)" ] || ! use_toolchain; then
        log "something is missing: running scripts/setup"
        "$ROOT/scripts/setup"
        use_toolchain || die "scripts/setup ended without a usable toolchain"
    fi
}

# Run a command as one named stage; `stages` prints how long each took.
STAGES=()
stage() {
    local name=$1 start=$SECONDS
    shift
    log "$name"
    if ! "$@"; then
        STAGES+=("$(printf '%6d s  %s: FAILED' $((SECONDS - start)) "$name")")
        return 1
    fi
    STAGES+=("$(printf '%6d s  %s' $((SECONDS - start)) "$name")")
}

stages() {
    [ ${#STAGES[@]} -eq 0 ] || printf '%s\n' "${STAGES[@]}" "$(printf '%6d s  in all' "$SECONDS")" >&2
}
