//! OpenKruise: workloads, games, rollouts.

use super::{Row, row};
use crate::Health;
use crate::HealthStatus::{Degraded, Healthy, Progressing, Suspended, Unknown};
use crate::rule::{
    Clause, at, is_observed, is_text, list, number, otherwise, same, text, waiting, when,
};
use value::Value;

pub(super) const ROWS: &[Row] = &[
    row(
        "apps.kruise.io",
        "AdvancedCronJob",
        &[
            when(
                |o| at(o, "status.lastScheduleTime").is_none() && is_true(o, "spec.paused"),
                Suspended,
                "AdvancedCronJob is Paused",
            ),
            when(
                |o| !list(o, "status.active").is_empty(),
                Progressing,
                "AdvancedCronJobs has active jobs",
            ),
            when(
                |o| at(o, "status.lastScheduleTime").is_none(),
                Degraded,
                "AdvancedCronJobs has not run successfully",
            ),
            otherwise(Healthy, "AdvancedCronJobs has run successfully"),
        ],
    ),
    row(
        "apps.kruise.io",
        "BroadcastJob",
        &[
            when(
                |o| {
                    same(o, "status.desired", "status.succeeded")
                        && is_text(o, "status.phase", "completed")
                },
                Healthy,
                "BroadcastJob is completed successfully",
            ),
            when(
                |o| number(o, "status.failed") != Some(0.0) && is_text(o, "status.phase", "failed"),
                Degraded,
                "BroadcastJob failed",
            ),
            when(
                |o| is_text(o, "status.phase", "paused") && is_true(o, "spec.paused"),
                Suspended,
                "BroadcastJob is Paused",
            ),
            waiting("BroadcastJob is still running"),
        ],
    ),
    row(
        "apps.kruise.io",
        "CloneSet",
        &[Clause::Own(clone_set), INITIAL],
    ),
    row(
        "apps.kruise.io",
        "DaemonSet",
        &[Clause::Own(daemon_set), INITIAL],
    ),
    row(
        "apps.kruise.io",
        "StatefulSet",
        &[Clause::Own(stateful_set), INITIAL],
    ),
    row(
        "rollouts.kruise.io",
        "Rollout",
        &[
            when(
                |o| !is_observed(o),
                Progressing,
                "Rollout is still progressing",
            ),
            when(
                |o| step_is(o, "StepPaused") && is_text(o, "status.phase", "Progressing"),
                Suspended,
                "Rollout is Paused need manual intervention",
            ),
            when(
                |o| step_is(o, "Completed") && is_text(o, "status.phase", "Healthy"),
                Healthy,
                "Rollout is Completed",
            ),
            when(
                |o| {
                    let ends = ["Terminating", "Disabled"];
                    step_is(o, "StepPaused") && ends.map(Some).contains(&text(o, "status.phase"))
                },
                Degraded,
                "Rollout is Disabled or Terminating",
            ),
            waiting("Rollout is still progressing"),
        ],
    ),
    row(
        "game.kruise.io",
        "GameServer",
        &[
            Clause::Own(game_server),
            otherwise(Unknown, "Waiting for GameServer to be ready"),
        ],
    ),
    row(
        "game.kruise.io",
        "GameServerSet",
        &[
            Clause::Own(game_server_set),
            waiting("Waiting for GameServerSet initialization"),
        ],
    ),
];

const INITIAL: Clause = waiting("Waiting for initialization");

fn is_true(object: &Value, path: &str) -> bool {
    at(object, path).and_then(Value::as_bool) == Some(true)
}

fn step_is(object: &Value, state: &str) -> bool {
    is_text(object, "status.canaryStatus.currentStepState", state)
}

fn count(object: &Value, path: &str) -> f64 {
    number(object, path).unwrap_or(0.0)
}

/// Returns true from the first change of the spec on.
fn was_changed(object: &Value) -> bool {
    count(object, "metadata.generation") > 1.0
}

/// Returns true unless there is a partition and it is zero.
fn is_partitioned(object: &Value, path: &str) -> bool {
    number(object, path) != Some(0.0)
}

