//! JSON Patch (RFC 6902) as a kube-apiserver applies it.
//!
//! Kubernetes, Kustomize and Argo CD share one Go library whose habits differ from the RFC, and
//! people's patches rely on them: an array index may be negative, `replace` sets a member that is
//! absent, `copy` from an absent member makes a `null`, and `test` against `null` holds when the
//! member is absent.

use crate::Value;
use crate::pointer::unescape;

/// Bytes that all `copy` operations of one patch may add together; a few of them in a row can
/// otherwise double a document over and over. A kube-apiserver has the same limit.
pub const COPY_BYTES_MAX: usize = 3 * 1024 * 1024;

/// A JSON Patch that doesn't apply. Nothing of it is applied then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonPatchError {
    /// The patch isn't an array of operations.
    #[error("a JSON patch is an array of operations, this is of type {0}")]
    NotAnArray(&'static str),
    /// An operation has no `path`, or it isn't a string.
    #[error("operation missing path field")]
    NoPath,
    /// A `move` or `copy` has no `from`, or it isn't a string.
    #[error("operation, missing from field")]
    NoFrom,
    /// The word in `op` is not one of the six.
    #[error("Unexpected kind: {0}")]
    UnknownOperation(String),
    /// What should hold the value doesn't exist.
    #[error("{operation} operation does not apply: doc is missing path: \"{path}\": missing value")]
    MissingPath {
        /// The operation's name.
        operation: &'static str,
        /// Its JSON pointer.
        path: String,
    },
    /// `remove` or `move` of a member that doesn't exist.
    #[error("unable to remove nonexistent key: {0}: missing value")]
    MissingKey(String),
    /// A token of the pointer isn't the index of an element.
    #[error("unable to access invalid index: {0}: invalid index referenced")]
    BadIndex(String),
    /// A `test` found something else.
    #[error("testing value {0} failed: test failed")]
    TestFailed(String),
    /// A `replace` of the whole document by something that holds nothing.
    #[error("replace operation value must be object or array")]
    ScalarRoot,
    /// The copies of this patch are larger than [`COPY_BYTES_MAX`] together.
    #[error(
        "unable to complete the copy, the accumulated size increase of copy is {0}, \
         exceeding the limit {COPY_BYTES_MAX}"
    )]
    CopiesTooLarge(usize),
}

/// Returns `document` with the operations of `patch`, a JSON array, applied in order.
///
/// # Errors
/// Fails at the first operation that can't be applied, see [`JsonPatchError`]. How many operations
/// a patch may have is for the caller to say.
pub fn json_patch(mut document: Value, patch: &Value) -> Result<Value, JsonPatchError> {
    let operations = match patch {
        Value::Array(operations) => operations.as_slice(),
        Value::Null => &[],
        other => return Err(JsonPatchError::NotAnArray(other.type_name())),
    };
    let mut copied_bytes = 0;
    for operation in operations {
        apply(&mut document, operation, &mut copied_bytes)?;
    }
    Ok(document)
}

fn apply(
    document: &mut Value,
    operation: &Value,
    copied_bytes: &mut usize,
) -> Result<(), JsonPatchError> {
    let path = |name| operation.get(name).and_then(Value::as_str);
    let value = || operation.get("value").cloned().unwrap_or_default();
    let to = || path("path").ok_or(JsonPatchError::NoPath);
    let from = || path("from").ok_or(JsonPatchError::NoFrom);
    match operation.str_at(&["op"]) {
        "add" => {
            let (holder, key) = find("add", document, to()?)?;
            add(holder, &key, value())
        }
        "remove" => {
            let (holder, key) = find("remove", document, to()?)?;
            remove(holder, &key).map(drop)
        }
        "replace" => replace(document, to()?, value()),
        "move" => {
            let from = from()?;
            let (holder, key) = find("move", document, from)?;
            let moved = remove(holder, &key)?;
            let (holder, key) = find("move", document, to()?)?;
            add(holder, &key, moved)
        }
        "copy" => {
            let from = from()?;
            let (holder, key) = find("copy", document, from)?;
            let copy = get(holder, &key)?.cloned().unwrap_or_default();
            *copied_bytes += copy.to_json().len();
            if *copied_bytes > COPY_BYTES_MAX {
                return Err(JsonPatchError::CopiesTooLarge(*copied_bytes));
            }
            let (holder, key) = find("copy", document, to()?)?;
            add(holder, &key, copy)
        }
        "test" => test(document, to()?, &value()),
        "" => Err(JsonPatchError::UnknownOperation("unknown".to_owned())),
        other => Err(JsonPatchError::UnknownOperation(other.to_owned())),
    }
}

