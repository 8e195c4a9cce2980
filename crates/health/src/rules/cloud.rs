//! Resources of clouds, and the providers that make them. The rows for whole groups are last.

use super::{Row, row};
use crate::Health;
use crate::HealthStatus::{Degraded, Healthy, Progressing, Suspended};
use crate::rule::{
    Clause, at, conditions, first, is_observed, is_text, on, otherwise, truthy, waiting, when,
};
use value::Value;

pub(super) const ROWS: &[Row] = &[
    row(
        "cloudfront.aws.crossplane.io",
        "Distribution",
        &[Clause::Own(aws)],
    ),
    row(
        "iam.aws.crossplane.io",
        "Policy|Role|RolePolicyAttachment",
        &[Clause::Own(aws)],
    ),
    row(
        "rds.aws.crossplane.io",
        "DBCluster|DBInstance",
        &[Clause::Own(aws)],
    ),
    row(
        "route53.aws.crossplane.io",
        "ResourceRecordSet",
        &[Clause::Own(aws)],
    ),
    row("s3.aws.crossplane.io", "Bucket", &[Clause::Own(aws)]),
    row(
        "pkg.crossplane.io",
        "Provider",
        &[
            Clause::Own(provider),
            waiting("Waiting for provider to be installed"),
        ],
    ),
    row(
        "stacks.crossplane.io",
        "ClusterStackInstall",
        &[Clause::Own(stack_install)],
    ),
    row(
        "*.crossplane.io",
        "*",
        &[
            when(
                |o| is_made_without_status(o, OF_CROSSPLANE),
                Healthy,
                UP_TO_DATE,
            ),
            when(is_in_use, Healthy, "Resource is in use."),
            CROSSPLANE_FAILED,
            first(&[on(
                "Ready|Healthy|Offered|Established|ValidPipeline|RevisionHealthy",
                "True",
                Healthy,
                UP_TO_DATE,
            )]),
            waiting("Provisioning ..."),
        ],
    ),
    row(
        "*.upbound.io",
        "*",
        &[
            when(
                |o| is_made_without_status(o, OF_UPBOUND),
                Healthy,
                UP_TO_DATE,
            ),
            when(is_in_use, Healthy, "Resource is in use."),
            CROSSPLANE_FAILED,
            first(&[on("Ready", "True", Healthy, UP_TO_DATE)]),
            waiting("Provisioning ..."),
        ],
    ),
    row(
        "*.cnrm.cloud.google.com",
        "*",
        &[
            when(
                |o| at(o, "status.observedGeneration").is_some() && !is_observed(o),
                Progressing,
                "Update in progress",
            ),
            when(
                |o| {
                    is_connector(o)
                        && at(o, "status.healthy").and_then(Value::as_bool) == Some(true)
                },
                Healthy,
                "{kind} is healthy",
            ),
            when(
                |o| is_connector(o) && at(o, "status.healthy").is_some(),
                Degraded,
                "{kind} is not healthy",
            ),
            first(&[
                on("", "True", Healthy, "{message}").reason("UpToDate"),
                on("", "", Degraded, "{message}").reason("UpdateFailed|DependencyNotFound"),
                on("", "", Suspended, "{message}").reason("DependencyNotReady"),
            ]),
            waiting("Update in progress"),
        ],
    ),
    row(
        "*.services.k8s.aws",
        "*",
        &[
            first(&[
                on("ACK.Terminal", "True", Degraded, "{message}"),
                on("Ready", "False", Progressing, "{message}"),
                on("Ready", "True", Healthy, ""),
            ]),
            waiting("Waiting for resource to be ready"),
        ],
    ),
    row(
        "snapshot.storage.k8s.io",
        "VolumeSnapshot|VolumeSnapshotContent",
        &[
            when(|o| truthy(o, "status.readyToUse"), Healthy, "Ready to use"),
            when(
                |o| at(o, "status.error").is_some(),
                Degraded,
                "{status.error.message}",
            ),
            waiting("Waiting for status"),
        ],
    ),
    row(
        "trident.netapp.io",
        "TridentBackendConfig",
        &[
            when(
                |o| {
                    is_text(o, "status.phase", "Bound")
                        && is_text(o, "status.lastOperationStatus", "Success")
                },
                Healthy,
                "{status.message}",
            ),
            when(
                |o| is_text(o, "status.lastOperationStatus", "Failed"),
                Degraded,
                "{status.message}",
            ),
            waiting("Waiting for backend creation"),
        ],
    ),
    row(
        "trident.netapp.io",
        "TridentOrchestrator",
        &[
            when(
                |o| is_text(o, "status.status", "Installed"),
                Healthy,
                "{status.message}",
            ),
            when(
                |o| is_text(o, "status.status", "Failed") || is_text(o, "status.status", "Error"),
                Degraded,
                "{status.message}",
            ),
            otherwise(Progressing, "Waiting for trident installation"),
        ],
    ),
];

