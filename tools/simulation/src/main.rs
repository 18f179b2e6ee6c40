//! The life of R1 over ten years, from the pure functions the chain itself uses.
//!
//! A scenario states what people do: how many deeds they want, how well nodes are available, what an R1 costs. The
//! program lets it happen epoch by epoch and counts every base unit with [`ratio1_primitives::economics`]; it has no
//! formula of its own for any amount the chain decides. After every epoch it checks that no class mints more than its
//! share, that all together keep to the cap, and that what is outstanding is what was minted and not burned; it fails
//! if one of these does not hold.
//!
//! - [`scenario`]: what a scenario assumes, and which assumptions are refused.
//! - [`scenarios`]: those that come with the program.
//! - [`deeds`]: what deeds earn and mint.
//! - [`ledger`]: who has the R1, and the checks.
//! - [`life`]: one scenario, epoch by epoch.
//! - [`tables`], [`plots`]: what one sees.

mod deeds;
mod ledger;
mod life;
mod plots;
mod scenario;
mod scenarios;
mod tables;
#[cfg(test)]
mod tests;

use clap::Parser;
use life::Life;
use ratio1_primitives::economics::CAP;
use std::{io::Write, path::PathBuf, process::ExitCode};

#[derive(Parser)]
#[command(name = "ratio1-simulation", about = "The life of R1 over ten years, from the chain's own formulas")]
struct Cli {
    /// Only this scenario.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(scenarios::NAMES))]
    scenario: Option<String>,
    /// Write plots as SVG files into this directory.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON document, exact to the base unit, instead of tables.
    #[arg(long)]
    json: bool,
}

/// Why the program failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("scenario '{0}' is refused: {1}")]
    Refused(&'static str, #[source] scenario::Refusal),
    #[error("scenario '{0}' broke a promise of the chain in epoch {1}: {2}")]
    Broken(&'static str, u32, #[source] ledger::Broken),
    #[error("the plots could not be written: {0}")]
    Plot(#[from] plots::PlotError),
    #[error("the output could not be written: {0}")]
    Output(#[from] std::io::Error),
    #[error("the report could not be encoded: {0}")]
    Encode(#[from] serde_json::Error),
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader went away, as `head` does.
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<(), Failure> {
    let mut lives = Vec::new();
    for scenario in scenarios::all() {
        if cli.scenario.as_ref().is_none_or(|name| name == scenario.name) {
            lives.push(Life::run(scenario)?);
        }
    }
    if let Some(directory) = &cli.out {
        plots::write_all(directory, &lives)?;
    }
    let mut out = std::io::stdout().lock();
    match cli.json {
        true => writeln!(out, "{}", report(&lives)?)?,
        false => write!(out, "{}", tables::all(&lives))?,
    }
    Ok(())
}

/// Assumptions and years of `lives` as JSON. Amounts are texts: base units do not fit the numbers of most readers.
fn report(lives: &[Life]) -> Result<String, serde_json::Error> {
    #[derive(serde::Serialize)]
    struct Report<'a> {
        epochs: u32,
        cap: String,
        scenarios: Vec<Entry<'a>>,
    }
    #[derive(serde::Serialize)]
    struct Entry<'a> {
        assumptions: &'a scenario::Scenario,
        years: Vec<&'a life::Snapshot>,
    }
    let scenarios = lives
        .iter()
        .map(|life| Entry { assumptions: &life.scenario, years: (1..=life::YEARS).map(|n| life.year(n)).collect() })
        .collect();
    serde_json::to_string_pretty(&Report { epochs: life::EPOCHS, cap: CAP.to_string(), scenarios })
}
