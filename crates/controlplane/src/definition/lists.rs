//! Lists whose items are told apart: none is there twice.

use std::collections::HashSet;

use value::{Object, Value};

use super::structural::{ListType, Structural, join};
use crate::failure::FieldError;

/// Adds an error for every item that repeats an earlier one.
pub(super) fn validate(
    schema: &Structural,
    value: &Value,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if let Some(of) = schema.member(name) {
                    validate(of, member, &join(path, name), errors);
                }
            }
        }
        Value::Array(items) => {
            let mut seen: HashSet<String> = HashSet::new();
            for (i, item) in items.iter().enumerate() {
                let place = format!("{path}[{i}]");
                if let Some(identity) = identity(schema, item)
                    && !seen.insert(identity.to_json())
                {
                    errors.push(FieldError::duplicate(&place, identity));
                }
                if let Some(of) = schema.items.as_deref() {
                    validate(of, item, &place, errors);
                }
            }
        }
        _ => {}
    }
}

/// Returns what tells an item of a list from the others.
pub(super) fn identity(schema: &Structural, item: &Value) -> Option<Value> {
    match &schema.list_type {
        ListType::Atomic => None,
        ListType::Set => Some(item.clone()),
        ListType::Map(keys) => {
            let mut identity = Object::new();
            for key in keys {
                if let Some(value) = item.get(key) {
                    identity.insert(key.clone(), value.clone());
                }
            }
            Some(identity.into())
        }
    }
}
