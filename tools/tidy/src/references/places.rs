//! Places in the code: `pallets/jobs/src/lib.rs`, `path::name`, `path::{one, other}`.
//!
//! Paths from the root are looked up wherever they stand; in documents the names behind them too,
//! also those that go on from the last path (`; ::another`). In `docs/protocol/` the lines
//! `Code: path::name, ...` and `Test: path::name, ...` are held more strictly: each item is a place
//! or `none`, and a test is a function.

use crate::{project::Project, references::anchors::text_lines, Finding, Result};
use regex::Regex;
use std::collections::BTreeSet;

/// Every place that is named exists.
pub fn check(project: &Project) -> Result<Vec<Finding>> {
    let Some(places) = Places::new(project)? else { return Ok(Vec::new()) };
    let mut findings = Vec::new();
    for (path, text) in project.prose() {
        let is_document = path.ends_with(".md");
        let is_protocol = path.starts_with("docs/protocol/") && is_document;
        let lines = if is_protocol { text_lines(text) } else { text.lines().collect() };
        let mut held: Option<Held> = None;
        for (line, number) in lines.into_iter().zip(1..) {
            held = is_protocol.then(|| places.held(line, held)).flatten();
            let faults = match &held {
                Some(held) => places.items(held)?,
                None => places.line(line, is_document)?,
            };
            held = held.filter(|held| held.text.trim_end().ends_with(','));
            findings.extend(faults.into_iter().map(|(wrong, cure)| Finding::new(path, number, wrong, cure)));
        }
    }
    Ok(findings)
}

/// What is wrong, and what to do.
type Fault = (String, String);

/// A `Code:` or `Test:` line of the protocol.
struct Held {
    is_test: bool,
    text: String,
    /// The path that `::name` goes on from.
    last: Option<String>,
}

struct Places<'a> {
    project: &'a Project,
    /// `Code: ...`, `- **Test:** ...`
    label: Regex,
    /// A path from the root with names, a file's name with names, or names alone.
    place: Regex,
    /// An item of such a line.
    item: Regex,
}

impl<'a> Places<'a> {
    /// Nothing if there is no folder that a path could begin with.
    fn new(project: &'a Project) -> Result<Option<Self>> {
        let top: BTreeSet<String> = project
            .paths()
            .filter(|path| path.ends_with(".rs"))
            .filter_map(|path| Some(regex::escape(path.split_once('/')?.0)))
            .collect();
        if top.is_empty() {
            return Ok(None);
        }
        let top = top.into_iter().collect::<Vec<_>>().join("|");
        let names = r"((?:::(?:\w+|\{[^}]*\}))*)";
        Ok(Some(Self {
            project,
            label: Regex::new(r"^\s*(?:[-*>]\s+)?[*_]{0,2}(Code|Test)s?[*_]{0,2}:[*_]{0,2}\s*(.*)$")?,
            place: Regex::new(&format!(
                r"(?:^|[^\w./{{}}*-])(?:((?:{top})/[\w./{{}},-]*\.rs){names}|(\w+\.rs){names}|((?:::(?:\w+|\{{[^}}]*\}}))+))"
            ))?,
            item: Regex::new(&format!(r"^([\w./{{}},-]*){names}$"))?,
        }))
    }

    /// The line as one of the protocol's, or as one that goes on from the line before.
    fn held(&self, line: &str, before: Option<Held>) -> Option<Held> {
        if let Some(before) = before {
            return Some(Held { text: line.into(), ..before });
        }
        let found = self.label.captures(line)?;
        let is_test = found.get(1)?.as_str() == "Test";
        Some(Held { is_test, text: found.get(2)?.as_str().into(), last: None })
    }

