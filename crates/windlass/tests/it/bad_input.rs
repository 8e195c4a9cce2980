//! Bad input is a condition with a place and the cause; the others go on.

use crate::process::{Running, fine, run, text, windlass};
use testkit::git;

fn repository(dir: &std::path::Path) -> String {
    std::fs::create_dir_all(dir).unwrap();
    git(dir, &["init", "-q", "-b", "main"]);
    let write = |path: &str, text: &str| {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let map = |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n");
    write("good/a.yaml", &map("good"));
    write(
        "broken/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: [\n",
    );
    write(
        "twice/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  name: b\n",
    );
    write("kindless/a.yaml", &map("fine"));
    write("kindless/b.yaml", "apiVersion: v1\nmetadata:\n  name: b\n");
    write(
        "unknown/a.yaml",
        "apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: w\n",
    );
    write(
        "refused/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: Not_A_Name\n",
    );
    git(dir, &["add", "."]);
    git(dir, &["commit", "-qm", "one"]);
    dir.display().to_string()
}

/// Returns all that is told about an application: conditions, and how its operation ended.
fn told(app: &value::Value) -> String {
    let mut text = String::new();
    for condition in app.array_at(&["status", "conditions"]) {
        text.push_str(condition.str_at(&["type"]));
        text.push_str(": ");
        text.push_str(condition.str_at(&["message"]));
        text.push('\n');
    }
    text + app.str_at(&["status", "operationState", "message"])
}

#[test]
fn every_kind_of_bad_input_is_told_and_stops_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let repo = repository(&dir.path().join("repo"));
    let up = Running::up(
        &dir.path().join("up"),
        &["--repo", &repo, "--path", "good", "--name", "good"],
    );
    let nowhere = dir.path().join("nowhere").display().to_string();
    let cases: &[(&str, &str, &str, &str, &[&str])] = &[
        (
            "no-repo",
            &nowhere,
            "good",
            "HEAD",
            &["RepositoryNotFound", "nowhere"],
        ),
        (
            "no-branch",
            &repo,
            "good",
            "gone",
            &["RevisionNotFound", "\"gone\""],
        ),
        (
            "no-path",
            &repo,
            "missing",
            "HEAD",
            &["missing", "app path does not exist"],
        ),
        ("broken", &repo, "broken", "HEAD", &["broken/a.yaml:"]),
        ("twice", &repo, "twice", "HEAD", &["twice/a.yaml:5", "name"]),
        (
            "kindless",
            &repo,
            "kindless",
            "HEAD",
            &["SkippedFileWarning", "kindless/b.yaml"],
        ),
        (
            "unknown",
            &repo,
            "unknown",
            "HEAD",
            &["example.com/v1", "unknown/a.yaml:1"],
        ),
        (
            "refused",
            &repo,
            "refused",
            "HEAD",
            &["Not_A_Name", "refused/a.yaml:1"],
        ),
        (
            "ssh",
            "ssh://git@host/x",
            "good",
            "HEAD",
            &["UrlInvalid", "ssh"],
        ),
    ];
    for (name, repo, path, rev, _) in cases {
        let created = up.ask(&[
            "app", "create", name, "--repo", repo, "--path", path, "--rev", rev, "--auto",
        ]);
        assert!(created.status.success(), "{}", text(&created.stderr));
    }
    for (name, .., parts) in cases {
        up.until(name, &format!("{parts:?}"), |app| {
            let told = told(app);
            parts.iter().all(|part| told.contains(part))
        });
    }
    up.until("good", "Synced and Healthy", fine);
    let why = up.ask(&["why", "twice"]);
    assert_eq!(why.status.code(), Some(1));
    assert!(
        text(&why.stdout).contains("twice/a.yaml:5"),
        "{}",
        text(&why.stdout)
    );

    // A field that doesn't exist is told with its path; the rest works.
    let set = up.ask(&["app", "set", "good", "syncPolicy.automated.selfheal=true"]);
    assert_eq!(set.status.code(), Some(2));
    assert!(text(&set.stderr).contains("spec.syncPolicy.automated.selfheal"));
    let missing = up.ask(&["app", "get", "nobody"]);
    assert_eq!(missing.status.code(), Some(5));
}

#[test]
fn a_port_in_use_and_a_folder_in_use_are_one_sentence_and_a_hint() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("up");
    let _up = Running::up(&folder, &[]);
    let again = windlass()
        .args(["up", "--listen", "127.0.0.1:0", "--dir"])
        .arg(&folder)
        .output()
        .unwrap();
    let err = text(&again.stderr);
    assert_eq!(again.status.code(), Some(6), "{err}");
    assert!(
        err.contains("another windlass is using the folder") && err.contains("hint: "),
        "{err}"
    );

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let other = dir.path().join("other").display().to_string();
    let refused = run(&["up", "--dir", &other, "--listen", &address]);
    let err = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(3), "{err}");
    assert!(err.contains(&address) && err.contains("hint: "), "{err}");
}
