//! From what a client sent to an object of its kind.

use value::{Object, Value};

use crate::failure::{Failure, Result};
use crate::kinds::Kind;
use crate::registry::FieldValidation;

/// An object, and what was odd about it.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) value: Value,
    pub(crate) warnings: Vec<String>,
}

/// Checks that a body is of `kind` and brings it into the form in which Go would write it.
pub(crate) fn decode(kind: &Kind, body: Value, _validation: FieldValidation) -> Result<Decoded> {
    let mut value = match body {
        Value::Null => Value::object(),
        other => other,
    };
    let Some(object) = value.as_object_mut() else {
        return Err(Failure::bad_request("couldn't get version/kind; json parse error"));
    };
    let api_version = kind.api_version();
    object.insert("kind", kind.kind.as_str());
    object.insert("apiVersion", api_version.as_str());
    if !kind.custom {
        drop_nulls(object);
    }
    object.entry("metadata", Value::object);
    Ok(Decoded { value, warnings: Vec::new() })
}

fn drop_nulls(object: &mut Object) {
    object.retain(|_, v| !v.is_null());
    for (_, v) in object.iter_mut() {
        drop_inside(v);
    }
}

fn drop_inside(value: &mut Value) {
    match value {
        Value::Object(o) => drop_nulls(o),
        Value::Array(items) => items.iter_mut().for_each(drop_inside),
        _ => {}
    }
}
