//! Where objects come from, and who set their fields: `owner`, `explain`, `blame`, `why`.

use crate::process::{Running, fine, text};
use std::path::Path;
use testkit::git;

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: web:1
";

/// Commits the files; the second commit changes one line of the overlay.
fn repository(dir: &Path) {
    let write = |path: &str, text: &str| {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let overlay = |replicas: u8| {
        format!(
            "resources: [../base]\nreplicas:\n- name: web\n  count: {replicas}\nimages:\n\
             - name: web\n  newTag: \"2\"\n"
        )
    };
    write("base/deployment.yaml", DEPLOYMENT);
    write("base/kustomization.yaml", "resources: [deployment.yaml]\n");
    write("prod/kustomization.yaml", &overlay(2));
    git(dir, &["init", "-q", "-b", "main"]);
    git(dir, &["add", "."]);
    git(dir, &["commit", "-qm", "start"]);
    write("prod/kustomization.yaml", &overlay(3));
    git(dir, &["commit", "-qam", "three of them"]);
}

#[test]
fn an_object_leads_to_its_file_line_commit_and_author() {
    let dir = tempfile::tempdir().unwrap();
    let repo = dir.path().join("repo");
    std::fs::create_dir_all(&repo).unwrap();
    repository(&repo);
    let url = repo.display().to_string();
    let up = Running::up(
        &dir.path().join("up"),
        &["--repo", &url, "--path", "prod", "--name", "web"],
    );
    let app = up.until("web", "a healthy deployment", fine);
    let namespace = app.str_at(&["spec", "destination", "namespace"]).to_owned();
    let ask = |args: &[&str]| {
        let answer = up.ask(&[args, &["-n", &namespace]].concat());
        format!("{}{}", text(&answer.stdout), text(&answer.stderr))
    };
    let owner = ask(&["owner", "deploy/web"]);
    for part in ["application  web at", "base/deployment.yaml:1", "\"start\""] {
        assert!(owner.contains(part), "{part} in {owner}");
    }
    let explained = ask(&["explain", "deployment/web", "--field", "spec.replicas"]);
    for part in [
        "Git wants 3",
        "base/deployment.yaml:6  file",
        "\"start\"",
        "prod/kustomization.yaml:3  replicas",
    ] {
        assert!(explained.contains(part), "{part} in {explained}");
    }
    let image = "spec.template.spec.containers[name=web].image";
    let explained = ask(&["explain", "deploy/web", "--field", image]);
    assert!(
        explained.contains("prod/kustomization.yaml:6  images"),
        "{explained}"
    );
    let blamed = ask(&["blame", "deployments.apps/web", "--field", "spec.replicas"]);
    assert!(blamed.contains("windlass  Apply"), "{blamed}");
    let none = ask(&["blame", "deploy/web", "--field", "spec.paused"]);
    assert!(none.contains("nobody has set"), "{none}");
    for (resource, said) in [
        ("deploy/none", "there is no Deployment/none"),
        ("thing/web", "no kind that is called \"thing\""),
        ("web", "is not KIND/NAME"),
    ] {
        let answer = ask(&["owner", resource]);
        assert!(answer.contains(said), "{said} in {answer}");
    }
    let why = up.ask(&["why", "web", "deployment/web"]);
    assert!(text(&why.stdout).contains("Deployment/web of web is Synced and Healthy"));
}
