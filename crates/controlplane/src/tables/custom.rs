//! Custom resources: the columns that their definition names.

use std::borrow::Cow;

use jiff::Timestamp;
use value::{Value, json};

use super::format;
use crate::kinds::Kind;

/// A column of a custom resource.
#[derive(Debug, Clone)]
pub(super) struct Column {
    name: &'static str,
    kind: &'static str,
    priority: i64,
    /// Field names with dots between.
    path: &'static str,
}

const fn text(name: &'static str, path: &'static str) -> Column {
    Column {
        name,
        kind: "string",
        priority: 0,
        path,
    }
}

const fn wide(name: &'static str, path: &'static str) -> Column {
    Column {
        name,
        kind: "string",
        priority: 10,
        path,
    }
}

const AGE: Column = Column {
    name: "Age",
    kind: "date",
    priority: 0,
    path: "metadata.creationTimestamp",
};

/// Returns the columns behind the name; `None` if the kind is not a custom one.
pub(super) fn columns(kind: &Kind) -> Option<Cow<'static, [Column]>> {
    if !kind.custom {
        return None;
    }
    let columns: &[Column] = match (kind.group.as_str(), kind.kind.as_str()) {
        ("argoproj.io", "Application") => {
            &const {
                [
                    text("Sync Status", "status.sync.status"),
                    text("Health Status", "status.health.status"),
                    wide("Revision", "status.sync.revision"),
                    wide("Project", "spec.project"),
                ]
            }
        }
        ("windlass.dev", "DriftRecord") => {
            &const {
                [
                    text("Application", "spec.application"),
                    text("Object", "spec.object.name"),
                    text("Actor", "spec.author.name"),
                    text("Action", "outcome.action"),
                ]
            }
        }
        ("windlass.dev", "AuditEntry") => {
            &const {
                [
                    text("What", "spec.action"),
                    text("Application", "spec.application"),
                    text("By", "spec.author.name"),
                ]
            }
        }
        _ => &const { [AGE] },
    };
    Some(Cow::Borrowed(columns))
}

pub(super) fn definitions(columns: &[Column]) -> Value {
    let name = super::definition("Name", "string", "name", 0, "");
    let columns = columns
        .iter()
        .map(|c| super::definition(c.name, c.kind, "", c.priority, ""));
    std::iter::once(name).chain(columns).collect()
}

pub(super) fn cells(columns: &[Column], object: &Value, now: Timestamp) -> Value {
    let name = json!(object.str_at(&["metadata", "name"]));
    std::iter::once(name)
        .chain(columns.iter().map(|c| cell(c, object, now)))
        .collect()
}

fn cell(column: &Column, object: &Value, now: Timestamp) -> Value {
    let found = column
        .path
        .split('.')
        .try_fold(object, |value, name| value.get(name));
    match (column.kind, found) {
        (_, None) => Value::Null,
        (_, Some(Value::Null)) => "<no value>".into(),
        ("date", Some(Value::String(time))) => match time.parse::<Timestamp>() {
            Ok(time) => format::human_duration(now.duration_since(time).as_secs()).into(),
            Err(_) => "<invalid>".into(),
        },
        (_, Some(value)) => value.clone(),
    }
}
