//! Charts from HTTP repositories.

use crate::sources;
use source::{
    ChartRepository, ChartSnapshot, ChartVersion, Error, Freshness, Login, PassCredentials, Reason,
    Sources, Tls, Verify,
};
use std::io::Write as _;
use std::time::Instant;
use testkit::ArchiveEntry::{self, File, Folder, Hardlink, Symlink};
use testkit::{ChartServer, ChartServerOptions, pack, pack_chart, sha256};
use tree::Tree as _;

pub(crate) fn text(chart: &ChartSnapshot, path: &str) -> Option<String> {
    let entry = chart.entry(path).expect("a readable tree")?;
    let content = chart.content(entry.id).expect("a readable tree");
    Some(String::from_utf8_lossy(&content).into_owned())
}

/// Returns a server with some versions of `web`, each with its version in a file.
fn shop(options: ChartServerOptions) -> ChartServer {
    let server = ChartServer::start(options);
    for version in ["2.0.0-rc.1", "1.10.0", "1.9.3", "1.2.3", "0.9.0"] {
        let archive = pack_chart("web", version, &[("templates/a.yaml", version)]);
        server.add("web", version, &archive);
    }
    server.add("db", "5.0.0", &pack_chart("db", "5.0.0", &[]));
    server
}

fn repository(server: &ChartServer) -> ChartRepository {
    ChartRepository::new(&server.url()).expect("a URL")
}

fn resolve(sources: &Sources, from: &ChartRepository, wanted: &str) -> Result<ChartVersion, Error> {
    sources.resolve_chart(from, "web", wanted, Freshness::Latest)
}

#[test]
fn versions_and_ranges_give_the_files_of_that_version() {
    let server = shop(ChartServerOptions::default());
    let (from, (_dir, sources)) = (repository(&server), sources());
    let cases = [
        ("1.9.3", "1.9.3"),
        ("v1.9.3", "1.9.3"),
        ("", "1.10.0"),
        ("*", "1.10.0"),
        ("^1.2", "1.10.0"),
        ("~1.9", "1.9.3"),
        ("<1", "0.9.0"),
        ("2.0.0-rc.1", "2.0.0-rc.1"),
        (">=1.0.0-0", "2.0.0-rc.1"),
    ];
    for (wanted, want) in cases {
        let version = resolve(&sources, &from, wanted).unwrap();
        assert_eq!(version.version, want, "{wanted}");
        let chart = sources.chart(&from, &version).unwrap();
        assert_eq!(Some(chart.digest()), version.digest);
        assert_eq!(text(&chart, "templates/a.yaml").as_deref(), Some(want));
        assert!(text(&chart, "Chart.yaml").unwrap().contains(want));
        assert_eq!(chart.entry("web").unwrap(), None);
    }
    let error = resolve(&sources, &from, "1.9.4").unwrap_err();
    assert_eq!(error.reason(), Reason::VersionNotFound);
    assert_eq!(
        error.to_string(),
        format!(
            "chart \"web\" of {} has no version \"1.9.4\": the nearest are 2.0.0-rc.1, 1.10.0, 1.9.3",
            server.url()
        )
    );
    let missing = |chart| {
        sources
            .resolve_chart(&from, chart, "", Freshness::Latest)
            .unwrap_err()
    };
    assert_eq!(missing("wep").reason(), Reason::ChartNotFound);
    assert!(
        missing("wep")
            .to_string()
            .ends_with("has no chart \"wep\"; did you mean \"web\"?")
    );
}

#[test]
fn equal_files_have_equal_ids_in_all_versions() {
    let server = shop(ChartServerOptions::default());
    let files = [
        ("values.yaml", "a: 1"),
        ("templates/b.yaml", "b"),
        ("templates/a.yaml", "a"),
    ];
    server.add("web", "3.0.0", &pack_chart("web", "3.0.0", &files));
    server.add("web", "3.0.1", &pack_chart("web", "3.0.1", &files));
    let (from, (_dir, sources)) = (repository(&server), sources());
    let [old, new] = ["3.0.0", "3.0.1"].map(|v| {
        let version = resolve(&sources, &from, v).unwrap();
        sources.chart(&from, &version).unwrap()
    });
    assert_ne!(old.root(), new.root());
    assert_eq!(
        old.entry("templates").unwrap(),
        new.entry("templates").unwrap()
    );
    let folder = old
        .folder(old.entry("templates").unwrap().unwrap().id)
        .unwrap();
    let names: Vec<&str> = folder.iter().map(|n| n.name.as_ref()).collect();
    assert_eq!(names, ["a.yaml", "b.yaml"]);
    assert_eq!(old.entry("values.yaml/x").unwrap(), None);
}