    /// What is wrong with the items of a line of the protocol.
    fn items(&self, held: &Held) -> Result<Vec<Fault>> {
        let mut last = held.last.clone();
        let mut faults = Vec::new();
        for item in split(&held.text) {
            if item.split(|c: char| !c.is_alphanumeric()).next() == Some("none") {
                continue;
            }
            let Some(found) = self.item.captures(&item) else {
                let cure = "Write `path::name` with a path from the root, or `none`".into();
                faults.push((format!("`{item}` is no place in the code"), cure));
                continue;
            };
            let part = |at: usize| found.get(at).map_or("", |part| part.as_str());
            if !part(1).is_empty() {
                last = Some(part(1).into());
            }
            let Some(path) = &last else {
                faults.push((format!("`{item}` has no path before it"), "Begin with the path".into()));
                continue;
            };
            if held.is_test && part(2).is_empty() {
                faults.push((format!("{path} is no test"), "Name the function: `path::name`".into()));
            }
            faults.extend(self.look_up(path, part(2), held.is_test)?);
        }
        Ok(faults)
    }

    /// What is wrong with the places in any line.
    fn line(&self, line: &str, is_document: bool) -> Result<Vec<Fault>> {
        let mut last: Option<&str> = None;
        let mut faults = Vec::new();
        for found in self.place.captures_iter(line) {
            let part = |at: usize| found.get(at).map(|part| part.as_str());
            let names = if is_document { part(2).or(part(5)).unwrap_or_default() } else { "" };
            if part(5).is_none() {
                // A file's name without a path: which one is meant is not known.
                last = part(1);
            }
            if let Some(path) = last {
                faults.extend(self.look_up(path, names, false)?);
            }
        }
        Ok(faults)
    }

    /// What is wrong with the names in each file that a path stands for.
    fn look_up(&self, path: &str, names: &str, is_test: bool) -> Result<Vec<Fault>> {
        let mut faults = Vec::new();
        for path in expand(path.trim_end_matches('.')) {
            let Some(text) = self.project.text(&path) else {
                if !self.project.has(&path) || !names.is_empty() {
                    faults.push((format!("there is no file {path}"), "Name what is there".into()));
                }
                continue;
            };
            let last = names.rsplit_once("::").map_or("", |(_, last)| last);
            for name in last.trim_matches(['{', '}']).split(',').map(str::trim).filter(|name| !name.is_empty()) {
                if !declares(text, path.ends_with(".rs"), name, is_test)? {
                    let what = if is_test { "test" } else { "item" };
                    faults.push((format!("{path} has no {what} `{name}`"), "Name what is there".into()));
                }
            }
        }
        Ok(faults)
    }
}

/// The items of a list, without the marks and remarks around them.
fn split(text: &str) -> Vec<String> {
    let (mut items, mut item, mut depth) = (Vec::new(), String::new(), 0_usize);
    for c in text.trim().trim_end_matches('.').chars().chain([',']) {
        match c {
            '{' | '(' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if matches!(c, ',' | ';') && depth == 0 {
            items.push(std::mem::take(&mut item));
        } else if c != '`' {
            item.push(c);
        }
    }
    let bare = items.iter().map(|item| item.split_once(" (").map_or(item.as_str(), |(item, _)| item).trim());
    bare.filter(|item| !item.is_empty()).map(String::from).collect()
}

/// `a/{b,c}.rs` as `a/b.rs` and `a/c.rs`.
fn expand(path: &str) -> Vec<String> {
    let braces = path.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    match braces {
        None => vec![path.into()],
        Some((before, (inside, after))) => {
            inside.split(',').flat_map(|one| expand(&format!("{before}{}{after}", one.trim()))).collect()
        }
    }
}

/// Whether a file declares a name: a function, or else an item, a variant or a macro. Of other
/// files than Rust's it is enough that the name stands there.
fn declares(text: &str, is_rust: bool, name: &str, is_test: bool) -> Result<bool> {
    let name = regex::escape(name);
    let pattern = match (is_rust, is_test) {
        (false, _) => format!(r"\b{name}\b"),
        (true, true) => format!(r"\bfn\s+{name}\b"),
        (true, false) => format!(
            r"(?m)\b(?:fn|type|const|static|struct|enum|trait|mod|union)\s+(?:mut\s+)?{name}\b|macro_rules!\s+{name}\b|^\s*{name}\s*(?:[,({{=]|$)"
        ),
    };
    Ok(Regex::new(&pattern)?.is_match(text))
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
