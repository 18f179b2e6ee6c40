# Shared by the scripts next to it. Source it: it moves to the repository's root and defines functions, nothing more.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT" || exit

# One target directory for all checkouts: third-party artifacts stay warm between a clone and another.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/ratio1/target}
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}

WASM_TARGET=wasm32v1-none

# rustup's own installation is not on the PATH of a shell that was opened before it. Behind what is there: whoever has
# their own cargo in front, rustup's or not, meant it; use_toolchain decides whether it will do.
RUSTUP_BIN=${CARGO_HOME:-$HOME/.cargo}/bin
case ":$PATH:" in
    *":$RUSTUP_BIN:"*) ;;
    *) PATH=$PATH:$RUSTUP_BIN ;;
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
        # Before a distribution's cargo, which may be too old to read the lock file; rustup's proxies may themselves be
        # the distribution's.
        PATH=$(dirname "$(command -v rustup)"):$PATH
        export PATH
        return 0
    elif distribution_ready; then
        # Before rustup's proxies, which would look for a toolchain that is not there.
        PATH=/usr/bin:$PATH
        export PATH
        return 0
    fi
    return 1
}

# Whether there are certificates to check a download with. curl only recommends them, so a bare system has none.
have_certificates() {
    [ -n "${SSL_CERT_FILE:-}" ] || [ -n "${CURL_CA_BUNDLE:-}" ] || [ -s /etc/ssl/certs/ca-certificates.crt ] ||
        [ -s /etc/pki/tls/certs/ca-bundle.crt ]
}

# OpenSSL, which the SDK's WebRTC builds from source, is configured by perl with its standard modules: the `perl-base` of
# a bare system has not all of them.
have_perl() { perl -MFindBin -MIPC::Cmd -MFile::Compare -MTime::Piece -e 1 2>/dev/null; }

# A network test sets the clock of one of its nodes.
have_faketime() { compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null; }

# Debian's names of the system packages that are missing, one per line. No clang and no cmake: nothing in Cargo.lock
# binds to C by bindgen or builds by cmake, and deny.toml keeps it so.
missing_packages() {
    have protoc || echo protobuf-compiler
    have pkg-config || echo pkg-config
    have curl || echo curl
    have_certificates || echo ca-certificates
    have_perl || echo perl
    have git || echo git
    have python3 || echo python3
    have_faketime || echo libfaketime
    { have cc && have c++ && have make; } || echo build-essential
}

# Whether git reads this checkout. One that belongs to somebody else, as a folder mounted into a container does, it
# refuses, and says so among other words.
need_checkout() {
    local said
    have git || die "git is missing: scripts/setup installs it"
    said=$(git rev-parse --is-inside-work-tree 2>&1) && return 0
    case $said in
        *"dubious ownership"*)
            die "git refuses $ROOT, which belongs to somebody else. If you trust it:
    git config --global --add safe.directory '$ROOT'"
            ;;
        *) die "$ROOT is not a git checkout, so that nothing tells which files are the project's: $said" ;;
    esac
}

# Run `setup` if anything is missing, and select the toolchain.
need_setup() {
    if [ -n "$(missing_packages)" ] || ! use_toolchain; then
        log "something is missing: running scripts/setup"
        "$ROOT/scripts/setup"
        use_toolchain || die "scripts/setup ended without a usable toolchain"
    fi
}

