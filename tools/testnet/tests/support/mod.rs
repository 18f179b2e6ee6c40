//! What the network tests share: running a scenario, judging it, attacking a node.

pub mod attacker;
pub mod chain;
pub mod clock;
pub mod examples;
pub mod hardship;
pub mod jobs;
pub mod raids;
mod soak;
pub mod stalls;
pub mod waiting;

use ratio1_testnet::{
    facts::Check,
    launch::default_binary,
    wait::{interruption, progress},
    Network, Who,
};
use std::{
    future::Future,
    pin::Pin,
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// How a step ends.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// A scenario on a network of which nothing is started yet.
pub type Scenario = for<'a> fn(&'a mut Network) -> Pin<Box<dyn Future<Output = Outcome> + 'a>>;

/// Lines of every node's log shown when a scenario fails.
const LOG_LINES: usize = 40;

/// One network at a time: a machine has few cores, and what is measured is measured in real time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Prepare a network of the whole cast, run `scenario` on it, stop it; on failure show the ends of the logs.
pub fn on_a_network(name: &str, scenario: Scenario) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    progress(format!("\n=== {name}"));
    // One thread: the kernel ties the nodes to the thread that started them.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let failure = runtime.block_on(async {
        let mut network = match Network::new(&default_binary(), &Who::ALL) {
            Ok(network) => network,
            Err(error) => return Some(error.to_string()),
        };
        let done = tokio::select! {
            done = scenario(&mut network) => done,
            _ = interruption() => Err("interrupted".into()),
        };
        let error = done.err()?.to_string();
        progress(network.log_tails(LOG_LINES));
        let kept = network.keep_files().map(|dir| format!("; logs are left in {}", dir.display()));
        Some(error + &kept.unwrap_or_default())
    });
    if let Some(failure) = failure {
        panic!("{name}: {failure}");
    }
}

/// Say what begins now.
pub fn step(what: &str) {
    thread_local!(static BEGAN: Instant = Instant::now());
    progress(format!("--- {what}   [{} s]", BEGAN.with(|began| began.elapsed().as_secs())));
}

/// A finding that must hold.
pub fn hold(check: Check) -> Outcome {
    progress(format!("  {}  {}: {}", if check.pass { "ok  " } else { "FAIL" }, check.what, check.detail));
    if check.pass {
        Ok(())
    } else {
        Err(format!("{}: {}", check.what, check.detail).into())
    }
}

/// As [`hold`], of many: all are shown before the first failure ends the scenario.
pub fn hold_all(checks: Vec<Check>) -> Outcome {
    let failed: Vec<_> = checks.into_iter().filter_map(|check| hold(check).err()).collect();
    match failed.into_iter().next() {
        None => Ok(()),
        Some(first) => Err(first),
    }
}
