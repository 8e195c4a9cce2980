//! Filling in defaults, and what a `null` means.

use value::Value;

use super::structural::Structural;

/// Fills in defaults.
pub(super) fn defaults(schema: &Structural, value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, property) in &schema.properties {
                let Some(default) = &property.default else {
                    continue;
                };
                let absent = members
                    .get(name)
                    .is_none_or(|present| property.refuses_null(present));
                if absent {
                    members.insert(name.clone(), default.clone());
                }
            }
            for (name, member) in members.iter_mut() {
                let Some(of) = schema.member(name) else {
                    continue;
                };
                replace_null(of, member);
                defaults(of, member);
            }
        }
        Value::Array(items) => {
            let Some(of) = schema.items.as_deref() else {
                return;
            };
            for item in items {
                replace_null(of, item);
                defaults(of, item);
            }
        }
        _ => {}
    }
}

/// Puts the default in the place of a null that isn't allowed.
fn replace_null(schema: &Structural, value: &mut Value) {
    if schema.refuses_null(value)
        && let Some(default) = &schema.default
    {
        *value = default.clone();
    }
}

/// Drops nulls that a schema doesn't allow.
pub(super) fn drop_nulls(schema: &Structural, value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, member| {
                let Some(of) = schema.member(name) else {
                    return true;
                };
                if of.refuses_null(member) {
                    return false;
                }
                drop_nulls(of, member);
                true
            });
        }
        Value::Array(items) => {
            if let Some(of) = schema.items.as_deref() {
                items.iter_mut().for_each(|item| drop_nulls(of, item));
            }
        }
        _ => {}
    }
}
