//! The same questions to `helm` and to us, where `helm` is installed.

use crate::sources;
use source::{ChartRepository, Freshness};
use std::path::Path;
use std::process::Command;
use testkit::{ChartServer, ChartServerOptions, Registry, RegistryOptions, pack_chart};

const VERSIONS: [&str; 9] = [
    "0.9.0",
    "1.2.3",
    "1.2.3+b.1",
    "1.9.1",
    "1.10.0",
    "1.11.0-alpha.2",
    "1.11.0-alpha.10",
    "2.0.0-rc.1",
    "3.0.0-0",
];

const WANTED: [&str; 22] = [
    "",
    "*",
    "x",
    "1",
    "1.2",
    "1.2.3",
    "v1.2.3",
    "=1.2.3",
    "1.2.3+b.1",
    "~1.9",
    "^0.9",
    "^1.2",
    ">1.9",
    "<1.2.3",
    ">=1.0.0-0",
    "1.11.0-alpha.2",
    "~1.11.0-0",
    "2.x",
    "0.1 - 1.9",
    "!=1.10.0",
    "1.2.4",
    ">2.0.0-0 <3",
];

/// Returns the version that `helm pull` picks; nothing if none, or there is no `helm`.
fn pull(source: &[&str], wanted: &str) -> Option<String> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let dir = dir.path();
    let home = |name: &str| dir.join(name).into_os_string();
    let output = Command::new("helm")
        .arg("pull")
        .args(source)
        .args(["--untar", "--untardir", "out", "--version", wanted])
        .current_dir(dir)
        .env("HELM_CACHE_HOME", home("cache"))
        .env("HELM_CONFIG_HOME", home("config"))
        .env("HELM_DATA_HOME", home("data"))
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| version(&dir.join("out/web/Chart.yaml")))
}

fn version(about: &Path) -> String {
    let about = std::fs::read_to_string(about).expect("a chart");
    let line = about.lines().find_map(|l| l.strip_prefix("version: "));
    line.expect("a version").to_owned()
}

#[test]
fn helm_picks_the_same_versions_from_the_same_servers() {
    if Command::new("helm").arg("version").output().is_err() {
        eprintln!("skipped: helm is not installed");
        return;
    }
    let server = ChartServer::start(ChartServerOptions::default());
    let registry = Registry::start(RegistryOptions::default());
    for version in VERSIONS {
        let archive = pack_chart("web", version, &[]);
        server.add("web", version, &archive);
        registry.push("org/web", &version.replace('+', "_"), &archive);
    }
    let index = ChartRepository::new(&server.url()).unwrap();
    let oci = format!("oci://{}/org/web", registry.host());
    let tags = ChartRepository::new(&oci).unwrap().with_plain_http();
    let (_dir, sources) = sources();
    let picked = |from: &ChartRepository, chart: &str, wanted: &str| {
        let version = sources
            .resolve_chart(from, chart, wanted, Freshness::Latest)
            .ok()?;
        sources.chart(from, &version).unwrap();
        Some(version.version)
    };
    for wanted in WANTED {
        let theirs = pull(&["web", "--repo", &server.url()], wanted);
        assert_eq!(picked(&index, "web", wanted), theirs, "index: {wanted:?}");
        let theirs = pull(&[&oci, "--plain-http"], wanted);
        assert_eq!(picked(&tags, "", wanted), theirs, "registry: {wanted:?}");
    }
}

#[test]
fn what_helm_packages_is_unpacked() {
    let dir = tempfile::tempdir().unwrap();
    let chart = dir.path().join("web");
    let long = format!("files/{}/{}.txt", "long".repeat(30), "name".repeat(30));
    let files = [
        ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
        ("values.yaml", "a: 1\n"),
        ("templates/a.yaml", "{{ .Values.a }}"),
        ("files/größe.txt", "ü"),
        (
            "charts/db/Chart.yaml",
            "apiVersion: v2\nname: db\nversion: 1.0.0\n",
        ),
        (&long, "x"),
    ];
    for (path, text) in files {
        let path = chart.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let output = Command::new("helm")
        .args(["package", "web"])
        .current_dir(dir.path())
        .output();
    let Ok(output) = output else {
        eprintln!("skipped: helm is not installed");
        return;
    };
    assert!(output.status.success(), "{output:?}");
    let server = ChartServer::start(ChartServerOptions::default());
    let archive = std::fs::read(dir.path().join("web-1.0.0.tgz")).unwrap();
    server.add("web", "1.0.0", &archive);
    let (_dir, sources) = sources();
    let from = ChartRepository::new(&server.url()).unwrap();
    let version = sources
        .resolve_chart(&from, "web", "", Freshness::Latest)
        .unwrap();
    let chart = sources.chart(&from, &version).unwrap();
    for (path, text) in files {
        let there = crate::charts::text(&chart, path);
        assert!(
            there.is_some_and(|t| t.trim_end() == text.trim_end() || path == "Chart.yaml"),
            "{path}"
        );
    }
}
