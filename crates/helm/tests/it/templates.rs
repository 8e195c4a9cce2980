//! What Helm makes of templates, byte for byte.

use crate::cases;
use base64::Engine as _;
use gotemplate::Options;
use helm::engine::{Capabilities, Context, KubeVersion, Release, render};
use helm::values::{coalesce, to_floats};
use helm::{Chart, Compat, File};
use std::collections::BTreeMap;
use value::Value;

const CHART: &str = "apiVersion: v2\nname: c\nversion: 1.2.3\nappVersion: \"4.5\"\ndescription: golden\ntype: application\n";

/// What the recorded cluster could do, and when it was asked.
const API_VERSIONS: [&str; 7] = [
    "v1",
    "apps/v1",
    "batch/v1",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1/Ingress",
    "policy/v1/PodDisruptionBudget",
    "monitoring.coreos.com/v1",
];
const NOW_SECONDS: i64 = 1_795_262_400;

fn file(name: &str, text: &str) -> File {
    File {
        name: name.to_owned(),
        data: text.as_bytes().into(),
    }
}

fn run(case: &Value) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut files = Vec::new();
    if case.at(&["files", "Chart.yaml"]).is_none() {
        files.push(file("Chart.yaml", CHART));
    }
    if let Some(given) = case.get("files").and_then(Value::as_object) {
        files.extend(
            given
                .iter()
                .map(|(name, text)| file(name, text.as_str().unwrap_or(""))),
        );
    }
    files.push(file("templates/t.yaml", case.str_at(&["template"])));
    let chart = Chart::from_files(files).map_err(|e| e.to_string())?;
    let mut given = case.get("values").cloned().unwrap_or_else(Value::object);
    to_floats(&mut given);
    let values = coalesce(&chart, &given).map_err(|e| e.to_string())?;
    helm::schema::validate(&chart, &values)?;
    let kube = match case.str_at(&["release", "kube_version"]) {
        "" => "v1.31.2",
        version => version,
    };
    let versions = case.array_at(&["release", "api_versions"]);
    let api_versions = if versions.is_empty() {
        API_VERSIONS.map(str::to_owned).to_vec()
    } else {
        versions
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let capabilities = Capabilities {
        kube_version: KubeVersion::parse(kube).expect("a version"),
        api_versions: std::sync::Arc::new(api_versions),
    };
    let release = Release {
        name: "rel".to_owned(),
        namespace: "ns".to_owned(),
        revision: 1,
        is_upgrade: false,
    };
    let options = Options {
        now_seconds: NOW_SECONDS,
        ..Options::default()
    };
    let context = Context {
        release: &release,
        capabilities: &capabilities,
        options: &options,
        cache: None,
        lookup: None,
        trace: false,
        compat: Compat::V4,
    };
    let rendered = render(&chart, &values, context).map_err(|e| e.to_string())?;
    Ok(rendered.files)
}

/// Returns what is wrong with a case.
fn check(case: &Value) -> Option<String> {
    let got = run(case);
    if let Some(want) = case.get("error").and_then(Value::as_str) {
        let is_cut = case.get("error_cut").is_some();
        return match got {
            Err(e) if e == want || (is_cut && e.starts_with(want)) => None,
            Err(e) => Some(format!("error {e:?}\nwant  {want:?}")),
            Ok(files) => {
                let text = files
                    .get("c/templates/t.yaml")
                    .map(|t| String::from_utf8_lossy(t));
                Some(format!("got {text:?}\nwant error {want:?}"))
            }
        };
    }
    let files = match got {
        Ok(files) => files,
        Err(e) => {
            let want = case.str_at(&["want"]);
            return Some(format!("error {e:?}\nwant {want:?}"));
        }
    };
    let name = files
        .keys()
        .find(|name| name.ends_with("/templates/t.yaml"));
    let name = name.cloned().unwrap_or_default();
    let want = match case.get("want_b64").and_then(Value::as_str) {
        Some(encoded) => base64::engine::general_purpose::STANDARD
            .decode(encoded)
            .expect("base64"),
        None => case.str_at(&["want"]).as_bytes().to_vec(),
    };
    let mut wanted = vec![(name, want)];
    if let Some(others) = case.get("want_files").and_then(Value::as_object) {
        let others = others.iter().map(|(name, text)| {
            (
                name.to_string(),
                text.as_str().unwrap_or("").as_bytes().to_vec(),
            )
        });
        wanted.extend(others);
    }
    wanted.iter().find_map(|(name, want)| {
        let got = files.get(name);
        if got == Some(want) {
            return None;
        }
        let got = got.map(|t| String::from_utf8_lossy(t));
        let want = String::from_utf8_lossy(want);
        Some(format!("{name}\ngot  {got:?}\nwant {want:?}"))
    })
}

#[test]
fn templates_render_as_in_helm() {
    let Some(cases) = cases::load("go/templates.jsonl") else {
        return;
    };
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let wrong = check(case)?;
            let name = case.str_at(&["name"]);
            let template = case.str_at(&["template"]);
            Some(format!("{name}\n{template}\n{wrong}"))
        })
        .collect();
    cases::report("go/templates.jsonl", cases.len(), &failures);
}
