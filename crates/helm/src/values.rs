//! Values: where they come from, and how they come together.

mod coalesce;
mod dependencies;

pub use coalesce::{ValuesError, coalesce, coalesce_as};
pub use dependencies::{process_dependencies, process_dependencies_as};

use crate::compat::Compat;
use value::{Object, Value};

/// Reads a values file, which may hold several documents; every number becomes a float, as Go's
/// JSON decoder makes it.
///
/// # Errors
/// Fails with Helm's text.
pub fn read_documents(text: &[u8]) -> Result<Value, String> {
    let mut values = Value::object();
    for document in documents(text) {
        let mut tree = yaml::v2::to_value(document)
            .map_err(|e| format!("{UNREADABLE}error converting YAML to JSON: {e}"))?;
        if tree.is_null() {
            continue;
        }
        if !tree.is_object() {
            let got = match tree {
                Value::Array(_) => "array",
                Value::String(_) => "string",
                Value::Bool(_) => "bool",
                _ => "number",
            };
            return Err(format!(
                "{UNREADABLE}error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {got} into Go value of type map[string]interface {{}}"
            ));
        }
        to_floats(&mut tree);
        merge(&mut values, tree);
    }
    Ok(values)
}

/// Reads a values file as one Helm or the other does: Helm 3 knows of one document.
///
/// # Errors
/// Fails with Helm's text.
pub fn read_documents_as(text: &[u8], compat: Compat) -> Result<Value, String> {
    match compat {
        Compat::V4 => read_documents(text),
        Compat::V3 => {
            let first = documents(text).into_iter().next().unwrap_or_default();
            read_documents(first).map_err(|e| {
                let own = e.strip_prefix(UNREADABLE).unwrap_or(&e);
                own.to_owned()
            })
        }
    }
}

/// What Helm 4 says before what is wrong with a document.
const UNREADABLE: &str = "cannot unmarshal yaml document: ";

/// Cuts a stream at lines that are nothing but `---`.
fn documents(text: &[u8]) -> Vec<&[u8]> {
    const SEPARATOR: &[u8] = b"---";
    let mut all = Vec::new();
    let mut start = 0;
    for at in memchr::memmem::find_iter(text, SEPARATOR) {
        if at < start || (at > 0 && text[at - 1] != b'\n') {
            continue;
        }
        let behind = &text[at + SEPARATOR.len()..];
        let length = memchr::memchr(b'\n', behind).map_or(behind.len(), |n| n + 1);
        if !behind[..length].iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if at > start {
            all.push(&text[start..at]);
        }
        start = at + SEPARATOR.len() + length;
    }
    if start < text.len() {
        all.push(&text[start..]);
    }
    all
}

/// Makes every number a float.
pub fn to_floats(tree: &mut Value) {
    match tree {
        #[expect(clippy::cast_precision_loss, reason = "it is what Go does")]
        Value::Int(i) => *tree = Value::Float(*i as f64),
        #[expect(clippy::cast_precision_loss, reason = "it is what Go does")]
        Value::UInt(u) => *tree = Value::Float(*u as f64),
        Value::Array(items) => items.iter_mut().for_each(to_floats),
        Value::Object(members) => members.iter_mut().for_each(|(_, v)| to_floats(v)),
        _ => {}
    }
}

/// Merges values files: later ones win, tables are merged, `null` stays.
pub fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(target), Value::Object(source)) => {
            for (key, value) in source {
                match target.get_mut(&key) {
                    Some(current) if current.is_object() && value.is_object() => {
                        merge(current, value);
                    }
                    _ => {
                        target.insert(key, value);
                    }
                }
            }
        }
        (into, from) => *into = from,
    }
}

/// Follows a dotted path through tables.
pub(crate) fn table<'v>(values: &'v Object, path: &str) -> Option<&'v Object> {
    path.split('.')
        .try_fold(values, |table, name| table.get(name)?.as_object())
}
