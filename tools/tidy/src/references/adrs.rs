//! Numbers of ADRs: `ADR 0012`, `ADRs 0012 and 0013`, `adr/0012`.

use super::lines_of;
use crate::{project::Project, Finding, Result};
use regex::Regex;
use std::collections::BTreeMap;

/// Every ADR that is named exists, and no two have one number.
pub fn check(project: &Project) -> Result<Vec<Finding>> {
    let file = Regex::new(r"^docs/adr/(\d{4})-[^/]*\.md$")?;
    let named = Regex::new(r"\bADRs?\s+\d{4}(?:(?:\s*,\s*(?:and\s+)?|\s+(?:and|or|to)\s+)\d{4})*\b|\badr/\d{4}\b")?;
    let number = Regex::new(r"\d{4}")?;
    let mut findings = Vec::new();
    let mut files: BTreeMap<String, &str> = BTreeMap::new();
    for path in project.paths() {
        let Some(number) = file.captures(path).and_then(|found| found.get(1)) else { continue };
        if let Some(other) = files.insert(number.as_str().into(), path) {
            let wrong = format!("{other} has the same number");
            findings.push(Finding::new(path, 1, wrong, "Take the next free number, and change what cites it"));
        }
    }
    for (path, text) in project.prose() {
        for found in named.find_iter(text) {
            let numbers = number.find_iter(found.as_str()).map(|number| number.as_str());
            for unknown in numbers.filter(|number| !files.contains_key(*number)) {
                let wrong = format!("there is no ADR {unknown}");
                let lines = lines_of(text, std::iter::once(found.start()));
                findings.extend(
                    lines.map(|line| Finding::new(path, line, &wrong, "Cite one that is in docs/adr, or write it")),
                );
            }
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Finding> {
        let files = [("docs/adr/0001-a.md", ""), ("docs/adr/0002-b.md", ""), ("a/src/lib.rs", text)];
        check(&Project::of(&files)).unwrap()
    }

    #[test]
    fn adrs_that_exist_pass() {
        assert_eq!(found("// ADR 0001, ADRs 0001 and 0002 in 2026, see docs/adr/0002-b.md"), []);
    }

    #[test]
    fn adr_is_found_when_it_does_not_exist() {
        assert_eq!(found("\n// ADR 0009")[0].line, 2);
        assert_eq!(found("// ADRs 0001, 0008 and 0009").len(), 2);
        assert_eq!(found("// see adr/0009").len(), 1);
    }

    #[test]
    fn two_adrs_of_one_number_are_found() {
        let project = Project::of(&[("docs/adr/0001-a.md", ""), ("docs/adr/0001-b.md", "")]);
        assert_eq!(check(&project).unwrap()[0].path, "docs/adr/0001-b.md");
    }
}
