# What scripts/ does, by name. `just` alone lists it; nothing here needs more than the scripts.

set positional-arguments

# List what there is
default:
    @just --list --unsorted

# Install what is missing
setup:
    scripts/setup

# Switch on the hook that checks what is about to be committed
hooks:
    git config core.hooksPath .githooks

# Watch a network start from nothing, measure and pay: just demo [--keep] [--json] [--minutes N]
demo *arguments:
    scripts/demo "$@"

# Run all tests but benchmarks and what takes hours
test:
    scripts/test

# Run gates, formatting, lints, dependencies, unit and integration tests
unit:
    scripts/test unit

# Run the tests with real node processes
network:
    scripts/test network

# Run every benchmark of the pallets once, as a test
benchmarks:
    scripts/test benchmarks

# Measure against something measured in the same run: just bench [NAME] [--json]
bench *arguments:
    scripts/bench "$@"

# Measure the weights of the runtime: just weights [PALLET...]
weights *pallets:
    scripts/weights "$@"

# Check licenses, sources, bans and yanked versions of dependencies
deny:
    scripts/deny

# Compute the worked numbers of the economics: just vectors [--check]
vectors *arguments:
    scripts/vectors "$@"

# Run what takes hours: just soak [NAME...]
soak *names:
    scripts/soak "$@"

# Format the code
fmt:
    cargo fmt --all

# Look for misspelt words
typos:
    typos

# Build the documentation of our crates and open it
doc:
    SKIP_WASM_BUILD=1 cargo doc --workspace --no-deps --locked --release --open
