//! Kinds with several versions or groups over one set of objects.

use value::{Value, json};

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
        ("autoscaling", "v1", "HorizontalPodAutoscaler") => {
            let target = object.remove_at(&["spec", "targetCPUUtilizationPercentage"]);
            if let Some(percent) = target {
                let metric = json!({"type": "Resource", "resource": {
                    "name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent}
                }});
                object.set_at(&["spec", "metrics"], json!([metric]));
            }
            let current = object.remove_at(&["status", "currentCPUUtilizationPercentage"]);
            if let Some(percent) = current {
                let metric = json!({"type": "Resource", "resource": {
                    "name": "cpu", "current": {"averageUtilization": percent, "averageValue": "0"}
                }});
                object.set_at(&["status", "currentMetrics"], json!([metric]));
            }
        }
        ("events.k8s.io", _, "Event") => {
            for (new, old) in EVENT_FIELDS {
                if let Some(value) = object.remove_at(&[new]) {
                    object.set_at(&[old], value);
                }
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
        ("autoscaling", "v1", "HorizontalPodAutoscaler") => {
            let metrics = object.remove_at(&["spec", "metrics"]);
            let cpu = metrics
                .iter()
                .flat_map(|m| m.as_array().unwrap_or_default())
                .find_map(|m| {
                    (m.str_at(&["resource", "name"]) == "cpu")
                        .then(|| m.at(&["resource", "target", "averageUtilization"]).cloned())
                        .flatten()
                });
            if let Some(percent) = cpu {
                object.set_at(&["spec", "targetCPUUtilizationPercentage"], percent);
            }
            let metrics = object.remove_at(&["status", "currentMetrics"]);
            let cpu = metrics
                .iter()
                .flat_map(|m| m.as_array().unwrap_or_default())
                .find_map(|m| {
                    m.at(&["resource", "current", "averageUtilization"])
                        .cloned()
                });
            if let Some(percent) = cpu {
                object.set_at(&["status", "currentCPUUtilizationPercentage"], percent);
            }
            if object.at(&["status"]).is_some()
                && object.at(&["status", "currentReplicas"]).is_none()
            {
                object.set_at(&["status", "currentReplicas"], 0);
            }
        }
        ("events.k8s.io", _, "Event") => {
            for (new, old) in EVENT_FIELDS {
                if let Some(value) = object.remove_at(&[old]) {
                    object.set_at(&[new], value);
                }
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
