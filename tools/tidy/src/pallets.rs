//! Check `pallets`: every pallet has the same skeleton.
//!
//! Files: `lib.rs` (docs, configuration, storage, calls), `weights.rs` (the trait), `try_state.rs`
//! (the invariants), `mock.rs`, `tests/mod.rs` and `benchmarking.rs`, the latter two as one file or
//! one folder, never both. Small pallets keep events, errors, types and configuration in `lib.rs`,
//! so files for these are not asked for.
//!
//! `lib.rs` reads from the top: configuration, storage, events, errors, calls in the order of their
//! index, view functions, hooks.

use crate::{project::Project, source::scrub, Finding, Result};
use regex::Regex;

/// Files of every pallet, and what to do without one.
const FILES: [(&str, &str); 5] = [
    ("lib.rs", "Begin with it: module docs, configuration, storage, calls"),
    ("weights.rs", "Put the trait `WeightInfo` there, with an implementation for `()`"),
    ("try_state.rs", "Put `do_try_state` there, with a check for every invariant"),
    ("mock.rs", "Put the runtime of the tests there"),
    ("tests/mod.rs", "Put the tests there, a file for each subject"),
];

/// Headings of the module docs, in this order.
const HEADINGS: [&str; 4] = ["Overview", "Terminology", "Lifecycle", "Invariants"];

/// Parts of `mod pallet`, in this order.
const PARTS: [&str; 7] = ["config", "storage", "event", "error", "call", "view_functions", "hooks"];

/// Every pallet has the skeleton.
pub fn check(project: &Project) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for dir in project.pallets() {
        findings.extend(files(project, dir));
        findings.extend(weights(project, dir));
        if let Some(text) = project.text(&format!("{dir}/src/lib.rs")) {
            let lib = format!("{dir}/src/lib.rs");
            findings.extend(docs(&lib, text));
            findings.extend(try_state(project, dir, &lib, text));
            findings.extend(order(&lib, &scrub(text))?);
        }
    }
    Ok(findings)
}

fn files(project: &Project, dir: &str) -> Vec<Finding> {
    let src = format!("{dir}/src");
    let mut findings = Vec::new();
    for (file, cure) in FILES {
        if !project.has(&format!("{src}/{file}")) {
            findings.push(Finding::new(&format!("{dir}/Cargo.toml"), 1, format!("{src}/{file} is missing"), cure));
        }
    }
    for (name, cure) in [("tests", "Keep tests/mod.rs alone"), ("benchmarking", "Keep benchmarking/mod.rs alone")] {
        let file = format!("{src}/{name}.rs");
        if project.has(&file) && project.has(&format!("{src}/{name}")) {
            findings.push(Finding::new(&file, 1, format!("there is a folder {src}/{name} beside it"), cure));
        }
    }
    if !project.has(&format!("{src}/benchmarking.rs")) && !project.has(&format!("{src}/benchmarking/mod.rs")) {
        let cure = "Write benchmarking.rs with a benchmark for every call and step of a hook";
        findings.push(Finding::new(&format!("{dir}/Cargo.toml"), 1, format!("{src}/benchmarking.rs is missing"), cure));
    }
    findings
}

fn weights(project: &Project, dir: &str) -> Vec<Finding> {
    let name = format!("pallet_{}", dir.rsplit('/').next().unwrap_or_default().replace('-', "_"));
    let measured = format!("runtime/src/weights/{name}.rs");
    let mut findings = Vec::new();
    if !project.text(&measured).is_some_and(|text| text.contains("Weight::from_parts")) {
        let wrong = format!("there are no measured weights in {measured}");
        findings.push(Finding::new(&format!("{dir}/Cargo.toml"), 1, wrong, format!("Run scripts/weights {name}")));
    }
    // The script measures the pallets on a list, or those that it finds in their folder.
    let script = project.text("scripts/weights").unwrap_or_default();
    let list = script.split_once("ALL=(").and_then(|(_, rest)| Some(rest.split_once(')')?.0));
    let is_measured = match list {
        Some(list) => list.split_whitespace().any(|pallet| pallet == name),
        None => script.contains("our_pallets"),
    };
    if !is_measured {
        let wrong = format!("it does not measure {name}");
        findings.push(Finding::new("scripts/weights", 1, wrong, "Add it to the list ALL, or go through our_pallets"));
    }
    findings
}

