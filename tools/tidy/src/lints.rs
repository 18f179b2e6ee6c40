//! Check `lints`: what runs in the runtime or at the edge denies what may panic or overflow.
//!
//! Cargo has one table of lints for the whole workspace (`[lints] workspace = true` and nothing
//! beside it), and a tool or a test may well unwrap. So every crate takes the workspace's table, and
//! each crate of the strict rooms has `HEAD` in its `lib.rs`. It is for what is compiled without
//! `cfg(test)`; benchmarks, which are not, allow what they need at `mod benchmarking`.

use crate::{manifest, project::Project, source::scrub, Finding, Result};
use regex::Regex;

/// What the strict crates deny. Conversions with `as` are not among it: what derives a codec is full of them, and clippy takes
/// them for ours.
const STRICT: [&str; 4] = ["unwrap_used", "expect_used", "indexing_slicing", "arithmetic_side_effects"];

/// What stands at the head of their `lib.rs`: two lines, since rustfmt makes ten of one.
const HEAD: &str =
    "#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]\n\
                    #![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]";

/// Every crate takes the workspace's lints, and those of the strict rooms deny more.
pub fn check(project: &Project) -> Result<Vec<Finding>> {
    let denied = Regex::new(r"#!\[\s*(?:cfg_attr\(\s*not\(test\)\s*,\s*)?(?:deny|forbid)\(([^)]*)\)")?;
    let allowed = Regex::new(r"#!\[\s*(?:cfg_attr\(\s*not\(test\)\s*,\s*)?(?:allow|warn|expect)\(([^)]*)\)")?;
    let mut findings = Vec::new();
    for (manifest, text) in project.files(|path| path.ends_with("/Cargo.toml")) {
        let dir = manifest.trim_end_matches("/Cargo.toml");
        // A workspace in a folder has no package to lint.
        if manifest::line_of(text, "package", "name").is_none() {
            continue;
        }
        if !manifest::has(text, "lints", "workspace", "true") {
            let wrong = "the crate does not take the workspace's lints";
            findings.push(Finding::new(manifest, 1, wrong, "Add `[lints]` with `workspace = true`"));
        }
        let lib = format!("{dir}/src/lib.rs");
        if let (true, Some(source)) = (is_strict(dir), project.text(&lib)) {
            findings.extend(strict(&lib, &scrub(source), &denied, &allowed));
        }
    }
    Ok(findings)
}

/// Whether a crate runs in the runtime or at the edge.
fn is_strict(dir: &str) -> bool {
    let strict = ["primitives", "formats", "runtime"].contains(&dir);
    strict || dir.starts_with("edge/") || (dir.starts_with("pallets/") && dir != "pallets/testing")
}

/// What is wrong with the head of a strict crate.
fn strict(lib: &str, source: &str, denied: &Regex, allowed: &Regex) -> Vec<Finding> {
    let named = |pattern: &Regex, lint: &str| {
        let lists = pattern.captures_iter(source).filter_map(|found| found.get(1));
        lists.flat_map(|list| list.as_str().split(',')).any(|one| one.trim().strip_prefix("clippy::") == Some(lint))
    };
    let mut findings = Vec::new();
    let missing: Vec<&str> = STRICT.into_iter().filter(|lint| !named(denied, lint)).collect();
    if !missing.is_empty() {
        let wrong = format!("the crate does not deny {}", missing.join(", "));
        let head = HEAD.replace('\n', "` and `");
        findings.push(Finding::new(lib, 1, wrong, format!("After the module docs put `{head}`")));
    }
    for lint in STRICT.into_iter().filter(|lint| named(allowed, lint)) {
        let wrong = format!("the whole crate is excused from {lint}");
        let cure = "Excuse only the item that needs it, with a reason: `#[expect(clippy::..., reason = \"...\")]`";
        findings.push(Finding::new(lib, 1, wrong, cure));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[package]\nname = \"x\"\n[lints]\nworkspace = true\n";

    fn found(dir: &str, manifest: &str, lib: &str) -> Vec<Finding> {
        check(&Project::of(&[(&format!("{dir}/Cargo.toml"), manifest), (&format!("{dir}/src/lib.rs"), lib)])).unwrap()
    }

    #[test]
    fn strict_crate_passes_with_the_head_in_two_lines_or_in_several() {
        for dir in ["primitives", "pallets/kyc", "runtime", "edge/ports"] {
            assert_eq!(found(dir, MANIFEST, &format!("//! Docs.\n{HEAD}\nmod a;")), []);
            let wrapped =
                HEAD.replace("deny(", "deny(\n    ").replace(", clippy", ",\n    clippy").replace("))]", ",\n))]");
            assert_eq!(found(dir, MANIFEST, &wrapped), []);
        }
    }

    #[test]
    fn strict_crate_is_found_when_it_denies_too_little() {
        let findings = found("edge/heartbeat", MANIFEST, "#![deny(clippy::unwrap_used, clippy::expect_used)]");
        assert_eq!(findings.len(), 1);
        let missing = "the crate does not deny indexing_slicing, arithmetic_side_effects";
        assert_eq!(findings[0].wrong, missing);
        assert_eq!(found("pallets/kyc", MANIFEST, &format!("// {HEAD}")).len(), 1, "a comment denies nothing");
    }

    #[test]
    fn strict_crate_is_found_when_it_excuses_itself() {
        let lib =
            format!("{HEAD}\n#![allow(clippy::indexing_slicing)]\n#![cfg_attr(test, allow(clippy::unwrap_used))]");
        let findings = found("primitives", MANIFEST, &lib);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].wrong.contains("indexing_slicing"));
    }

    #[test]
    fn other_crates_need_the_workspaces_lints_only() {
        assert_eq!(found("node", MANIFEST, ""), []);
        assert_eq!(found("pallets/testing", MANIFEST, ""), []);
        assert_eq!(found("tools/x", "[package]\nname = \"x\"\n", "").len(), 1);
        assert_eq!(found("clients", "[workspace]\nmembers = []\n", ""), []);
    }
}
