//! What an application does without being asked: deploy a new commit, undo drift.

use crate::compare::{Comparison, ResourceState};
use crate::operation::{OperationPhase, Request, Selector};
use crate::sources;
use crate::spec::{AUTOMATED_RETRY_LIMIT, Retry, Spec};
use crate::status::{Status, SyncStatus};
use jiff::{SignedDuration, Timestamp};
use value::{Object, Value, json};

/// First wait between two attempts of self-heal; the very first does not wait.
const HEAL_BACKOFF: SignedDuration = SignedDuration::from_secs(2);
/// By what the wait grows.
const HEAL_FACTOR: i32 = 3;
/// The longest wait.
const HEAL_BACKOFF_MAX: SignedDuration = SignedDuration::from_secs(300);
/// Quiet time after which self-heal starts counting anew.
const HEAL_COOLDOWN: SignedDuration = SignedDuration::from_secs(330);

/// What automation decides.
#[derive(Debug)]
pub(crate) enum Decision {
    /// Nothing is to be done.
    Nothing,
    /// This operation is to be started.
    Start(Box<Request>),
    /// Nothing yet; again at this time.
    WaitUntil(Timestamp),
    /// Nothing, for a reason that a person should know.
    Refuse(String),
}

/// Returns the wait before attempt `attempt` of self-heal (from 0): 0, 2, 6, 18, 54, 162, 300 s.
pub(crate) fn heal_delay(attempt: i64) -> SignedDuration {
    if attempt <= 0 {
        return SignedDuration::ZERO;
    }
    let mut delay = HEAL_BACKOFF;
    for _ in 1..attempt {
        if delay >= HEAL_BACKOFF_MAX {
            break;
        }
        delay = delay.saturating_mul(HEAL_FACTOR);
    }
    delay.min(HEAL_BACKOFF_MAX)
}

/// Decides what automation does about an application that was compared with `revision`.
pub(crate) fn decide(
    spec: &Spec,
    status: &Status,
    comparison: &Comparison,
    revision: &str,
    now: Timestamp,
) -> Decision {
    let Some(auto) = spec.automated else {
        return Decision::Nothing;
    };
    if comparison.sync != SyncStatus::OutOfSync {
        return Decision::Nothing;
    }
    // One that the project doesn't permit counts: the sync says why it can't be.
    let differs = |r: &&ResourceState| r.sync.is_some_and(|s| s != SyncStatus::Synced);
    let out_of_sync: Vec<&ResourceState> = comparison.resources.iter().filter(differs).collect();
    if !auto.prune && out_of_sync.iter().all(|r| r.requires_pruning) {
        return Decision::Nothing;
    }
    let wipes = auto.prune
        && !auto.allow_empty
        && comparison
            .resources
            .iter()
            .filter(|r| !r.hook)
            .all(|r| r.requires_pruning);
    if wipes {
        return Decision::Refuse(format!(
            "Skipping sync attempt to [{revision}]: auto-sync will wipe out all resources"
        ));
    }
    let attempted = status
        .operation
        .as_ref()
        .filter(|o| o.revision == revision && o.operation.at(&["sync", "dryRun"]).is_none());
    let Some(last) = attempted else {
        return Decision::Start(Box::new(request(spec, revision, &[], 0)));
    };
    if last.phase != OperationPhase::Succeeded && !auto.self_heal {
        return Decision::Refuse(failed_message(revision, &last.message));
    }
    if !auto.self_heal {
        return Decision::Nothing;
    }
    let since = last.finished_at.unwrap_or(last.started_at);
    let quiet = since.saturating_add(HEAL_COOLDOWN).unwrap_or(now) < now;
    let succeeded = last.phase == OperationPhase::Succeeded;
    let attempts = if quiet && succeeded {
        0
    } else {
        last.heal_attempts()
    };
    // After a failure even the first attempt waits: the server has just said no.
    let step = if succeeded { attempts } else { attempts + 1 };
    let due = since.saturating_add(heal_delay(step)).unwrap_or(now);
    if now < due {
        return Decision::WaitUntil(due);
    }
    let keys: Vec<&ResourceState> = out_of_sync
        .into_iter()
        .filter(|r| !r.requires_pruning || (auto.prune && !r.deleting && !r.is_kept))
        .collect();
    if keys.is_empty() {
        // What is left goes already, as soon as its finalizers let it.
        return Decision::Nothing;
    }
    Decision::Start(Box::new(request(spec, revision, &keys, attempts + 1)))
}

/// Returns the sentence about a revision whose deployment has failed.
pub(crate) fn failed_message(revision: &str, why: &str) -> String {
    format!("Failed last sync attempt to [{revision}]: {why}")
}

fn request(spec: &Spec, revision: &str, only: &[&ResourceState], heal_attempts: i64) -> Request {
    let auto = spec.automated.unwrap_or_default();
    let mut object = Object::new();
    sources::write(&mut object, revision, &spec.sources.raw());
    if auto.prune {
        object.insert("prune", true);
    }
    if heal_attempts > 0 {
        object.insert("autoHealAttemptsCount", heal_attempts);
    }
    if !only.is_empty() {
        let resources: Value = only.iter().map(|r| selector_value(r)).collect();
        object.insert("resources", resources);
    }
    if let Some(options) = spec.policy_raw.get("syncOptions") {
        object.insert("syncOptions", options.clone());
    }
    let retry = spec.retry.unwrap_or(Retry {
        limit: AUTOMATED_RETRY_LIMIT,
        ..Retry::default()
    });
    let written = spec.policy_raw.get("retry").cloned();
    Request {
        raw: json!({
            "initiatedBy": {"automated": true},
            "retry": written.unwrap_or_else(|| json!({"limit": retry.limit})),
            "sync": Value::Object(object),
        }),
        revision: Some(revision.to_owned()),
        resources: only
            .iter()
            .map(|r| Selector {
                group: r.key.group.to_string(),
                kind: r.key.kind.to_string(),
                name: r.key.name.to_string(),
                namespace: r.key.namespace.to_string(),
            })
            .collect(),
        prune: auto.prune,
        dry_run: false,
        force: false,
        skips_hooks: false,
        override_window: None,
        options: spec.options.clone(),
        automated: true,
        retry,
        heal_attempts,
    }
}

fn selector_value(resource: &ResourceState) -> Value {
    let mut it = json!({"kind": &*resource.key.kind, "name": &*resource.key.name});
    if let Some(object) = it.as_object_mut()
        && !resource.key.group.is_empty()
    {
        object.insert("group", &*resource.key.group);
    }
    it
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn self_heal_waits_0_2_6_18_54_162_300_seconds() {
        let waits: Vec<i64> = (0..9).map(|n| heal_delay(n).as_secs()).collect();
        assert_eq!(waits, [0, 2, 6, 18, 54, 162, 300, 300, 300]);
    }
}