#[test]
fn an_index_that_did_not_change_is_not_sent_again() {
    let server = shop(ChartServerOptions::default());
    let (from, (dir, sources)) = (repository(&server), sources());
    let asked = Instant::now();
    let version = resolve(&sources, &from, "^1").unwrap();
    sources.chart(&from, &version).unwrap();
    let index = || server.requests("charts/index.yaml");
    assert_eq!(index(), 1);
    // What was learnt since is fresh enough; a new chart is found in the same index.
    for freshness in [Freshness::Known, Freshness::Since(asked)] {
        sources.resolve_chart(&from, "db", "*", freshness).unwrap();
    }
    assert_eq!(index(), 1);
    // Asked again, the server says that nothing changed, also to another process.
    resolve(&sources, &from, "^1").unwrap();
    let again = Sources::new(dir.path());
    assert_eq!(resolve(&again, &from, "^1").unwrap(), version);
    again.chart(&from, &version).unwrap();
    assert_eq!(index(), 3);
    let conditional = server
        .seen()
        .iter()
        .filter(|r| !r.header("if-none-match").is_empty())
        .count();
    assert_eq!(conditional, 2);
    assert_eq!(server.requests("charts/web-1.10.0.tgz"), 1);
    // A change is seen.
    server.add("web", "1.11.0", &pack_chart("web", "1.11.0", &[]));
    let known = sources
        .resolve_chart(&from, "web", "^1", Freshness::Known)
        .unwrap();
    assert_eq!(known.version, "1.10.0");
    assert_eq!(resolve(&sources, &from, "^1").unwrap().version, "1.11.0");
}

#[test]
fn a_cache_that_was_emptied_is_filled_again() {
    let server = shop(ChartServerOptions::default());
    let (from, (dir, sources)) = (repository(&server), sources());
    let version = resolve(&sources, &from, "1.2.3").unwrap();
    std::fs::remove_dir_all(dir.path().join("charts")).unwrap();
    let known = sources
        .resolve_chart(&from, "web", "1.2.3", Freshness::Known)
        .unwrap();
    assert_eq!(known, version);
    sources.chart(&from, &known).unwrap();
}

#[test]
fn logins_are_asked_for_refused_and_taken() {
    let server = shop(ChartServerOptions {
        login: Some(("ann".into(), "s3cret".into())),
        token: Some("t0ken".into()),
    });
    let (from, (_dir, sources)) = (repository(&server), sources());
    let login = |user: &str, password: &str| Login::Basic {
        user: user.into(),
        password: password.into(),
    };
    let error = resolve(&sources, &from, "").unwrap_err();
    assert_eq!(error.reason(), Reason::AuthenticationRequired);
    assert!(error.to_string().contains("requires a login"), "{error}");
    for wrong in [login("ann", "wr0ng"), Login::Bearer("wr0ng".into())] {
        let error = resolve(&sources, &from.clone().with_login(wrong), "").unwrap_err();
        assert_eq!(error.reason(), Reason::AuthenticationRequired);
        assert!(error.to_string().contains(" refuses "), "{error}");
        assert!(!error.to_string().contains("wr0ng"), "{error}");
    }
    for right in [login("ann", "s3cret"), Login::Bearer("t0ken".into())] {
        let from = from.clone().with_login(right);
        let version = resolve(&sources, &from, "").unwrap();
        sources.chart(&from, &version).unwrap();
    }
    // What one login may see is nothing that is known to everybody.
    let known = sources.resolve_chart(&from, "web", "", Freshness::Known);
    assert_eq!(known.unwrap_err().reason(), Reason::AuthenticationRequired);
}

