//! Moving from client-side to server-side apply, for `kubectl` alone.

use crate::{Set, Typed, Updater};
use value::Value;

/// The manager for which the annotation counts.
pub(super) const KUBECTL: &str = "kubectl";
/// Where client-side apply keeps what it applied.
const ANNOTATION: [&str; 3] = [
    "metadata",
    "annotations",
    "kubectl.kubernetes.io/last-applied-configuration",
];
/// All annotations of an object together may not be longer.
const ANNOTATIONS_BYTES_MAX: usize = 256 * 1024;

/// Returns the paths that client-side apply set and that still have the value it set: conflicts
/// about them are no conflicts for the same person's server-side apply.
pub(super) fn unchanged(updater: &Updater<'_>, live: &Value, version: &str) -> Option<Set> {
    let text = live.at(&ANNOTATION)?.as_str()?;
    let applied = Value::parse(text.as_bytes()).ok()?;
    let of = updater.versions.type_of(version)?;
    let typed = Typed::new(updater.schema, of, &applied);
    let set = typed.field_set().ok()?;
    let changes = typed.compare(live).ok()?;
    Some(
        set.difference(&changes.modified)
            .difference(&changes.added)
            .difference(&changes.removed),
    )
}

/// Keeps the annotation, if there is one, in step with what was applied.
pub(super) fn follow(object: &mut Value, patch: &Value) {
    if object.at(&ANNOTATION).is_none() {
        return;
    }
    let mut applied = patch.clone();
    applied.remove_at(&ANNOTATION);
    let text = format!("{}\n", applied.to_json());
    let others = object.at(&ANNOTATION[..2]).and_then(Value::as_object);
    let size: usize = others
        .into_iter()
        .flatten()
        .filter(|(name, _)| name.as_str() != ANNOTATION[2])
        .map(|(name, value)| name.len() + value.as_str().map_or(0, str::len))
        .sum();
    if size + ANNOTATION[2].len() + text.len() > ANNOTATIONS_BYTES_MAX {
        object.remove_at(&ANNOTATION);
    } else {
        object.set_at(&ANNOTATION, text);
    }
}
