//! Projects that ask for signed commits.

use crate::world::World;
use std::path::Path;
use std::process::Command;
use testkit::git;
use value::{Value, json};

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

fn scenario(url: &str, keys: &[String], signers: &str) -> Value {
    json!({
        "files": {"unused.yaml": ""},
        "project": {
            "sourceRepos": ["*"],
            "destinations": [{"server": "*", "namespace": "*"}],
            "sourceIntegrity": {"git": {"policies": [{
                "repos": [{"url": "*"}],
                "gpg": {"mode": "strict", "keys": keys.iter().cloned().collect::<Value>()},
            }]}},
        },
        "before": [{
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "windlass-allowed-signers", "namespace": "argocd"},
            "data": {"allowed_signers": signers},
        }],
        "application": {
            "project": "{project}",
            "source": {"repoURL": url, "path": ".", "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "{ns}"},
            "syncPolicy": {"automated": {}},
        },
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unsigned_commit_is_not_deployed() {
    let world = World::start(&scenario("{repo}", &["4AEE18F83AFDEB23".to_owned()], "")).await;
    let told = json!({"/status/conditions/*/message": {"has": "unsigned (key_id=)"}});
    world.reach(&told).await;
    world
        .reach(&json!({"/status/sync/status": "Unknown"}))
        .await;
}

/// Makes an SSH key; nothing if this machine can't.
fn key(path: &Path) -> Option<(String, String)> {
    let run = |args: &[&str]| {
        let output = Command::new("ssh-keygen").args(args).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        output.status.success().then_some(text)
    };
    let name = path.display().to_string();
    run(&["-q", "-t", "ed25519", "-N", "", "-f", &name])?;
    let fingerprint = run(&["-l", "-f", &name])?;
    let fingerprint = fingerprint.split(' ').nth(1)?.to_owned();
    let public = std::fs::read_to_string(format!("{name}.pub")).ok()?;
    Some((public, fingerprint))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_signed_with_an_ssh_key_of_the_project_are_deployed() {
    let dir = tempfile::tempdir().expect("a folder");
    let Some((public, fingerprint)) = key(&dir.path().join("key")) else {
        eprintln!("skipped: there is no ssh-keygen");
        return;
    };
    let repo = dir.path().join("repo");
    std::fs::create_dir(&repo).expect("a folder");
    std::fs::write(repo.join("a.yaml"), MAP).expect("a file");
    git(&repo, &["init", "-q", "-b", "main"]);
    git(&repo, &["add", "."]);
    let signing = format!("user.signingkey={}", dir.path().join("key.pub").display());
    let format = "gpg.format=ssh";
    git(
        &repo,
        &[
            "-c", format, "-c", &signing, "commit", "-q", "-S", "-m", "signed",
        ],
    );
    let url = repo.display().to_string();
    let signers = format!("bob@example.com {public}");
    let world = World::start(&scenario(&url, &[fingerprint], &signers)).await;
    world.reach(&json!({"/status/sync/status": "Synced"})).await;

    // A key that the project doesn't name is no help.
    let world = World::start(&scenario(&url, &["SHA256:other".to_owned()], &signers)).await;
    let told = json!({"/status/conditions/*/message": {"has": "signed with unallowed key"}});
    world.reach(&told).await;
}
