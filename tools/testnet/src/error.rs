//! What can go wrong with a network of processes.

use std::{path::PathBuf, time::Duration};

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error, with the remedy where there is one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no node to start.
    #[error(
        "no node binary at {0}: build it with `cargo build --release --workspace --bin ratio1-node` or `scripts/demo`, \
         or name one with `--node PATH` or the environment variable RATIO1_NODE"
    )]
    BinaryMissing(PathBuf),
    /// The operating system refused something.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A node that should run has ended.
    #[error("{name} ended by itself with {status}; its log is {log}")]
    Exited {
        /// The node.
        name: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// Where to look.
        log: PathBuf,
    },
    /// A condition was not met in time.
    #[error("waited {} s in vain for {what}{last}", limit.as_secs())]
    Deadline {
        /// The condition.
        what: String,
        /// How long.
        limit: Duration,
        /// What the last attempt said, if it failed; begins with a separator.
        last: String,
    },
    /// A node did not answer a call.
    #[error("{method} failed: {source}")]
    Rpc {
        /// The call.
        method: String,
        /// Why.
        source: jsonrpsee::core::ClientError,
    },
    /// A node answered something this program does not understand: it is of another version.
    #[error("{what} answered something else than expected: {detail}")]
    Answer {
        /// Who or what answered.
        what: String,
        /// What was wrong with it.
        detail: String,
    },
    /// A transaction did not get into a finalised block.
    #[error("the {what} was refused: {detail}")]
    Transaction {
        /// What it was to do.
        what: String,
        /// What the pool said.
        detail: String,
    },
    /// Ctrl-C, or a signal to end.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// Wrap an i/o error.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// Whether trying again may help: a node that starts or restarts refuses connections for a while.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Rpc { .. })
    }
}
