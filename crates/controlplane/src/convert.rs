//! Kinds with several versions or groups over one set of objects.

mod autoscaler;

use value::Value;

use crate::kinds::Kind;

/// Returns an object of `kind` as it is stored.
pub(crate) fn to_storage(kind: &Kind, mut object: Value) -> Value {
    if let Some(definition) = kind.definition.as_ref().filter(|d| d.converts) {
        definition.store(&mut object);
        let version = crate::kinds::api_version(&kind.storage_group, &kind.storage_version);
        object.set_at(&["apiVersion"], version);
        return object;
    }
    match (
        kind.group.as_str(),
        kind.version.as_str(),
        kind.kind.as_str(),
    ) {
        ("autoscaling", "v1", "HorizontalPodAutoscaler") => autoscaler::to_new(&mut object),
        ("events.k8s.io", _, "Event") => {
            for (new, old) in EVENT_FIELDS {
                if let Some(value) = object.remove_at(&[new]) {
                    object.set_at(&[old], value);
                }
            }
            for name in ["reportingComponent", "reportingInstance"] {
                if object.at(&[name]).is_none() {
                    object.set_at(&[name], "");
                }
            }
            if object.at(&["source"]).is_none() {
                object.set_at(&["source"], Value::object());
            }
        }
        _ => return object,
    }
    let version = crate::kinds::api_version(&kind.storage_group, &kind.storage_version);
    object.set_at(&["apiVersion"], version);
    object
}

/// Newer and older names of an event's fields.
const EVENT_FIELDS: [(&str, &str); 7] = [
    ("regarding", "involvedObject"),
    ("note", "message"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
    ("reportingController", "reportingComponent"),
];

/// Returns a stored object as `kind` shows it.
pub(crate) fn from_storage(kind: &Kind, object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(definition) = kind.definition.as_ref().filter(|d| d.converts) {
        definition.read(&mut object);
        object.set_at(&["apiVersion"], kind.api_version());
        return object;
    }
    match (
        kind.group.as_str(),
        kind.version.as_str(),
        kind.kind.as_str(),
    ) {
        ("autoscaling", "v1", "HorizontalPodAutoscaler") => autoscaler::to_old(&mut object),
        ("events.k8s.io", _, "Event") => {
            for (new, old) in EVENT_FIELDS {
                if let Some(value) = object.remove_at(&[old]) {
                    object.set_at(&[new], value);
                }
            }
            for name in ["reportingController", "reportingInstance"] {
                if object.str_at(&[name]).is_empty() {
                    object.remove_at(&[name]);
                }
            }
            if object.at(&["deprecatedSource"]).is_none() {
                object.set_at(&["deprecatedSource"], Value::object());
            }
            if object.at(&["eventTime"]).is_none() {
                object.set_at(&["eventTime"], Value::Null);
            }
        }
        _ => return object,
    }
    object.set_at(&["apiVersion"], kind.api_version());
    object
}

/// Returns true if `kind` shows objects otherwise than they are stored.
pub(crate) fn converts(kind: &Kind) -> bool {
    kind.group != kind.storage_group
        || kind.version != kind.storage_version
        || kind.definition.as_ref().is_some_and(|d| d.converts)
}

/// Returns an object of one version of a kind as another shows it.
pub(crate) fn between(kind: &Kind, object: &Value, from: &str, to: &str) -> Value {
    let as_of = |api_version: &str| {
        let (group, version) = crate::kinds::split_api_version(api_version);
        Kind {
            group: group.to_owned(),
            version: version.to_owned(),
            ..kind.clone()
        }
    };
    let stored = to_storage(&as_of(from), object.clone());
    from_storage(&as_of(to), &stored)
}
