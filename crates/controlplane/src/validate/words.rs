//! The forms of names, numbers and selectors that many kinds share, in the words of a kube-apiserver.

use std::net::IpAddr;
use std::str::FromStr as _;

use value::selector::{label_key_errors, label_value_errors};
use value::{Quantity, Value};

use crate::failure::FieldError;
use crate::rules::{LABEL, SUBDOMAIN, is_label, is_subdomain};

/// Errors are collected; one mistake doesn't hide another.
pub(super) type Errors = Vec<FieldError>;

/// Returns what is wrong with a DNS label.
pub(super) fn label_errors(name: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if name.len() > 63 {
        errors.push("must be no more than 63 characters".to_owned());
    }
    if !is_label(name) {
        if is_subdomain(name) {
            errors.push("must not contain dots".to_owned());
        } else {
            errors.push(LABEL.to_owned());
        }
    }
    errors
}

/// Returns what is wrong with a DNS subdomain.
pub(super) fn subdomain_errors(name: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if name.len() > 253 {
        errors.push("must be no more than 253 characters".to_owned());
    }
    if !is_subdomain(name) {
        errors.push(SUBDOMAIN.to_owned());
    }
    errors
}

/// Adds what is wrong with a DNS label that is there.
pub(super) fn label(field: &str, name: &str, errors: &mut Errors) {
    each(field, name, label_errors(name), errors);
}

/// Adds what is wrong with a DNS subdomain that is there.
pub(super) fn subdomain(field: &str, name: &str, errors: &mut Errors) {
    each(field, name, subdomain_errors(name), errors);
}

/// Adds what is wrong with a qualified name.
pub(super) fn qualified(field: &str, name: &str, errors: &mut Errors) {
    each(field, name, label_key_errors(name), errors);
}

/// Adds several errors about one value.
pub(super) fn each(field: &str, value: &str, why: Vec<String>, errors: &mut Errors) {
    for why in why {
        errors.push(FieldError::invalid(field, value, &why));
    }
}

/// Adds what is wrong with a map of labels.
pub(super) fn labels(field: &str, labels: Option<&Value>, errors: &mut Errors) {
    for (key, value) in labels.and_then(Value::as_object).into_iter().flatten() {
        for why in label_key_errors(key) {
            errors.push(FieldError::invalid(field, key.as_str(), &why));
        }
        for why in label_value_errors(value.as_str().unwrap_or_default()) {
            errors.push(FieldError::invalid(field, value.clone(), &why));
        }
    }
}

/// Adds what is wrong with a label selector.
pub(super) fn selector(field: &str, selector: Option<&Value>, errors: &mut Errors) {
    let Some(selector) = selector else { return };
    labels(
        &format!("{field}.matchLabels"),
        selector.get("matchLabels"),
        errors,
    );
    let requirements = selector.array_at(&["matchExpressions"]).iter();
    for (i, requirement) in requirements.enumerate() {
        let path = format!("{field}.matchExpressions[{i}]");
        expression(&path, requirement, &["In", "NotIn"], errors);
        for why in label_key_errors(requirement.str_at(&["key"])) {
            let key = requirement.str_at(&["key"]);
            errors.push(FieldError::invalid(&format!("{path}.key"), key, &why));
        }
        for (j, value) in requirement.array_at(&["values"]).iter().enumerate() {
            for why in label_value_errors(value.as_str().unwrap_or_default()) {
                let field = format!("{path}.values[{j}]");
                errors.push(FieldError::invalid(&field, value.clone(), &why));
            }
        }
    }
}

/// Adds what is wrong with an operator and its values.
pub(super) fn expression(path: &str, requirement: &Value, among: &[&str], errors: &mut Errors) {
    let operator = requirement.str_at(&["operator"]);
    let values = requirement.array_at(&["values"]).len();
    let field = format!("{path}.values");
    match operator {
        "In" | "NotIn" if values == 0 => {
            let why = "must be specified when `operator` is 'In' or 'NotIn'";
            errors.push(FieldError::required(&field, why));
        }
        "In" | "NotIn" => {}
        "Exists" | "DoesNotExist" if values > 0 => {
            let why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            errors.push(FieldError::forbidden(&field, why));
        }
        "Exists" | "DoesNotExist" => {}
        "Gt" | "Lt" if among.contains(&operator) => {
            if values != 1 {
                let why = "must be specified single value when `operator` is 'Lt' or 'Gt'";
                errors.push(FieldError::required(&field, why));
            }
        }
        other => {
            let field = format!("{path}.operator");
            let why = "not a valid selector operator";
            errors.push(FieldError::invalid(&field, other, why));
        }
    }
}

