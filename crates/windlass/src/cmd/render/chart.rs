//! The options for charts.

use crate::cli::{ChartArgs, HelmVersion};
use crate::failure::{Failure, RUNTIME};
use render::{Compat, Helm, SetKind};
use std::io::{ErrorKind, Read as _};
use std::path::Path;

/// The namespace of a release, unless one is given; Helm's own default.
const NAMESPACE: &str = "default";

/// Returns what the options ask of a chart.
pub(super) fn request(args: &ChartArgs, namespace: Option<&str>) -> Result<Helm, Failure> {
    let mut values = Vec::new();
    for path in &args.values {
        let name = path.display().to_string();
        let text =
            read(path).map_err(|e| Failure::new(RUNTIME, format!("open {name}: {}", words(&e))))?;
        values.push((name, text));
    }
    let sets = [
        (SetKind::Json, &args.set_json),
        (SetKind::Plain, &args.set),
        (SetKind::Text, &args.set_string),
        (SetKind::File, &args.set_file),
        (SetKind::Literal, &args.set_literal),
    ];
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| Failure::new(RUNTIME, e.to_string()))?;
    Ok(Helm {
        release: args.release.clone(),
        namespace: namespace.unwrap_or(NAMESPACE).to_owned(),
        values,
        sets: sets
            .into_iter()
            .flat_map(|(kind, texts)| texts.iter().map(move |text| (kind, text.clone())))
            .collect(),
        skip_crds: !args.include_crds,
        skip_hooks: args.no_hooks,
        skip_tests: args.skip_tests,
        skip_schema: args.skip_schema_validation,
        kube_version: args.kube_version.clone().unwrap_or_default(),
        api_versions: args.api_versions.clone(),
        seed,
        compat: match args.compat {
            HelmVersion::V3 => Compat::V3,
            HelmVersion::V4 => Compat::V4,
        },
        now_seconds: jiff::Timestamp::now().as_second(),
        ..Helm::default()
    })
}

/// Reads a file that `--set-file` names.
pub(super) fn read_file(path: &str) -> Result<String, String> {
    read(Path::new(path)).map_err(|e| format!("open {path}: {}", words(&e)))
}

/// Says what is wrong with a file as Helm does.
fn words(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file or directory".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_end(&mut text)?;
    } else {
        text = std::fs::read(path)?;
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}
