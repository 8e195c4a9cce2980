//! Rules of single kinds. What is not here is accepted: the rules grow kind by kind.

use value::Value;

use crate::failure::FieldError;
use crate::kinds::Kind;

/// Returns what is wrong with an object of `kind`; `old` is what it replaces.
pub(crate) fn object(kind: &Kind, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "ConfigMap" | "Secret") => immutable(kind, object, old, &mut errors),
        ("apps", "Deployment" | "ReplicaSet" | "DaemonSet") => selector(object, old, &mut errors),
        ("", "Service") => service(object, old, &mut errors),
        _ => {}
    }
    errors
}

fn immutable(kind: &Kind, object: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let Some(old) = old else { return };
    let secret = kind.kind == "Secret";
    if secret && old.str_at(&["type"]) != object.str_at(&["type"]) {
        let value = object.str_at(&["type"]);
        errors.push(FieldError::invalid("type", value, "field is immutable"));
    }
    if old.at(&["immutable"]).and_then(Value::as_bool) != Some(true) {
        return;
    }
    let why = "field is immutable when `immutable` is set";
    if object.at(&["immutable"]).and_then(Value::as_bool) != Some(true) {
        errors.push(FieldError::forbidden("immutable", why));
    }
    let fields: &[&str] = if secret { &["data"] } else { &["data", "binaryData"] };
    for field in fields {
        if old.get(field) != object.get(field) {
            errors.push(FieldError::forbidden(field, why));
        }
    }
}

fn selector(object: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let selector = object.at(&["spec", "selector"]);
    let Some(selector) = selector else {
        errors.push(FieldError::required("spec.selector", ""));
        return;
    };
    if let Some(old) = old
        && old.at(&["spec", "selector"]) != Some(selector)
    {
        errors.push(FieldError::invalid("spec.selector", selector.clone(), "field is immutable"));
        return;
    }
    let labels = object.at(&["spec", "template", "metadata", "labels"]).cloned().unwrap_or_default();
    let matches = value::selector::LabelSelector::from_value(selector).is_ok_and(|s| s.matches(&labels));
    if !matches {
        let field = "spec.template.metadata.labels";
        let labels = if labels.is_null() { Value::Null } else { labels };
        errors.push(FieldError::invalid(field, labels, "`selector` does not match template `labels`"));
    }
}

fn service(object: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let Some(old) = old else { return };
    let external = |v: &Value| v.str_at(&["spec", "type"]) == "ExternalName";
    let (was, is) = (old.str_at(&["spec", "clusterIP"]), object.str_at(&["spec", "clusterIP"]));
    if !was.is_empty() && was != is && !external(old) && !external(object) {
        let list: Value = object.at(&["spec", "clusterIPs"]).cloned().unwrap_or_default();
        let why = "may not change once set";
        errors.push(FieldError::invalid("spec.clusterIPs[0]", list, why));
    }
}
