//! Dropping what a schema doesn't know.

use value::Value;

use super::structural::{Additional, Structural, join};

/// Members that every object has.
const OBJECT: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Prunes a whole object. The paths of what is dropped are added to `unknown`.
pub(super) fn object(schema: &Structural, object: &mut Value, unknown: &mut Vec<String>) {
    prune(object, Some(schema), true, "", unknown);
}

/// Prunes a value that is no object of its own.
pub(super) fn part(schema: &Structural, value: &mut Value, unknown: &mut Vec<String>) {
    prune(value, Some(schema), false, "", unknown);
}

fn prune(
    value: &mut Value,
    schema: Option<&Structural>,
    is_object: bool,
    path: &str,
    unknown: &mut Vec<String>,
) {
    let is_object = is_object || schema.is_some_and(|s| s.embedded);
    let keeps = schema.is_some_and(|s| s.preserve_unknown);
    match value {
        Value::Object(members) => {
            members.retain(|name, member| {
                if is_object && OBJECT.contains(&name.as_str()) {
                    return true;
                }
                let place = || join(path, name.as_str());
                if let Some(property) = schema.and_then(|s| s.property(name)) {
                    prune(member, Some(property), false, &place(), unknown);
                    return true;
                }
                match schema.map(|s| &s.additional) {
                    Some(Additional::Schema(schema)) => {
                        prune(member, Some(schema), false, &place(), unknown);
                        true
                    }
                    Some(Additional::Any) => {
                        if !keeps {
                            prune(member, None, false, &place(), unknown);
                        }
                        true
                    }
                    _ if keeps => true,
                    _ => {
                        unknown.push(place());
                        false
                    }
                }
            });
        }
        Value::Array(items) => {
            let of = schema.and_then(|s| s.items.as_deref());
            if keeps && of.is_none() {
                return;
            }
            for (i, item) in items.iter_mut().enumerate() {
                prune(item, of, false, &format!("{path}[{i}]"), unknown);
            }
        }
        _ => {}
    }
}
