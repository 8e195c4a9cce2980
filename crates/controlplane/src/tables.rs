//! Objects as rows of a table, and as their metadata alone.

use value::{Value, json};

use crate::kinds::Kind;

/// What a row carries beside its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Include {
    /// Nothing.
    None,
    /// The object's metadata.
    Metadata,
    /// The whole object.
    Object,
}

/// Returns an object's metadata.
pub(crate) fn partial(version: &str, object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": object.at(&["metadata"]).cloned().unwrap_or_else(Value::object),
    })
}

fn column(name: &str, kind: &str, format: &str, priority: i64) -> Value {
    json!({
        "name": name, "type": kind, "format": format, "priority": priority, "description": ""
    })
}

/// Returns a table of objects.
pub(crate) fn table(
    _kind: &Kind,
    version: &str,
    objects: &[Value],
    include: Include,
    now: jiff::Timestamp,
) -> Value {
    let rows: Vec<Value> = objects
        .iter()
        .map(|o| {
            let cells = json!([o.str_at(&["metadata", "name"]), age(o, now)]);
            json!({"cells": cells, "object": included(version, o, include)})
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": format!("meta.k8s.io/{version}"), "metadata": {},
        "columnDefinitions": [column("Name", "string", "name", 0), column("Age", "string", "", 0)],
        "rows": rows,
    })
}

/// Returns a table of scales.
pub(crate) fn scale(version: &str, objects: &[Value], include: Include, now: jiff::Timestamp) -> Value {
    status(version, objects, include, now)
}

/// Returns a table of statuses.
pub(crate) fn status(version: &str, objects: &[Value], include: Include, _now: jiff::Timestamp) -> Value {
    let rows: Vec<Value> = objects
        .iter()
        .map(|o| json!({"cells": [o.str_at(&["metadata", "name"])], "object": included(version, o, include)}))
        .collect();
    json!({
        "kind": "Table", "apiVersion": format!("meta.k8s.io/{version}"), "metadata": {},
        "columnDefinitions": [column("Name", "string", "name", 0)], "rows": rows,
    })
}

fn included(version: &str, object: &Value, include: Include) -> Value {
    match include {
        Include::None => Value::Null,
        Include::Metadata => partial(version, object),
        Include::Object => object.clone(),
    }
}

fn age(object: &Value, now: jiff::Timestamp) -> String {
    let created = object.str_at(&["metadata", "creationTimestamp"]);
    match created.parse::<jiff::Timestamp>() {
        Ok(created) => human_duration(now.duration_since(created).as_secs()),
        Err(_) => "<unknown>".to_owned(),
    }
}

/// Writes seconds as Kubernetes writes an age.
pub(crate) fn human_duration(seconds: i64) -> String {
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    let seconds = seconds.max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let pair = |a: i64, unit: &str, b: i64, small: &str| {
        if b == 0 { format!("{a}{unit}") } else { format!("{a}{unit}{b}{small}") }
    };
    match () {
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 10 => pair(minutes, "m", seconds % 60, "s"),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => pair(hours, "h", minutes % 60, "m"),
        () if hours < 48 => format!("{hours}h"),
        () if hours < 192 => pair(days, "d", hours % 24, "h"),
        () if days < 730 => format!("{days}d"),
        () if days < 8 * 365 => pair(days / 365, "y", days % 365, "d"),
        () => format!("{}y", days / 365),
    }
}
