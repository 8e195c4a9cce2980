//! Rules of data, limits and events.

use base64::Engine as _;
use value::Value;

use super::words::Errors;
use crate::failure::FieldError;
use crate::kinds::Kind;

/// Bytes that the data of one object may have.
const DATA_BYTES_MAX: usize = 1024 * 1024;

const KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. \
    'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

fn keys(field: &str, data: Option<&Value>, errors: &mut Errors) -> usize {
    let mut bytes = 0;
    for (key, value) in data.and_then(Value::as_object).into_iter().flatten() {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        let path = format!("{field}[{key}]");
        let mut wrong = |why: &str| errors.push(FieldError::invalid(&path, key.as_str(), why));
        if key.len() > 253 {
            wrong("must be no more than 253 characters");
        }
        if !key.bytes().all(plain) || key.is_empty() {
            wrong(KEY);
        } else if matches!(key.as_str(), "." | "..") || key.starts_with("..") {
            wrong(&format!("must not be '{key}'"));
        }
        bytes += value.as_str().map_or(0, str::len);
    }
    bytes
}

pub(super) fn data(kind: &Kind, object: &Value, errors: &mut Errors) {
    let secret = kind.kind == "Secret";
    let mut bytes = keys("data", object.get("data"), errors);
    if secret {
        bytes = bytes / 4 * 3;
        if bytes > DATA_BYTES_MAX {
            errors.push(FieldError::too_long("data", DATA_BYTES_MAX));
        }
        return well_known(object, errors);
    }
    bytes += keys("binaryData", object.get("binaryData"), errors) / 4 * 3;
    if bytes > DATA_BYTES_MAX {
        errors.push(FieldError::too_long("[]", DATA_BYTES_MAX));
    }
}

/// Some types of secrets have keys that must be there.
fn well_known(object: &Value, errors: &mut Errors) {
    let has = |key: &str| object.at(&["data", key]).is_some();
    let json = |key: &str, errors: &mut Errors| {
        let field = format!("data[{key}]");
        let Some(text) = object.at(&["data", key]).and_then(Value::as_str) else {
            errors.push(FieldError::required(&field, ""));
            return;
        };
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(text)
            .unwrap_or_default();
        if let Err(error) = Value::parse(&bytes) {
            let why = crate::http::go_error(&bytes, &error);
            errors.push(FieldError::invalid(
                &field,
                "<secret contents redacted>",
                &why,
            ));
        }
    };
    let mut need = |key: &str| {
        if !has(key) {
            errors.push(FieldError::required(&format!("data[{key}]"), ""));
        }
    };
    match object.str_at(&["type"]) {
        "kubernetes.io/service-account-token" => {
            let name = "kubernetes.io/service-account.name";
            if object.str_at(&["metadata", "annotations", name]).is_empty() {
                let field = format!("metadata.annotations[{name}]");
                errors.push(FieldError::required(&field, ""));
            }
        }
        "kubernetes.io/dockercfg" => json(".dockercfg", errors),
        "kubernetes.io/dockerconfigjson" => json(".dockerconfigjson", errors),
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => {
            need("username");
            need("password");
        }
        "kubernetes.io/ssh-auth" => need("ssh-privatekey"),
        "kubernetes.io/tls" => {
            need("tls.crt");
            need("tls.key");
        }
        _ => {}
    }
}
