//! Check `rooms`: which crate may depend on which.
//!
//! `ROOMS` is the table of `ARCHITECTURE.md` for a program. A crate may depend on the crates of
//! the rooms that its own room names, in its tests on a few more, and on no published crate whose
//! name begins with one of the prefixes that its room forbids. A crate in no room is a finding, so
//! that nobody builds a new one without a decision.

use crate::{
    graph::{Crate, Dependency, Kind},
    manifest::line_of,
    project::Project,
    Finding, Result,
};

/// A room: a set of crates under one rule.
struct Room {
    /// Folders of its crates. A `*` stands for one name.
    at: &'static str,
    /// The rooms that its crates may use.
    uses: &'static [&'static str],
    /// The rooms that their tests may use as well.
    tests_use: &'static [&'static str],
    /// Prefixes of published crates that they must not use, not even in tests.
    never: &'static [&'static str],
}

/// Every crate of ours.
const ANYTHING: &str = "**";

/// The table. The first room that fits a folder is the crate's room.
#[rustfmt::skip]
const ROOMS: &[Room] = &[
    Room { at: "primitives", uses: &[], tests_use: &[], never: &["frame-", "pallet-", "sc-"] },
    Room { at: "formats", uses: &["primitives"], tests_use: &[], never: &["frame-", "pallet-", "sc-"] },
    Room { at: "pallets/support", uses: &["primitives"], tests_use: &[], never: &["pallet-", "sc-"] },
    Room { at: "pallets/testing", uses: &["primitives", "pallets/support"], tests_use: &[], never: &["sc-"] },
    // Its tests run the real draws (ADR 0030).
    Room { at: "pallets/jobs", uses: &["primitives", "pallets/support"], tests_use: &["pallets/testing", "pallets/*"], never: &["sc-"] },
    Room { at: "pallets/*", uses: &["primitives", "pallets/support"], tests_use: &["pallets/testing"], never: &["sc-"] },
    // Its tests vote with the real coverage meter of oracles (ADR 0022).
    Room { at: "runtime", uses: &["primitives", "pallets/support", "pallets/jobs", "pallets/*"], tests_use: &["pallets/testing", "edge/*"], never: &["sc-"] },
    Room { at: "edge/ports", uses: &["primitives", "formats"], tests_use: &[], never: &["frame-", "pallet-", "sc-"] },
    Room { at: "edge/*", uses: &["edge/ports", "primitives", "formats"], tests_use: &[], never: &["frame-", "pallet-", "sc-"] },
    Room { at: "node", uses: &["primitives", "runtime", "edge/ports", "edge/*"], tests_use: &[], never: &[] },
    Room { at: "worker", uses: &["primitives", "formats", "edge/ports", "edge/*"], tests_use: &[], never: &["pallet-", "sc-"] },
    Room { at: "api", uses: &[], tests_use: &[], never: &["frame-", "pallet-", "sc-"] },
    Room { at: "clients/sdk", uses: &["api", "primitives", "formats"], tests_use: &[], never: &["pallet-", "sc-"] },
    Room { at: "clients/*", uses: &["clients/sdk"], tests_use: &[], never: &["pallet-", "sc-"] },
    Room { at: "tools/*", uses: &[ANYTHING], tests_use: &[], never: &[] },
];

/// Where the table is written for people.
const TABLE: &str = "ARCHITECTURE.md has the table";

/// Every direct dependency of our crates is in the table.
pub fn check(project: &Project) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for one in &project.crates {
        let manifest = format!("{}/Cargo.toml", one.dir);
        let text = project.text(&manifest).unwrap_or_default();
        let Some(room) = room(&one.dir) else {
            let cure = format!("Give it a row in tools/tidy/src/rooms.rs; {TABLE}");
            findings.push(Finding::new(&manifest, 1, format!("{} is in no room of the table", one.name), cure));
            continue;
        };
        for dependency in &one.dependencies {
            if let Some((wrong, cure)) = breach(one, room, dependency) {
                let line = line_of(text, dependency.kind.section(), &dependency.key).unwrap_or(1);
                findings.push(Finding::new(&manifest, line, wrong, cure));
            }
        }
    }
    Ok(findings)
}

/// The room of a folder.
fn room(dir: &str) -> Option<&'static Room> {
    ROOMS.iter().find(|room| match room.at.strip_suffix('*') {
        Some(folder) => dir.strip_prefix(folder).is_some_and(|name| !name.is_empty() && !name.contains('/')),
        None => dir == room.at,
    })
}

/// What is wrong with a dependency, and what to do.
fn breach(one: &Crate, own: &Room, dependency: &Dependency) -> Option<(String, String)> {
    let (name, package) = (&one.name, &dependency.package);
    let in_tests = dependency.kind == Kind::Dev;
    let Some(dir) = &dependency.dir else {
        let prefix = own.never.iter().find(|prefix| package.starts_with(**prefix))?;
        let wrong = format!("{name} uses {package}, but nothing in `{}` may use `{prefix}*`", own.at);
        return Some((wrong, format!("Move what needs it to a room that may, or put a trait between; {TABLE}")));
    };
    // A crate without a room is a finding of its own.
    let other = room(dir)?;
    let mut allowed = own.uses.to_vec();
    if in_tests {
        allowed.extend(own.tests_use);
    }
    if allowed.iter().any(|at| *at == ANYTHING || *at == other.at) {
        return None;
    }
    let wrong = if own.tests_use.contains(&other.at) {
        format!("{name} uses {package} outside of its tests")
    } else if own.at == other.at {
        format!("{name} uses {package}, its sibling in `{}`", own.at)
    } else {
        let place = if in_tests { " in its tests" } else { "" };
        format!("{name} uses {package}{place}, but `{}` may not use `{}`", own.at, other.at)
    };
    let cure = if own.tests_use.contains(&other.at) {
        "Move it to [dev-dependencies]".into()
    } else if allowed.is_empty() {
        format!("Nothing of ours may be used here; {TABLE}")
    } else {
        format!("Only {} may be used here: move what is shared there, or put a trait between; {TABLE}", list(&allowed))
    };
    Some((wrong, cure))
}

