//! Databases, brokers and secrets.

use super::{Rule, annotate, annotation, only_if, unless};
use crate::{ActionError, Call};
use value::Value;

const ROLLS: &str = "strimzi.io/manual-rolling-update";

pub(super) static STRIMZI_POD_SET: [Rule; 1] = [Rule::new("rolling-update", "", |object, _| {
    annotate(object, ROLLS, "true");
    Ok(())
})
.when(|o| unless(annotation(o, ROLLS) == Some("true")))];

/// Whether nothing is ever fetched again by itself.
fn never_refreshes(object: &Value) -> bool {
    let interval = match object.at(&["spec", "refreshInterval"]) {
        Some(Value::String(text)) => text.to_string(),
        Some(number) => number.to_json(),
        None => return false,
    };
    let unit = interval.strip_prefix('0');
    unit.is_some_and(|u| matches!(u, "" | "ns" | "us" | "µs" | "ms" | "s" | "m" | "h"))
}

fn force(object: &mut Value, call: &Call<'_>) -> Result<(), ActionError> {
    annotate(object, "force-sync", &call.stamp());
    Ok(())
}

pub(super) static EXTERNAL_SECRET: [Rule; 1] = [Rule::new("refresh", "", force).when(|o| {
    let policy = o.str_at(&["spec", "refreshPolicy"]);
    unless(never_refreshes(o) && policy != "OnChange")
})];

pub(super) static PUSH_SECRET: [Rule; 1] =
    [Rule::new("push", "", force).when(|o| unless(never_refreshes(o)))];

const LOOP: &str = "cnpg.io/reconciliationLoop";

fn is_suspended(object: &Value) -> bool {
    annotation(object, LOOP) == Some("disabled")
}

fn healthy(object: &Value) -> Vec<&str> {
    let instances = object.array_at(&["status", "instancesStatus", "healthy"]);
    instances.iter().filter_map(Value::as_str).collect()
}

pub(super) static POSTGRES: [Rule; 5] = [
    Rule::new("restart", "fa fa-fw fa-recycle", |object, call| {
        let at = call.stamp();
        annotate(object, "kubectl.kubernetes.io/restartedAt", &at);
        Ok(())
    })
    .called(|_| "Rollout restart Cluster"),
    Rule::new("reload", "fa fa-fw fa-rotate-right", |object, call| {
        annotate(object, "cnpg.io/reloadedAt", &call.stamp());
        Ok(())
    })
    .called(|_| "Reload all Configuration"),
    Rule::new("promote", "fa fa-fw fa-angles-up", promote)
        .called(|_| "Promote Replica to Primary")
        .asking(&[("instance", |_| "any".to_owned())])
        .when(|o| unless(healthy(o).len() < 2)),
    Rule::new("suspend", super::PAUSE, |object, _| {
        annotate(object, LOOP, "disabled");
        Ok(())
    })
    .called(|_| "Suspend Reconciliation")
    .when(|o| only_if(!is_suspended(o))),
    Rule::new("resume", super::PLAY, |object, _| {
        object.remove_at(&["metadata", "annotations", LOOP]);
        Ok(())
    })
    .called(|_| "Resume Reconciliation")
    .when(|o| only_if(is_suspended(o))),
];

fn promote(object: &mut Value, call: &Call<'_>) -> Result<(), ActionError> {
    let wanted = call.param("instance").unwrap_or_default();
    let healthy = healthy(object);
    let selected = match wanted {
        "any" => {
            let primary = object.str_at(&["status", "currentPrimary"]);
            let at = healthy.iter().position(|node| *node == primary);
            let next = at.map_or(0, |at| (at + 1) % healthy.len());
            healthy.get(next).copied()
        }
        number if number.parse::<f64>().is_ok() => {
            let name = format!("{}-{number}", object.str_at(&["metadata", "name"]));
            healthy.iter().find(|node| **node == name).copied()
        }
        name => healthy.iter().find(|node| **node == name).copied(),
    };
    let Some(selected) = selected.map(str::to_owned) else {
        return Err(ActionError::Refused(format!(
            "Could not find a healthy instance matching the criteria: {wanted}"
        )));
    };
    let reason = format!("Switching over to {selected}");
    object.set_at(&["status", "targetPrimary"], selected);
    object.set_at(&["status", "targetPrimaryTimestamp"], call.stamp());
    object.set_at(&["status", "phase"], "Switchover in progress");
    object.set_at(&["status", "phaseReason"], reason);
    Ok(())
}
