//! Check `references`: what is named exists.
//!
//! - `adrs`: numbers of ADRs, in sources, documents and scripts.
//! - `links`: relative links of documents, their anchors, and `docs/...md#anchor` anywhere.
//! - `places`: paths of sources, `path::name` in documents, and the `Code:` and `Test:` lines of
//!   the protocol.
//! - sections of the protocol: named by page and anchor, not by a number nobody can look up.

mod adrs;
mod anchors;
mod links;
mod places;

use crate::{project::Project, Finding, Result};
use regex::Regex;

/// Everything that is named exists.
pub fn check(project: &Project) -> Result<Vec<Finding>> {
    let mut findings = sections(project)?;
    findings.extend(adrs::check(project)?);
    findings.extend(links::check(project)?);
    findings.extend(places::check(project)?);
    findings.sort();
    findings.dedup();
    Ok(findings)
}

/// Sections of the protocol by number, also across the end of a line.
fn sections(project: &Project) -> Result<Vec<Finding>> {
    let numbered = Regex::new(r"(?i)\bprotocol(?:\s*\n\s*(?://[/!]?|[>#*])?\s*|\s+)sections?\b")?;
    let mut findings = Vec::new();
    for (path, text) in project.prose() {
        findings.extend(lines_of(text, numbered.find_iter(text).map(|found| found.start())).map(|line| {
            let cure = "Name the page and the anchor: docs/protocol/<page>.md#<anchor>";
            Finding::new(path, line, "a section of the protocol is named by its number", cure)
        }));
    }
    Ok(findings)
}

/// The lines, from 1, of places in a text.
pub(crate) fn lines_of<'a>(
    text: &'a str,
    starts: impl Iterator<Item = usize> + 'a,
) -> impl Iterator<Item = usize> + 'a {
    starts.map(|start| 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count())
}

/// A path without `.` and `..`, from the root; nothing if it leaves the checkout.
fn normal(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// What a relative path in the file `from` means, from the root.
fn relative(from: &str, to: &str) -> Option<String> {
    match to.strip_prefix('/') {
        Some(absolute) => normal(absolute),
        None => normal(&format!("{}/{to}", from.rsplit_once('/').map_or("", |(folder, _)| folder))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_by_number_is_found_in_a_line_and_across_two() {
        for text in [
            "//! Rules (protocol section 4).",
            "/// As the protocol\n/// section 4 has it.",
            "Protocol sections 1 and 2",
        ] {
            let findings = check(&Project::of(&[("a/src/lib.rs", text)])).unwrap();
            assert_eq!((findings.len(), findings[0].line), (1, 1), "{text}");
        }
    }

    #[test]
    fn page_and_anchor_pass() {
        let project = Project::of(&[
            ("a/src/lib.rs", "//! Rules: docs/protocol/beats.md#when-a-beat-counts, in that section."),
            ("docs/protocol/beats.md", "# Beats\n## When a beat counts\n"),
        ]);
        assert_eq!(check(&project).unwrap(), []);
    }

    #[test]
    fn relative_paths_are_resolved() {
        assert_eq!(relative("docs/adr/a.md", "../b.md").as_deref(), Some("docs/b.md"));
        assert_eq!(relative("README.md", "./docs/").as_deref(), Some("docs"));
        assert_eq!(relative("docs/a.md", "/README.md").as_deref(), Some("README.md"));
        assert_eq!(relative("README.md", "../out"), None);
    }
}