# Make the folder of this run, RUN_DIR, if it has none, for what was built. Another checkout that builds replaces the
# artifacts in the target directory, which all share: what is tested, shown and measured must be what was built here.
# The lock on .ratio1-programs is for the moment between the build and the copy.
RUN_DIR=
make_run_dir() {
    # Of runs that ended: their process is gone, a day ago at least (elsewhere a process may have the same number).
    local old pid
    [ -z "$RUN_DIR" ] || return 0
    for old in "$CARGO_TARGET_DIR"/run-*; do
        pid=${old##*/run-}
        pid=${pid%%-*}
        [ -d "/proc/$pid" ] || find "$old" -maxdepth 0 -mtime +0 -exec rm -rf {} + 2>/dev/null || true
    done
    mkdir -p "$CARGO_TARGET_DIR" && RUN_DIR=$(mktemp -d "$CARGO_TARGET_DIR/run-$$-XXXXXX")
}

# Build the programs named, and put what was built into RUN_DIR.
build_for_this_run() {
    local program flags=()
    for program in "$@"; do flags+=(--bin "$program"); done
    make_run_dir || return 1
    (
        flock 9 || exit 1
        # The whole workspace selects the features, as in scripts/test: all scripts share every artifact.
        cargo build --release --locked --workspace "${flags[@]}" || exit 1
        for program in "$@"; do
            # A link keeps what it is given: cargo puts a new file in the old one's place.
            ln "$CARGO_TARGET_DIR/release/$program" "$RUN_DIR/" 2>/dev/null ||
                cp "$CARGO_TARGET_DIR/release/$program" "$RUN_DIR/" || exit 1
        done
    ) 9>"$CARGO_TARGET_DIR/.ratio1-programs"
}

# Our pallets by the names that Rust has for their crates, one per line. The libraries that they share are none.
our_pallets() {
    local folder
    for folder in pallets/*/; do
        folder=$(basename "$folder")
        case $folder in support | testing) continue ;; esac
        printf 'pallet_%s\n' "${folder//-/_}"
    done
}

# Install frame-omni-bencher unless it is on PATH.
BENCHER_VERSION=0.28.0
need_bencher() {
    has_bencher && return 0
    log "installing frame-omni-bencher $BENCHER_VERSION, which takes half an hour"
    cargo install --locked --no-default-features --version "$BENCHER_VERSION" frame-omni-bencher || return 1
    has_bencher || die "frame-omni-bencher $BENCHER_VERSION was installed, but another version comes before it on PATH:
    $(command -v frame-omni-bencher || true)
Remove that one."
}

# Whether the right version of it is on PATH.
has_bencher() { frame-omni-bencher --version 2>/dev/null | grep -qF "$BENCHER_VERSION"; }

# Build the runtime for benchmarks and put it into RUN_DIR. The wasm alone, beside the node's artifacts and not through
# them: the node must never embed a runtime that was built for benchmarks. Built as the SDK builds the one that the node
# embeds: with link-time optimisation, without unwinding, and without the assertions that our pallets have in native tests.
build_benchmarks() {
    local pallet profile
    log "building the runtime for benchmarks"
    profile=(--config 'profile.weights.inherits="release"' --config 'profile.weights.lto="thin"' --config 'profile.weights.panic="abort"')
    for pallet in $(our_pallets); do
        profile+=(--config "profile.weights.package.${pallet//_/-}.debug-assertions=false"
            --config "profile.weights.package.${pallet//_/-}.overflow-checks=false")
    done
    make_run_dir || return 1
    (
        flock 9 || exit 1
        RUSTFLAGS="-C link-arg=--export-table --cfg substrate_runtime" cargo rustc --locked -p ratio1-runtime --lib \
            --target "$WASM_TARGET" "${profile[@]}" --profile weights --no-default-features --features runtime-benchmarks \
            --crate-type cdylib || exit 1
        cp "$CARGO_TARGET_DIR/$WASM_TARGET/weights/ratio1_runtime.wasm" "$RUN_DIR/benchmarks.wasm"
    ) 9>"$CARGO_TARGET_DIR/.ratio1-programs"
}

# Measure every benchmark of pallet $1, after need_bencher and build_benchmarks. The rest of the arguments is the bencher's.
run_benchmarks() {
    local pallet=$1
    shift
    log "measuring $pallet"
    frame-omni-bencher v1 benchmark pallet --runtime "$RUN_DIR/benchmarks.wasm" --genesis-builder-preset development \
        --pallet "$pallet" --extrinsic '*' "$@"
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
