//! Values: where they come from, and how they come together.

mod coalesce;
mod dependencies;

pub use coalesce::{ValuesError, coalesce};
pub use dependencies::process_dependencies;

use value::{Object, Value};

/// Reads a values file, which may hold several documents; every number becomes a float, as Go's
/// JSON decoder makes it.
///
/// # Errors
/// Fails with Helm's text.
pub fn read_documents(text: &[u8]) -> Result<Value, String> {
    let mut values = Value::object();
    for document in documents(text) {
        let mut tree = yaml::v2::to_value(&document).map_err(|e| {
            format!("cannot unmarshal yaml document: error converting YAML to JSON: {e}")
        })?;
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
                "cannot unmarshal yaml document: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {got} into Go value of type map[string]interface {{}}"
            ));
        }
        to_floats(&mut tree);
        merge(&mut values, tree);
    }
    Ok(values)
}

/// Cuts a stream at lines that begin with `---`.
fn documents(text: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut current: Vec<u8> = Vec::new();
    for line in text.split_inclusive(|b| *b == b'\n') {
        let is_separator = line
            .strip_prefix(b"---")
            .is_some_and(|rest| rest.iter().all(u8::is_ascii_whitespace));
        if is_separator {
            if !current.is_empty() {
                all.push(std::mem::take(&mut current));
            }
            continue;
        }
        current.extend_from_slice(line);
    }
    if !current.is_empty() {
        all.push(current);
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
