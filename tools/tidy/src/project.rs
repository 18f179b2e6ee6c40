//! The tracked files of the checkout.

use crate::{graph::Crate, Error, Result};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

/// This tool. Its tests are made of bad input, so checks of prose leave it out.
const TIDY: &str = "tools/tidy/";

/// What checks look at: the tracked files and, for those who ask for it, the graph of crates.
#[derive(Default)]
pub struct Project {
    /// Every tracked file and every folder that has one.
    paths: BTreeSet<String>,
    /// What is in the files that are text.
    texts: BTreeMap<String, String>,
    /// Our crates. Empty unless a check needs them.
    pub crates: Vec<Crate>,
}

impl Project {
    /// Reads what `git ls-files` names in `root`. A file that is tracked but no longer there counts
    /// as gone.
    pub fn read(root: &Path) -> Result<Self> {
        let mut project = Self::default();
        let listed = output(Command::new("git").arg("-C").arg(root).args(["ls-files", "-z"]))?;
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            let place = root.join(path);
            if !place.is_file() {
                continue;
            }
            let bytes = fs::read(&place).map_err(|source| Error::Read { path: place, source })?;
            project.add(path, String::from_utf8(bytes).ok());
        }
        Ok(project)
    }

    /// A made-up project, for tests.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let mut project = Self::default();
        for (path, text) in files {
            project.add(path, Some((*text).into()));
        }
        project
    }

    fn add(&mut self, path: &str, text: Option<String>) {
        let folders = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        self.paths.extend(folders.map(String::from));
        self.paths.insert(path.into());
        if let Some(text) = text {
            self.texts.insert(path.into(), text);
        }
    }

    /// Whether a file or folder is tracked.
    pub fn has(&self, path: &str) -> bool {
        self.paths.contains(path.trim_end_matches('/'))
    }

    /// All tracked files and folders.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// What is in a file; nothing if it is not there or no text.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// The files for whose path `wanted` says so.
    pub fn files<'a>(&'a self, wanted: impl Fn(&str) -> bool + 'a) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.texts.iter().filter(move |(path, _)| wanted(path)).map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Rust sources that somebody wrote: weights are generated.
    pub fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files(|path| path.ends_with(".rs") && !path.starts_with("runtime/src/weights/"))
    }

    /// What people read: Rust sources, Markdown and scripts, without this tool.
    pub fn prose(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files(|path| {
            let read = path.ends_with(".rs") || path.ends_with(".md") || is_script(path);
            read && !path.starts_with(TIDY)
        })
    }

    /// The folders of the pallets: those in `pallets` that are no library.
    pub fn pallets(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().filter_map(|path| {
            let dir = path.strip_suffix("/Cargo.toml")?;
            let name = dir.strip_prefix("pallets/")?;
            (!name.contains('/') && !matches!(name, "support" | "testing")).then_some(dir)
        })
    }
}

/// Whether a file is a script.
pub fn is_script(path: &str) -> bool {
    path.starts_with("scripts/") || path.starts_with(".ci/") || path.ends_with(".sh") || path == "justfile"
}

/// Whether a Rust source is of tests: integration tests, a `tests` module, mocks, fakes.
pub fn is_test(path: &str) -> bool {
    path.starts_with("pallets/testing/")
        || path.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "mock" | "mock.rs"))
}

/// Whether a Rust source is of benchmarks.
pub fn is_benchmark(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "benchmarking" | "benchmarking.rs"))
}

/// Runs a program and returns what it prints.
pub fn output(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let done = command.output().map_err(|source| Error::Start { program, source })?;
    if !done.status.success() {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let command = words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        return Err(Error::Failed { command, said: String::from_utf8_lossy(&done.stderr).trim().into() });
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_tracked_files_exist_and_others_do_not() {
        let project = Project::of(&[("docs/adr/0001-a.md", "")]);
        assert!(project.has("docs") && project.has("docs/adr/") && project.has("docs/adr/0001-a.md"));
        assert!(!project.has("docs/ad") && !project.has("src"));
    }

    #[test]
    fn pallets_are_the_crates_in_their_folder_without_the_libraries() {
        let project = Project::of(&[
            ("pallets/kyc/Cargo.toml", ""),
            ("pallets/support/Cargo.toml", ""),
            ("pallets/testing/Cargo.toml", ""),
            ("pallets/kyc/fuzz/Cargo.toml", ""),
        ]);
        assert_eq!(project.pallets().collect::<Vec<_>>(), ["pallets/kyc"]);
    }

    #[test]
    fn program_that_fails_is_an_error_with_its_words() {
        let failed = output(Command::new("git").arg("no-such-command"));
        assert!(matches!(failed, Err(Error::Failed { command, .. }) if command == "git no-such-command"));
    }
}
