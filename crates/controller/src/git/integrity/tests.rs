//! Signatures by stock `git`, with keys that `ssh-keygen` makes for the test.

use super::{Wanted, check};
use project::Project;
use signatures::Keyring;
use source::{Freshness, Sources};
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::git;
use value::{Value, json};

const NAMELESS: &str = "";

struct Place {
    dir: tempfile::TempDir,
    sources: Sources,
    keys: Keyring,
    fingerprint: String,
}

impl Place {
    /// Returns nothing if this machine can't make keys.
    fn new() -> Option<Self> {
        let dir = tempfile::tempdir().expect("a folder");
        let mut keys = Keyring::default();
        let mut fingerprint = String::new();
        for name in ["ours", "other"] {
            let path = dir.path().join(name);
            let made = run(&[
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-f",
                &path.to_string_lossy(),
            ]);
            let Some(_) = made else {
                eprintln!("skipped: there is no ssh-keygen");
                return None;
            };
            let public = std::fs::read_to_string(path.with_extension("pub")).expect("a key");
            assert!(
                keys.add_allowed_signers(&format!("bob {public}"))
                    .is_empty()
            );
            if name == "ours" {
                let told = run(&["-l", "-f", &path.to_string_lossy()])?;
                fingerprint = told.split(' ').nth(1)?.to_owned();
            }
        }
        let place = Self {
            sources: Sources::new(dir.path()),
            dir,
            keys,
            fingerprint,
        };
        std::fs::create_dir(place.repo()).expect("a folder");
        git(&place.repo(), &["init", "-q", "-b", "main"]);
        Some(place)
    }

    fn repo(&self) -> PathBuf {
        self.dir.path().join("repo")
    }

    /// Runs `git`, signing with a key whatever it signs.
    fn git(&self, key: &str, args: &[&str]) -> String {
        let key = self.dir.path().join(key).with_extension("pub");
        let signing = format!("user.signingkey={}", key.display());
        let mut all = vec!["-c", "gpg.format=ssh", "-c", &signing];
        all.extend(args);
        git(&self.repo(), &all).trim().to_owned()
    }

    /// Makes a commit, signed with a key if one is named.
    fn commit(&self, key: &str) -> String {
        let sign = if key.is_empty() {
            "--no-gpg-sign"
        } else {
            "-S"
        };
        self.git(key, &["commit", "-q", "--allow-empty", sign, "-m", "work"]);
        self.git(key, &["rev-parse", "HEAD"])
    }

    /// Makes an annotated tag, signed with a key if one is named.
    fn tag(&self, key: &str, name: &str, at: &str) {
        let sign = if key.is_empty() { "-a" } else { "-s" };
        self.git(key, &["tag", sign, "-m", "release", name, at]);
    }

    /// Returns what is wrong with `commit`, which `name` is to have led to.
    fn problem(&self, mode: &str, name: &str, commit: &str) -> String {
        let keys: Value = [self.fingerprint.clone(), "DAC50D1F3EC4788F".to_owned()]
            .into_iter()
            .collect();
        let project = Project::parse(&json!({"spec": {"sourceIntegrity": {"git": {"policies": [{
            "repos": [{"url": "*"}], "gpg": {"mode": mode, "keys": keys},
        }]}}}}));
        let url = self.repo().display().to_string();
        let head = self.sources.resolve(&url, commit, Freshness::Latest);
        let head = head.expect("a commit");
        let wanted = Wanted {
            url: &url,
            name,
            head,
        };
        match check(&self.sources, Some(&project), &self.keys, wanted) {
            Ok(()) => String::new(),
            Err(problem) => problem.message,
        }
    }
}

