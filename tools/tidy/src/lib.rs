//! The gate that holds the rules of this repository.
//!
//! Rules that only people remember are forgotten, so each rule that a program can hold is a
//! *check* here. A check reads the tracked files, or the graph of the workspace's crates, and
//! returns *findings*: one line each, which says where, what is wrong and what to do.
//!
//! - [`project`]: the tracked files, by `git ls-files`, and what of them a check looks at.
//! - [`graph`]: our crates, their dependencies and features, by `cargo metadata`.
//! - [`manifest`], [`source`]: as much of TOML and Rust as the checks have to understand.
//! - [`rooms`], [`features`], [`pallets`], [`constants`], [`references`], [`sizes`], [`words`],
//!   [`lints`]: the checks.
//!
//! There is no list of exceptions. What breaks a rule is mended, or the rule is changed, in the
//! place where it is written: the table in [`rooms`], a constant in the other checks.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

pub mod constants;
mod error;
pub mod features;
mod finding;
pub mod graph;
pub mod lints;
pub mod manifest;
pub mod pallets;
pub mod project;
pub mod references;
pub mod rooms;
pub mod sizes;
pub mod source;
pub mod words;

pub use error::{Error, Result};
pub use finding::Finding;
use project::Project;
use std::path::Path;

/// One check.
pub struct Check {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it holds.
    pub about: &'static str,
    /// Whether it asks cargo for the graph of crates.
    needs_graph: bool,
    run: fn(&Project) -> Result<Vec<Finding>>,
}

/// All checks, in the order in which they run.
pub const REGISTRY: [Check; 8] = [
    Check { name: "rooms", about: "which crate may depend on which", needs_graph: true, run: rooms::check },
    Check {
        name: "features",
        about: "std, runtime-benchmarks and try-runtime reach every dependency",
        needs_graph: true,
        run: features::check,
    },
    Check {
        name: "pallets",
        about: "files, headings, weights, try-state and order of every pallet",
        needs_graph: false,
        run: pallets::check,
    },
    Check {
        name: "constants",
        about: "no two public constants have one name",
        needs_graph: false,
        run: constants::check,
    },
    Check {
        name: "references",
        about: "ADRs, links, anchors, paths, code and tests that are named exist",
        needs_graph: false,
        run: references::check,
    },
    Check {
        name: "sizes",
        about: "no source file over 500 lines, no function over 60",
        needs_graph: false,
        run: sizes::check,
    },
    Check {
        name: "words",
        about: "spelling, the README's length, no unfinished work",
        needs_graph: false,
        run: words::check,
    },
    Check {
        name: "lints",
        about: "crates of the runtime and the edge deny what may panic or overflow",
        needs_graph: false,
        run: lints::check,
    },
];

/// Runs the checks that are named, or all of them, in the checkout at `root`.
///
/// Returns the findings of each check under its name.
pub fn run(root: &Path, names: &[String]) -> Result<Vec<(&'static str, Vec<Finding>)>> {
    if let Some(unknown) = names.iter().find(|name| !REGISTRY.iter().any(|check| check.name == name.as_str())) {
        return Err(Error::UnknownCheck(unknown.clone()));
    }
    let chosen: Vec<&Check> =
        REGISTRY.iter().filter(|check| names.is_empty() || names.iter().any(|name| name == check.name)).collect();
    let mut project = Project::read(root)?;
    if chosen.iter().any(|check| check.needs_graph) {
        project.crates = graph::read(root, &project)?;
    }
    chosen.iter().map(|check| Ok((check.name, (check.run)(&project)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_is_refused_when_it_does_not_exist() {
        let refused = run(Path::new("."), &["rooms".into(), "romes".into()]);
        assert!(matches!(refused, Err(Error::UnknownCheck(name)) if name == "romes"));
    }
}