/// Names in a row.
fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dependency(package: &str, dir: Option<&str>, kind: Kind) -> Dependency {
        Dependency {
            package: package.into(),
            key: package.into(),
            kind,
            dir: dir.map(String::from),
            ..Default::default()
        }
    }

    fn found(dir: &str, dependency: Dependency) -> Vec<Finding> {
        let manifest = format!("[package]\n[{}]\n{}.workspace = true\n", dependency.kind.section(), dependency.key);
        let mut project = Project::of(&[(&format!("{dir}/Cargo.toml"), &manifest)]);
        let name = dir.replace('/', "-");
        project.crates = vec![Crate { name, dir: dir.into(), dependencies: vec![dependency], ..Default::default() }];
        check(&project).unwrap()
    }

    fn ours(dir: &str, other: &str, kind: Kind) -> Vec<Finding> {
        found(dir, dependency(&other.replace('/', "-"), Some(other), kind))
    }

    fn published(dir: &str, package: &str) -> Vec<Finding> {
        found(dir, dependency(package, None, Kind::Normal))
    }

    #[test]
    fn what_the_table_allows_passes() {
        assert_eq!(ours("pallets/kyc", "primitives", Kind::Normal), []);
        assert_eq!(ours("pallets/kyc", "pallets/testing", Kind::Dev), []);
        assert_eq!(ours("runtime", "pallets/kyc", Kind::Normal), []);
        assert_eq!(ours("runtime", "edge/heartbeat", Kind::Dev), []);
        assert_eq!(ours("runtime", "edge/heartbeat", Kind::Normal).len(), 1);
        assert_eq!(ours("pallets/jobs", "pallets/draws", Kind::Dev), []);
        assert_eq!(ours("edge/r1fs", "edge/ports", Kind::Normal), []);
        assert_eq!(ours("node", "edge/r1fs", Kind::Normal), []);
        assert_eq!(ours("tools/bench", "pallets/kyc", Kind::Normal), []);
        assert_eq!(ours("clients/cli", "clients/sdk", Kind::Normal), []);
        assert_eq!(published("pallets/kyc", "pallet-balances"), []);
        assert_eq!(published("primitives", "sp-core"), []);
        assert_eq!(published("node", "sc-network"), []);
    }

    #[test]
    fn dependency_is_found_with_its_line_when_the_table_does_not_have_it() {
        let finding = ours("node", "pallets/kyc", Kind::Normal).pop().unwrap();
        assert_eq!((finding.path.as_str(), finding.line), ("node/Cargo.toml", 3));
        assert_eq!(finding.wrong, "node uses pallets-kyc, but `node` may not use `pallets/*`");
        for (dir, other) in [
            ("primitives", "formats"),
            ("pallets/support", "pallets/kyc"),
            ("pallets/testing", "pallets/kyc"),
            ("runtime", "node"),
            ("edge/ports", "edge/heartbeat"),
            ("edge/heartbeat", "runtime"),
            ("worker", "node"),
            ("clients/cli", "primitives"),
            ("clients/sdk", "edge/ports"),
            ("node", "tools/testnet"),
        ] {
            assert_eq!(ours(dir, other, Kind::Normal).len(), 1, "{dir} -> {other}");
            assert_eq!(ours(dir, other, Kind::Dev).len(), 1, "{dir} -> {other} in tests");
        }
    }

    #[test]
    fn siblings_are_found_and_fakes_outside_of_tests() {
        assert!(ours("pallets/kyc", "pallets/sale", Kind::Dev)[0].wrong.contains("its sibling"));
        assert!(ours("edge/r1fs", "edge/cstore", Kind::Normal)[0].wrong.contains("its sibling"));
        assert!(ours("pallets/kyc", "pallets/testing", Kind::Normal)[0].cure.contains("dev-dependencies"));
    }

    #[test]
    fn published_crate_is_found_when_its_prefix_is_forbidden() {
        for (dir, package) in [
            ("primitives", "frame-support"),
            ("pallets/kyc", "sc-client-api"),
            ("pallets/support", "pallet-balances"),
            ("runtime", "sc-service"),
            ("edge/ports", "pallet-balances"),
            ("edge/heartbeat", "sc-network"),
            ("worker", "sc-cli"),
        ] {
            assert_eq!(published(dir, package).len(), 1, "{dir} -> {package}");
        }
    }

    #[test]
    fn crate_without_a_room_is_found() {
        assert!(ours("cellar", "primitives", Kind::Normal)[0].wrong.contains("no room"));
        assert!(ours("pallets/kyc/fuzz", "primitives", Kind::Normal)[0].wrong.contains("no room"));
    }
}
