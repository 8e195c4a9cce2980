//! Rules that hold for objects of every kind, in the words of a kube-apiserver.

use value::Value;
use value::selector::{label_key_errors, label_value_errors};

use crate::failure::{Failure, FieldError, Result};
use crate::kinds::Kind;
use crate::registry::Target;
use crate::strategy::NameRule;

/// Bytes that all annotations of an object may have together.
const ANNOTATIONS_BYTES_MAX: usize = 256 * 1024;

pub(crate) const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
    characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
    'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
pub(crate) const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric \
    characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  \
    or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/// Checks that a body's namespace is the one in the path.
pub(crate) fn check_namespace(target: &Target, object: &Value) -> Result<()> {
    let namespace = object.str_at(&["metadata", "namespace"]);
    if !target.kind.namespaced() || namespace.is_empty() || namespace == target.namespace {
        return Ok(());
    }
    Err(Failure::bad_request(
        "the namespace of the provided object does not match the namespace sent on the request",
    ))
}

/// Checks that a body's name is the one in the path.
pub(crate) fn check_name(target: &Target, object: &Value) -> Result<()> {
    let name = object.str_at(&["metadata", "name"]);
    if name.is_empty() {
        return Err(Failure::bad_request(format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            target.name
        )));
    }
    if name != target.name {
        return Err(Failure::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            target.name
        )));
    }
    Ok(())
}

