//! `windlass can-i` and `windlass account`.

use crate::process::{Running, fine, run, text};
use testkit::git;

const POLICY: &str = "\
p, role:dev, applications, sync, shop/*, allow
g, acme:dev, role:dev
p, bob, applications, sync, shop/db, deny
";

const OBJECTS: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-rbac-cm}
data:
  policy.default: role:readonly
  policy.csv: p, alice, applications, sync, */*, allow
---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: shop}
spec:
  roles:
  - name: ci
    groups: [acme:ci]
    policies: ['p, proj:shop:ci, applications, delete, shop/*, allow']
";

#[test]
fn the_line_that_decides_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let csv = file("policy.csv", POLICY);
    let yaml = file("rbac.yaml", OBJECTS);
    let ask = |words: &str, file: &str| {
        let mut args: Vec<&str> = words.split(' ').collect();
        args.extend(["-f", file]);
        let output = run(&args);
        (
            output.status.code(),
            text(&output.stdout).replace(file, "FILE"),
            text(&output.stderr),
        )
    };
    let dev = ask(
        "can-i sync app/web -p shop --as alice --as-group acme:dev",
        &csv,
    );
    let said = "\
yes: applications sync shop/web is allowed as member of acme:dev, through role:dev by FILE:1
  FILE:2  g, acme:dev, role:dev
  FILE:1  p, role:dev, applications, sync, shop/*, allow
";
    assert_eq!((dev.0, dev.1.as_str()), (Some(0), said));
    let bob = ask("can-i sync applications/shop/db --as bob", &csv);
    let said = "\
no: applications sync shop/db is refused as bob by FILE:3
  FILE:3  p, bob, applications, sync, shop/db, deny
  needed: FILE:3 taken out
";
    assert_eq!((bob.0, bob.1.as_str()), (Some(1), said));
    let carol = ask("can-i delete application/web -p shop --as carol", &csv);
    assert_eq!(carol.0, Some(1));
    assert!(
        carol
            .1
            .ends_with("needed: p, carol, applications, delete, shop/web, allow\n")
    );
    let json = ask(
        "can-i delete app/web -p shop --as carol --as-group acme:ci -o jsonpath={.rule.source}",
        &yaml,
    );
    assert_eq!((json.0, json.1.as_str()), (Some(0), "project shop\n"));
    let anybody = ask("can-i get clusters --as carol", &yaml);
    assert_eq!(anybody.0, Some(0), "{}", anybody.1);
    for wrong in [
        "can-i fly apps -p shop",
        "can-i get planes",
        "can-i get app/web",
    ] {
        let (code, _, said) = ask(wrong, &csv);
        assert_eq!(code, Some(2), "{wrong}");
        assert!(said.contains("hint: "), "{said}");
    }
    let broken = file("broken.csv", "p, x\n");
    let (code, _, said) = ask("can-i get clusters", &broken);
    assert_eq!(code, Some(1));
    assert!(said.contains("broken.csv:1: "), "{said}");
}

#[test]
fn the_clusters_policy_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let repo = dir.path().join("repo");
    std::fs::create_dir_all(&repo).unwrap();
    let objects = OBJECTS.replace(
        "{name: argocd-rbac-cm}",
        "{name: argocd-rbac-cm, namespace: argocd}",
    );
    let objects = objects.replace("{name: shop}", "{name: shop, namespace: argocd}");
    std::fs::write(repo.join("rbac.yaml"), objects).unwrap();
    git(&repo, &["init", "-q", "-b", "main"]);
    git(&repo, &["add", "."]);
    git(&repo, &["commit", "-qm", "who may what"]);
    let url = repo.display().to_string();
    let up = Running::up(
        &dir.path().join("up"),
        &["--repo", &url, "--path", ".", "--name", "web"],
    );
    up.until("web", "a deployed policy", fine);
    let ask = |args: &[&str]| {
        let answer = up.ask(&[&["can-i"], args].concat());
        (
            answer.status.code(),
            text(&answer.stdout),
            text(&answer.stderr),
        )
    };
    // The application says which project it is in; who may sync may roll back.
    let (code, said, wrong) = ask(&["rollback", "app/web", "--as", "alice"]);
    let want = "yes: applications sync default/web is allowed as alice by policy.csv:1\n";
    assert!(code == Some(0) && said.starts_with(want), "{said}{wrong}");
    let ci = [
        "delete",
        "app/db",
        "-p",
        "shop",
        "--as",
        "bob",
        "--as-group",
        "acme:ci",
    ];
    let (code, said, _) = ask(&ci);
    assert!(code == Some(0) && said.contains("project shop:2"), "{said}");
    assert_eq!(ask(&["delete", "app/web", "--as", "alice"]).0, Some(1));
    assert_eq!(ask(&["get", "app/gone"]).0, Some(5));
}

#[test]
fn a_blank_password_has_no_hash() {
    let output = run(&["account", "bcrypt"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("blank passwords are not allowed"));
}
