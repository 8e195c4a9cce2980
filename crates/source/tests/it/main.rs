//! Git against a server over HTTP and local repositories; charts against repositories and
//! registries.

mod charts;
mod helm;
mod registries;

use githost::BasicAuth;
use source::{Freshness, Reason, Sources};
use testkit::{GitServer, GitServerOptions, git};
use tree::{EntryKind, Recording, Tree as _};

fn sources() -> (tempfile::TempDir, Sources) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let sources = Sources::new(dir.path());
    (dir, sources)
}

#[test]
fn branches_tags_commits_and_head_resolve_and_follow_the_server() {
    let server = GitServer::start(GitServerOptions::default());
    let first = server.commit(
        "shop",
        &[("app/web.yaml", Some("a: 1\n"))],
        "shop v1\n\nbody",
    );
    let url = server.url("shop");
    let (_dir, sources) = sources();
    for revision in [
        "main",
        "HEAD",
        "",
        &first.to_string(),
        &first.to_string()[..8],
    ] {
        assert_eq!(
            sources.resolve(&url, revision, Freshness::Latest).unwrap(),
            first,
            "{revision}"
        );
    }
    let second = server.commit(
        "shop",
        &[("app/web.yaml", None), ("b", Some("x"))],
        "shop v2",
    );
    assert_eq!(
        sources.resolve(&url, "main", Freshness::Known).unwrap(),
        first
    );
    assert_eq!(
        sources.resolve(&url, "main", Freshness::Latest).unwrap(),
        second
    );

    let info = sources.commit_info(&url, first).unwrap();
    assert_eq!(
        (info.author.as_str(), info.subject.as_str()),
        ("alice", "shop v1")
    );
    let (old, new) = (
        sources.snapshot(&url, first).unwrap(),
        sources.snapshot(&url, second).unwrap(),
    );
    let entry = old.entry("app/web.yaml").unwrap().unwrap();
    assert_eq!(
        (entry.kind, &*old.content(entry.id).unwrap()),
        (EntryKind::File, &b"a: 1\n"[..])
    );
    assert!(new.entry("app/web.yaml").unwrap().is_none());
    assert!(new.entry("app").unwrap().is_none());
}

#[test]
fn one_fetch_serves_everybody_who_asks_for_the_same_moment() {
    let server = GitServer::start(GitServerOptions::default());
    server.commit("shop", &[("a", Some("1"))], "one");
    let (_dir, sources) = sources();
    sources
        .resolve(&server.url("shop"), "main", Freshness::Latest)
        .unwrap();
    let before = server.requests();
    let now = std::time::Instant::now();
    for _ in 0..50 {
        sources
            .resolve(&server.url("shop"), "main", Freshness::Since(now))
            .unwrap();
    }
    assert!(
        server.requests() - before <= 3,
        "{} requests",
        server.requests() - before
    );
}

#[test]
fn what_goes_wrong_is_told_apart_and_shows_no_secret() {
    let open = GitServer::start(GitServerOptions::default());
    open.commit("shop", &[("a", Some("1"))], "one");
    let auth = BasicAuth {
        user: "u".into(),
        password: "p".into(),
    };
    let closed = GitServer::start(GitServerOptions { auth: Some(auth) });
    let gone = {
        let server = GitServer::start(GitServerOptions::default());
        server.url("x")
    };
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().display().to_string();
    let secret = gone.replace("http://", "http://bob:s3cret@");
    let cases: [(&str, &str, Reason); 8] = [
        (&open.url("nope"), "main", Reason::RepositoryNotFound),
        (&closed.url("shop"), "main", Reason::AuthenticationRequired),
        (&gone, "main", Reason::RepositoryUnreachable),
        (&secret, "main", Reason::UrlInvalid),
        (
            &open.url("shop"),
            "no-such-branch",
            Reason::RevisionNotFound,
        ),
        (
            &open.url("shop"),
            "0123456789012345678901234567890123456789",
            Reason::RevisionNotFound,
        ),
        ("ssh://git@host/x", "main", Reason::UrlInvalid),
        (&plain, "main", Reason::RepositoryNotFound),
    ];
    let (_dir, sources) = sources();
    for (url, revision, want) in cases {
        let error = sources
            .resolve(url, revision, Freshness::Latest)
            .unwrap_err();
        assert_eq!(error.reason(), want, "{url} {revision}: {error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}

#[test]
fn a_deleted_branch_is_gone_though_the_mirror_had_it() {
    let server = GitServer::start(GitServerOptions::default());
    server.commit("shop", &[("a", Some("1"))], "one");
    let dir = tempfile::tempdir().unwrap();
    git(dir.path(), &["clone", "-q", &server.url("shop"), "w"]);
    let work = dir.path().join("w");
    git(&work, &["push", "-q", "origin", "HEAD:side"]);
    let (_dir, sources) = sources();
    sources
        .resolve(&server.url("shop"), "side", Freshness::Latest)
        .unwrap();
    git(&work, &["push", "-q", "origin", ":side"]);
    let error = sources
        .resolve(&server.url("shop"), "side", Freshness::Latest)
        .unwrap_err();
    assert_eq!(error.reason(), Reason::RevisionNotFound);
}

#[test]
fn a_local_repository_is_read_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    git(dir.path(), &["init", "-q", "-b", "main"]);
    std::fs::create_dir(dir.path().join("app")).unwrap();
    std::fs::write(dir.path().join("app/a.yaml"), "a: 1\n").unwrap();
    std::os::unix::fs::symlink("../app/a.yaml", dir.path().join("app/link.yaml")).unwrap();
    std::os::unix::fs::symlink("../../etc", dir.path().join("app/out")).unwrap();
    std::os::unix::fs::symlink("loop", dir.path().join("app/loop")).unwrap();
    git(dir.path(), &["add", "."]);
    git(dir.path(), &["commit", "-qm", "one"]);
    git(dir.path(), &["tag", "-a", "v1", "-m", "v1"]);
    let (_cache, sources) = sources();
    let url = dir.path().display().to_string();
    let head = sources.resolve(&url, "HEAD", Freshness::Latest).unwrap();
    for revision in ["main", "v1", "refs/heads/main"] {
        assert_eq!(
            sources.resolve(&url, revision, Freshness::Latest).unwrap(),
            head,
            "{revision}"
        );
    }
    let snapshot = sources.snapshot(&url, head).unwrap();
    let tree = Recording::new(&snapshot);
    assert_eq!(
        tree.find("app/link.yaml").unwrap().unwrap().path,
        "app/a.yaml"
    );
    assert!(
        tree.find("app/out/passwd")
            .unwrap_err()
            .to_string()
            .contains("app/out/passwd")
    );
    assert!(tree.find("app/loop").is_err());
}
