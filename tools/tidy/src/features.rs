//! Check `features`: a feature reaches every dependency that has it.
//!
//! A crate with the feature `std` is built without the standard library for the wasm runtime. If a
//! dependency of it declares one of the [`PROPAGATED`] features, the crate's own feature has to
//! enable it, or the two are built differently: a pallet whose benchmarks exist beside a dependency
//! whose do not, or a `try-runtime` that skips checks in silence.
//!
//! Whoever declares `runtime-benchmarks` or `try-runtime` passes it on; pallets and the runtime must
//! declare both, other crates (primitives, libraries) need not.

use crate::{
    graph::{Crate, Kind},
    manifest::line_of,
    project::Project,
    Finding, Result,
};

/// The features that are passed on.
pub const PROPAGATED: [&str; 3] = ["std", "runtime-benchmarks", "try-runtime"];

/// Every no_std crate of ours passes its features on.
pub fn check(project: &Project) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for one in project.crates.iter().filter(|one| one.features.contains_key("std")) {
        let manifest = format!("{}/Cargo.toml", one.dir);
        let text = project.text(&manifest).unwrap_or_default();
        let full = one.dir == "runtime" || project.pallets().any(|dir| dir == one.dir);
        for feature in PROPAGATED {
            let Some(enables) = one.features.get(feature) else {
                if full {
                    let wrong = format!("{} has no feature `{feature}`", one.name);
                    findings.push(Finding::new(&manifest, 1, wrong, "Declare it, as the other pallets do"));
                }
                continue;
            };
            let line = line_of(text, "features", feature).unwrap_or(1);
            findings.extend(missing(one, feature, enables).map(|entry| {
                let wrong = format!("`{feature}` of {} does not enable `{entry}`", one.name);
                Finding::new(&manifest, line, wrong, format!("Add \"{entry}\" to it"))
            }));
        }
    }
    Ok(findings)
}

/// The entries that a feature lacks.
fn missing<'a>(one: &'a Crate, feature: &'a str, enables: &'a [String]) -> impl Iterator<Item = String> + 'a {
    let used = one.dependencies.iter().filter(|dependency| dependency.kind == Kind::Normal);
    used.filter(move |dependency| dependency.features.contains(feature)).filter_map(move |dependency| {
        let key = &dependency.key;
        let weak = format!("{key}?/{feature}");
        let strong = format!("{key}/{feature}");
        (!enables.contains(&weak) && !enables.contains(&strong)).then_some(strong)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Dependency;

    fn dependency(key: &str, kind: Kind, features: &[&str]) -> Dependency {
        let features = features.iter().map(|feature| (*feature).into()).collect();
        Dependency { package: key.into(), key: key.into(), kind, features, ..Default::default() }
    }

    fn found(dir: &str, features: &[(&str, &[&str])], dependencies: Vec<Dependency>) -> Vec<Finding> {
        let manifest = "[package]\n[features]\ndefault = []\nstd = [\n]\n";
        let mut project = Project::of(&[(&format!("{dir}/Cargo.toml"), manifest)]);
        let features = features
            .iter()
            .map(|(name, enables)| ((*name).into(), enables.iter().map(|entry| (*entry).into()).collect()));
        project.crates =
            vec![Crate { name: "one".into(), dir: dir.into(), features: features.collect(), dependencies }];
        check(&project).unwrap()
    }

    #[test]
    fn feature_that_reaches_everything_passes() {
        let std: &[&str] = &["codec/std", "bench?/std"];
        let dependencies = vec![
            dependency("codec", Kind::Normal, &["std", "derive"]),
            dependency("bench", Kind::Normal, &["std", "runtime-benchmarks"]),
            dependency("plain", Kind::Normal, &[]),
            dependency("tests-only", Kind::Dev, &["std"]),
        ];
        assert_eq!(found("primitives", &[("std", std)], dependencies), []);
    }

    #[test]
    fn feature_is_found_at_its_line_when_it_leaves_a_dependency_out() {
        let findings = found("primitives", &[("std", &["codec"])], vec![dependency("codec", Kind::Normal, &["std"])]);
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].line, findings[0].cure.as_str()), (4, "Add \"codec/std\" to it"));
    }

    #[test]
    fn pallet_is_found_when_it_declares_no_benchmarks_or_try_runtime() {
        assert_eq!(found("pallets/kyc", &[("std", &[])], vec![]).len(), 2);
        assert_eq!(found("pallets/support", &[("std", &[])], vec![]), []);
    }

    #[test]
    fn crate_of_the_standard_library_has_nothing_to_pass_on() {
        assert_eq!(found("node", &[], vec![dependency("codec", Kind::Normal, &["std"])]), []);
    }
}
