//! Nodes, namespaces, events and the health of components.

use std::collections::BTreeSet;

use value::{Value, json};

use super::row::Row;
use super::{Layout, format, layout};

pub(super) fn of(kind: &str) -> Option<Layout> {
    match kind {
        "Node" => layout(
            "Name|Status|Roles|Age|Version|+Internal-IP|+External-IP|+OS-Image|\
             +Kernel-Version|+Container-Runtime",
            node,
        ),
        "Namespace" => layout("Name|Status|Age", |row| {
            json!([row.name(), row.text("status.phase"), row.age()])
        }),
        "Event" => layout(
            "Last Seen|Type|Reason|Object|+Subobject|+Source|Message|+First Seen|+Count|+Name",
            event,
        ),
        "ComponentStatus" => layout("Name|Status|Message|Error", component),
        _ => None,
    }
}

fn node(row: &Row) -> Value {
    let mut status = match row.condition("Ready") {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if row.at("spec.unschedulable").and_then(Value::as_bool) == Some(true) {
        status.push_str(",SchedulingDisabled");
    }
    let mut kernel = row
        .filled_or("status.nodeInfo.kernelVersion", "<unknown>")
        .to_owned();
    let architecture = row.text("status.nodeInfo.architecture");
    if !architecture.is_empty() {
        kernel = format!("{kernel} ({architecture})");
    }
    json!([
        row.name(),
        status,
        roles(row),
        row.age(),
        row.text("status.nodeInfo.kubeletVersion"),
        address(row, "InternalIP"),
        address(row, "ExternalIP"),
        row.filled_or("status.nodeInfo.osImage", "<unknown>"),
        kernel,
        row.filled_or("status.nodeInfo.containerRuntimeVersion", "<unknown>"),
    ])
}

fn roles(row: &Row) -> String {
    let mut roles = BTreeSet::new();
    let labels = row.at("metadata.labels").and_then(Value::as_object);
    for (key, value) in labels.into_iter().flatten() {
        let role = match key.as_str().strip_prefix("node-role.kubernetes.io/") {
            Some(role) => role,
            None if key.as_str() == "kubernetes.io/role" => value.as_str().unwrap_or_default(),
            None => continue,
        };
        if !role.is_empty() {
            roles.insert(role);
        }
    }
    format::or_none(roles.into_iter().collect::<Vec<_>>().join(","))
}

fn address<'a>(row: &Row<'a>, kind: &str) -> &'a str {
    let mut addresses = row.items("status.addresses").iter();
    addresses
        .find(|a| a.str_at(&["type"]) == kind)
        .map_or("<none>", |a| a.str_at(&["address"]))
}

fn event(row: &Row) -> Value {
    let first = if row.time("firstTimestamp").is_some() {
        row.since("firstTimestamp")
    } else {
        row.since("eventTime")
    };
    let (last, count) = match row.at("series") {
        Some(_) => (
            row.since("series.lastObservedTime"),
            row.int("series.count"),
        ),
        None if row.time("lastTimestamp").is_some() => {
            (row.since("lastTimestamp"), row.int("count").max(1))
        }
        None => (first.clone(), row.int("count").max(1)),
    };
    let mut object = row.text("involvedObject.kind").to_lowercase();
    let name = row.text("involvedObject.name");
    if !name.is_empty() {
        object = format!("{object}/{name}");
    }
    let mut source = row
        .filled_or("source.component", row.text("reportingComponent"))
        .to_owned();
    let host = row.filled_or("source.host", row.text("reportingInstance"));
    if !host.is_empty() {
        source = format!("{source}, {host}");
    }
    json!([
        last,
        row.text("type"),
        row.text("reason"),
        object,
        row.text("involvedObject.fieldPath"),
        source,
        row.text("message").trim(),
        first,
        count,
        row.name(),
    ])
}

fn component(row: &Row) -> Value {
    let healthy = row
        .items("conditions")
        .iter()
        .find(|c| c.str_at(&["type"]) == "Healthy");
    let (status, message, error) = match healthy {
        Some(c) => (
            if c.str_at(&["status"]) == "True" {
                "Healthy"
            } else {
                "Unhealthy"
            },
            c.str_at(&["message"]),
            c.str_at(&["error"]),
        ),
        None => ("Unknown", "", ""),
    };
    json!([row.name(), status, message, error])
}
