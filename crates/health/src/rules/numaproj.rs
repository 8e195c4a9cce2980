//! Numaflow and Numaplane.

use super::{Row, row};
use crate::Health;
use crate::HealthStatus::{Degraded, Healthy, Progressing, Unknown};
use crate::rule::{Clause, at, conditions, is_observed, text, waiting};
use value::Value;

pub(super) const ROWS: &[Row] = &[
    row(
        "numaflow.numaproj.io",
        "InterStepBufferService|MonoVertex|Pipeline|Vertex",
        &[Clause::Own(numaflow), waiting("Waiting for {kind} status")],
    ),
    row(
        "numaplane.numaproj.io",
        "ISBServiceRollout|MonoVertexRollout|NumaflowControllerRollout|PipelineRollout",
        &[Clause::Own(rollout)],
    ),
];

fn numaflow(object: &Value) -> Option<Health> {
    const PROGRESSIVE: &str = "numaplane.numaproj.io/progressive-result-state";
    at(object, "status").filter(|_| is_observed(object))?;
    let kind = object.str_at(&["kind"]);
    let phase = text(object, "status.phase").unwrap_or_default();
    // A vertex isn't upgraded by itself.
    let upgrade_failed =
        kind != "Vertex" && object.str_at(&["metadata", "labels", PROGRESSIVE]) == "failed";
    let failing = conditions(object)
        .iter()
        .rfind(|c| c.str_at(&["status"]) == "False");
    let is_whole = matches!(kind, "Pipeline" | "MonoVertex");
    let can_pause = kind != "InterStepBufferService";
    Some(match (phase, failing) {
        ("Failed", _) => Health::new(Degraded, object.str_at(&["status", "message"])),
        _ if upgrade_failed => Health::new(Degraded, "Failed progressive upgrade"),
        (_, Some(_)) if is_whole => Health::new(Degraded, "Subresources are unhealthy"),
        (_, Some(failing)) => Health::new(Degraded, failing.str_at(&["message"])),
        ("Paused", _) if can_pause => Health::new(Healthy, format!("{kind} is paused")),
        ("Pausing", _) if kind == "Pipeline" => Health::new(Healthy, "Pipeline is paused"),
        ("Running", _) => Health::new(Healthy, format!("{kind} is healthy")),
        _ => return None,
    })
}

/// How the rules of Numaplane's rollouts differ.
struct Rollout {
    /// The reason for which children have failed; none: every one but `Progressing`.
    child_failed: Option<&'static str>,
    /// The condition of one that is paused, which is healthy.
    paused: Option<&'static str>,
    unknown: &'static str,
}

fn of_kind(kind: &str) -> Rollout {
    match kind {
        "ISBServiceRollout" => Rollout {
            child_failed: Some("ISBSvcFailed"),
            paused: None,
            unknown: "Unknown status",
        },
        "MonoVertexRollout" => Rollout {
            child_failed: Some("MonoVertexFailed"),
            paused: Some("MonoVertexPausingOrPaused"),
            unknown: "Unknown MonoVertex status",
        },
        "PipelineRollout" => Rollout {
            child_failed: Some("PipelineFailed"),
            paused: Some("PipelinePausingOrPaused"),
            unknown: "Unknown Pipeline status",
        },
        _ => Rollout {
            child_failed: None,
            paused: None,
            unknown: "Unknown status",
        },
    }
}

fn rollout(object: &Value) -> Option<Health> {
    let rule = of_kind(object.str_at(&["kind"]));
    let find = |condition_type: &str, status: &str, reason: &dyn Fn(&str) -> bool| {
        conditions(object).iter().find(|c| {
            c.str_at(&["type"]) == condition_type
                && c.str_at(&["status"]) == status
                && reason(c.str_at(&["reason"]))
        })
    };
    let any = |_: &str| true;
    if at(object, "status").is_none() || !is_observed(object) {
        return Some(Health::new(Progressing, "Not yet reconciled"));
    }
    // The controller has no progressive upgrades.
    let upgrade_failed =
        rule.child_failed.is_some() && find("ProgressiveUpgradeSucceeded", "False", &any).is_some();
    let phase = text(object, "status.phase").unwrap_or_default();
    let is_upgrading = text(object, "status.upgradeInProgress").is_some_and(|u| !u.is_empty());
    if (is_upgrading || phase == "Pending") && !upgrade_failed {
        return Some(Health::new(Progressing, "Update in progress"));
    }
    if find("ChildResourcesHealthy", "False", &|r| r == "Progressing").is_some() {
        return Some(Health::new(Progressing, "Child Progressing"));
    }
    if phase == "Failed" {
        return Some(Health::new(Degraded, object.str_at(&["status", "message"])));
    }
    let is_failure = |c: &&Value| match c.str_at(&["type"]) {
        "ChildResourcesHealthy" => rule
            .child_failed
            .is_none_or(|reason| c.str_at(&["reason"]) == reason),
        "ProgressiveUpgradeSucceeded" => upgrade_failed,
        _ => false,
    };
    let failure = conditions(object)
        .iter()
        .filter(|c| c.str_at(&["status"]) == "False")
        .find(is_failure);
    if let Some(failure) = failure {
        return Some(match failure.str_at(&["type"]) {
            "ProgressiveUpgradeSucceeded" => Health::new(Degraded, "Progressive upgrade failed"),
            _ => Health::new(Degraded, failure.str_at(&["message"])),
        });
    }
    if let Some(paused) = rule.paused.and_then(|paused| find(paused, "True", &any)) {
        return Some(Health::new(Healthy, paused.str_at(&["message"])));
    }
    Some(match find("ChildResourcesHealthy", "True", &any) {
        Some(_) => Health::new(Healthy, "Healthy"),
        None => Health::new(Unknown, rule.unknown),
    })
}
