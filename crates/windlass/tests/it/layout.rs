//! The layout of the workspace: which crate may know which, and what pure crates never name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Crates without I/O, clock, randomness or environment.
const PURE: [&str; 18] = [
    "accounts",
    "actions",
    "api",
    "checks",
    "engine",
    "gotemplate",
    "health",
    "helm",
    "jq",
    "kustomize",
    "merge",
    "project",
    "rbac",
    "render",
    "signatures",
    "tree",
    "value",
    "yaml",
];
/// What a pure crate may not depend on.
const IMPURE: [&str; 11] = [
    "tokio",
    "kube",
    "k8s-openapi",
    "reqwest",
    "hyper",
    "gix",
    "redb",
    "rustls",
    "getrandom",
    "tracing",
    "futures-util",
];
/// Crates by floor: one may know only those of lower floors.
const FLOORS: [&[&str]; 11] = [
    &["value", "tree"],
    &[
        "yaml",
        "actions",
        "api",
        "health",
        "merge",
        "githost",
        "signatures",
    ],
    &["checks", "gotemplate", "controlplane"],
    &["helm", "jq", "kustomize", "project", "rbac", "simulator"],
    &["accounts", "render"],
    &["engine", "source"],
    &["cluster"],
    &["ledger", "simulation"],
    &["controller"],
    &["server"],
    &["windlass"],
];

/// Returns the names below `[dependencies]` of each crate.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("crates/");
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(crates).expect("crates/") {
        let folder = entry.expect("an entry").path();
        let Ok(manifest) = std::fs::read_to_string(folder.join("Cargo.toml")) else {
            continue;
        };
        let lines = manifest
            .lines()
            .skip_while(|l| *l != "[dependencies]")
            .skip(1)
            .take_while(|l| !l.starts_with('['));
        let names = lines.filter_map(|l| l.split(['.', ' ', '=']).next());
        let names = names.filter(|n| !n.is_empty() && !n.starts_with('#'));
        let name = folder.file_name().expect("a name").to_string_lossy();
        found.insert(name.into_owned(), names.map(str::to_owned).collect());
    }
    found
}

#[test]
fn pure_crates_know_nothing_of_the_world() {
    let all = dependencies();
    for name in PURE {
        let below = &all[name];
        for wrong in IMPURE {
            assert!(
                !below.contains(wrong),
                "{name} is pure and may not know {wrong}"
            );
        }
        for other in below.iter().filter(|d| all.contains_key(*d)) {
            assert!(
                PURE.contains(&other.as_str()),
                "{name} is pure, {other} is not"
            );
        }
        let lints = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../{name}/clippy.toml"));
        assert!(lints.exists(), "{name} has no clippy.toml");
    }
}

/// What no source file of a pure crate names; `clippy.toml` forbids more, in tests too.
const WORDS: [&str; 5] = [
    "std::fs",
    "std::env",
    "TcpStream",
    "Instant::now",
    "SystemTime::now",
];

#[test]
fn pure_crates_open_no_file_and_read_no_setting() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("crates/");
    let mut folders: Vec<_> = PURE
        .iter()
        .map(|name| crates.join(name).join("src"))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs")
                && !path.to_string_lossy().contains("tests")
            {
                let text = std::fs::read_to_string(&path).expect("a source file");
                // Unit tests stand at the end.
                let text = text.split("#[cfg(test)]").next().unwrap_or_default();
                for word in WORDS {
                    assert!(!text.contains(word), "{} names {word}", path.display());
                }
            }
        }
    }
}

#[test]
fn dependencies_point_downwards() {
    let all = dependencies();
    let floor = |name: &str| FLOORS.iter().position(|f| f.contains(&name));
    for (name, below) in all.iter().filter(|(name, _)| *name != "testkit") {
        let own = floor(name).unwrap_or_else(|| panic!("{name} has no floor: give it one"));
        for other in below.iter().filter(|d| all.contains_key(*d)) {
            let its = floor(other).unwrap_or_else(|| panic!("{other} has no floor"));
            assert!(its < own, "{name} may not know {other}");
        }
    }
}
