//! A stock `git` against the host.

use testkit::{GitServer, GitServerOptions, git};

#[test]
fn a_stock_git_clones_commits_pushes_and_fetches() {
    let server = GitServer::start(GitServerOptions::default());
    let first = server.commit("shop", &[("web.yaml", Some("a: 1\n"))], "shop v1");
    let dir = tempfile::tempdir().unwrap();
    git(dir.path(), &["clone", "-q", &server.url("shop"), "one"]);
    git(dir.path(), &["clone", "-q", &server.url("shop"), "two"]);
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    assert_eq!(git(&one, &["rev-parse", "HEAD"]).trim(), first.to_string());

    std::fs::write(one.join("web.yaml"), "a: 2\n").unwrap();
    git(&one, &["commit", "-qam", "shop v2"]);
    git(&one, &["push", "-q", "origin", "HEAD"]);
    let pushed = server.repository("shop").branch("main").unwrap().unwrap();
    assert_eq!(git(&one, &["rev-parse", "HEAD"]).trim(), pushed.to_string());
    assert_eq!(
        server
            .repository("shop")
            .file("main", "web.yaml")
            .unwrap()
            .unwrap(),
        b"a: 2\n"
    );

    git(&two, &["pull", "-q"]);
    assert_eq!(git(&two, &["log", "--format=%s"]), "shop v2\nshop v1\n");
    git(&two, &["fsck", "--strict"]);
}

#[test]
fn a_push_that_lost_a_race_is_refused_and_nothing_moves() {
    let server = GitServer::start(GitServerOptions::default());
    server.commit("shop", &[("a", Some("1"))], "one");
    let dir = tempfile::tempdir().unwrap();
    git(dir.path(), &["clone", "-q", &server.url("shop"), "w"]);
    let work = dir.path().join("w");
    let newer = server.commit("shop", &[("a", Some("2"))], "two");
    git(&work, &["commit", "-q", "--allow-empty", "-m", "late"]);
    let refused = std::process::Command::new("git")
        .args(["push", "-q", "origin", "HEAD"])
        .current_dir(&work)
        .output()
        .unwrap();
    assert!(!refused.status.success());
    assert_eq!(
        server.repository("shop").branch("main").unwrap(),
        Some(newer)
    );
}

#[test]
fn branches_tags_shallow_clones_and_empty_repositories_work() {
    let server = GitServer::start(GitServerOptions::default());
    let _empty = server.repository("empty");
    let dir = tempfile::tempdir().unwrap();
    git(dir.path(), &["clone", "-q", &server.url("empty"), "w"]);
    let work = dir.path().join("w");
    for message in ["one", "two", "three"] {
        git(&work, &["commit", "-q", "--allow-empty", "-m", message]);
    }
    git(&work, &["tag", "-a", "v1", "-m", "first"]);
    git(
        &work,
        &["push", "-q", "origin", "HEAD:main", "v1", "HEAD:side"],
    );
    git(
        dir.path(),
        &[
            "clone",
            "-q",
            "--depth",
            "1",
            &server.url("empty"),
            "shallow",
        ],
    );
    assert_eq!(
        git(&dir.path().join("shallow"), &["log", "--format=%s"]),
        "three\n"
    );
    git(&work, &["push", "-q", "origin", ":side"]);
    assert!(!git(&work, &["ls-remote", "origin"]).contains("side"));
    assert!(git(&work, &["ls-remote", "origin"]).contains("refs/tags/v1^{}"));
}

#[test]
fn long_requests_and_many_files_survive() {
    let server = GitServer::start(GitServerOptions::default());
    let files: Vec<(String, String)> = (0..500)
        .map(|i| {
            (
                format!("d{}/f{i}.yaml", i % 7),
                format!("n: {i}\n").repeat(50),
            )
        })
        .collect();
    let changes: Vec<(&str, Option<&str>)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), Some(text.as_str())))
        .collect();
    server.commit("big", &changes, "many");
    let dir = tempfile::tempdir().unwrap();
    git(dir.path(), &["clone", "-q", &server.url("big"), "w"]);
    let work = dir.path().join("w");
    // Many "have" lines make git compress its request.
    for i in 0..40 {
        git(
            &work,
            &["commit", "-q", "--allow-empty", "-m", &i.to_string()],
        );
    }
    server.commit("big", &[("new", Some("x"))], "more");
    git(&work, &["fetch", "-q"]);
    git(&work, &["rebase", "-q", "origin/main"]);
    git(&work, &["push", "-q", "origin", "HEAD"]);
    git(&work, &["fsck"]);
}
