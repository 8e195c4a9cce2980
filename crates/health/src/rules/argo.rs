//! Argo's own kinds.

use super::{Row, row};
use crate::Health;
use crate::HealthStatus::{self, Degraded, Healthy, Progressing, Suspended, Unknown};
use crate::rule::{
    Clause, READY, at, conditions, field, first, is, is_text, list, number, on, otherwise, text,
    truthy, waiting, when,
};
use value::Value;

pub(super) const ROWS: &[Row] = &[
    row(
        "argoproj.io",
        "AnalysisRun",
        &[
            field(
                "status.phase",
                &[
                    is("Pending|Running", Progressing, "Analysis run is running"),
                    is(
                        "Successful",
                        Healthy,
                        "{status.message}|Analysis run completed successfully",
                    ),
                    is("Failed", Degraded, "{status.message}|Analysis run failed"),
                    is(
                        "Error",
                        Degraded,
                        "{status.message}|Analysis run had an error",
                    ),
                    is(
                        "Inconclusive",
                        Unknown,
                        "{status.message}|Analysis run was inconclusive",
                    ),
                ],
            ),
            waiting("Waiting for analysis run to finish: status has not been reconciled."),
        ],
    ),
    row(
        "argoproj.io",
        "ApplicationSet",
        &[
            first(&[on("ErrorOccurred", "True", Degraded, "{message}")]),
            first(&[on("ResourcesUpToDate", "False", Degraded, "{message}")]),
            first(&[on("RolloutProgressing", "True", Progressing, "{message}")]),
            first(&[on("ResourcesUpToDate", "True", Healthy, "{message}")]),
            waiting("Waiting for the status to be reported"),
        ],
    ),
    row(
        "argoproj.io",
        "CronWorkflow",
        &[
            first(&[
                on("SpecError|SubmissionError", "True", Degraded, "{message}"),
                on("Completed", "True", Healthy, "{message}"),
            ]),
            otherwise(Healthy, "CronWorkflow is healthy."),
        ],
    ),
    row(
        "argoproj.io",
        "EventBus",
        &[
            first(&[
                on("Deployed", "False", Degraded, "{message}|{reason}"),
                on("Deployed", "True", Healthy, "{message}|{reason}"),
            ]),
            waiting("Waiting for initialization"),
        ],
    ),
    row(
        "argoproj.io",
        "Experiment",
        &[
            field(
                "status.phase",
                &[
                    is("Pending", Progressing, "Experiment is pending"),
                    is("Running", Progressing, "Experiment is running"),
                    is("Successful", Healthy, "Experiment is successful"),
                    is("Failed", Degraded, "Experiment has failed"),
                    is("Error", Degraded, "Experiment had an error"),
                ],
            ),
            waiting("Waiting for experiment to finish: status has not been reconciled."),
        ],
    ),
    row("argoproj.io", "Rollout", &[Clause::Own(rollout)]),
    // A fork of Rollout.
    row(
        "spot.io",
        "SpotDeployment",
        &[
            first(&[
                on("InvalidSpec", "", Degraded, "{message}"),
                on("Progressing", "", Degraded, "{message}")
                    .reason("RolloutAborted|ProgressDeadlineExceeded"),
                on("Paused", "True", Suspended, "Rollout is paused"),
            ]),
            when(
                |o| {
                    at(o, "status.conditions").is_some()
                        && is_text(o, "status.phase", "Progressing")
                },
                Progressing,
                "Waiting for rollout to finish steps",
            ),
            when(|o| at(o, "status.conditions").is_some(), Healthy, ""),
        ],
    ),
    row(
        "camel.apache.org",
        "Integration",
        &[READY, waiting("Waiting for Integration")],
    ),
];

/// Conditions by which a rollout has failed.
fn failed(object: &Value) -> Option<Health> {
    let case = |condition: &Value| match condition.str_at(&["type"]) {
        "InvalidSpec" => true,
        "Progressing" => matches!(
            condition.str_at(&["reason"]),
            "RolloutAborted" | "ProgressDeadlineExceeded"
        ),
        _ => false,
    };
    let condition = conditions(object).iter().find(|c| case(c))?;
    Some(Health::new(Degraded, condition.str_at(&["message"])))
}

fn progressing(message: &str) -> Option<Health> {
    Some(Health::new(Progressing, message))
}

fn rollout(object: &Value) -> Option<Health> {
    if !is_generation_observed(object) || !is_workload_observed(object) {
        return progressing("Waiting for rollout spec update to be observed");
    }
    if let Some(phase) = text(object, "status.phase") {
        let status = match phase {
            "Paused" => Suspended,
            other => HealthStatus::parse(other),
        };
        return Some(Health::new(status, object.str_at(&["status", "message"])));
    }
    if let Some(failed) = failed(object) {
        return Some(failed);
    }
    if !list(object, "status.pauseConditions").is_empty() || truthy(object, "spec.paused") {
        return Some(Health::new(Suspended, "Rollout is paused"));
    }
    let Some(pods) = text(object, "status.currentPodHash") else {
        return progressing("Waiting for rollout to finish: status has not been reconciled.");
    };
    let count = |path| number(object, path);
    let updated = count("status.updatedReplicas").unwrap_or(0.0);
    if updated < count("spec.replicas").unwrap_or(1.0) {
        return progressing("Waiting for roll out to finish: More replicas need to be updated");
    }
    if count("status.availableReplicas").unwrap_or(0.0) < updated {
        return progressing(
            "Waiting for roll out to finish: updated replicas are still becoming available",
        );
    }
    // Versions before 1.0 kept the stable hash below `canary`.
    let stable = text(object, "status.stableRS")
        .or_else(|| text(object, "status.canary.stableRS"))
        .unwrap_or_default();
    if at(object, "spec.strategy.blueGreen").is_some() {
        if text(object, "status.blueGreen.activeSelector") != Some(pods) {
            return progressing("active service cutover pending");
        }
        if !stable.is_empty() && stable != pods {
            return progressing("waiting for analysis to complete");
        }
    } else if at(object, "spec.strategy.canary").is_some() {
        if count("status.replicas").unwrap_or(0.0) > updated {
            return progressing(
                "Waiting for roll out to finish: old replicas are pending termination",
            );
        }
        if stable != pods {
            return progressing("Waiting for rollout to finish steps");
        }
    }
    Some(Health::plain(Healthy))
}

/// Returns a number that may be written as text, as rollouts of old did.
fn whole(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    value
        .as_i64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

/// A generation beyond the object's own isn't one: it was a hash once.
fn is_generation_observed(object: &Value) -> bool {
    let Some(status) = at(object, "status") else {
        return false;
    };
    let generation = object.i64_at(&["metadata", "generation"]).unwrap_or(0);
    whole(status.get("observedGeneration")).is_none_or(|observed| observed >= generation)
}

fn is_workload_observed(object: &Value) -> bool {
    const GENERATION: &str = "rollout.argoproj.io/workload-generation";
    if at(object, "spec.workloadRef").is_none() || at(object, "metadata.annotations").is_none() {
        return true;
    }
    whole(object.at(&["metadata", "annotations", GENERATION]))
        == whole(object.at(&["status", "workloadObservedGeneration"]))
}
