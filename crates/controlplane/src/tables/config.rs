//! Configuration, quotas, priorities, leases and devices.

use std::fmt::Write as _;

use value::{Value, json};

use super::row::{Otherwise, Row};
use super::{Layout, layout};

pub(super) fn of(kind: &str) -> Option<Layout> {
    match kind {
        "ConfigMap" => layout("Name|Data|Age", |row| {
            json!([
                row.name(),
                row.count("data") + row.count("binaryData"),
                row.age()
            ])
        }),
        "Secret" => layout("Name|Type|Data|Age", |row| {
            json!([row.name(), row.text("type"), row.count("data"), row.age()])
        }),
        "ServiceAccount" | "DeviceClass" | "ResourceClaimTemplate" => {
            layout("Name|Age", |row| json!([row.name(), row.age()]))
        }
        "ResourceQuota" => layout("Name|Request|Limit|Age", quota),
        "Lease" => layout("Name|Holder|Age", |row| {
            json!([row.name(), row.text("spec.holderIdentity"), row.age()])
        }),
        "RuntimeClass" => layout("Name|Handler|Age", |row| {
            json!([row.name(), row.text("handler"), row.age()])
        }),
        "PriorityClass" => layout(
            "Name|Value:integer|Global-Default:boolean|Age|PreemptionPolicy",
            |row| {
                json!([
                    row.name(),
                    row.int("value"),
                    row.flag("globalDefault", Otherwise::False),
                    row.age(),
                    row.text("preemptionPolicy"),
                ])
            },
        ),
        "FlowSchema" => layout(
            "Name|PriorityLevel|MatchingPrecedence|DistinguisherMethod|Age|MissingPL",
            |row| {
                json!([
                    row.name(),
                    row.text("spec.priorityLevelConfiguration.name"),
                    row.int("spec.matchingPrecedence"),
                    row.text_or("spec.distinguisherMethod.type", "<none>"),
                    row.age(),
                    row.condition("Dangling").unwrap_or("?"),
                ])
            },
        ),
        "PriorityLevelConfiguration" => layout(
            "Name|Type|NominalConcurrencyShares|Queues|HandSize|QueueLengthLimit|Age",
            priority_level,
        ),
        "ResourceClaim" => layout("Name|State|Age", |row| {
            json!([row.name(), claim_state(row), row.age()])
        }),
        "ResourceSlice" => layout("Name|Node|Driver|Pool|Age", |row| {
            json!([
                row.name(),
                row.text("spec.nodeName"),
                row.text("spec.driver"),
                row.text("spec.pool.name"),
                row.age(),
            ])
        }),
        _ => None,
    }
}

fn quota(row: &Row) -> Value {
    let mut requests = String::new();
    let mut limits = String::new();
    let hard = row.at("status.hard").and_then(Value::as_object);
    for (resource, hard) in hard.into_iter().flatten() {
        let resource = resource.as_str();
        let text = |value: Option<&Value>| {
            value
                .and_then(super::row::quantity)
                .unwrap_or_else(|| "0".to_owned())
        };
        let used = text(row.object.at(&["status", "used", resource]));
        let cell = if resource.starts_with("limits.") {
            &mut limits
        } else {
            &mut requests
        };
        let comma = if cell.is_empty() { "" } else { ", " };
        // Writing to a string can't fail.
        let _ = write!(cell, "{comma}{resource}: {used}/{}", text(Some(hard)));
    }
    json!([row.name(), requests, limits, row.age()])
}

fn priority_level(row: &Row) -> Value {
    let limited = |path: &str| {
        let value = row.at(&format!("spec.limited.{path}"));
        value.cloned().unwrap_or_else(|| "<none>".into())
    };
    json!([
        row.name(),
        row.text("spec.type"),
        limited("nominalConcurrencyShares"),
        limited("limitResponse.queuing.queues"),
        limited("limitResponse.queuing.handSize"),
        limited("limitResponse.queuing.queueLengthLimit"),
        row.age(),
    ])
}

fn claim_state(row: &Row) -> String {
    let mut states = Vec::new();
    if row.deleting() {
        states.push("deleted");
    }
    if row.at("status.allocation").is_some() {
        states.push("allocated");
        if !row.items("status.reservedFor").is_empty() {
            states.push("reserved");
        }
    } else if !row.deleting() {
        states.push("pending");
    }
    states.join(",")
}
