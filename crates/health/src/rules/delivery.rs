//! Delivery tools: Flux, Flagger, Pulumi, the operator lifecycle manager.

use super::{Row, row};
use crate::Health;
use crate::HealthStatus::{Degraded, Healthy, Progressing, Suspended, Unknown};
use crate::rule::{
    Clause, at, conditions, first, is_observed, is_text, on, shown, text, waiting, when,
};
use std::fmt::Write as _;
use value::Value;

pub(super) const ROWS: &[Row] = &[
    row(
        "source.toolkit.fluxcd.io",
        "Bucket|GitRepository|HelmChart|OCIRepository",
        &[SUSPENDED, Clause::Own(source), STATUS_UNKNOWN],
    ),
    row(
        "source.toolkit.fluxcd.io",
        "HelmRepository",
        &[
            SUSPENDED,
            when(
                |o| is_text(o, "spec.type", "oci"),
                Healthy,
                "Helm repositories of type 'oci' do not contain any information in the status.",
            ),
            Clause::Own(source),
            STATUS_UNKNOWN,
        ],
    ),
    row(
        "helm.toolkit.fluxcd.io",
        "HelmRelease",
        &[SUSPENDED, Clause::Own(helm_release), STATUS_UNKNOWN],
    ),
    row(
        "kustomize.toolkit.fluxcd.io",
        "Kustomization",
        &[SUSPENDED, Clause::Own(kustomization), STATUS_UNKNOWN],
    ),
    row(
        "image.toolkit.fluxcd.io",
        "ImageUpdateAutomation",
        &[SUSPENDED, Clause::Own(kustomization), STATUS_UNKNOWN],
    ),
    // A policy can't be suspended.
    row(
        "image.toolkit.fluxcd.io",
        "ImagePolicy",
        &[Clause::Own(image), STATUS_UNKNOWN],
    ),
    row(
        "image.toolkit.fluxcd.io",
        "ImageRepository",
        &[SUSPENDED, Clause::Own(image), STATUS_UNKNOWN],
    ),
    row(
        "notification.toolkit.fluxcd.io",
        "Receiver",
        &[SUSPENDED, Clause::Own(receiver), STATUS_UNKNOWN],
    ),
    row("flagger.app", "Canary", &[Clause::Own(canary)]),
    row(
        "operators.coreos.com",
        "Subscription",
        &[
            Clause::Own(subscription),
            waiting("An install plan for a subscription is pending installation"),
        ],
    ),
    row(
        "pulumi.com",
        "Stack",
        &[
            when(
                |o| at(o, "status").is_none() || !is_observed(o),
                Progressing,
                "Waiting for the operator to observe the latest spec change",
            ),
            first(&[
                on("Stalled", "True", Degraded, "{message}"),
                on("Reconciling", "True", Progressing, "{message}"),
                on("Ready", "True", Healthy, "{message}"),
            ]),
            waiting("Waiting for the stack to be reconciled"),
        ],
    ),
];

const SUSPENDED: Clause = when(
    |o| at(o, "spec.suspend").and_then(Value::as_bool) == Some(true),
    Suspended,
    "{kind} is suspended",
);
const STATUS_UNKNOWN: Clause = waiting("Status unknown");

/// What makes one of Flux's kinds healthy: its conditions are counted.
struct Flux {
    /// The status of `Ready` that counts as being under way.
    under_way: &'static str,
    /// The reasons of `Reconciling` that count as being under way; none means all.
    reconciling: &'static [&'static str],
    /// The conditions besides `Ready` that have to be true.
    good: &'static [&'static str],
    /// How many have to be.
    enough: usize,
}

impl Flux {
    fn judge(&self, object: &Value) -> Option<Health> {
        at(object, "status.conditions")?;
        let (mut under_way, mut good) = (0, 0);
        let mut message = String::new();
        for condition in conditions(object) {
            let status = condition.str_at(&["status"]);
            let reason = condition.str_at(&["reason"]);
            match condition.str_at(&["type"]) {
                "Ready" => {
                    good += usize::from(status == "True");
                    under_way += usize::from(status == self.under_way);
                    reason.clone_into(&mut message);
                }
                "Reconciling" if status == "True" => {
                    let counts = self.reconciling.is_empty() || self.reconciling.contains(&reason);
                    under_way += usize::from(counts);
                }
                "ArtifactOutdated"
                    if status == "True" && self.good.contains(&"ArtifactInStorage") =>
                {
                    message.push(' ');
                    message.push_str(reason);
                }
                other if status == "True" && self.good.contains(&other) => good += 1,
                _ => {}
            }
        }
        let status = if under_way == 2 {
            Progressing
        } else if good == self.enough {
            Healthy
        } else {
            Degraded
        };
        Some(Health::new(status, message))
    }
}

fn source(object: &Value) -> Option<Health> {
    const RULE: Flux = Flux {
        under_way: "Unknown",
        reconciling: &[],
        good: &["ArtifactInStorage"],
        enough: 2,
    };
    RULE.judge(object)
}

