//! The real `kubectl` and `git` against the demo's plane, where they are installed.

use crate::process::{Running, fine, text};
use std::process::Command;
use testkit::{git, shared};

fn kubectl() -> bool {
    let there = Command::new("kubectl")
        .arg("version")
        .arg("--client")
        .output()
        .is_ok();
    if !there {
        println!("skipped: kubectl is not installed");
    }
    there
}

#[test]
fn kubectl_scale_is_healed_with_the_users_name_on_it() {
    if !kubectl() {
        return;
    }
    let _ = shared();
    let dir = tempfile::tempdir().unwrap();
    let repo = dir.path().join("repo");
    std::fs::create_dir_all(&repo).unwrap();
    git(&repo, &["init", "-q", "-b", "main"]);
    for file in ["web.yaml", "settings.yaml"] {
        let text = std::fs::read(format!(
            "{}/../../examples/shop/{file}",
            env!("CARGO_MANIFEST_DIR")
        ));
        std::fs::write(repo.join(file), text.unwrap()).unwrap();
    }
    git(&repo, &["add", "."]);
    git(&repo, &["commit", "-qm", "one"]);
    let url = repo.display().to_string();
    let up = Running::up(&dir.path().join("up"), &["--repo", &url, "--name", "shop"]);
    up.until("shop", "Synced and Healthy", fine);
    let ask = |args: &[&str]| {
        let output = Command::new("kubectl")
            .args(args)
            .env("KUBECONFIG", &up.kubeconfig)
            .env("HOME", dir.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "kubectl {args:?}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    };
    ask(&["scale", "deploy/web", "--replicas=9"]);
    up.until("shop", "healing", |app| {
        fine(app)
            && app
                .i64_at(&[
                    "status",
                    "operationState",
                    "operation",
                    "sync",
                    "autoHealAttemptsCount",
                ])
                .is_some()
    });
    assert_eq!(
        ask(&["get", "deploy", "web", "-o", "jsonpath={.spec.replicas}"]),
        "3"
    );
    let listed = up.ask(&["drift", "list"]);
    let out = text(&listed.stdout);
    for part in [
        "alice (V)",
        "kubectl scale",
        "Deployment/web",
        "spec.replicas",
        "3 -> 9",
        "healed to 3",
    ] {
        assert!(out.contains(part), "{part:?} is missing in\n{out}");
    }
    assert!(ask(&["get", "apps", "-n", "argocd"]).contains("Healthy"));
    assert!(ask(&["rollout", "status", "deploy/web"]).contains("successfully rolled out"));
}
