//! Custom resources: the columns that their definition names.

use jiff::Timestamp;
use value::{Value, json};

use super::format;
use super::json_path::JsonPath;
use crate::kinds::Kind;

/// A column of a custom resource.
#[derive(Debug, Clone)]
pub(super) struct Column {
    name: String,
    kind: String,
    format: String,
    description: String,
    priority: i64,
    /// `None` if the path isn't understood: the column stays empty.
    path: Option<JsonPath>,
}

impl Column {
    /// Reads an item of `additionalPrinterColumns`.
    fn from_value(column: &Value) -> Self {
        let text = |name: &str| column.str_at(&[name]).to_owned();
        Self {
            name: text("name"),
            kind: text("type"),
            format: text("format"),
            description: text("description"),
            priority: column.i64_at(&["priority"]).unwrap_or(0),
            path: JsonPath::parse(column.str_at(&["jsonPath"])),
        }
    }
}

/// Returns the columns behind the name; `None` if the kind is not a custom one.
pub(super) fn columns(kind: &Kind) -> Option<Vec<Column>> {
    if !kind.custom {
        return None;
    }
    if let Some(definition) = &kind.definition
        && let Some(columns) = &definition.columns
    {
        return Some(columns.iter().map(Column::from_value).collect());
    }
    let text = |name: &str, path: &str| json!({"name": name, "type": "string", "jsonPath": path});
    let wide = |name: &str, path: &str| json!({"name": name, "type": "string", "jsonPath": path, "priority": 10});
    let columns = match (kind.group.as_str(), kind.kind.as_str()) {
        ("argoproj.io", "Application") => vec![
            text("Sync Status", ".status.sync.status"),
            text("Health Status", ".status.health.status"),
            wide("Revision", ".status.sync.revision"),
            wide("Project", ".spec.project"),
        ],
        ("windlass.dev", "DriftRecord") => vec![
            text("Application", ".spec.application"),
            text("Object", ".spec.object.name"),
            text("Actor", ".spec.author.name"),
            text("Action", ".outcome.action"),
        ],
        ("windlass.dev", "AuditEntry") => vec![
            text("What", ".spec.action"),
            text("Application", ".spec.application"),
            text("By", ".spec.author.name"),
        ],
        _ => vec![json!({
            "name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp",
        })],
    };
    Some(columns.iter().map(Column::from_value).collect())
}

pub(super) fn definitions(columns: &[Column]) -> Value {
    let name = super::definition("Name", "string", "name", 0, "");
    let columns = columns
        .iter()
        .map(|c| super::definition(&c.name, &c.kind, &c.format, c.priority, &c.description));
    std::iter::once(name).chain(columns).collect()
}

pub(super) fn cells(columns: &[Column], object: &Value, now: Timestamp) -> Value {
    let name = json!(object.str_at(&["metadata", "name"]));
    std::iter::once(name)
        .chain(columns.iter().map(|c| cell(c, object, now)))
        .collect()
}

/// Returns what is found, in the type of its column; what doesn't fit is left out.
fn cell(column: &Column, object: &Value, now: Timestamp) -> Value {
    let Some(found) = column.path.as_ref().and_then(|path| path.first(object)) else {
        return Value::Null;
    };
    match (column.kind.as_str(), found) {
        ("date", Value::String(time)) => match time.parse::<Timestamp>() {
            Ok(time) => format::human_duration(now.duration_since(time).as_secs()).into(),
            Err(_) => "<invalid>".into(),
        },
        ("string", Value::String(_)) | ("boolean", Value::Bool(_)) => found.clone(),
        ("string", Value::Null) => "<no value>".into(),
        ("string", other) => other.to_json().into(),
        ("number", number) if number.is_number() => number.clone(),
        ("integer", number) if number.is_number() => whole(number),
        _ => Value::Null,
    }
}

/// Cuts the fraction of a number off.
fn whole(number: &Value) -> Value {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the fraction is what is to go"
    )]
    let cut = |float: f64| float as i64;
    number
        .as_i64()
        .or_else(|| number.as_f64().map(cut))
        .map_or(Value::Null, Value::from)
}

#[cfg(test)]
mod tests {
    use super::{Column, cells};
    use value::{Value, json};

    fn shown(kind: &str, path: &str) -> Value {
        let object = json!({
            "metadata": {"name": "x", "labels": {"app.kubernetes.io/name": "n"}},
            "spec": {
                "s": "a", "i": 5, "f": 2.7, "b": true, "null": null, "t": "2026-01-01T00:00:00Z",
                "o": {"a": 1}, "l": ["a", "b"], "objs": [{}, {"name": "q"}],
            },
            "status": {"conditions": [
                {"type": "Other", "status": "False"}, {"type": "Ready", "status": "True"},
            ]},
        });
        let column = Column::from_value(&json!({"name": "C", "type": kind, "jsonPath": path}));
        let now = "2026-01-01T00:00:30Z".parse().expect("a time");
        cells(&[column], &object, now).as_array().expect("cells")[1].clone()
    }

    #[test]
    fn values_become_what_their_column_is() {
        let cases = [
            ("string", ".spec.s", json!("a")),
            ("string", ".spec.i", json!("5")),
            ("string", ".spec.o", json!("{\"a\":1}")),
            ("string", ".spec.null", json!("<no value>")),
            ("string", ".spec.none", Value::Null),
            ("integer", ".spec.f", json!(2)),
            ("integer", ".spec.s", Value::Null),
            ("number", ".spec.f", json!(2.7)),
            ("boolean", ".spec.b", json!(true)),
            ("boolean", ".spec.s", Value::Null),
            ("date", ".spec.t", json!("30s")),
            ("date", ".spec.s", json!("<invalid>")),
            ("date", ".spec.none", Value::Null),
        ];
        for (kind, path, want) in cases {
            assert_eq!(shown(kind, path), want, "{kind} {path}");
        }
    }

    #[test]
    fn paths_lead_to_the_first_match() {
        let cases = [
            (
                r#".status.conditions[?(@.type=="Ready")].status"#,
                json!("True"),
            ),
            (
                r#".status.conditions[?(@.type=="Gone")].status"#,
                Value::Null,
            ),
            (".spec.l[0]", json!("a")),
            (".spec.l[*]", json!("a")),
            (".spec.l[-1:]", json!("b")),
            (".spec.l[7]", Value::Null),
            (".spec.objs[*].name", json!("q")),
            (r".metadata.labels.app\.kubernetes\.io/name", json!("n")),
            (r".metadata.labels['app\.kubernetes\.io/name']", json!("n")),
            (".spec.l[", Value::Null),
        ];
        for (path, want) in cases {
            assert_eq!(shown("string", path), want, "{path}");
        }
    }
}
