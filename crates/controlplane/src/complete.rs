//! Members that objects of a kind always have, empty if nobody set them. They are filled in last
//! of all, when owners are tracked: nobody owns them.

use value::Value;

use crate::kinds::Kind;

/// Fills in what is always there.
pub(crate) fn fill_in(kind: &Kind, object: &mut Value) {
    if kind.custom {
        return;
    }
    for name in nulls(kind) {
        always(object, name, Value::Null);
    }
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Event") => {
            always(object, "reportingComponent", "".into());
            always(object, "reportingInstance", "".into());
        }
        ("", "LimitRange") => {
            if let Some(spec) = object.get_mut("spec") {
                always(spec, "limits", Value::Null);
            }
        }
        ("discovery.k8s.io", "EndpointSlice") => {
            let endpoints = object.get_mut("endpoints").and_then(Value::as_array_mut);
            for endpoint in endpoints.into_iter().flatten() {
                always(endpoint, "conditions", Value::object());
            }
        }
        _ => {}
    }
    let times = condition_times(kind);
    let conditions = object
        .get_mut("status")
        .and_then(|s| s.get_mut("conditions"));
    for condition in conditions
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        for time in times {
            always(condition, time, Value::Null);
        }
    }
}

/// Returns what an object of a kind is before anybody writes anything, if that is something: nobody
/// added what is there already.
pub(crate) fn empty(kind: &Kind) -> Option<Value> {
    if nulls(kind).is_empty() {
        return None;
    }
    let mut object = value::json!({"apiVersion": kind.api_version(), "kind": kind.kind.as_str()});
    fill_in(kind, &mut object);
    Some(object)
}

/// Returns the members of a kind that are `null` if nobody set them.
fn nulls(kind: &Kind) -> &'static [&'static str] {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => &["rules"],
        ("discovery.k8s.io", "EndpointSlice") => &["endpoints", "ports"],
        ("", "Event") => &["eventTime", "firstTimestamp", "lastTimestamp"],
        ("events.k8s.io", "Event") => &[
            "eventTime",
            "deprecatedFirstTimestamp",
            "deprecatedLastTimestamp",
        ],
        _ => &[],
    }
}

fn always(object: &mut Value, name: &str, empty: Value) {
    if let Some(members) = object.as_object_mut() {
        members.entry(name, || empty);
    }
}

/// Returns the times that conditions of a kind always have.
fn condition_times(kind: &Kind) -> &'static [&'static str] {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod" | "PersistentVolumeClaim") | ("batch", "Job") => {
            &["lastProbeTime", "lastTransitionTime"]
        }
        ("apps", "Deployment") => &["lastTransitionTime", "lastUpdateTime"],
        ("", "Node") => &["lastHeartbeatTime", "lastTransitionTime"],
        _ => &["lastTransitionTime"],
    }
}
