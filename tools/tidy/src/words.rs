//! Check `words`: spelling that is searched for, the length of the README, unfinished work.

use crate::{
    project::{is_script, Project},
    references::lines_of,
    Finding, Result,
};
use regex::Regex;

/// Words of the README: a door, not a manual.
const LONGEST_README: usize = 900;

/// Nothing is misspelt, too long or unfinished.
pub fn check(project: &Project) -> Result<Vec<Finding>> {
    let mut findings = spelling(project)?;
    findings.extend(readme(project));
    findings.extend(unfinished(project)?);
    Ok(findings)
}

/// "can not" in sources and documents, also across the end of a line.
fn spelling(project: &Project) -> Result<Vec<Finding>> {
    let two_words = Regex::new(r"(?i)\bcan(?:\s*\n\s*(?://[/!]?|[>#*])?\s*|[ \t]+)not\b(\s+only\b)?")?;
    let mut findings = Vec::new();
    for (path, text) in project.prose().filter(|(path, _)| !is_script(path)) {
        let found =
            two_words.captures_iter(text).filter(|found| found.get(1).is_none()).filter_map(|found| found.get(0));
        findings.extend(
            lines_of(text, found.map(|found| found.start()))
                .map(|line| Finding::new(path, line, "\"can not\" is two words", "Write \"cannot\"")),
        );
    }
    Ok(findings)
}

fn readme(project: &Project) -> Option<Finding> {
    let words = project.text("README.md")?.split_whitespace().count();
    (words > LONGEST_README).then(|| {
        let wrong = format!("the README has {words} words, more than {LONGEST_README}");
        Finding::new("README.md", 1, wrong, "Move what is not a way in to docs/operate, docs/use or docs/develop")
    })
}

/// Marks of unfinished work. This tool's own sources must not name them in one piece.
fn unfinished(project: &Project) -> Result<Vec<Finding>> {
    let mark = Regex::new(concat!("to", "do!\\(|unimpl", "emented!\\(|FIX", "ME|TO", "DO"))?;
    let looked_at = |path: &str| [".rs", ".toml", ".yml"].iter().any(|end| path.ends_with(end)) || is_script(path);
    let mut findings = Vec::new();
    for (path, text) in project.files(looked_at) {
        for (line, number) in text.lines().zip(1..) {
            if let Some(found) = mark.find(line) {
                let wrong = format!("`{}` marks unfinished work", found.as_str());
                findings.push(Finding::new(path, number, wrong, "Finish it, or file an issue and take the mark away"));
            }
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<Finding> {
        check(&Project::of(&[(path, text)])).unwrap()
    }

    #[test]
    fn two_words_are_found_in_a_line_and_across_two() {
        assert_eq!(found("a.md", "One\ncan not do it.")[0].line, 2);
        assert_eq!(found("a.rs", "/// It can\n    /// not be.")[0].line, 1);
        assert_eq!(found("a.md", "Can\nnot it be?").len(), 1);
    }

    #[test]
    fn one_word_and_other_words_pass() {
        assert_eq!(found("a.md", "It cannot. It can, not always. A scan not done. It can not only read."), []);
        assert_eq!(found("scripts/a", "can not"), []);
    }

    #[test]
    fn readme_is_found_when_it_is_longer_than_it_may_be() {
        assert_eq!(found("README.md", &"word ".repeat(900)), []);
        assert_eq!(found("README.md", &"word ".repeat(901)).len(), 1);
        assert_eq!(found("docs/README.md", &"word ".repeat(901)), []);
    }

    #[test]
    fn unfinished_work_is_found_in_sources_and_scripts() {
        for mark in [concat!("to", "do!()"), concat!("// FIX", "ME"), concat!("# TO", "DO: later")] {
            assert_eq!(found("a.rs", mark).len(), 1);
            assert_eq!(found(".ci/run", mark).len(), 1);
            assert_eq!(found("docs/a.md", mark), []);
        }
    }
}
