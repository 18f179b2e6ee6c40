//! Call fuzzer on the real runtime: random sequences of all calls by owners, strangers, oracles, registrars and
//! governance over many epochs, with every invariant checked after every block.
//!
//! The short mode is part of the test command. The long one runs by hand:
//!
//! ```sh
//! RATIO1_FUZZ_CALLS=100000 RATIO1_FUZZ_SEED=7 cargo test --release -p ratio1-runtime --test runtime -- fuzz --ignored --nocapture
//! ```
//!
//! A seed reproduces a chain; a failure names it, and the calls of the last blocks. `RATIO1_FUZZ_CALLS=12500` with that
//! seed runs the one chain again.

mod books;
mod gen;
mod governance;
mod jobs;
mod model;
mod money;
mod ours;
mod sdk;
mod table;
mod votes;
mod world;

pub use world::{draw_plain, run};

use frame_support::traits::GetCallMetadata;
use ratio1_runtime::RuntimeCall;
use std::{io::Write, time::Instant};
use table::Table;

/// The pallets of which the short mode must see every call succeed.
const OUR_PALLETS: [&str; 11] =
    ["Kyc", "Licenses", "Oracles", "Availability", "Rewards", "Price", "Sale", "Pools", "Governance", "Nodes", "Jobs"];
/// Calls that move money or carry calls, which must succeed too.
const MONEY_CALLS: [&str; 9] = [
    "Balances.transfer_allow_death",
    "Balances.transfer_keep_alive",
    "Utility.batch",
    "Utility.batch_all",
    "Proxy.proxy",
    "Multisig.as_multi",
    "Council.propose",
    "Council.vote",
    "Council.close",
];

/// Calls on one chain of the long mode. Invariants are checked over all of the state, so that long chains are slow.
const LONG: u64 = 12_500;

/// Shown even when the test passes: a fuzzer that reaches nothing finds nothing.
fn show(title: &str, table: &Table, since: Instant) {
    let seconds = since.elapsed().as_secs_f64();
    let rate = table.total() as f64 / seconds;
    let text = format!("\n{title}: {seconds:.1} s, {rate:.0} calls/s\n{table}");
    std::io::stdout().write_all(text.as_bytes()).unwrap();
}

/// That the fuzzer still reaches everything: every call of ours, and the refusals that guard money and jobs.
fn assert_reach(table: &Table) {
    let mut missed = vec![];
    for pallet in OUR_PALLETS {
        for call in RuntimeCall::get_call_names(pallet) {
            let call = format!("{pallet}.{call}");
            if table.successes(&call) == 0 {
                missed.push(call);
            }
        }
    }
    missed.extend(MONEY_CALLS.iter().filter(|call| table.successes(call) == 0).map(ToString::to_string));
    let errors = money::ERRORS.iter().chain(jobs::ERRORS);
    missed.extend(errors.filter(|e| table.reached(e) == 0).map(ToString::to_string));
    assert_eq!(table.reached("Jobs.Corrupted"), 0, "a job's data or money is missing");
    assert!(missed.is_empty(), "the fuzzer did not reach {missed:?}");
}

fn from_env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |value| value.parse().expect("a number"))
}

/// Fuzz chains of these seeds, two at a time.
fn run_chains(seeds: &[u64], calls: u64) -> Table {
    let mut table = Table::default();
    for pair in seeds.chunks(2) {
        let chains: Vec<_> = pair.iter().copied().map(|seed| std::thread::spawn(move || run(seed, calls))).collect();
        for chain in chains {
            table.merge(&chain.join().expect("no invariant breaks"));
        }
    }
    table
}

#[test]
fn no_sequence_of_calls_breaks_an_invariant() {
    let since = Instant::now();
    let table = run_chains(&[1, 2, 3, 4], 4_500);
    show("short fuzzing", &table, since);
    assert_reach(&table);
}

/// `RATIO1_FUZZ_CALLS` calls, 100 000 unless told, on chains of [`LONG`] calls each with the seeds from
/// `RATIO1_FUZZ_SEED` on, another one each time unless told.
#[test]
#[ignore = "the long mode, by hand"]
fn no_long_sequence_of_calls_breaks_an_invariant() {
    let now = std::time::UNIX_EPOCH.elapsed().map_or(0, |d| d.as_secs());
    let (calls, seed) = (from_env("RATIO1_FUZZ_CALLS", 100_000), from_env("RATIO1_FUZZ_SEED", now));
    let since = Instant::now();
    let seeds: Vec<u64> = (seed..seed + calls.div_ceil(LONG)).collect();
    let table = run_chains(&seeds, calls.min(LONG));
    show(&format!("long fuzzing with the seeds from {seed} on"), &table, since);
}