fn run(args: &[&str]) -> Option<String> {
    let output = Command::new("ssh-keygen").args(args).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

#[test]
fn a_tag_is_verified_if_it_led_to_the_commit() {
    let Some(place) = Place::new() else { return };
    let (unsigned, ours, other) = ("unsigned", "ours", "other");
    for (mode, commit, tag, wrong) in [
        // The tag counts, not the commit.
        ("head", unsigned, ours, ""),
        (
            "head",
            ours,
            unsigned,
            "revision TAG by 'bob \"<bob@example.com>\"': unsigned (key_id=)",
        ),
        (
            "head",
            ours,
            other,
            "revision TAG by 'bob \"<bob@example.com>\"': signed with unallowed",
        ),
        ("head", other, ours, ""),
        // The tag and all commits count.
        ("strict", ours, ours, ""),
        ("strict", ours, unsigned, "revision TAG by"),
        (
            "strict",
            unsigned,
            ours,
            "revision COMMIT by 'bob <bob@example.com>': unsigned (key_id=)",
        ),
        ("none", unsigned, unsigned, ""),
        // A tag without annotation is nothing but a name.
        ("head", ours, NAMELESS, ""),
        ("head", unsigned, NAMELESS, "revision COMMIT by"),
    ] {
        git(&place.repo(), &["checkout", "-q", "--orphan", "next"]);
        let key = |name: &'static str| if name == unsigned { "" } else { name };
        let made = place.commit(key(commit));
        let name = format!("{mode}-{commit}-{tag}");
        match tag {
            NAMELESS => drop(git(&place.repo(), &["tag", &name])),
            tag => place.tag(key(tag), &name, "HEAD"),
        }
        git(&place.repo(), &["branch", "-q", "-M", "next", "main"]);
        for asked in [&name, &format!("refs/tags/{name}")] {
            let told = place.problem(mode, asked, &made);
            let wrong = wrong.replace("TAG", &name).replace("COMMIT", &made);
            assert_eq!(told.is_empty(), wrong.is_empty(), "{name}: {told}");
            assert!(told.contains(&wrong), "{name}: {told}");
        }
    }
}

#[test]
fn an_earlier_commit_is_vouched_for_by_the_tag_of_then() {
    let Some(place) = Place::new() else { return };
    let first = place.commit("");
    place.tag("ours", "v1", "HEAD");
    let second = place.commit("");
    place.tag("ours", "v2", "HEAD");
    assert_eq!(place.problem("head", "v2", &first), "");
    assert!(place.problem("strict", "v2", &first).contains("unsigned"));
    // Who follows a branch is told of the branch's commit, whatever tags there are.
    assert!(place.problem("head", "main", &second).contains("unsigned"));
}

#[test]
fn a_tag_under_another_name_vouches_for_nothing() {
    let Some(place) = Place::new() else { return };
    let first = place.commit("");
    place.tag("ours", "v1", "HEAD");
    let repo = place.repo();
    git(&repo, &["update-ref", "refs/tags/v9", "refs/tags/v1"]);
    assert_eq!(place.problem("head", "v1", &first), "");
    let told = place.problem("head", "v9", &first);
    assert!(
        told.contains("it is the tag v1 under another name"),
        "{told}"
    );
}

/// Puts an object of another crate's tests into a repository.
fn write(repo: &Path, kind: &str, data: &str) -> String {
    let data = format!(
        "{}/../signatures/tests/data/{data}",
        env!("CARGO_MANIFEST_DIR")
    );
    let id = git(repo, &["hash-object", "-w", "-t", kind, &data]);
    id.trim().to_owned()
}

#[test]
fn a_tag_signed_by_gpg() {
    let Some(mut place) = Place::new() else {
        return;
    };
    let repo = place.repo();
    git(&repo, &["write-tree"]);
    let commit = write(&repo, "commit", "unsigned.commit");
    let candidates = ["ada", "bob", "sue", "ssh-ed"].map(|n| format!("{n}.commit"));
    let all = candidates.iter().map(|name| write(&repo, "commit", name));
    let all: Vec<String> = all.chain([commit]).collect();
    let tag = write(&repo, "tag", "ada.tag");
    git(&repo, &["update-ref", "refs/tags/v1", &tag]);
    let commit = git(&repo, &["rev-parse", "v1^{commit}"]).trim().to_owned();
    assert!(all.contains(&commit));
    let unknown = place.problem("head", "v1", &commit);
    assert!(
        unknown.contains("key not in keyring (key_id=DAC50D1F3EC4788F)"),
        "{unknown}"
    );
    let ada = include_str!("../../../../signatures/tests/data/ada.asc");
    place.keys.add_openpgp(ada).expect("a key");
    assert_eq!(place.problem("head", "v1", &commit), "");
}
