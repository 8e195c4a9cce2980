//! Which charts inside a chart take part, and what they hand up.

use super::coalesce::{Nulls, ValuesError, coalesce_with, tables};
use super::table;
use crate::chart::{Chart, Dependency};
use crate::compat::Compat;
use gotemplate::semver::{Constraint, Version};
use std::sync::Arc;
use value::{Object, Value};

/// Applies aliases, conditions and tags of `Chart.yaml`, drops the charts that they turn off, and
/// imports values of the others.
///
/// # Errors
/// Fails where values don't fit.
pub fn process_dependencies(chart: &mut Chart, values: &Value) -> Result<(), ValuesError> {
    process_dependencies_as(chart, values, Compat::V4)
}

/// Like [`process_dependencies`], as one Helm or the other does it.
///
/// # Errors
/// Fails like [`process_dependencies`].
pub fn process_dependencies_as(
    chart: &mut Chart,
    values: &Value,
    compat: Compat,
) -> Result<(), ValuesError> {
    let given = values.as_object().cloned().unwrap_or_default();
    choose(chart, &given, "", Nulls::of(compat))?;
    import(chart)
}

/// Returns true if a version of a chart is what a dependency asks for.
fn fits(wanted: &str, version: &str) -> bool {
    match (Constraint::parse(wanted), Version::parse(version)) {
        (Ok(constraint), Ok(version)) => constraint.check(&version),
        _ => false,
    }
}

fn choose(chart: &mut Chart, values: &Object, path: &str, nulls: Nulls) -> Result<(), ValuesError> {
    if chart.metadata.dependencies.is_empty() {
        return Ok(());
    }
    let asked = chart.metadata.dependencies.clone();
    let is_asked_for = |c: &Chart| {
        asked
            .iter()
            .any(|d| d.name == c.name() && fits(&d.version, &c.metadata.version))
    };
    let loaded = std::mem::take(&mut chart.dependencies);
    let mut charts: Vec<Chart> = loaded
        .iter()
        .filter(|c| !is_asked_for(c))
        .cloned()
        .collect();
    for dependency in &mut chart.metadata.dependencies {
        let found = loaded.iter().find(|c| {
            c.name() == dependency.name && fits(&dependency.version, &c.metadata.version)
        });
        if let Some(found) = found {
            let mut found = found.clone();
            if !dependency.alias.is_empty() {
                found.metadata.name.clone_from(&dependency.alias);
            }
            charts.push(found);
        }
        if !dependency.alias.is_empty() {
            dependency.name.clone_from(&dependency.alias);
        }
        dependency.enabled = true;
    }
    chart.dependencies = charts;
    let all = coalesce_with(chart, values.clone(), nulls)?;
    for dependency in &mut chart.metadata.dependencies {
        dependency.enabled = is_enabled(dependency, &all, path);
    }
    let off: Vec<String> = chart
        .metadata
        .dependencies
        .iter()
        .filter(|d| !d.enabled)
        .map(|d| d.name.clone())
        .collect();
    chart
        .dependencies
        .retain(|c| !off.iter().any(|name| name == c.name()));
    chart
        .metadata
        .dependencies
        .retain(|d| !off.contains(&d.name));
    for inner in &mut chart.dependencies {
        let path = format!("{path}{}.", inner.name());
        choose(inner, &all, &path, nulls)?;
    }
    Ok(())
}

/// Tags first: one that is true wins over one that is false. Then the first condition that is a
/// boolean.
fn is_enabled(dependency: &Dependency, values: &Object, path: &str) -> bool {
    let mut enabled = true;
    if let Some(tags) = table(values, "tags") {
        let set: Vec<bool> = dependency
            .tags
            .iter()
            .filter_map(|tag| tags.get(tag)?.as_bool())
            .collect();
        enabled = set.is_empty() || set.contains(&true);
    }
    let conditions = dependency
        .condition
        .trim()
        .split(',')
        .filter(|c| !c.is_empty());
    for condition in conditions {
        if let Some(Value::Bool(b)) = at(values, &format!("{path}{condition}")) {
            return *b;
        }
    }
    enabled
}

/// Follows a dotted path to something that is no table.
fn at<'v>(values: &'v Object, path: &str) -> Option<&'v Value> {
    let (tables, name) = match path.rsplit_once('.') {
        Some((tables, name)) => (table(values, tables)?, name),
        None => (values, path),
    };
    tables.get(name).filter(|v| !v.is_object())
}

fn import(chart: &mut Chart) -> Result<(), ValuesError> {
    for inner in &mut chart.dependencies {
        import(inner)?;
    }
    if chart.metadata.dependencies.is_empty() {
        return Ok(());
    }
    let all = coalesce_with(chart, Object::new(), Nulls::Keep)?;
    let mut imported = Object::new();
    for dependency in &chart.metadata.dependencies {
        for from in &dependency.import_values {
            let (child, parent) = match from {
                Value::String(name) => (format!("exports.{name}"), ".".to_owned()),
                Value::Object(both) => {
                    let text = |key: &str| match both.get(key) {
                        Some(Value::String(s)) => s.to_string(),
                        Some(other) => other.to_json(),
                        None => "<nil>".to_owned(),
                    };
                    (text("child"), text("parent"))
                }
                _ => continue,
            };
            let Some(found) = table(&all, &format!("{}.{child}", dependency.name)) else {
                continue;
            };
            let mut placed = found.clone();
            if parent != "." {
                for name in parent.split('.').rev() {
                    placed = Object::from_iter([(name, Value::Object(placed))]);
                }
            }
            tables(&mut imported, &mut placed, Nulls::Keep);
        }
    }
    let mut values = all;
    tables(&mut values, &mut imported, Nulls::Keep);
    chart.values = Arc::new(Value::Object(values));
    Ok(())
}