/// Adds an error for a value that is none of those allowed.
pub(super) fn among(field: &str, value: &str, allowed: &[&str], errors: &mut Errors) {
    if !allowed.contains(&value) {
        errors.push(FieldError::not_supported(field, value, allowed));
    }
}

/// The same for a field that may be absent.
pub(super) fn among_if_set(field: &str, value: &str, allowed: &[&str], errors: &mut Errors) {
    if !value.is_empty() {
        among(field, value, allowed, errors);
    }
}

/// Adds an error for an empty text; returns true if it is there.
pub(super) fn required(field: &str, text: &str, errors: &mut Errors) -> bool {
    if text.is_empty() {
        errors.push(FieldError::required(field, ""));
    }
    !text.is_empty()
}

/// Adds an error for a negative number.
pub(super) fn not_negative(field: &str, number: Option<i64>, errors: &mut Errors) {
    if let Some(number) = number.filter(|n| *n < 0) {
        let why = "must be greater than or equal to 0";
        errors.push(FieldError::invalid(field, number, why));
    }
}

/// Adds an error for what is no port.
pub(super) fn port_number(field: &str, number: i64, errors: &mut Errors) {
    if !(1..=65_535).contains(&number) {
        let why = "must be between 1 and 65535, inclusive";
        errors.push(FieldError::invalid(field, number, why));
    }
}

/// Returns what is wrong with the name of a port.
pub(super) fn port_name_errors(name: &str) -> Vec<String> {
    let mut errors = Vec::new();
    let mut wrong = |why: &str| errors.push(why.to_owned());
    if name.len() > 15 {
        wrong("must be no more than 15 characters");
    }
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() || !name.bytes().all(plain) {
        wrong("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    }
    if !name.bytes().any(|b| b.is_ascii_lowercase()) {
        wrong("must contain at least one letter (a-z)");
    }
    if name.contains("--") {
        wrong("must not contain consecutive hyphens");
    }
    if name.starts_with('-') || name.ends_with('-') {
        wrong("must not begin or end with a hyphen");
    }
    errors
}

/// Adds what is wrong with a port that is a number or a name.
pub(super) fn port(field: &str, port: &Value, errors: &mut Errors) {
    match port {
        Value::String(name) => each(field, name, port_name_errors(name), errors),
        number => port_number(field, number.as_i64().unwrap_or(0), errors),
    }
}

/// Adds what is wrong with a number of things or a share of them, in percent.
pub(super) fn count_or_percent(field: &str, value: Option<&Value>, errors: &mut Errors) {
    match value {
        Some(Value::String(text)) => {
            let digits = text.strip_suffix('%').unwrap_or_default();
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                let why = "a valid percent string must be a numeric string followed by an ending '%' \
                           (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
                errors.push(FieldError::invalid(field, text.as_ref(), why));
            }
        }
        Some(number) => not_negative(field, number.as_i64(), errors),
        None => {}
    }
}

/// Adds an error for a share of more than all.
pub(super) fn not_more_than_all(field: &str, value: Option<&Value>, errors: &mut Errors) {
    let share = value
        .and_then(Value::as_str)
        .and_then(|t| t.strip_suffix('%'));
    if share
        .and_then(|s| s.parse::<i64>().ok())
        .is_some_and(|s| s > 100)
    {
        let value = value.cloned().unwrap_or_default();
        errors.push(FieldError::invalid(
            field,
            value,
            "must not be greater than 100%",
        ));
    }
}

/// Adds an error for what is no address.
pub(super) fn address(field: &str, text: &str, errors: &mut Errors) -> Option<IpAddr> {
    let address = IpAddr::from_str(text).ok();
    if address.is_none() {
        let why = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
        errors.push(FieldError::invalid(field, text, why));
    }
    address
}

/// Adds an error for what changed and must not.
pub(super) fn immutable(
    field: &str,
    path: &[&str],
    object: &Value,
    old: &Value,
    errors: &mut Errors,
) {
    if object.at(path) != old.at(path) {
        let value = object.at(path).cloned().unwrap_or_default();
        errors.push(FieldError::invalid(field, value, "field is immutable"));
    }
}

/// Returns a quantity.
pub(super) fn quantity(value: &Value) -> Option<Quantity> {
    value.as_str()?.parse().ok()
}
