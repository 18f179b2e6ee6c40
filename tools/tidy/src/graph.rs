//! Our crates, what they depend on, and the features of both, from `cargo metadata`.
//!
//! Cargo is asked without the network first. Where it has not downloaded everything yet, as on a
//! machine that builds for the first time, it is asked once more and may fetch what the lock file
//! names.

use crate::{
    features::PROPAGATED,
    project::{output, Project},
    Error, Result,
};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
    process::Command,
};

/// What a node is built for, as in `deny.toml`: crates of other systems need not be downloaded.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// A crate of ours.
#[derive(Clone, Debug, Default)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its folder, from the root of the checkout.
    pub dir: String,
    /// Its features, and what each of them enables.
    pub features: BTreeMap<String, Vec<String>>,
    /// What it depends on directly.
    pub dependencies: Vec<Dependency>,
}

/// A direct dependency.
#[derive(Clone, Debug, Default)]
pub struct Dependency {
    /// The name of its package.
    pub package: String,
    /// What the crate calls it.
    pub key: String,
    /// For what it is needed.
    pub kind: Kind,
    /// Its folder, if it is ours.
    pub dir: Option<String>,
    /// The features that it declares.
    pub features: BTreeSet<String>,
}

/// For what a dependency is needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// For the crate itself.
    #[default]
    Normal,
    /// For its tests, examples and benchmarks.
    Dev,
    /// For its build script.
    Build,
}

impl Kind {
    /// The section of `Cargo.toml`.
    pub fn section(self) -> &'static str {
        match self {
            Kind::Normal => "dependencies",
            Kind::Dev => "dev-dependencies",
            Kind::Build => "build-dependencies",
        }
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Option<Resolve>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    source: Option<String>,
    manifest_path: String,
    dependencies: Vec<Declared>,
    features: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Declared {
    name: String,
    kind: Option<String>,
    rename: Option<String>,
    path: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

/// The crates of every workspace in the checkout.
pub fn read(root: &Path, project: &Project) -> Result<Vec<Crate>> {
    let root = fs::canonicalize(root).map_err(|source| Error::Read { path: root.into(), source })?;
    let is_root = |text: &str| text.lines().any(|line| line.trim() == "[workspace]");
    let mut found: BTreeMap<String, Crate> = BTreeMap::new();
    for (manifest, text) in project.files(|path| path == "Cargo.toml" || path.ends_with("/Cargo.toml")) {
        if is_root(text) {
            let all = metadata(&root.join(manifest))?;
            found.extend(crates(&root, &all).into_iter().map(|one| (one.dir.clone(), one)));
        }
    }
    Ok(found.into_values().collect())
}

/// What cargo knows of a workspace, with the optional dependencies of the features that
/// [`crate::features`] looks at.
fn metadata(manifest: &Path) -> Result<Metadata> {
    let members: Metadata = serde_json::from_str(&cargo(manifest, &["--no-deps", "--offline"])?)?;
    let mut wanted = Vec::new();
    for member in &members.packages {
        let optional = PROPAGATED.iter().filter(|feature| **feature != "std");
        let declared = optional.filter(|feature| member.features.contains_key(**feature));
        wanted.extend(declared.map(|feature| format!("{}/{feature}", member.name)));
    }
    let wanted = wanted.join(",");
    let full = ["--filter-platform", TARGET, "--features", &wanted];
    let said = match cargo(manifest, &[full.as_slice(), &["--offline"]].concat()) {
        Ok(said) => said,
        Err(_) => cargo(manifest, &full)?,
    };
    Ok(serde_json::from_str(&said)?)
}

fn cargo(manifest: &Path, arguments: &[&str]) -> Result<String> {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(["metadata", "--format-version", "1", "--locked", "--manifest-path"]).arg(manifest);
    output(command.args(arguments))
}

/// Those of the packages that are ours.
fn crates(root: &Path, all: &Metadata) -> Vec<Crate> {
    let by_id: BTreeMap<&str, &Package> = all.packages.iter().map(|package| (package.id.as_str(), package)).collect();
    let nodes = all.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let resolved: BTreeMap<&str, &[String]> =
        nodes.map(|node| (node.id.as_str(), node.dependencies.as_slice())).collect();
    let inside = |path: &str| Some(Path::new(path).strip_prefix(root).ok()?.to_string_lossy().into_owned());
    let ours = all.packages.iter().filter(|package| package.source.is_none());
    ours.filter_map(|package| {
        let dir = inside(package.manifest_path.strip_suffix("/Cargo.toml")?)?;
        let near: Vec<&Package> = resolved
            .get(package.id.as_str())
            .into_iter()
            .flat_map(|ids| ids.iter())
            .filter_map(|id| by_id.get(id.as_str()).copied())
            .collect();
        let dependency = |declared: &Declared| Dependency {
            package: declared.name.clone(),
            key: declared.rename.clone().unwrap_or_else(|| declared.name.clone()),
            kind: match declared.kind.as_deref() {
                Some("dev") => Kind::Dev,
                Some("build") => Kind::Build,
                _ => Kind::Normal,
            },
            dir: declared.path.as_deref().and_then(inside),
            features: near
                .iter()
                .filter(|other| other.name == declared.name)
                .flat_map(|other| other.features.keys().cloned())
                .collect(),
        };
        let dependencies = package.dependencies.iter().map(dependency).collect();
        Some(Crate { name: package.name.clone(), dir, features: package.features.clone(), dependencies })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = r#"{"packages": [
        {"id": "a", "name": "ours", "source": null, "manifest_path": "/r/pallets/ours/Cargo.toml", "features": {"std": []},
         "dependencies": [
            {"name": "parity-scale-codec", "kind": null, "rename": "codec"},
            {"name": "primitives", "kind": "dev", "rename": null, "path": "/r/primitives"}]},
        {"id": "b", "name": "parity-scale-codec", "source": "registry", "manifest_path": "/c/Cargo.toml",
         "features": {"std": [], "derive": []}, "dependencies": []},
        {"id": "c", "name": "far", "source": "registry", "manifest_path": "/c/Cargo.toml",
         "features": {}, "dependencies": []}],
        "resolve": {"nodes": [{"id": "a", "dependencies": ["b"]}]}}"#;

    #[test]
    fn crates_of_ours_know_names_kinds_folders_and_features_of_what_they_depend_on() {
        let found = crates(Path::new("/r"), &serde_json::from_str(PRINTED).unwrap());
        let [ours] = found.as_slice() else { panic!("one crate is ours: {found:?}") };
        assert_eq!((ours.name.as_str(), ours.dir.as_str()), ("ours", "pallets/ours"));
        let [codec, primitives] = ours.dependencies.as_slice() else { panic!("two dependencies: {ours:?}") };
        assert_eq!((codec.key.as_str(), codec.kind, codec.dir.as_deref()), ("codec", Kind::Normal, None));
        assert_eq!(codec.features.iter().collect::<Vec<_>>(), ["derive", "std"]);
        assert_eq!((primitives.kind, primitives.dir.as_deref()), (Kind::Dev, Some("primitives")));
    }

    #[test]
    fn metadata_that_is_something_else_is_an_error() {
        assert!(serde_json::from_str::<Metadata>(r#"{"packages": 1}"#).is_err());
    }
}
