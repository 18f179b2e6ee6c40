//! Why the tool could not look at all, as opposed to what it found.

use std::{io, path::PathBuf};

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error, with the remedy where there is one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program could not be started.
    #[error("cannot start `{program}`: {source}. Install it, or put it on the PATH")]
    Start {
        /// The program.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// A program ended with an error.
    #[error("`{command}` failed:\n{said}")]
    Failed {
        /// The program and its arguments.
        command: String,
        /// What it printed on standard error.
        said: String,
    },
    /// A directory or file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A finding could not be printed.
    #[error("cannot write the findings: {0}")]
    Output(#[source] io::Error),
    /// Cargo printed something else than this tool knows.
    #[error("cannot read what `cargo metadata` printed: {0}. Compare it with tools/tidy/src/graph.rs")]
    Metadata(#[from] serde_json::Error),
    /// A pattern in this tool's source is wrong.
    #[error("a pattern of this tool is wrong: {0}")]
    Pattern(#[from] regex::Error),
    /// There is no such check.
    #[error("there is no check '{0}': `ratio1-tidy --list` names them")]
    UnknownCheck(String),
}
