//! Rules of data, limits and events.

use std::collections::HashSet;

use base64::Engine as _;
use value::Value;

use super::words::{Errors, quantity};
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

pub(super) fn limits(object: &Value, errors: &mut Errors) {
    let mut kinds: HashSet<&str> = HashSet::new();
    for (i, limit) in object.array_at(&["spec", "limits"]).iter().enumerate() {
        let path = format!("spec.limits[{i}]");
        let kind = limit.str_at(&["type"]);
        if kinds.contains(&kind) {
            errors.push(FieldError::duplicate(&format!("{path}.type"), kind));
        }
        kinds.insert(kind);
        let storage = ["min", "max"]
            .iter()
            .any(|l| limit.at(&[l, "storage"]).is_some());
        if kind == "PersistentVolumeClaim" && !storage {
            let why =
                "either minimum or maximum storage value is required, but neither was provided";
            errors.push(FieldError::required(&format!("{path}.limits"), why));
        }
        limit_order(&path, limit, errors);
    }
}

/// A resource of a limit: what is least, asked for by default, given by default, and most.
fn limit_order(path: &str, limit: &Value, errors: &mut Errors) {
    let mut names: Vec<&str> = Vec::new();
    for list in ["min", "max", "default", "defaultRequest"] {
        let members = limit.get(list).and_then(Value::as_object);
        names.extend(
            members
                .into_iter()
                .flat_map(|m| m.keys().map(value::Key::as_str)),
        );
    }
    names.sort_unstable();
    names.dedup();
    for name in names {
        let amount = |list: &str| limit.at(&[list, name]);
        let mut order =
            |lower: &str, upper: &str, lower_word: &str, upper_word: &str, shown: &str| {
                let (Some(low), Some(high)) = (amount(lower), amount(upper)) else {
                    return;
                };
                let (Some(least), Some(most)) = (quantity(low), quantity(high)) else {
                    return;
                };
                if least > most {
                    let why = format!(
                        "{lower_word} value {} is greater than {upper_word} value {}",
                        low.as_str().unwrap_or_default(),
                        high.as_str().unwrap_or_default()
                    );
                    let given = if shown == lower { low } else { high };
                    let field = format!("{path}.{shown}[{name}]");
                    errors.push(FieldError::invalid(&field, given.clone(), &why));
                }
            };
        order("min", "max", "min", "max", "min");
        order(
            "min",
            "defaultRequest",
            "min",
            "default request",
            "defaultRequest",
        );
        order(
            "defaultRequest",
            "max",
            "default request",
            "max",
            "defaultRequest",
        );
        order(
            "defaultRequest",
            "default",
            "default request",
            "default limit",
            "defaultRequest",
        );
        let (Some(low), Some(given)) = (amount("min"), amount("default")) else {
            continue;
        };
        if quantity(low) > quantity(given) {
            let why = format!(
                "min value {} is greater than default value {}",
                low.as_str().unwrap_or_default(),
                given.as_str().unwrap_or_default()
            );
            // The value shown is the one below which nothing may be.
            let field = format!("{path}.default[{name}]");
            errors.push(FieldError::invalid(&field, low.clone(), &why));
        }
    }
}

/// Resources without a domain that quotas know.
const QUOTAS: [&str; 20] = [
    "configmaps",
    "cpu",
    "ephemeral-storage",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "memory",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
    "requests.storage",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
    "storage",
];
/// Resources of which there are only whole ones.
const COUNTED: [&str; 9] = [
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
];

pub(super) fn quota(object: &Value, old: Option<&Value>, errors: &mut Errors) {
    let hard = object.at(&["spec", "hard"]).and_then(Value::as_object);
    for (name, amount) in hard.into_iter().flatten() {
        let field = format!("spec.hard[{name}]");
        let name = name.as_str();
        let odd = value::selector::label_key_errors(name);
        let fine = odd.is_empty();
        super::words::each(&field, name, odd, errors);
        if !name.contains('/') {
            let known = QUOTAS.contains(&name) || name.contains("hugepages-");
            if fine && !known {
                let why = "must be a standard resource type or fully qualified";
                errors.push(FieldError::invalid(&field, name, why));
            }
            if !known || name == "storage" {
                let why = "must be a standard resource for quota";
                errors.push(FieldError::invalid(&field, name, why));
            }
        }
        let text = amount.as_str().unwrap_or_default();
        if text.starts_with('-') {
            let why = "must be greater than or equal to 0";
            errors.push(FieldError::invalid(&field, text, why));
        }
        let counted = COUNTED.contains(&name) || name.starts_with("count/");
        if counted && text.ends_with(['m', 'u', 'n']) {
            errors.push(FieldError::invalid(&field, text, "must be an integer"));
        }
    }
    scopes(object, errors);
    if let Some(old) = old {
        let path = ["spec", "scopes"];
        super::words::immutable("spec.scopes", &path, object, old, errors);
    }
}

fn scopes(object: &Value, errors: &mut Errors) {
    let given = object.array_at(&["spec", "scopes"]);
    let has = |scope: &str| given.iter().any(|g| g.as_str() == Some(scope));
    for (one, other) in [
        ("BestEffort", "NotBestEffort"),
        ("Terminating", "NotTerminating"),
    ] {
        if has(one) && has(other) {
            let shown = Value::Array(given.to_vec());
            errors.push(FieldError::invalid(
                "spec.scopes",
                shown,
                "conflicting scopes",
            ));
        }
    }
    let path = "spec.scopeSelector.matchExpressions";
    for item in object.array_at(&["spec", "scopeSelector", "matchExpressions"]) {
        let operator = item.str_at(&["operator"]);
        let values = !item.array_at(&["values"]).is_empty();
        match operator {
            "In" | "NotIn" if !values => {
                let why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
                errors.push(FieldError::required(&format!("{path}.values"), why));
            }
            "Exists" | "DoesNotExist" if values => {
                let why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
                let shown = Value::Array(item.array_at(&["values"]).to_vec());
                errors.push(FieldError::invalid(&format!("{path}.values"), shown, why));
            }
            _ => {}
        }
        let plain = [
            "Terminating",
            "NotTerminating",
            "BestEffort",
            "NotBestEffort",
            "CrossNamespacePodAffinity",
        ];
        if plain.contains(&item.str_at(&["scopeName"])) && operator != "Exists" {
            let why = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, \
                       ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, \
                       ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
            errors.push(FieldError::invalid(
                &format!("{path}.operator"),
                operator,
                why,
            ));
        }
    }
}
