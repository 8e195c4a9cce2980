//! Members that objects of a kind always have, empty if nobody set them. They are filled in last
//! of all, when owners are tracked: nobody owns them.

use value::Value;

use crate::kinds::Kind;

/// Fills in what counts as written by whoever writes what is around it.
pub(crate) fn before_tracking(kind: &Kind, object: &mut Value) {
    if kind.custom {
        return;
    }
    match (kind.group.as_str(), kind.kind.as_str()) {
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

/// Fills in what is always there.
pub(crate) fn fill_in(kind: &Kind, object: &mut Value) {
    if kind.custom {
        return;
    }
    before_tracking(kind, object);
    for name in nulls(kind) {
        always(object, name, Value::Null);
    }
    if (kind.group.as_str(), kind.kind.as_str()) == ("", "Event") {
        always(object, "reportingComponent", "".into());
        always(object, "reportingInstance", "".into());
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
