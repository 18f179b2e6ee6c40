//! A machine whose clock is wrong: libfaketime between one node and the time of day. Monotonic time stays as it is.

use super::{hold, step, waiting::LIVENESS_LIMIT, Outcome};
use ratio1_testnet::{facts::Check, launch::replace, wait::wait_for, Error, Network, Who};
use std::{path::PathBuf, time::Duration};

/// The node whose clock it is.
pub const WRONG: Who = Who::Ferdie;
/// How far the clock is set ahead, in seconds: by more than an epoch.
const AHEAD: i32 = 90;
/// How far it is set back: by more beat slots than a beat may be old. By less than a block slot: a node that is farther
/// behind takes blocks for ones from the future, and it takes minutes until it trusts the peers that sent them again.
const BACK: i32 = -2;
/// How long it is wrong each time.
const WHILE: Duration = Duration::from_secs(8);
/// What beats lost in both times, and while they are noticed, leave of an epoch's 255 at least.
pub const LEAST: u8 = 128;

/// The clock of one node.
pub struct Clock {
    file: PathBuf,
}

impl Clock {
    /// Put it between [`WRONG`], which is not started yet, and its machine's.
    pub fn of_the_node(network: &mut Network) -> Outcome<Self> {
        let library = glob_library().ok_or("libfaketime is missing: scripts/setup installs it")?;
        let file = network.node(WRONG).base_path().with_extension("clock");
        let variables = [
            ("LD_PRELOAD", library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
            ("FAKETIME_CACHE_DURATION", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ];
        network.set_environment(WRONG, variables.into());
        let clock = Self { file };
        clock.set(0)?;
        Ok(clock)
    }

    fn set(&self, seconds: i32) -> Outcome {
        step(&format!("{WRONG}'s clock is {seconds:+} s from the right time"));
        Ok(replace(&self.file, &format!("{seconds:+}"))?)
    }

    /// Ahead, right, back, right.
    pub async fn is_set_ahead_and_back(&self, network: &Network) -> Outcome {
        for offset in [AHEAD, 0, BACK, 0] {
            self.set(offset)?;
            tokio::time::sleep(WHILE).await;
        }
        let noticed = wait_for("the node to notice that its clock was set back", LIVENESS_LIMIT, || async {
            let times = network.metrics(WRONG).await?.sum(SET_BACK, &[]);
            Ok::<_, Error>((times >= 1.0).then_some(times))
        });
        let times = noticed.await?;
        hold(Check::new("the node noticed that its clock was set back", true, format!("{times} times")))
    }
}

/// Counted by the node.
const SET_BACK: &str = "ratio1_clock_set_back_total";

/// Debian's place of the library, for whatever architecture.
fn glob_library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten();
    folders.map(|folder| folder.path().join("faketime/libfaketime.so.1")).find(|library| library.is_file())
}
