//! What a Deployment says of itself.

use std::time::Duration;

use controlplane::failure::Result;
use jiff::Timestamp;
use value::{Value, json};

use super::Rollout;
use crate::world::{MANAGER, Work, World, set_count};

/// What a paused Deployment says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pause {
    Paused,
}

/// Returns true if all pods are those of the present template, and available.
pub(super) fn complete(rollout: &Rollout) -> bool {
    let desired = rollout.desired();
    let new = rollout.new.as_ref();
    let of = |field: &str| {
        new.and_then(|n| n.value.i64_at(&["status", field]))
            .unwrap_or(0)
    };
    of("replicas") == desired
        && of("availableReplicas") == desired
        && rollout.status_sum("replicas") == desired
}

pub(super) fn write(
    world: &mut World,
    work: &Work,
    rollout: &Rollout,
    pause: Option<Pause>,
) -> Result<()> {
    let deployment = &rollout.deployment;
    let old = deployment
        .value
        .get("status")
        .cloned()
        .unwrap_or_else(Value::object);
    let mut status = old.clone();
    let updated = rollout
        .new
        .as_ref()
        .and_then(|n| n.value.i64_at(&["status", "replicas"]))
        .unwrap_or(0);
    let total = rollout.status_sum("replicas");
    let ready = rollout.status_sum("readyReplicas");
    let available = rollout.status_sum("availableReplicas");
    if let Some(generation) = deployment.value.i64_at(&["metadata", "generation"]) {
        status.set_at(&["observedGeneration"], generation);
    }
    set_count(&mut status, "replicas", total);
    set_count(&mut status, "updatedReplicas", updated);
    set_count(&mut status, "readyReplicas", ready);
    set_count(&mut status, "availableReplicas", available);
    set_count(
        &mut status,
        "unavailableReplicas",
        (rollout.spec_sum() - available).max(0),
    );
    status.set_at(
        &["terminatingReplicas"],
        rollout.status_sum("terminatingReplicas"),
    );
    let mut conditions = Conditions {
        list: status.array_at(&["conditions"]).to_vec(),
        now: world.now(),
    };
    // What has just been made is said before what it leads to.
    if pause.is_none() && conditions.get("Progressing").is_none() && has_deadline(&deployment.value)
    {
        let name = rollout.new.as_ref().map_or("", |n| n.name());
        conditions.set(
            "Progressing",
            "True",
            "NewReplicaSetCreated",
            &format!("Created new replica set \"{name}\""),
        );
    }
    match (
        pause,
        conditions
            .get("Progressing")
            .map(|c| c.str_at(&["reason"]).to_owned()),
    ) {
        _ if !has_deadline(&deployment.value) => {}
        (Some(Pause::Paused), reason) if reason.as_deref() != Some("DeploymentPaused") => {
            conditions.set(
                "Progressing",
                "Unknown",
                "DeploymentPaused",
                "Deployment is paused",
            );
        }
        (None, Some(reason)) if reason == "DeploymentPaused" => {
            conditions.set(
                "Progressing",
                "Unknown",
                "DeploymentResumed",
                "Deployment is resumed",
            );
        }
        _ => {}
    }
    let (_, unavailable) = rollout.bounds();
    if available >= rollout.desired() - unavailable {
        conditions.set(
            "Available",
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        );
    } else {
        conditions.set(
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        );
    }
    if pause.is_none() && has_deadline(&deployment.value) {
        let wait = progress(rollout, &old, &status, &mut conditions, world.timestamp());
        if let Some(wait) = wait {
            world.add_after(work.clone(), wait);
        }
    }
    status.set_at(&["conditions"], conditions.list);
    world.set_status(&rollout.kind, deployment, MANAGER, &status)?;
    Ok(())
}

fn has_deadline(deployment: &Value) -> bool {
    deployment
        .i64_at(&["spec", "progressDeadlineSeconds"])
        .is_some_and(|s| s < i64::from(i32::MAX))
}

/// Says how the rollout goes. Returns when to look again.
fn progress(
    rollout: &Rollout,
    old: &Value,
    status: &Value,
    conditions: &mut Conditions,
    now: Timestamp,
) -> Option<Duration> {
    let count = |s: &Value, field: &str| s.i64_at(&[field]).unwrap_or(0);
    let reason = conditions
        .get("Progressing")
        .map(|c| c.str_at(&["reason"]).to_owned())
        .unwrap_or_default();
    let done_before = count(status, "replicas") == count(status, "updatedReplicas")
        && reason == "NewReplicaSetAvailable";
    if done_before {
        return None;
    }
    let name = rollout.new.as_ref().map_or("", |n| n.name());
    if complete(rollout) {
        let message = format!("ReplicaSet \"{name}\" has successfully progressed.");
        conditions.set("Progressing", "True", "NewReplicaSetAvailable", &message);
        return None;
    }
    let left = |s: &Value| count(s, "replicas") - count(s, "updatedReplicas");
    let progressing = count(status, "updatedReplicas") > count(old, "updatedReplicas")
        || left(status) < left(old)
        || count(status, "readyReplicas") > count(old, "readyReplicas")
        || count(status, "availableReplicas") > count(old, "availableReplicas");
    let deadline = rollout
        .deployment
        .value
        .i64_at(&["spec", "progressDeadlineSeconds"])
        .unwrap_or(600);
    if progressing || reason == "NewReplicaSetAvailable" {
        let message = format!("ReplicaSet \"{name}\" is progressing.");
        conditions.renew("Progressing", "True", "ReplicaSetUpdated", &message);
        return Some(Duration::from_secs(deadline.unsigned_abs() + 1));
    }
    if reason == "ProgressDeadlineExceeded" {
        return None;
    }
    let since = conditions
        .get("Progressing")?
        .str_at(&["lastUpdateTime"])
        .parse::<Timestamp>()
        .ok()?;
    let elapsed = now.duration_since(since).as_secs();
    if elapsed >= deadline {
        let message = format!("ReplicaSet \"{name}\" has timed out progressing.");
        conditions.set("Progressing", "False", "ProgressDeadlineExceeded", &message);
        return None;
    }
    Some(Duration::from_secs((deadline - elapsed).unsigned_abs() + 1))
}

/// The conditions of a Deployment. One that changes moves to the end, as upstream's do.
struct Conditions {
    list: Vec<Value>,
    now: String,
}

impl Conditions {
    fn get(&self, kind: &str) -> Option<&Value> {
        self.list.iter().find(|c| c.str_at(&["type"]) == kind)
    }

    /// Sets a condition, unless it has this status and reason already.
    fn set(&mut self, kind: &str, status: &str, reason: &str, message: &str) {
        let same = self
            .get(kind)
            .is_some_and(|c| c.str_at(&["status"]) == status && c.str_at(&["reason"]) == reason);
        if !same {
            self.renew(kind, status, reason, message);
        }
    }

    /// Sets a condition, with a new time of update.
    fn renew(&mut self, kind: &str, status: &str, reason: &str, message: &str) {
        let known = self.list.iter().position(|c| c.str_at(&["type"]) == kind);
        let known = known.map(|i| self.list.remove(i));
        let transition = known
            .filter(|k| k.str_at(&["status"]) == status)
            .map_or_else(
                || self.now.clone(),
                |k| k.str_at(&["lastTransitionTime"]).to_owned(),
            );
        self.list.push(json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastUpdateTime": self.now.as_str(), "lastTransitionTime": transition,
        }));
    }
}
