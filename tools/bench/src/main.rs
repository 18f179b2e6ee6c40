//! Benchmarks of what must stay cheap as the network grows.
//!
//! Every figure is a ratio against something measured in the same run, so that it says the same on any machine (but for
//! weights, which are declared: [`weights`]). Figures with a bound make the program fail when they break it.

mod assignment;
mod claim;
mod epoch;
mod figures;
mod intake;
mod settlement;
mod state;
mod weights;

use clap::{Parser, Subcommand};
use figures::{Figure, Outcome};
use std::{path::PathBuf, process::ExitCode};

#[derive(Parser)]
#[command(
    name = "ratio1-bench",
    about = "Benchmarks whose figures are ratios against something measured in the same run"
)]
struct Cli {
    #[command(subcommand)]
    which: Which,
    /// Print JSON lines instead of a table.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Which {
    /// Heartbeats an oracle takes in per core, against bare ed25519 verification: at least 0.7 of it, and 0.5 with all that
    /// relaying them costs.
    HeartbeatIntake,
    /// Closing an epoch at 1 000 to 100 000 licenses and 7 to 100 oracles: the time per byte must not grow.
    EpochClose,
    /// A claim after 1 and after 1080 epochs: equal cost.
    Claim,
    /// A job's draw among 1 000 and among 100 000 licenses: at most 1.2 times the time and the weight.
    Assignment,
    /// Settling an epoch of 10 000 running slots: within its share of every block, the time per slot must not grow.
    Settlement,
    /// What each call and hook step of our pallets is charged, against what it takes in wasm: 1 to 3 times as much, and its
    /// computation at least 0.5 times. Not among `all`: it takes frame-omni-bencher, which takes half an hour to install.
    Weights {
        /// Folder of what frame-omni-bencher measured, PALLET.json of each pallet. Without it, scripts/bench measures first.
        folder: PathBuf,
    },
    /// All of them but `weights`.
    All,
}

/// Why a benchmark could not be run: the code it measures did not do what it should.
#[derive(Debug, thiserror::Error)]
enum BenchError {
    #[error("the runtime's genesis could not be built: {0}")]
    Genesis(String),
    #[error("the state for the benchmark could not be set up: {0}")]
    Setup(&'static str),
    #[error("{0}")]
    WrongResult(String),
    #[error(transparent)]
    Weights(#[from] weights::WeightsError),
}

type Bench = Box<dyn FnOnce() -> Result<Outcome, BenchError>>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let note = matches!(cli.which, Which::Weights { .. }).then_some(weights::NOTE);
    let benches: Vec<Bench> = match cli.which {
        Which::HeartbeatIntake => vec![Box::new(intake::run)],
        Which::EpochClose => vec![Box::new(epoch::run)],
        Which::Claim => vec![Box::new(claim::run)],
        Which::Assignment => vec![Box::new(assignment::run)],
        Which::Settlement => vec![Box::new(settlement::run)],
        Which::Weights { folder } => vec![Box::new(move || Ok(weights::run(&folder)?))],
        Which::All => vec![
            Box::new(intake::run),
            Box::new(epoch::run),
            Box::new(claim::run),
            Box::new(assignment::run),
            Box::new(settlement::run),
        ],
    };
    let mut all = Outcome::default();
    for bench in benches {
        match bench() {
            Ok(outcome) => {
                if cli.json {
                    outcome.figures.iter().for_each(|figure| println!("{}", figure.json()));
                }
                all.extend(outcome);
            }
            Err(error) => all.failures.push(error.to_string()),
        }
    }
    if !cli.json {
        println!("{}", Figure::table(&all.figures));
        note.iter().for_each(|note| println!("{note}"));
    }
    all.failures.iter().for_each(|failure| eprintln!("failed: {failure}"));
    match all.failures.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
