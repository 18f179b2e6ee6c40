//! `ratio1-tidy [NAME...]`: run in the root of the checkout, it prints every finding and fails if
//! there is one. See [`ratio1_tidy`].

use clap::Parser;
use ratio1_tidy::{run, Error, REGISTRY};
use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

/// Holds the rules of this repository. Run it in the root of the checkout.
#[derive(Parser)]
#[command(name = "ratio1-tidy")]
struct Cli {
    /// The checks to run; all without a name.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Name the checks, and what each of them holds.
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    match tidy(&Cli::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Prints the list or the findings. Returns how many findings there are.
fn tidy(cli: &Cli) -> Result<usize, Error> {
    let mut out = io::stdout().lock();
    if cli.list {
        for check in &REGISTRY {
            writeln!(out, "{:<12}{}", check.name, check.about).map_err(Error::Output)?;
        }
        return Ok(0);
    }
    let mut total = 0;
    for (check, findings) in run(Path::new("."), &cli.names)? {
        total += findings.len();
        for finding in &findings {
            writeln!(out, "{finding}").map_err(Error::Output)?;
        }
        if !findings.is_empty() {
            let _ = writeln!(io::stderr(), "{:>6}  {check}", findings.len());
        }
    }
    Ok(total)
}