#[test]
fn logins_are_not_told_to_other_hosts() {
    let login = Some(("ann".to_owned(), "s3cret".to_owned()));
    let home = ChartServer::start(ChartServerOptions {
        login: login.clone(),
        ..ChartServerOptions::default()
    });
    let open = ChartServer::start(ChartServerOptions::default());
    let closed = ChartServer::start(ChartServerOptions {
        login,
        ..ChartServerOptions::default()
    });
    let archive = pack_chart("web", "1.0.0", &[]);
    open.put("x/web.tgz", &archive);
    closed.put("x/web.tgz", &archive);
    let digest = sha256(&archive);
    home.list("web", "1.0.0", &digest, &open.url_of("x/web.tgz?sig=q7ery"));
    home.list("web", "2.0.0", "", &closed.url_of("x/web.tgz?sig=q7ery"));
    home.list("web", "3.0.0", "", "moved.tgz");
    home.redirect("charts/moved.tgz", &open.url_of("x/web.tgz"));
    let from = repository(&home).with_login(Login::Basic {
        user: "ann".into(),
        password: "s3cret".into(),
    });
    let (_dir, sources) = sources();
    let fetch = |from: &ChartRepository, wanted: &str| {
        let version = resolve(&sources, from, wanted)?;
        sources.chart(from, &version)
    };
    fetch(&from, "1.0.0").unwrap();
    fetch(&from, "3.0.0").unwrap();
    let error = fetch(&from, "2.0.0").unwrap_err();
    assert_eq!(error.reason(), Reason::AuthenticationRequired);
    let said = error.to_string();
    assert!(
        said.contains("passCredentials") && !said.contains("q7ery"),
        "{said}"
    );
    let told = |server: &ChartServer| {
        let requests = server.seen();
        requests
            .iter()
            .filter(|r| !r.header("authorization").is_empty())
            .count()
    };
    assert_eq!((told(&open), told(&closed)), (0, 0));
    assert_eq!(open.seen().len(), 2);
    fetch(
        &from.with_pass_credentials(PassCredentials::AllHosts),
        "2.0.0",
    )
    .unwrap();
    assert_eq!(told(&closed), 1);
}

#[test]
fn an_archive_that_is_not_the_announced_one_is_refused() {
    let server = shop(ChartServerOptions::default());
    server.put(
        "charts/web-1.2.3.tgz",
        &pack_chart("web", "1.2.3", &[("x", "evil")]),
    );
    let (from, (_dir, sources)) = (repository(&server), sources());
    let version = resolve(&sources, &from, "1.2.3").unwrap();
    let error = sources.chart(&from, &version).unwrap_err();
    assert_eq!(error.reason(), Reason::DigestMismatch, "{error}");
    // Without a digest there is nothing to compare, and the archive stays as long as the index.
    server.list("web", "4.0.0", "", "web-4.tgz");
    server.put(
        "charts/web-4.tgz",
        &pack_chart("web", "4.0.0", &[("x", "one")]),
    );
    let version = resolve(&sources, &from, "4.0.0").unwrap();
    assert_eq!(version.digest, None);
    for _ in 0..2 {
        let chart = sources.chart(&from, &version).unwrap();
        assert_eq!(text(&chart, "x").as_deref(), Some("one"));
    }
    assert_eq!(server.requests("charts/web-4.tgz"), 1);
}