fn clone_set(object: &Value) -> Option<Health> {
    const STRATEGY: &str = "spec.updateStrategy";
    at(object, "status").filter(|_| is_observed(object))?;
    let available = number(object, "status.updatedAvailableReplicas");
    if is_true(object, &format!("{STRATEGY}.paused")) || available.is_none() {
        return Some(Health::new(Suspended, "Cloneset is paused"));
    }
    if is_partitioned(object, &format!("{STRATEGY}.partition")) && was_changed(object) {
        let is_done = count(object, "status.updatedReplicas")
            >= count(object, "status.expectedUpdatedReplicas");
        return is_done.then(|| Health::new(Suspended, "Cloneset needs manual intervention"));
    }
    Some(match available == number(object, "status.replicas") {
        true => Health::new(Healthy, "All Cloneset workloads are ready and updated"),
        false => Health::new(Degraded, "Some replicas are not ready or available"),
    })
}

const ROLLING: &str = "spec.updateStrategy.rollingUpdate";

fn stateful_set(object: &Value) -> Option<Health> {
    at(object, "status").filter(|_| is_observed(object))?;
    let available = number(object, "status.updatedAvailableReplicas");
    if is_true(object, &format!("{ROLLING}.paused")) || available.is_none() {
        return Some(Health::new(Suspended, "Statefulset is paused"));
    }
    let partition = format!("{ROLLING}.partition");
    if is_partitioned(object, &partition) && was_changed(object) {
        let wanted = count(object, "status.replicas") - count(object, &partition);
        return (count(object, "status.updatedReplicas") > wanted)
            .then(|| Health::new(Suspended, "Statefulset needs manual intervention"));
    }
    Some(match available == number(object, "status.replicas") {
        true => Health::new(Healthy, "All Statefulset workloads are ready and updated"),
        false => Health::new(Degraded, "Some replicas are not ready or available"),
    })
}

fn daemon_set(object: &Value) -> Option<Health> {
    at(object, "status").filter(|_| is_observed(object))?;
    let updated = number(object, "status.updatedNumberScheduled");
    if is_true(object, &format!("{ROLLING}.paused")) || updated.is_none() {
        return Some(Health::new(Suspended, "Daemonset is paused"));
    }
    let desired = number(object, "status.desiredNumberScheduled");
    let partition = count(object, &format!("{ROLLING}.partition"));
    if partition != 0.0 && was_changed(object) {
        return (updated > desired.map(|n| n - partition))
            .then(|| Health::new(Suspended, "Daemonset needs manual intervention"));
    }
    if updated != desired {
        return None;
    }
    if number(object, "status.numberAvailable") == desired {
        return Some(Health::new(
            Healthy,
            "All Daemonset workloads are ready and updated",
        ));
    }
    (number(object, "status.numberUnavailable") == desired)
        .then(|| Health::new(Degraded, "Some pods are not ready or available"))
}

fn game_server(object: &Value) -> Option<Health> {
    at(object, "status")?;
    let now = text(object, "status.currentState");
    let wanted = text(object, "status.desiredState");
    if now != wanted {
        let name = |state: Option<&str>| state.unwrap_or("Unknown").to_owned();
        let message = format!("State change: {} → {}", name(now), name(wanted));
        return Some(Health::new(Progressing, message));
    }
    let is_bad =
        |c: &Value| c.str_at(&["type"]) == "KruisePodReady" && c.str_at(&["status"]) != "True";
    if list(object, "status.podStatus.conditions")
        .iter()
        .any(is_bad)
    {
        return Some(Health::new(Degraded, "Pod is not ready: KruisePodReady"));
    }
    (now == Some("Ready")).then(|| Health::new(Healthy, "GameServer is Ready"))
}

fn game_server_set(object: &Value) -> Option<Health> {
    at(object, "status").filter(|_| is_observed(object))?;
    if is_true(object, &format!("{ROLLING}.paused")) {
        return Some(Health::new(Suspended, "GameServerSet is paused"));
    }
    let replicas = count(object, "status.replicas");
    let partition = count(object, &format!("{ROLLING}.partition"));
    if partition != 0.0 && count(object, "status.updatedReplicas") >= replicas - partition {
        let message = format!("Partition={partition}, waiting for manual intervention");
        return Some(Health::new(Suspended, message));
    }
    if count(object, "status.updatedReadyReplicas") == replicas {
        return Some(Health::new(
            Healthy,
            "All GameServerSet replicas are updated and ready",
        ));
    }
    let ready = count(object, "status.readyReplicas");
    (ready < replicas).then(|| {
        let message = format!("ReadyReplicas {ready}/{replicas}, still progressing");
        Health::new(Progressing, message)
    })
}