/// Returns the object or array that holds what `path` points at, and its last token.
fn find<'a>(
    operation: &'static str,
    document: &'a mut Value,
    path: &str,
) -> Result<(&'a mut Value, String), JsonPatchError> {
    let missing = || JsonPatchError::MissingPath {
        operation,
        path: path.to_owned(),
    };
    let (parents, key) = path.rsplit_once('/').ok_or_else(missing)?;
    // Whatever stands before the first slash is skipped, as the reference does.
    let mut holder = document;
    for token in parents.split('/').skip(1) {
        let token = unescape(token);
        holder = match holder {
            Value::Object(o) => o.get_mut(&token),
            Value::Array(a) => position(&token, a.len(), 0).and_then(|i| a.get_mut(i)),
            _ => None,
        }
        .ok_or_else(missing)?;
    }
    match holder {
        Value::Object(_) | Value::Array(_) => Ok((holder, unescape(key).into_owned())),
        _ => Err(missing()),
    }
}

/// Reads an index of an array with `len` elements; a negative one counts back from `len + room`.
fn position(token: &str, len: usize, room: usize) -> Option<usize> {
    let index: i64 = token.parse().ok()?;
    let end = len + room;
    let i = if index < 0 {
        end.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?
    } else {
        usize::try_from(index).ok()?
    };
    (i < end).then_some(i)
}

fn bad_index(key: &str) -> JsonPatchError {
    JsonPatchError::BadIndex(key.to_owned())
}

fn get<'a>(holder: &'a Value, key: &str) -> Result<Option<&'a Value>, JsonPatchError> {
    match holder {
        Value::Array(a) => match position(key, a.len(), 0) {
            Some(i) => Ok(a.get(i)),
            None => Err(bad_index(key)),
        },
        _ => Ok(holder.get(key)),
    }
}

fn add(holder: &mut Value, key: &str, value: Value) -> Result<(), JsonPatchError> {
    match holder {
        Value::Array(a) if key == "-" => a.push(value),
        Value::Array(a) => {
            let i = position(key, a.len(), 1).ok_or_else(|| bad_index(key))?;
            a.insert(i, value);
        }
        Value::Object(o) => {
            o.insert(key, value);
        }
        _ => unreachable!("find() answers objects and arrays only"),
    }
    Ok(())
}

fn remove(holder: &mut Value, key: &str) -> Result<Value, JsonPatchError> {
    match holder {
        Value::Array(a) => position(key, a.len(), 0)
            .map(|i| a.remove(i))
            .ok_or_else(|| bad_index(key)),
        Value::Object(o) => o
            .remove(key)
            .ok_or_else(|| JsonPatchError::MissingKey(key.to_owned())),
        _ => unreachable!("find() answers objects and arrays only"),
    }
}

fn replace(document: &mut Value, path: &str, value: Value) -> Result<(), JsonPatchError> {
    if path.is_empty() {
        if !value.is_object() && !value.is_array() {
            return Err(JsonPatchError::ScalarRoot);
        }
        *document = value;
        return Ok(());
    }
    let (holder, key) = find("replace", document, path)?;
    match holder {
        Value::Array(a) => {
            let i = position(&key, a.len(), 0).ok_or_else(|| bad_index(&key))?;
            a[i] = value;
            Ok(())
        }
        _ => add(holder, &key, value),
    }
}

fn test(document: &mut Value, path: &str, want: &Value) -> Result<(), JsonPatchError> {
    let failed = || JsonPatchError::TestFailed(path.to_owned());
    let found = if path.is_empty() {
        Some(&*document)
    } else {
        let (holder, key) = find("test", document, path)?;
        get(holder, &key)?
    };
    if found.unwrap_or(&Value::Null) == want {
        Ok(())
    } else {
        Err(failed())
    }
}

#[cfg(test)]
mod tests {
    use super::json_patch;
    use crate::{Value, json};

