//! Objects inside objects: they have a kind and metadata of the usual form.

use value::Value;

use super::structural::{Structural, join};
use crate::failure::FieldError;

/// Brings the metadata of embedded objects into its form.
pub(super) fn coerce(
    schema: &Structural,
    value: &mut Value,
    path: &str,
    unknown: &mut Vec<String>,
) -> Result<(), String> {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let place = join(path, name);
                if schema.embedded && name.as_str() == "metadata" {
                    crate::decode::metadata(member, &place, unknown)?;
                }
                if let Some(of) = schema.member(name) {
                    coerce(of, member, &place, unknown)?;
                }
            }
        }
        Value::Array(items) => {
            if let Some(of) = schema.items.as_deref() {
                for (i, item) in items.iter_mut().enumerate() {
                    coerce(of, item, &format!("{path}[{i}]"), unknown)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// Adds what is wrong with the kinds and metadata of embedded objects.
pub(super) fn validate(
    schema: &Structural,
    value: &Value,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    match value {
        Value::Object(members) => {
            if schema.embedded {
                embedded(value, path, errors);
            }
            for (name, member) in members {
                if let Some(of) = schema.member(name) {
                    validate(of, member, &join(path, name), errors);
                }
            }
        }
        Value::Array(items) => {
            if let Some(of) = schema.items.as_deref() {
                for (i, item) in items.iter().enumerate() {
                    validate(of, item, &format!("{path}[{i}]"), errors);
                }
            }
        }
        _ => {}
    }
}

fn embedded(value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let version = value.str_at(&["apiVersion"]);
    if version.is_empty() {
        errors.push(FieldError::required(&join(path, "apiVersion"), ""));
    } else if version.matches('/').count() > 1 {
        let why = format!("unexpected GroupVersion string: {version}");
        errors.push(FieldError::invalid(
            &join(path, "apiVersion"),
            version,
            &why,
        ));
    }
    let kind = value.str_at(&["kind"]);
    if kind.is_empty() {
        errors.push(FieldError::required(&join(path, "kind"), ""));
    } else if !crate::rules::is_label(&kind.to_lowercase()) {
        let why = "may have mixed case, but should otherwise match: a DNS-1035 label must consist of \
                   lower case alphanumeric characters or '-', start with an alphabetic character, and end \
                   with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
                   validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
        errors.push(FieldError::invalid(&join(path, "kind"), kind, why));
    }
    let mut found = Vec::new();
    crate::rules::validate_metadata(value, &mut found);
    for mut error in found {
        error.field = join(path, &error.field);
        errors.push(error);
    }
}
