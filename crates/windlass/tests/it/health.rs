//! `windlass health`.

use crate::process::{run, text};

const OBJECTS: &str = "\
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web}
status:
  conditions:
  - {type: Ready, status: 'False', message: no such issuer}
---
apiVersion: v1
kind: List
items:
- apiVersion: example.com/v1
  kind: Widget
  metadata: {name: w, namespace: shop}
  state: broken
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: c}
";

const CONFIG: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm}
data:
  resource.customizations.health.example.com_Widget: |
    return {status = 'Suspended', message = 'it is ' .. obj.state}
";

#[test]
fn checks_of_ours_and_of_users_are_asked() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let objects = file("objects.yaml", OBJECTS);
    let config = file("cm.yaml", CONFIG);

    let plain = run(&["health", "-f", &objects]);
    assert!(plain.status.success(), "{}", text(&plain.stderr));
    let expected = "\
OBJECT           HEALTH    MESSAGE
Certificate/web  Degraded  no such issuer
Widget/w         -
ConfigMap/c      -
";
    assert_eq!(text(&plain.stdout), expected);

    let with = run(&[
        "health",
        "-f",
        &objects,
        "--argocd-cm",
        &config,
        "-o",
        "jsonl",
    ]);
    let lines: Vec<_> = text(&with.stdout).lines().map(str::to_owned).collect();
    assert_eq!(
        lines[1],
        r#"{"apiVersion":"example.com/v1","health":{"message":"it is broken","status":"Suspended"},"kind":"Widget","metadata":{"name":"w","namespace":"shop"}}"#
    );

    let broken = file("broken.yaml", &CONFIG.replace("return {", "return {{"));
    let answer = run(&["health", "-f", &objects, "--argocd-cm", &broken]);
    assert_eq!(answer.status.code(), Some(1));
    assert!(text(&answer.stderr).contains("health check for example.com/Widget: <string>:"));

    let nothing = run(&["health", "-f", "/nowhere.yaml"]);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(text(&nothing.stderr).contains("/nowhere.yaml"));
}
