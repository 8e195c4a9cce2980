//! Jobs: pods that end.

use std::sync::Arc;
use std::time::Duration;

use controlplane::Object;
use controlplane::failure::Result;
use jiff::Timestamp;
use value::{Value, json};

use crate::pods;
use crate::world::{MANAGER, Work, World, selector, set_count};

pub(crate) fn reconcile(world: &mut World, work: &Work) -> Result<()> {
    let kind = world.kind("batch", "v1", "jobs")?;
    let job = world.get(&kind, &work.namespace, &work.name)?;
    let finished = finished_condition(&job.value);
    if let Some(since) = finished {
        return expire(world, work, &job, &since);
    }
    let selector = selector(&job.value)?;
    // What selects everything would make pods without end, none of which it may call its own.
    if selector.is_everything() {
        return Ok(());
    }
    let pod_kind = world.kind("", "v1", "pods")?;
    let claimed = world.claim(&pod_kind, &kind, &job, &selector)?;
    let active: Vec<Arc<Object>> = claimed
        .iter()
        .filter(|p| pods::is_active(p))
        .cloned()
        .collect();
    let phase = |wanted: &str| {
        i64::try_from(
            claimed
                .iter()
                .filter(|p| p.value.str_at(&["status", "phase"]) == wanted)
                .count(),
        )
        .unwrap_or(0)
    };
    let (succeeded, failed) = (phase("Succeeded"), phase("Failed"));
    let spec = |name: &str| job.value.i64_at(&["spec", name]);
    let suspended = job.value.at(&["spec", "suspend"]).and_then(Value::as_bool) == Some(true);
    let completions = spec("completions");
    let parallelism = spec("parallelism").unwrap_or(1);
    let running = i64::try_from(active.len()).unwrap_or(0);
    let done = match completions {
        Some(wanted) => succeeded >= wanted,
        None => succeeded > 0 && running == 0,
    };
    let too_often = failed > spec("backoffLimit").unwrap_or(6);
    let started = job.value.str_at(&["status", "startTime"]).to_owned();
    let deadline = spec("activeDeadlineSeconds").zip(started.parse::<Timestamp>().ok());
    let too_long = deadline.is_some_and(|(seconds, since)| {
        world.timestamp().duration_since(since).as_secs() >= seconds
    });
    let mut status = job
        .value
        .get("status")
        .cloned()
        .unwrap_or_else(Value::object);
    let mut conditions = status.array_at(&["conditions"]).to_vec();
    let now = world.now();
    let mut active_now = running;
    if suspended {
        end_all(world, &active)?;
        active_now = 0;
        condition(
            &mut conditions,
            "Suspended",
            "True",
            "JobSuspended",
            "Job suspended",
            &now,
        );
        status.remove_at(&["startTime"]);
    } else {
        if conditions
            .iter()
            .any(|c| c.str_at(&["type"]) == "Suspended")
        {
            condition(
                &mut conditions,
                "Suspended",
                "False",
                "JobResumed",
                "Job resumed",
                &now,
            );
        }
        if started.is_empty() {
            status.set_at(&["startTime"], now.as_str());
        }
        if too_often || too_long {
            end_all(world, &active)?;
            active_now = 0;
            let (reason, message) = if too_long {
                (
                    "DeadlineExceeded",
                    "Job was active longer than specified deadline",
                )
            } else {
                (
                    "BackoffLimitExceeded",
                    "Job has reached the specified backoff limit",
                )
            };
            condition(
                &mut conditions,
                "FailureTarget",
                "True",
                reason,
                message,
                &now,
            );
            condition(&mut conditions, "Failed", "True", reason, message, &now);
        } else if done {
            end_all(world, &active)?;
            active_now = 0;
            let (reason, message) = (
                "CompletionsReached",
                "Reached expected number of succeeded pods",
            );
            condition(
                &mut conditions,
                "SuccessCriteriaMet",
                "True",
                reason,
                message,
                &now,
            );
            condition(&mut conditions, "Complete", "True", reason, message, &now);
            status.set_at(&["completionTime"], now.as_str());
        } else if !job.deleting() {
            let wanted = match completions {
                Some(completions) => parallelism.min(completions - succeeded),
                None if succeeded > 0 => running,
                None => parallelism,
            };
            if running < wanted {
                let template = job
                    .value
                    .at(&["spec", "template"])
                    .cloned()
                    .unwrap_or_default();
                pods::create(world, &kind, &job, &template, wanted - running)?;
            } else if running > wanted {
                pods::delete_surplus(
                    world,
                    &active,
                    usize::try_from(running - wanted).unwrap_or(0),
                )?;
            }
        }
    }
    let ready = active.iter().filter(|p| pods::is_ready(&p.value)).count();
    let terminating = claimed
        .iter()
        .filter(|p| p.deleting() && !pods::is_finished(&p.value))
        .count();
    set_count(&mut status, "active", active_now);
    set_count(&mut status, "succeeded", succeeded);
    set_count(&mut status, "failed", failed);
    status.set_at(&["ready"], if active_now == 0 { 0 } else { ready });
    status.set_at(&["terminating"], terminating);
    status.set_at(&["uncountedTerminatedPods"], Value::object());
    if !conditions.is_empty() {
        status.set_at(&["conditions"], conditions);
    }
    world.set_status(&kind, &job, MANAGER, &status)?;
    if let Some((seconds, _)) = spec("activeDeadlineSeconds").zip(Some(())) {
        world.add_after(
            work.clone(),
            Duration::from_secs(seconds.unsigned_abs() + 1),
        );
    }
    Ok(())
}

fn end_all(world: &World, pods: &[Arc<Object>]) -> Result<()> {
    let kind = world.kind("", "v1", "pods")?;
    pods.iter()
        .try_for_each(|pod| world.delete(&kind, pod, None))
}

fn condition(
    list: &mut Vec<Value>,
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    now: &str,
) {
    if list
        .iter()
        .any(|c| c.str_at(&["type"]) == kind && c.str_at(&["status"]) == status)
    {
        return;
    }
    list.retain(|c| c.str_at(&["type"]) != kind);
    list.push(json!({
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastProbeTime": now, "lastTransitionTime": now,
    }));
}

/// Returns since when a job has ended.
fn finished_condition(job: &Value) -> Option<String> {
    let list = job.array_at(&["status", "conditions"]);
    let ended = list.iter().find(|c| {
        matches!(c.str_at(&["type"]), "Complete" | "Failed") && c.str_at(&["status"]) == "True"
    })?;
    Some(ended.str_at(&["lastTransitionTime"]).to_owned())
}

/// Deletes a job that ended long enough ago.
fn expire(world: &mut World, work: &Work, job: &Object, since: &str) -> Result<()> {
    let Some(keep) = job.value.i64_at(&["spec", "ttlSecondsAfterFinished"]) else {
        return Ok(());
    };
    let elapsed = since
        .parse::<Timestamp>()
        .map_or(0, |since| world.timestamp().duration_since(since).as_secs());
    if elapsed >= keep {
        let kind = world.kind("batch", "v1", "jobs")?;
        return world.delete(&kind, job, None);
    }
    world.add_after(
        work.clone(),
        Duration::from_secs((keep - elapsed).unsigned_abs()),
    );
    Ok(())
}