fn helm_release(object: &Value) -> Option<Health> {
    const RULE: Flux = Flux {
        under_way: "Unknown",
        reconciling: &[],
        good: &["Released", "TestSuccess"],
        enough: 2,
    };
    RULE.judge(object)
}

fn kustomization(object: &Value) -> Option<Health> {
    const RULE: Flux = Flux {
        under_way: "Unknown",
        reconciling: &[],
        good: &[],
        enough: 1,
    };
    RULE.judge(object)
}

fn image(object: &Value) -> Option<Health> {
    const POLICY: Flux = Flux {
        under_way: "False",
        reconciling: &["NewGeneration", "AccessingRepository", "ApplyingPolicy"],
        good: &[],
        enough: 1,
    };
    const REPOSITORY: Flux = Flux {
        reconciling: &["NewGeneration", "Scanning"],
        ..POLICY
    };
    match object.str_at(&["kind"]) {
        "ImagePolicy" => POLICY.judge(object),
        _ => REPOSITORY.judge(object),
    }
}

/// A receiver is never on its way: what isn't ready has failed.
fn receiver(object: &Value) -> Option<Health> {
    const RULE: Flux = Flux {
        under_way: "False",
        reconciling: &[],
        good: &[],
        enough: 1,
    };
    let mut health = RULE.judge(object)?;
    if health.status == Progressing {
        health.status = Degraded;
    }
    Some(health)
}

fn canary(object: &Value) -> Option<Health> {
    const BETWEEN: &str = " --- ";
    if at(object, "status").is_none() {
        return Some(Health::new(Unknown, "No status"));
    }
    let phase = text(object, "status.phase").unwrap_or_default();
    let mut said = String::new();
    if let Some(weight) = at(object, "status.canaryWeight").map(shown)
        && weight.parse::<f64>().is_ok_and(|weight| weight > 0.0)
    {
        said = format!("Canary Weight: {weight} %");
    }
    for condition in conditions(object) {
        if !said.is_empty() {
            said.push_str(BETWEEN);
        }
        said.push_str(condition.str_at(&["message"]));
    }
    let status = match phase {
        "Failed" => Degraded,
        "Progressing" | "Finalising" | "Promoting" => Progressing,
        "Succeeded" | "Initialized" => Healthy,
        _ => Unknown,
    };
    let message = format!("{phase}{BETWEEN}{said}");
    Some(Health::new(status, message))
}

/// Counts what is wrong and what is pending with a subscription to an operator; a plan that waits
/// for a person's approval while the operator runs is neither.
fn subscription(object: &Value) -> Option<Health> {
    at(object, "status.conditions")?;
    let approval = |c: &&Value| {
        c.str_at(&["type"]) == "InstallPlanPending"
            && c.str_at(&["status"]) == "True"
            && c.str_at(&["reason"]) == "RequiresApproval"
    };
    let awaits_approval = is_text(object, "spec.installPlanApproval", "Manual")
        && at(object, "status.installedCSV").is_some()
        && conditions(object).iter().any(|c| approval(&c));
    let (mut degraded, mut pending) = (0, 0);
    let mut message = String::new();
    for (index, condition) in conditions(object).iter().enumerate() {
        let kind = condition.str_at(&["type"]);
        let status = condition.str_at(&["status"]);
        if awaits_approval && kind == "InstallPlanPending" {
            continue;
        }
        line(&mut message, index, kind, status);
        match kind {
            "InstallPlanPending" if status == "True" => pending += 1,
            "InstallPlanMissing" => {
                let known = condition.str_at(&["reason"]) == "ReferencedInstallPlanNotFound";
                degraded += usize::from(!known);
            }
            "CatalogSourcesUnhealthy" | "InstallPlanFailed" | "ResolutionFailed"
                if status == "True" =>
            {
                degraded += 1;
            }
            _ => {}
        }
    }
    match text(object, "status.state") {
        None => {
            pending += 1;
            message.push_str(".status.state not yet known\n");
        }
        Some("UpgradePending") if awaits_approval => message.push_str(
            ".status.state is 'UpgradePending' (manual InstallPlan approval pending; treated as healthy)\n",
        ),
        Some(state) => {
            match state {
                "" | "UpgradeAvailable" | "UpgradePending" => pending += 1,
                "UpgradeFailed" => degraded += 1,
                _ => {}
            }
            // Writing to a string can't fail.
            let _ = writeln!(message, ".status.state is '{state}'");
        }
    }
    Some(match (degraded, pending) {
        (0, 0) => Health::new(Healthy, message),
        (0, _) => Health::new(Progressing, message),
        _ => Health::new(Degraded, message),
    })
}

/// Writes a condition as its own line, counted from one.
pub(super) fn line(message: &mut String, index: usize, kind: &str, status: &str) {
    // Writing to a string can't fail.
    let _ = writeln!(message, "{}: {kind} | {status}", index + 1);
}
