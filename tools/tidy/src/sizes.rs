//! Check `sizes`: files and functions that one can read at once.

use crate::{
    project::{is_test, Project},
    source::{blocks, scrub, Block},
    Finding, Result,
};
use regex::Regex;

/// Lines of a source file, tests included.
const LONGEST_FILE: usize = 500;
/// Lines of a function, from `fn` to its closing brace. Tests may tell longer stories.
const LONGEST_FUNCTION: usize = 60;

/// No source file and no function is too long.
pub fn check(project: &Project) -> Result<Vec<Finding>> {
    let function = Regex::new(r"\bfn\s+(\w+)")?;
    let mut findings = Vec::new();
    for (path, text) in project.rust() {
        let lines = text.lines().count();
        if lines > LONGEST_FILE {
            let wrong = format!("the file has {lines} lines, more than {LONGEST_FILE}");
            findings.push(Finding::new(path, 1, wrong, "Split it by the steps or subjects in it"));
        }
        if !is_test(path) {
            let long = blocks(&scrub(text))?;
            findings.extend(long.iter().filter_map(|block| too_long(path, block, &function)));
        }
    }
    findings.sort();
    Ok(findings)
}

/// The finding for a block, if it is a function that is too long.
fn too_long(path: &str, block: &Block, function: &Regex) -> Option<Finding> {
    // Not one that an attribute names: `#[pallet::generate_deposit(fn deposit_event)]`.
    let is_outside = |at: usize| {
        let before = block.header.get(..at).unwrap_or_default();
        before.matches(['(', '[']).count() == before.matches([')', ']']).count()
    };
    let mut names = function.captures_iter(&block.header).filter_map(|found| found.get(1));
    let name = names.find(|name| is_outside(name.start()))?;
    let first = block.header_line + block.header.get(..name.start())?.matches('\n').count();
    let lines = (block.last + 1).checked_sub(first)?;
    if block.is_test || lines <= LONGEST_FUNCTION {
        return None;
    }
    let wrong = format!("`fn {}` has {lines} lines, more than {LONGEST_FUNCTION}", name.as_str());
    Some(Finding::new(path, first, wrong, "Take its steps out into functions that say what they do"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<Finding> {
        check(&Project::of(&[(path, text)])).unwrap()
    }

    fn function(lines: usize) -> String {
        format!("#[inline]\npub fn f() {{\n{}}}\n", "    x();\n".repeat(lines - 2))
    }

    #[test]
    fn file_is_found_when_it_is_longer_than_it_may_be() {
        assert_eq!(found("a/src/lib.rs", &"\n".repeat(500)), []);
        assert_eq!(found("a/src/lib.rs", &"\n".repeat(501)).len(), 1);
        assert_eq!(found("a/src/tests/mod.rs", &"\n".repeat(501)).len(), 1);
        assert_eq!(found("runtime/src/weights/pallet_kyc.rs", &"\n".repeat(501)), []);
    }

    #[test]
    fn function_is_found_when_it_is_longer_than_it_may_be() {
        assert_eq!(found("a/src/lib.rs", &function(60)), []);
        let findings = found("a/src/lib.rs", &function(61));
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].line, &findings[0].wrong[..20]), (2, "`fn f` has 61 lines,"));
    }

    #[test]
    fn function_that_only_an_attribute_names_is_none() {
        let text = function(61).replace("#[inline]\npub fn f()", "#[deposit(pub(super) fn f)]\npub enum Event");
        assert_eq!(found("a/src/lib.rs", &text), []);
    }

    #[test]
    fn tests_may_be_longer() {
        assert_eq!(found("a/tests/it.rs", &function(61)), []);
        assert_eq!(found("a/src/lib.rs", &format!("#[cfg(test)]\nmod tests {{\n{}}}", function(61))), []);
    }
}