const UP_TO_DATE: &str = "Resource is up-to-date.";

/// Kinds that never get a status.
const OF_CROSSPLANE: &[&str] = &[
    "ClusterProviderConfig",
    "Composition",
    "CompositionRevision",
    "ControllerConfig",
    "DeploymentRuntimeConfig",
    "ProviderConfig",
    "ProviderConfigUsage",
];
const OF_UPBOUND: &[&str] = &[
    "ClusterProviderConfig",
    "ProviderConfig",
    "ProviderConfigUsage",
];

const CROSSPLANE_FAILED: Clause = first(&[on(
    "LastAsyncOperation|Synced",
    "False",
    Degraded,
    "{message}",
)]);

fn is_made_without_status(object: &Value, kinds: &[&str]) -> bool {
    match at(object, "status") {
        None => true,
        Some(status) => status.is_empty() && kinds.contains(&object.str_at(&["kind"])),
    }
}

fn is_in_use(object: &Value) -> bool {
    matches!(
        object.str_at(&["kind"]),
        "ProviderConfig" | "ClusterProviderConfig"
    ) && at(object, "status.conditions").is_none()
        && at(object, "status.users").is_some()
}

fn is_connector(object: &Value) -> bool {
    matches!(
        object.str_at(&["kind"]),
        "ConfigConnector" | "ConfigConnectorContext"
    )
}

/// The first generation of Crossplane's AWS resources: ready, synced, paused.
fn aws(object: &Value) -> Option<Health> {
    let noun = match object.str_at(&["kind"]) {
        "Distribution" => "distribution",
        "ResourceRecordSet" => "resourcrecordset",
        kind => kind,
    };
    if at(object, "status.conditions").is_none() {
        let message = format!("Waiting for {noun} to be created");
        return Some(Health::new(Progressing, message));
    }
    let (mut is_ready, mut is_synced, mut is_paused) = (false, false, false);
    let (mut ready, mut error, mut paused) = ("", "", "");
    for condition in conditions(object) {
        let is_true = condition.str_at(&["status"]) == "True";
        let reason = condition.str_at(&["reason"]);
        match condition.str_at(&["type"]) {
            "Ready" => (is_ready, ready) = (is_true, reason),
            "Synced" => {
                is_synced = is_true;
                match reason {
                    "ReconcileError" => error = condition.str_at(&["message"]),
                    "ReconcilePaused" => (is_paused, paused) = (true, reason),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    Some(match (is_ready, is_synced, is_paused) {
        (true, true, _) => Health::new(Healthy, ready),
        (_, false, true) => Health::new(Suspended, paused),
        (false, true, false) => {
            Health::new(Progressing, format!("Waiting for {noun} to be available"))
        }
        _ => Health::new(Degraded, error),
    })
}

fn provider(object: &Value) -> Option<Health> {
    at(object, "status.conditions")?;
    let last = |condition_type: &str| {
        let of_type = |c: &&Value| c.str_at(&["type"]) == condition_type;
        conditions(object).iter().rfind(of_type)
    };
    let is_true = |c: Option<&Value>| c.is_some_and(|c| c.str_at(&["status"]) == "True");
    let reason = |c: Option<&Value>| c.map_or("", |c| c.str_at(&["reason"])).to_owned();
    let (installed, healthy) = (last("Installed"), last("Healthy"));
    let message = format!("{} {}", reason(installed), reason(healthy));
    Some(match is_true(installed) && is_true(healthy) {
        true => Health::new(Healthy, message),
        false => Health::new(Degraded, message),
    })
}

fn stack_install(object: &Value) -> Option<Health> {
    let mut message = "Waiting for stack to be installed";
    for condition in crate::rule::list(object, "status.conditionedStatus.conditions") {
        if condition.str_at(&["type"]) == "Ready" {
            message = condition.str_at(&["reason"]);
            if condition.str_at(&["status"]) == "True" {
                return Some(Health::new(Healthy, message));
            }
        }
    }
    Some(Health::new(Progressing, message))
}