#[test]
fn archives_that_no_chart_may_be_are_refused_by_the_name_of_the_entry() {
    let about = File("web/Chart.yaml", b"name: web");
    let huge = vec![b' '; (5 << 20) + 1];
    let both = [about, File("web/a", b""), File("web/a/b", b"")];
    let cases: [(&[ArchiveEntry<'_>], Reason, &str); 9] = [
        (
            &[about, File("web/../../evil", b"x")],
            Reason::ChartInvalid,
            "\"web/../../evil\"",
        ),
        (
            &[about, File("/etc/evil", b"x")],
            Reason::ChartInvalid,
            "\"/etc/evil\"",
        ),
        (
            &[about, Symlink("web/link", "/etc/passwd")],
            Reason::ChartInvalid,
            "symbolic link \"web/link\"",
        ),
        (
            &[about, Symlink("web/up", "..")],
            Reason::ChartInvalid,
            "symbolic link \"web/up\"",
        ),
        (
            &[about, Hardlink("web/hard", "web/Chart.yaml")],
            Reason::ChartInvalid,
            "hard link \"web/hard\"",
        ),
        (
            &[about, File("web/huge", &huge)],
            Reason::TooLarge,
            "\"web/huge\"",
        ),
        (&both, Reason::ChartInvalid, "\"web/a/b\""),
        (&[Folder("web/")], Reason::ChartInvalid, "has no files"),
        (
            &[File("web/values.yaml", b"")],
            Reason::ChartInvalid,
            "has no Chart.yaml",
        ),
    ];
    let (_dir, sources) = sources();
    for (entries, reason, want) in cases {
        let server = ChartServer::start(ChartServerOptions::default());
        server.add("web", "1.0.0", &pack(entries));
        let from = repository(&server);
        let version = resolve(&sources, &from, "1.0.0").unwrap();
        let error = sources.chart(&from, &version).unwrap_err();
        assert_eq!(error.reason(), reason, "{want}: {error}");
        assert!(error.to_string().contains(want), "{want}: {error}");
        assert!(
            error
                .to_string()
                .contains("chart \"web\" 1.0.0 from http://"),
            "{error}"
        );
    }
}

#[test]
fn an_archive_that_breaks_off_is_refused() {
    let server = ChartServer::start(ChartServerOptions::default());
    let whole = pack_chart("web", "1.0.0", &[("a", &"x".repeat(5_000))]);
    server.add("web", "1.0.0", &whole[..whole.len() / 2]);
    server.add("web", "2.0.0", b"<html>sign in</html>");
    let (from, (_dir, sources)) = (repository(&server), sources());
    for wanted in ["1.0.0", "2.0.0"] {
        let version = resolve(&sources, &from, wanted).unwrap();
        let error = sources.chart(&from, &version).unwrap_err();
        assert_eq!(error.reason(), Reason::ChartInvalid, "{error}");
    }
}

#[test]
fn repositories_that_cannot_answer_are_told_apart() {
    let server = shop(ChartServerOptions::default());
    let gone = ChartServer::start(ChartServerOptions::default()).url();
    server.put("html/index.yaml", b"<html>\n<p>hello: world</p></html>\n");
    server.redirect("loop/index.yaml", "/loop/index.yaml");
    server.redirect("file/index.yaml", "file:///etc/passwd");
    server.redirect("moved/index.yaml", "/charts/index.yaml");
    let url = |path: &str| server.url_of(path);
    let cases = [
        (url("nothing"), Reason::RepositoryNotFound),
        (url("html"), Reason::RepositoryInvalid),
        (url("loop"), Reason::RepositoryUnreachable),
        (url("file"), Reason::RepositoryInvalid),
        (gone, Reason::RepositoryUnreachable),
    ];
    let (_dir, sources) = sources();
    for (url, want) in cases {
        let from = ChartRepository::new(&format!("{url}?token=q7ery")).unwrap();
        let error = resolve(&sources, &from, "").unwrap_err();
        assert_eq!(error.reason(), want, "{url}: {error}");
        assert!(!error.to_string().contains("q7ery"), "{error}");
    }
    let from = ChartRepository::new(&url("moved")).unwrap();
    assert_eq!(resolve(&sources, &from, "").unwrap().version, "1.10.0");
}

#[test]
fn compressed_indexes_and_the_next_url_are_used() {
    let server = ChartServer::start(ChartServerOptions::default());
    let archive = pack_chart("web", "1.0.0", &[]);
    server.put("charts/a/web.tgz", &archive);
    let index = "entries:\n  web:\n  - version: 1.0.0\n    urls: [gone.tgz, a/web.tgz]\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(index.as_bytes()).unwrap();
    server.put_compressed("charts/index.yaml", &gzip.finish().unwrap());
    let (from, (_dir, sources)) = (repository(&server), sources());
    let version = resolve(&sources, &from, "").unwrap();
    let chart = sources.chart(&from, &version).unwrap();
    assert_eq!(chart.digest().to_hex(), sha256(&archive));
}

#[test]
fn whoever_asks_at_the_same_time_shares_one_answer() {
    let server = shop(ChartServerOptions::default());
    let (from, (_dir, sources)) = (repository(&server), sources());
    let now = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let version = sources.resolve_chart(&from, "web", "^1", Freshness::Since(now));
                sources.chart(&from, &version.unwrap()).unwrap();
            });
        }
    });
    assert_eq!(server.requests("charts/index.yaml"), 1);
    assert_eq!(server.requests("charts/web-1.10.0.tgz"), 1);
}

#[test]
fn hosts_prove_who_they_are() {
    let (server, certificate) = ChartServer::start_tls(ChartServerOptions::default());
    server.add("web", "1.0.0", &pack_chart("web", "1.0.0", &[]));
    let (from, (_dir, sources)) = (repository(&server), sources());
    let fetch = |tls: Tls| {
        let from = from.clone().with_tls(tls);
        let version = resolve(&sources, &from, "")?;
        sources.chart(&from, &version)
    };
    let authorities = |pem: &str| Tls {
        authorities: Some(pem.to_owned()),
        ..Tls::default()
    };
    let blind = Tls {
        verify: Verify::No,
        ..Tls::default()
    };
    assert_eq!(
        fetch(Tls::default()).unwrap_err().reason(),
        Reason::RepositoryUnreachable
    );
    fetch(authorities(&certificate)).unwrap();
    fetch(blind).unwrap();
    // What others believe is not believed by everybody.
    let known = sources
        .resolve_chart(&from, "web", "", Freshness::Known)
        .unwrap_err();
    assert_eq!(known.reason(), Reason::RepositoryUnreachable);
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let error = fetch(authorities(broken)).unwrap_err();
    assert_eq!(error.reason(), Reason::CertificateInvalid, "{error}");
    let secret = Tls {
        identity: Some("s3cret".to_owned()),
        ..Tls::default()
    };
    assert!(!format!("{secret:?}").contains("s3cret"));
    let error = fetch(secret).unwrap_err();
    assert_eq!(error.reason(), Reason::CertificateInvalid, "{error}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
}
