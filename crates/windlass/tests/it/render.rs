//! `windlass render`.

use crate::process::{run, text};

#[test]
fn a_folder_becomes_documents_and_mistakes_have_a_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().display().to_string();
    std::fs::write(
        dir.path().join("a.yaml"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {on: \"yes\"}\n",
    )
    .unwrap();
    let good = run(&["render", &path]);
    assert!(good.status.success());
    assert!(
        text(&good.stdout).contains("kind: ConfigMap"),
        "{}",
        text(&good.stdout)
    );

    std::fs::write(
        dir.path().join("b.yaml"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n  name: c\n",
    )
    .unwrap();
    let bad = run(&["render", &path]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(
        text(&bad.stderr).contains("b.yaml:5"),
        "{}",
        text(&bad.stderr)
    );
    // One bad file hides no other.
    assert!(text(&bad.stdout).contains("name: a"));
}
