//! `windlass health`: what the health checks say of objects in files, for people who write checks.
//!
//! Unlike the controller, which shows whatever is being deleted as such, this asks the checks about
//! every object as it stands in the file.

use crate::cli::Health as Args;
use crate::failure::{Failure, NO};
use crate::output::{self, Format};
use checks::Checks;
use std::io::Read as _;
use std::path::Path;
use value::{Value, json};

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let checks = match &args.argocd_cm {
        Some(path) => Checks::from_argocd_cm(&config_map(path)?),
        None => Checks::default(),
    };
    let checks = checks.with_clock(|| jiff::Timestamp::now().as_second());
    for problem in &checks.problems {
        output::complain(&format!("error: {problem}"));
    }
    let mut rows = Vec::new();
    let mut items = Vec::new();
    for path in &args.files {
        for object in objects(path)? {
            let health = checks.by_rules(&object);
            let status = health.as_ref().map_or("-", |h| h.status.as_str());
            let message = health.as_ref().map_or("", |h| h.message.as_str());
            let (kind, name) = (
                object.str_at(&["kind"]),
                object.str_at(&["metadata", "name"]),
            );
            rows.push(vec![
                format!("{kind}/{name}"),
                status.to_owned(),
                message.split_whitespace().collect::<Vec<_>>().join(" "),
            ]);
            let mut item = json!({
                "apiVersion": object.str_at(&["apiVersion"]),
                "kind": kind,
                "metadata": {"name": name},
            });
            if let Some(namespace) = object.at(&["metadata", "namespace"]) {
                item.set_at(&["metadata", "namespace"], namespace.clone());
            }
            if let Some(health) = &health {
                item.set_at(&["health", "status"], health.status.as_str());
                item.set_at(&["health", "message"], health.message.as_str());
            }
            items.push(item);
        }
    }
    match &args.output.format {
        Format::Table | Format::Wide => output::table(&["OBJECT", "HEALTH", "MESSAGE"], &rows),
        format => output::resources(format, &items, true)?,
    }
    Ok(if checks.problems.is_empty() { 0 } else { NO })
}

/// Returns a file's objects, those of lists one by one.
pub(super) fn objects(path: &Path) -> Result<Vec<Value>, Failure> {
    let mut text = Vec::new();
    let read = match path.to_str() {
        Some("-") => std::io::stdin().read_to_end(&mut text).map(|_| ()),
        _ => std::fs::read(path).map(|bytes| text = bytes),
    };
    let wrong =
        |error: &dyn std::fmt::Display| Failure::new(NO, format!("{}: {error}", path.display()));
    read.map_err(|error| wrong(&error))?;
    let documents = yaml::manifests(&text).map_err(|error| wrong(&error))?;
    let mut objects = Vec::new();
    for document in documents {
        let value = document.value;
        match value.at(&["items"]).and_then(Value::as_array) {
            Some(items) if value.str_at(&["kind"]).ends_with("List") => {
                objects.extend(items.iter().cloned());
            }
            _ if value.is_object() => objects.push(value),
            _ => {}
        }
    }
    Ok(objects)
}

/// Returns the file's config map: `argocd-cm`, or the only one.
fn config_map(path: &Path) -> Result<Value, Failure> {
    let mut maps = objects(path)?;
    maps.retain(|object| object.str_at(&["kind"]) == "ConfigMap");
    let named = |map: &Value| map.str_at(&["metadata", "name"]) == "argocd-cm";
    if let Some(at) = maps.iter().position(named) {
        return Ok(maps.swap_remove(at));
    }
    match maps.len() {
        1 => Ok(maps.swap_remove(0)),
        _ => {
            let wrong = format!("{}: there is no config map argocd-cm", path.display());
            Err(Failure::new(NO, wrong))
        }
    }
}
