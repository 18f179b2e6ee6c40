//! The programs in `examples/`, run as whoever reads them would.

use super::{hold, step, Outcome};
use ratio1_testnet::{facts::Check, Network, Who};
use std::{path::PathBuf, time::Duration};
use tokio::process::Command;

/// The longest one may take: a job is awaited until it is final.
const LIMIT: Duration = Duration::from_secs(120);

/// All of them, on a network on which epochs were paid. Leaves a job behind that nobody serves.
pub async fn examples_work(network: &Network) -> Outcome {
    step("the examples");
    let url = network.node(Who::Alice).ws();
    let (license, secret) = (Who::Eve.license().to_string(), Who::Ferdie.uri());
    prints("availability", [&url, &license], " of 255, worth ").await?;
    prints("epochs", [&url, "1"], "R1 outstanding in block").await?;
    prints("job", [&url, &secret], "R1 are on hold").await
}

/// The program succeeds, and prints something with these words.
async fn prints<const N: usize>(name: &str, arguments: [&str; N], words: &str) -> Outcome {
    let program = program(name)?;
    let done = tokio::time::timeout(LIMIT, Command::new(&program).args(arguments).kill_on_drop(true).output());
    let done = done.await.map_err(|_| format!("{name} takes longer than {} s", LIMIT.as_secs()))?;
    let done = done.map_err(|error| {
        format!(
            "{} does not start: {error}. `cargo build --release --workspace --all-targets` builds it",
            program.display()
        )
    })?;
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let right = done.status.success() && said.contains(words);
    hold(Check::new(format!("the example {name} works"), right, said.trim()))
}

/// Where cargo puts examples: beside the folder of test programs.
fn program(name: &str) -> Outcome<PathBuf> {
    let own = std::env::current_exe()?;
    let target = own.ancestors().nth(2).ok_or("a test program lies in a folder of the target directory")?;
    Ok(target.join("examples").join(name))
}