/// Checks what is applied, before anything is merged.
pub(crate) fn check_applied(target: &Target, patch: &Value) -> Result<()> {
    let name = patch.str_at(&["metadata", "name"]);
    if !name.is_empty() && name != target.name {
        return Err(Failure::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            target.name
        )));
    }
    let namespace = patch.str_at(&["metadata", "namespace"]);
    if target.kind.namespaced() && !namespace.is_empty() && namespace != target.namespace {
        return Err(Failure::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

/// Gives an object the namespace of the path; objects of the cluster have none.
pub(crate) fn set_namespace(target: &Target, object: &mut Value) {
    if target.kind.namespaced() {
        object.set_at(&["metadata", "namespace"], target.namespace.as_str());
    } else {
        object.remove_at(&["metadata", "namespace"]);
    }
}

/// Returns what is wrong with an object; `old` is what it replaces.
pub(crate) fn validate(kind: &Kind, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if old.is_none() {
        validate_name(kind, object, &mut errors);
    }
    validate_metadata(object, &mut errors);
    errors.extend(crate::validate::object(kind, object, old));
    errors
}

/// Returns what is wrong with a change.
pub(crate) fn validate_update(target: &Target, object: &Value, live: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if live.at(&["metadata", "deletionTimestamp"]).is_some() {
        let names = |v: &Value| -> Vec<String> {
            let list = v.array_at(&["metadata", "finalizers"]);
            list.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        let before = names(live);
        let added: Vec<String> = names(object)
            .into_iter()
            .filter(|n| !before.contains(n))
            .collect();
        if !added.is_empty() {
            let list: Vec<String> = added.iter().map(|n| format!("\"{n}\"")).collect();
            let error = FieldError::forbidden(
                "metadata.finalizers",
                &format!(
                    "no new finalizers can be added if the object is being deleted, found new \
                     finalizers []string{{{}}}",
                    list.join(", ")
                ),
            );
            // It is found twice, by the rules for all objects and by those of the kind.
            errors.extend([error.clone(), error]);
        }
    }
    match &target.kind.definition {
        Some(definition) if target.subresource == "status" => {
            validate_metadata(object, &mut errors);
            errors.extend(definition.validate_status(object, live));
        }
        _ if target.subresource.is_empty() => {
            errors.extend(validate(&target.kind, object, Some(live)));
        }
        _ => {
            validate_metadata(object, &mut errors);
            errors.extend(crate::validate::subresource(target, object));
        }
    }
    errors
}

/// Returns true if nothing keeps an object that is being deleted.
pub(crate) fn may_vanish(kind: &Kind, object: &Value) -> bool {
    let free = object.array_at(&["metadata", "finalizers"]).is_empty();
    if kind.plural == "namespaces" && kind.group.is_empty() {
        return free && object.array_at(&["spec", "finalizers"]).is_empty();
    }
    let waits = object
        .i64_at(&["metadata", "deletionGracePeriodSeconds"])
        .unwrap_or(0)
        > 0;
    free && !waits
}

fn validate_name(kind: &Kind, object: &Value, errors: &mut Vec<FieldError>) {
    let name = object.str_at(&["metadata", "name"]);
    let prefix = object.str_at(&["metadata", "generateName"]);
    if !prefix.is_empty() {
        for why in name_errors(kind.strategy.names, prefix.trim_end_matches('-')) {
            errors.push(FieldError::invalid("metadata.generateName", prefix, &why));
        }
    }
    if name.is_empty() {
        errors.push(crate::registry::name_required());
        return;
    }
    for why in name_errors(kind.strategy.names, name) {
        errors.push(FieldError::invalid("metadata.name", name, &why));
    }
}

/// Returns what is wrong with a name.
pub(crate) fn name_errors(rule: NameRule, name: &str) -> Vec<String> {
    let mut errors = Vec::new();
    match rule {
        NameRule::Subdomain => {
            if name.len() > 253 {
                errors.push("must be no more than 253 characters".to_owned());
            }
            if !is_subdomain(name) {
                errors.push(SUBDOMAIN.to_owned());
            }
        }
        NameRule::Label => {
            if name.len() > 63 {
                errors.push("must be no more than 63 characters".to_owned());
            }
            if !is_label(name) {
                let dots = is_subdomain(name);
                errors.push(if dots { "must not contain dots" } else { LABEL }.to_owned());
            }
        }
        NameRule::Segment => {
            if matches!(name, "." | "..") {
                errors.push(format!("may not be '{name}'"));
            }
            for c in ['/', '%'] {
                if name.contains(c) {
                    errors.push(format!("may not contain '{c}'"));
                }
            }
        }
    }
    errors
}

/// Returns true for a DNS label (RFC 1123).
pub(crate) fn is_label(name: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = name.as_bytes();
    bytes.first().is_some_and(|b| alphanumeric(*b))
        && bytes.last().is_some_and(|b| alphanumeric(*b))
        && bytes.iter().all(|b| alphanumeric(*b) || *b == b'-')
}

/// Returns true for a DNS subdomain (RFC 1123).
pub(crate) fn is_subdomain(name: &str) -> bool {
    name.split('.').all(is_label)
}

/// Adds what is wrong with annotations.
pub(crate) fn annotations(field: &str, annotations: Option<&Value>, errors: &mut Vec<FieldError>) {
    let mut bytes = 0;
    for (key, value) in annotations.and_then(Value::as_object).into_iter().flatten() {
        for why in label_key_errors(&key.to_lowercase()) {
            let why = why.replace("a qualified name must", "a valid label key must");
            errors.push(FieldError::invalid(field, key.as_str(), &why));
        }
        bytes += key.len() + value.as_str().map_or(0, str::len);
    }
    if bytes > ANNOTATIONS_BYTES_MAX {
        errors.push(FieldError::too_long(field, ANNOTATIONS_BYTES_MAX));
    }
}

/// Adds what is wrong with the metadata of an object.
pub(crate) fn validate_metadata(object: &Value, errors: &mut Vec<FieldError>) {
    if let Some(labels) = object
        .at(&["metadata", "labels"])
        .and_then(Value::as_object)
    {
        for (key, value) in labels {
            for why in label_key_errors(key) {
                let why = why.replace("a qualified name must", "a valid label key must");
                errors.push(FieldError::invalid("metadata.labels", key.as_str(), &why));
            }
            for why in label_value_errors(value.as_str().unwrap_or_default()) {
                errors.push(FieldError::invalid("metadata.labels", value, &why));
            }
        }
    }
    annotations(
        "metadata.annotations",
        object.at(&["metadata", "annotations"]),
        errors,
    );
    // Custom resources may have finalizers without a domain: they only get a warning for it.
    let (group, _) = crate::kinds::split_api_version(object.str_at(&["apiVersion"]));
    let builtin = !group.contains('.') || group.ends_with(".k8s.io");
    let strict = builtin && group != "apiextensions.k8s.io";
    let finalizers = object.array_at(&["metadata", "finalizers"]);
    for finalizer in finalizers {
        let name = finalizer.as_str().unwrap_or_default();
        for why in label_key_errors(name) {
            errors.push(FieldError::invalid("metadata.finalizers", name, &why));
        }
    }
    for (i, finalizer) in finalizers.iter().enumerate().filter(|_| strict) {
        let name = finalizer.as_str().unwrap_or_default();
        if !name.contains('/') && !matches!(name, "orphan" | "foregroundDeletion" | "kubernetes") {
            let field = format!("metadata.finalizers[{i}]");
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            errors.push(FieldError::invalid(&field, name, why));
        }
    }
    validate_owners(object, errors);
}

fn validate_owners(object: &Value, errors: &mut Vec<FieldError>) {
    let mut controllers: Vec<String> = Vec::new();
    for owner in object.array_at(&["metadata", "ownerReferences"]) {
        let field = "metadata.ownerReferences";
        let (group, version) = crate::kinds::split_api_version(owner.str_at(&["apiVersion"]));
        if version.is_empty() {
            errors.push(FieldError::invalid(
                &format!("{field}.apiVersion"),
                owner.str_at(&["apiVersion"]),
                "version must not be empty",
            ));
        }
        for name in ["kind", "name", "uid"] {
            if owner.str_at(&[name]).is_empty() {
                errors.push(FieldError::invalid(
                    &format!("{field}.{name}"),
                    "",
                    "must not be empty",
                ));
            }
        }
        let kind = owner.str_at(&["kind"]);
        if (group, kind) == ("", "Event") {
            let why = format!("/{version}, Kind=Event is disallowed from being an owner");
            errors.push(FieldError::invalid_as(field, &shown_owner(owner), &why));
        }
        if owner.at(&["controller"]).and_then(Value::as_bool) == Some(true) {
            controllers.push(owner.str_at(&["name"]).to_owned());
        }
    }
    if controllers.len() > 1 {
        let owners = object.array_at(&["metadata", "ownerReferences"]);
        let owners: Vec<String> = owners.iter().map(shown_owner).collect();
        let why = format!(
            "Only one reference can have Controller set to true. Found \"true\" in references for {} and {}",
            controllers[0], controllers[1]
        );
        let shown = format!("[{}]", owners.join(","));
        errors.push(FieldError::invalid_as(
            "metadata.ownerReferences",
            &shown,
            &why,
        ));
    }
}

/// Writes an owner as Go does.
fn shown_owner(owner: &Value) -> String {
    let order = [
        "apiVersion",
        "kind",
        "name",
        "uid",
        "controller",
        "blockOwnerDeletion",
    ];
    let parts = order.iter().filter_map(|name| {
        let part = owner.get(name)?;
        Some(format!("\"{name}\":{}", part.to_json()))
    });
    format!("{{{}}}", parts.collect::<Vec<_>>().join(","))
}
