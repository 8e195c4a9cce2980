//! Charts from OCI registries.

use crate::charts::text;
use crate::sources;
use source::{ChartRepository, Error, Freshness, Login, Reason, Sources};
use testkit::{ChartServer, ChartServerOptions, Registry, RegistryOptions, pack_chart, sha256};

const VERSIONS: [&str; 8] = [
    "1.2.3",
    "1.10.0",
    "2.0.0-rc.1",
    "0.9.0",
    "1.10.0_build.7",
    "20240101",
    "latest",
    "v1.9.9",
];

/// Returns a registry with some versions of `org/web`, each with its tag in a file.
fn registry(options: RegistryOptions) -> Registry {
    let registry = Registry::start(options);
    for tag in VERSIONS {
        registry.push("org/web", tag, &pack_chart("web", tag, &[("tag", tag)]));
    }
    registry
}

fn repository(registry: &Registry) -> ChartRepository {
    let url = format!("oci://{}/org", registry.host());
    let repository = ChartRepository::new(&url).expect("a URL");
    repository.with_plain_http()
}

fn tag(sources: &Sources, from: &ChartRepository, wanted: &str) -> Result<String, Error> {
    let version = sources.resolve_chart(from, "web", wanted, Freshness::Latest)?;
    let chart = sources.chart(from, &version)?;
    assert_eq!(version.digest, Some(chart.digest()));
    Ok(text(&chart, "tag").expect("the file with the tag"))
}

fn requests(registry: &Registry, part: &str) -> usize {
    registry
        .seen()
        .iter()
        .filter(|r| r.target.contains(part))
        .count()
}

#[test]
fn tags_ranges_and_digests_give_the_files_of_that_version() {
    let registry = registry(RegistryOptions::default());
    let digest = registry.push(
        "org/web",
        "9.9.9-x",
        &pack_chart("web", "9.9.9-x", &[("tag", "x")]),
    );
    let (from, (_dir, sources)) = (repository(&registry), sources());
    assert_eq!(tag(&sources, &from, "1.2.3").unwrap(), "1.2.3");
    assert_eq!(tag(&sources, &from, &digest).unwrap(), "x");
    assert_eq!(tag(&sources, &from, "latest").unwrap(), "latest");
    // What is there by its very name needs no list.
    assert_eq!(requests(&registry, "/tags/list"), 0);
    let cases = [
        ("", "1.10.0"),
        ("^1.2", "1.10.0"),
        ("~1.9", "v1.9.9"),
        ("1.10.0+build.7", "1.10.0_build.7"),
        (">=2.0.0-0 <3", "2.0.0-rc.1"),
    ];
    for (wanted, want) in cases {
        assert_eq!(tag(&sources, &from, wanted).unwrap(), want, "{wanted}");
    }
    // The chart in the URL, and a registry without its scheme.
    for (url, chart) in [
        ("oci://HOST/org/web/", ""),
        ("HOST/org", "web"),
        ("HOST", "org/web"),
    ] {
        let url = url.replace("HOST", &registry.host());
        let from = ChartRepository::new(&url).unwrap().with_plain_http();
        let version = sources
            .resolve_chart(&from, chart, "^1", Freshness::Latest)
            .unwrap();
        assert_eq!(
            (version.version.as_str(), version.chart()),
            ("1.10.0", "web"),
            "{url}"
        );
    }
}

#[test]
fn pages_of_tags_are_followed() {
    let registry = registry(RegistryOptions {
        page: 3,
        wants_token: true,
        ..RegistryOptions::default()
    });
    let (from, (_dir, sources)) = (repository(&registry), sources());
    assert_eq!(tag(&sources, &from, ">1.9").unwrap(), "1.10.0");
    assert_eq!(tag(&sources, &from, "~1.9").unwrap(), "v1.9.9");
    assert_eq!(requests(&registry, "/tags/list"), 1 + 3 + 3);
    // One token for everything.
    assert_eq!(
        requests(&registry, "/token?service=test&scope=repository%3Ax%3Apull"),
        1
    );
    let known = sources
        .resolve_chart(&from, "web", "~1.9", Freshness::Known)
        .unwrap();
    assert_eq!(known.version, "v1.9.9");
    assert_eq!(requests(&registry, "/tags/list"), 7);
}

#[test]
fn logins_are_asked_for_refused_and_taken() {
    for wants_token in [true, false] {
        let registry = registry(RegistryOptions {
            wants_token,
            login: Some(("ann".into(), "s3cret".into())),
            ..RegistryOptions::default()
        });
        let (from, (_dir, sources)) = (repository(&registry), sources());
        let with = |password: &str| {
            from.clone().with_login(Login::Basic {
                user: "ann".into(),
                password: password.into(),
            })
        };
        for (from, want) in [
            (&from, "requires a login"),
            (&with("wr0ng"), "refuses user \"ann\""),
        ] {
            for wanted in ["1.2.3", "^1"] {
                let error = tag(&sources, from, wanted).unwrap_err();
                assert_eq!(error.reason(), Reason::AuthenticationRequired, "{error}");
                assert!(error.to_string().contains(want), "{error}");
                assert!(!error.to_string().contains("wr0ng"), "{error}");
            }
        }
        assert_eq!(tag(&sources, &with("s3cret"), "^1").unwrap(), "1.10.0");
        // Passwords are for whoever asked for them, and not sent ahead.
        let first = &registry.seen()[0];
        assert_eq!(first.header("authorization"), "");
        let known = sources.resolve_chart(&from, "web", "^1", Freshness::Known);
        assert_eq!(known.unwrap_err().reason(), Reason::AuthenticationRequired);
    }
}