    fn patched(document: &Value, patch: &Value) -> Result<String, String> {
        json_patch(document.clone(), patch)
            .map(|v| v.to_json())
            .map_err(|e| e.to_string())
    }

    #[test]
    fn operations_follow_the_reference() {
        let document = json!({"a": {"b": 1}, "l": [1, 2, 3]});
        for (patch, want) in [
            (json!([]), r#"{"a":{"b":1},"l":[1,2,3]}"#),
            (
                json!([{"op": "add", "path": "/a/c", "value": 2}]),
                r#"{"a":{"b":1,"c":2},"l":[1,2,3]}"#,
            ),
            (
                json!([{"op": "add", "path": "/l/-", "value": 4}]),
                r#"{"a":{"b":1},"l":[1,2,3,4]}"#,
            ),
            (
                json!([{"op": "add", "path": "/l/3", "value": 4}]),
                r#"{"a":{"b":1},"l":[1,2,3,4]}"#,
            ),
            (
                json!([{"op": "add", "path": "/l/-1", "value": 4}]),
                r#"{"a":{"b":1},"l":[1,2,3,4]}"#,
            ),
            (
                json!([{"op": "remove", "path": "/l/-1"}]),
                r#"{"a":{"b":1},"l":[1,2]}"#,
            ),
            (
                json!([{"op": "replace", "path": "/l/0", "value": null}]),
                r#"{"a":{"b":1},"l":[null,2,3]}"#,
            ),
            (
                json!([{"op": "replace", "path": "/a/new", "value": 7}]),
                r#"{"a":{"b":1,"new":7},"l":[1,2,3]}"#,
            ),
            (
                json!([{"op": "move", "from": "/a/b", "path": "/l/0"}]),
                r#"{"a":{},"l":[1,1,2,3]}"#,
            ),
            (
                json!([{"op": "copy", "from": "/a/x", "path": "/a/y"}]),
                r#"{"a":{"b":1,"y":null},"l":[1,2,3]}"#,
            ),
            (
                json!([{"op": "test", "path": "/a/x", "value": null}]),
                r#"{"a":{"b":1},"l":[1,2,3]}"#,
            ),
            (json!([{"op": "replace", "path": "", "value": {}}]), "{}"),
        ] {
            assert_eq!(patched(&document, &patch).as_deref(), Ok(want), "{patch}");
        }
    }

    #[test]
    fn what_does_not_apply_is_named() {
        let document = json!({"a": {"b": 1}, "l": [1, 2, 3]});
        for (patch, want) in [
            (json!({}), "an array of operations"),
            (json!([{}]), "Unexpected kind: unknown"),
            (json!([{"op": "remove"}]), "missing path field"),
            (
                json!([{"op": "remove", "path": "/a/x"}]),
                "nonexistent key: x",
            ),
            (
                json!([{"op": "remove", "path": "/x/y"}]),
                "missing path: \"/x/y\"",
            ),
            (
                json!([{"op": "add", "path": "", "value": 1}]),
                "missing path: \"\"",
            ),
            (
                json!([{"op": "add", "path": "/l/5", "value": 1}]),
                "invalid index: 5",
            ),
            (
                json!([{"op": "add", "path": "/l/x", "value": 1}]),
                "invalid index: x",
            ),
            (
                json!([{"op": "remove", "path": "/l/-4"}]),
                "invalid index: -4",
            ),
            (
                json!([{"op": "add", "path": "/a/b/c", "value": 1}]),
                "missing path",
            ),
            (
                json!([{"op": "test", "path": "/a/b", "value": 1.0}]),
                "test failed",
            ),
            (
                json!([{"op": "move", "from": "/a/x", "path": "/a/y"}]),
                "nonexistent key: x",
            ),
        ] {
            let error = patched(&document, &patch).expect_err("it must not apply");
            assert!(error.contains(want), "{patch}: {error}");
        }
    }

    #[test]
    fn copies_cannot_grow_without_end() {
        let mut operations =
            vec![json!({"op": "add", "path": "/a", "value": ["xxxxxxxxxxxxxxxxxxxx"]})];
        for _ in 0..40 {
            operations.push(json!({"op": "copy", "from": "/a", "path": "/a/-"}));
        }
        let error = patched(&Value::object(), &operations.into()).expect_err("too large");
        assert!(error.contains("exceeding the limit"), "{error}");
    }
}
