//! Rules of what runs pods.

use crate::{Health, HealthStatus, condition};
use value::Value;

fn progressing(message: impl Into<String>) -> Health {
    Health::new(HealthStatus::Progressing, message)
}

fn name(object: &Value) -> &str {
    object.str_at(&["metadata", "name"])
}

/// Returns a number of the status; 0 if it is absent, as the API server leaves zeros out.
fn status(object: &Value, field: &str) -> i64 {
    object.i64_at(&["status", field]).unwrap_or(0)
}

fn generation(object: &Value) -> i64 {
    object.i64_at(&["metadata", "generation"]).unwrap_or(0)
}

/// Returns the replicas asked for, if anything is said about them.
fn wanted(object: &Value) -> Option<i64> {
    object.i64_at(&["spec", "replicas"])
}

pub(crate) fn deployment(object: &Value) -> Health {
    if object.at(&["spec", "paused"]).and_then(Value::as_bool) == Some(true) {
        return Health::new(HealthStatus::Suspended, "Deployment is paused");
    }
    if generation(object) > status(object, "observedGeneration") {
        return progressing(
            "Waiting for rollout to finish: observed deployment generation less then desired generation",
        );
    }
    let deadline = condition::find(object, "Progressing")
        .is_some_and(|c| c.str_at(&["reason"]) == "ProgressDeadlineExceeded");
    if deadline {
        let name = name(object);
        let message = format!("Deployment \"{name}\" exceeded its progress deadline");
        return Health::new(HealthStatus::Degraded, message);
    }
    let replicas = status(object, "replicas");
    let updated = status(object, "updatedReplicas");
    let available = status(object, "availableReplicas");
    if let Some(wanted) = wanted(object).filter(|wanted| updated < *wanted) {
        return progressing(format!(
            "Waiting for rollout to finish: {updated} out of {wanted} new replicas have been updated..."
        ));
    }
    if replicas > updated {
        let old = replicas - updated;
        return progressing(format!(
            "Waiting for rollout to finish: {old} old replicas are pending termination..."
        ));
    }
    if available < updated {
        return progressing(format!(
            "Waiting for rollout to finish: {available} of {updated} updated replicas are available..."
        ));
    }
    Health::plain(HealthStatus::Healthy)
}

pub(crate) fn stateful_set(object: &Value) -> Health {
    let observed = status(object, "observedGeneration");
    if observed == 0 || generation(object) > observed {
        return progressing("Waiting for statefulset spec update to be observed...");
    }
    let ready = status(object, "readyReplicas");
    let updated = status(object, "updatedReplicas");
    let wanted = wanted(object);
    if let Some(wanted) = wanted.filter(|wanted| ready < *wanted) {
        let missing = wanted - ready;
        return progressing(format!("Waiting for {missing} pods to be ready..."));
    }
    let strategy = object.str_at(&["spec", "updateStrategy", "type"]);
    let rolling = object.at(&["spec", "updateStrategy", "rollingUpdate"]);
    if let ("RollingUpdate", Some(rolling)) = (strategy, rolling.filter(|r| !r.is_null())) {
        if let (Some(wanted), Some(partition)) = (wanted, rolling.i64_at(&["partition"])) {
            let new = wanted - partition;
            if updated < new {
                return progressing(format!(
                    "Waiting for partitioned roll out to finish: {updated} out of {new} new pods have been updated..."
                ));
            }
        }
        return Health::new(
            HealthStatus::Healthy,
            format!("partitioned roll out complete: {updated} new pods have been updated..."),
        );
    }
    if strategy == "OnDelete" {
        let message = format!("statefulset has {ready} ready pods");
        return Health::new(HealthStatus::Healthy, message);
    }
    let next = object.str_at(&["status", "updateRevision"]);
    let current = object.str_at(&["status", "currentRevision"]);
    if next != current {
        return progressing(format!(
            "waiting for statefulset rolling update to complete {updated} pods at revision {next}..."
        ));
    }
    let pods = status(object, "currentReplicas");
    Health::new(
        HealthStatus::Healthy,
        format!("statefulset rolling update complete {pods} pods at revision {current}..."),
    )
}

pub(crate) fn daemon_set(object: &Value) -> Health {
    if generation(object) > status(object, "observedGeneration") {
        return progressing(
            "Waiting for rollout to finish: observed daemon set generation less then desired generation",
        );
    }
    let name = name(object);
    let desired = status(object, "desiredNumberScheduled");
    let updated = status(object, "updatedNumberScheduled");
    let available = status(object, "numberAvailable");
    if object.str_at(&["spec", "updateStrategy", "type"]) == "OnDelete" {
        let message = format!("daemon set {updated} out of {desired} new pods have been updated");
        return Health::new(HealthStatus::Healthy, message);
    }
    if updated < desired {
        return progressing(format!(
            "Waiting for daemon set \"{name}\" rollout to finish: {updated} out of {desired} new pods have been updated..."
        ));
    }
    if available < desired {
        return progressing(format!(
            "Waiting for daemon set \"{name}\" rollout to finish: {available} of {desired} updated pods are available..."
        ));
    }
    Health::plain(HealthStatus::Healthy)
}

pub(crate) fn replica_set(object: &Value) -> Health {
    if generation(object) > status(object, "observedGeneration") {
        return progressing(
            "Waiting for rollout to finish: observed replica set generation less then desired generation",
        );
    }
    if let Some(failure) =
        condition::find(object, "ReplicaFailure").filter(|c| condition::is_true(c))
    {
        return Health::new(HealthStatus::Degraded, condition::message(failure));
    }
    let available = status(object, "availableReplicas");
    if let Some(wanted) = wanted(object).filter(|wanted| available < *wanted) {
        return progressing(format!(
            "Waiting for rollout to finish: {available} out of {wanted} new replicas are available..."
        ));
    }
    Health::plain(HealthStatus::Healthy)
}

/// A job is done, failed or suspended by its conditions, whatever their status; without one of
/// these it runs.
pub(crate) fn job(object: &Value) -> Health {
    let mut done = None;
    let mut failed = None;
    let mut suspended = false;
    for c in object.array_at(&["status", "conditions"]) {
        match c.str_at(&["type"]) {
            "Failed" => failed = Some(condition::message(c)),
            "Complete" => done = Some(condition::message(c)),
            "Suspended" => {
                done = Some(condition::message(c));
                suspended |= condition::is_true(c);
            }
            _ => {}
        }
    }
    match (failed, done) {
        (Some(message), _) => Health::new(HealthStatus::Degraded, message),
        (None, Some(message)) if suspended => Health::new(HealthStatus::Suspended, message),
        (None, Some(message)) => Health::new(HealthStatus::Healthy, message),
        (None, None) => progressing(""),
    }
}