#[test]
fn layers_elsewhere_are_fetched_without_the_token() {
    let storage = ChartServer::start(ChartServerOptions::default());
    let archive = pack_chart("web", "1.2.3", &[("tag", "1.2.3")]);
    storage.put(&format!("blobs/sha256:{}", sha256(&archive)), &archive);
    let registry = registry(RegistryOptions {
        wants_token: true,
        blobs_at: Some(storage.url_of("blobs")),
        ..RegistryOptions::default()
    });
    let (from, (_dir, sources)) = (repository(&registry), sources());
    assert_eq!(tag(&sources, &from, "1.2.3").unwrap(), "1.2.3");
    assert_eq!(storage.seen().len(), 1);
    assert_eq!(storage.seen()[0].header("authorization"), "");
}

#[test]
fn layers_and_manifests_that_are_not_the_announced_ones_are_refused() {
    let registry = registry(RegistryOptions::default());
    let archive = pack_chart("web", "1.2.3", &[("tag", "1.2.3")]);
    registry.damage(&archive, b"evil");
    let (from, (_dir, sources)) = (repository(&registry), sources());
    let error = tag(&sources, &from, "1.2.3").unwrap_err();
    assert_eq!(error.reason(), Reason::DigestMismatch, "{error}");
    let image = "application/vnd.oci.image.layer.v1.tar+gzip";
    registry.push_layer("org/web", "3.0.0", image, b"x");
    registry.push_manifest("org/web", "4.0.0", b"not json");
    for (wanted, want) in [("3.0.0", image), ("4.0.0", "is not JSON")] {
        let error = tag(&sources, &from, wanted).unwrap_err();
        assert_eq!(error.reason(), Reason::ChartInvalid, "{error}");
        assert!(error.to_string().contains(want), "{error}");
    }
}

#[test]
fn what_is_missing_is_named_with_what_is_there() {
    let registry = registry(RegistryOptions::default());
    let (from, (_dir, sources)) = (repository(&registry), sources());
    let error = tag(&sources, &from, "1.2.4").unwrap_err();
    assert_eq!(error.reason(), Reason::VersionNotFound);
    let said = error.to_string();
    assert!(
        said.contains("has no version \"1.2.4\": the nearest are"),
        "{said}"
    );
    assert!(
        said.contains("1.2.3") && !said.contains("20240101"),
        "{said}"
    );
    // A version is a tag and no range, though an index would take it for one.
    for wanted in ["1.2", "v1.2.3"] {
        let error = tag(&sources, &from, wanted).unwrap_err();
        assert_eq!(error.reason(), Reason::VersionNotFound, "{error}");
    }
    let error = tag(&sources, &from, "stable").unwrap_err();
    assert!(
        error.to_string().contains("neither a version nor a range"),
        "{error}"
    );
    for wanted in ["1.2.3", "^1"] {
        let missing = sources.resolve_chart(&from, "nope", wanted, Freshness::Latest);
        let error = missing.unwrap_err();
        assert_eq!(error.reason(), Reason::ChartNotFound);
        assert!(error.to_string().contains("/org/nope"), "{error}");
    }
}

#[test]
fn a_tag_that_was_moved_is_seen() {
    let registry = registry(RegistryOptions::default());
    let (from, (_dir, sources)) = (repository(&registry), sources());
    assert_eq!(tag(&sources, &from, "1.2.3").unwrap(), "1.2.3");
    registry.push(
        "org/web",
        "1.2.3",
        &pack_chart("web", "1.2.3", &[("tag", "moved")]),
    );
    let known = sources
        .resolve_chart(&from, "web", "1.2.3", Freshness::Known)
        .unwrap();
    let chart = sources.chart(&from, &known).unwrap();
    assert_eq!(text(&chart, "tag").as_deref(), Some("1.2.3"));
    assert_eq!(tag(&sources, &from, "1.2.3").unwrap(), "moved");
}

#[test]
fn an_index_may_name_a_registry() {
    let registry = registry(RegistryOptions::default());
    let server = ChartServer::start(ChartServerOptions::default());
    let layer = sha256(&pack_chart("web", "1.2.3", &[("tag", "1.2.3")]));
    let url = |tag: &str| format!("oci://{}/org/web:{tag}", registry.host());
    server.list("web", "1.2.3", &layer, &url("1.2.3"));
    server.list("web", "1.10.0", &layer, &url("1.10.0"));
    server.list("web", "0.9.0", "", &url("0.9.0").replace(":0.9.0", ""));
    server.list("web", "7.0.0", "", &url("7.0.0"));
    let from = ChartRepository::new(&server.url()).unwrap();
    let (_dir, sources) = sources();
    let error = tag(&sources, &from, "1.10.0").unwrap_err();
    assert_eq!(error.reason(), Reason::DigestMismatch, "{error}");
    assert_eq!(tag(&sources, &from, "1.2.3").unwrap(), "1.2.3");
    let error = tag(&sources, &from, "7.0.0").unwrap_err();
    assert_eq!(error.reason(), Reason::VersionNotFound, "{error}");
    let version = sources
        .resolve_chart(&from, "web", "0.9.0", Freshness::Latest)
        .unwrap();
    let chart = sources.chart(&from, &version).unwrap();
    assert_eq!(text(&chart, "tag").as_deref(), Some("0.9.0"));
}