fn docs(lib: &str, text: &str) -> Vec<Finding> {
    let docs: Vec<(&str, usize)> =
        text.lines().zip(1..).map_while(|(line, number)| Some((line.strip_prefix("//!")?.trim(), number))).collect();
    let mut findings = Vec::new();
    if !docs.first().is_some_and(|(line, _)| line.starts_with("# ")) {
        findings.push(Finding::new(lib, 1, "the module docs do not begin with a title", "Begin with `//! # <Name>`"));
    }
    let mut after = 0;
    for heading in HEADINGS {
        let found = docs.iter().find(|(line, _)| {
            line.strip_prefix('#')
                .map(|rest| rest.trim_start_matches('#').trim_start())
                .is_some_and(|title| title.split(|c: char| !c.is_alphanumeric()).next() == Some(heading))
        });
        match found {
            None => {
                let wrong = format!("the module docs have no heading `{heading}`");
                let cure = format!("Add `//! ## {heading}`; the order is {}", HEADINGS.join(", "));
                findings.push(Finding::new(lib, 1, wrong, cure));
            }
            Some((_, line)) if *line < after => {
                let wrong = format!("the heading `{heading}` comes too early");
                findings.push(Finding::new(lib, *line, wrong, format!("The order is {}", HEADINGS.join(", "))));
            }
            Some((_, line)) => after = *line,
        }
    }
    findings
}

fn try_state(project: &Project, dir: &str, lib: &str, text: &str) -> Vec<Finding> {
    let src = format!("{dir}/src/");
    let checked = project.files(|path| path.starts_with(&src)).any(|(_, text)| text.contains("fn do_try_state"));
    let hooked = text.contains("fn try_state(");
    let missing = [(checked, "do_try_state"), (hooked, "try_state")].into_iter().filter(|(there, _)| !there);
    missing
        .map(|(_, name)| {
            let cure = "Check every invariant in `do_try_state`, and call it from the hook `try_state`";
            Finding::new(lib, 1, format!("there is no `fn {name}`"), cure)
        })
        .collect()
}

/// Parts and calls that are out of order.
fn order(lib: &str, source: &str) -> Result<Vec<Finding>> {
    let part = Regex::new(&format!(r"#\[pallet::({})[\](]", PARTS.join("|")))?;
    let index = Regex::new(r"#\[pallet::call_index\((\d+)\)\]")?;
    let mut findings: Vec<Finding> = Vec::new();
    // The part that comes latest of those seen, its line, and whether it was found to be too early.
    let mut latest = (0, 0, false);
    let mut last_index = None;
    for (line, number) in source.lines().zip(1..) {
        let found = part.captures(line).and_then(|found| found.get(1)).map(|found| found.as_str());
        match found.and_then(|name| PARTS.iter().position(|part| *part == name)) {
            Some(at) if at > latest.0 => latest = (at, number, false),
            Some(at) if at < latest.0 && !latest.2 => {
                let name = |at: usize| PARTS.get(at).copied().unwrap_or_default();
                let wrong = format!("`{}` stands before `{}`", name(latest.0), name(at));
                findings.push(Finding::new(lib, latest.1, wrong, format!("The order is {}", PARTS.join(", "))));
                latest.2 = true;
            }
            _ => {}
        }
        let call = index.captures(line).and_then(|found| found.get(1)?.as_str().parse::<u32>().ok());
        if let Some(now) = call {
            if let Some(before) = last_index.filter(|before| *before >= now) {
                let wrong = format!("the call with index {now} stands after the one with {before}");
                findings.push(Finding::new(lib, number, wrong, "Sort the calls by their index"));
            }
            last_index = last_index.max(call);
        }
    }
    Ok(findings)
}

#[cfg(test)]
#[path = "pallets_tests.rs"]
mod tests;
