//! Check `constants`: one name, one public constant.
//!
//! Two constants of one name in two files are imported for each other sooner or later. Associated
//! constants have their type's name before them, so they may share one; tests, mocks and benchmarks
//! are nobody's interface.

use crate::{
    project::{is_benchmark, is_test, Project},
    source::{around, blocks, scrub},
    Finding, Result,
};
use regex::Regex;
use std::collections::BTreeMap;

/// No two files declare a public constant of one name.
pub fn check(project: &Project) -> Result<Vec<Finding>> {
    let declaration = Regex::new(r"^\s*pub\s+const\s+([A-Z][A-Z0-9_]*)\s*:")?;
    let associated = Regex::new(r"(^|\s)(impl|trait)\b")?;
    let mut places: BTreeMap<String, Vec<(&str, usize)>> = BTreeMap::new();
    for (path, text) in project.rust().filter(|(path, _)| !is_test(path) && !is_benchmark(path)) {
        let scrubbed = scrub(text);
        let blocks = blocks(&scrubbed)?;
        for (line, number) in scrubbed.lines().zip(1..) {
            let Some(name) = declaration.captures(line).and_then(|found| found.get(1)) else { continue };
            if !around(&blocks, number).any(|block| block.is_test || associated.is_match(&block.header)) {
                places.entry(name.as_str().into()).or_default().push((path, number));
            }
        }
    }
    Ok(places.iter().flat_map(|(name, places)| again(name, places)).collect())
}

/// A finding for each place after the first, in another file.
fn again<'a>(name: &'a str, places: &'a [(&'a str, usize)]) -> impl Iterator<Item = Finding> + 'a {
    let first = places.first();
    places.iter().filter_map(move |(path, line)| {
        let (first, at) = first.filter(|(first, _)| first != path)?;
        let wrong = format!("`{name}` is also a constant in {first}:{at}");
        Some(Finding::new(
            path,
            *line,
            wrong,
            "Rename one for what it limits, declare it once and import it, or let it be `pub(crate)`",
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "pub const LIMIT: u32 = 1;\n";

    #[test]
    fn names_that_are_different_pass() {
        let project = Project::of(&[("a/src/lib.rs", ONE), ("b/src/lib.rs", "\npub const BOUND: u32 = 1;")]);
        assert_eq!(check(&project).unwrap(), []);
    }

    #[test]
    fn name_is_found_when_two_files_have_it() {
        let findings = check(&Project::of(&[("a/src/lib.rs", ONE), ("b/src/lib.rs", "\npub const LIMIT: u8 = 2;")]));
        let findings = findings.unwrap();
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].path.as_str(), findings[0].line), ("b/src/lib.rs", 2));
        assert!(findings[0].wrong.contains("a/src/lib.rs:1"));
    }

    #[test]
    fn constants_of_types_tests_and_comments_do_not_count() {
        let project = Project::of(&[
            ("a/src/lib.rs", ONE),
            ("b/src/lib.rs", "impl Kind {\n    pub const LIMIT: u32 = 2;\n}\n// pub const LIMIT: u8 = 3;"),
            ("c/src/lib.rs", "#[cfg(test)]\nmod tests {\n    pub const LIMIT: u32 = 2;\n}"),
            ("c/src/mock.rs", ONE),
            ("c/src/benchmarking/scene.rs", ONE),
            ("c/tests/it.rs", ONE),
        ]);
        assert_eq!(check(&project).unwrap(), []);
    }
}
