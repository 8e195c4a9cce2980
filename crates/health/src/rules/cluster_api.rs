//! Cluster API, Karmada, Gardener, and virtual machines.

use super::{Row, row};
use crate::Health;
use crate::HealthStatus::{Degraded, Healthy, Progressing, Suspended, Unknown};
use crate::rule::{
    Clause, at, conditions, field, first, is, is_behind, is_text, latest, list, on, otherwise,
    same, text, truthy, waiting, when,
};
use value::Value;

pub(super) const ROWS: &[Row] = &[
    row(
        "cluster.x-k8s.io",
        "Cluster",
        &[
            when(|o| truthy(o, "spec.paused"), Suspended, "Cluster is paused"),
            first(&[on("Ready", "False", Degraded, "{message}")
                .also(|_, c| !is_text(c, "severity", "Info"))]),
            field(
                "status.phase",
                &[
                    is("Provisioned", Healthy, "Cluster is running"),
                    is("Failed", Degraded, ""),
                ],
            ),
            waiting("Waiting for clusters"),
        ],
    ),
    row(
        "cluster.x-k8s.io",
        "Machine",
        &[
            field(
                "status.phase",
                &[is("Running", Healthy, "Machine is running")],
            ),
            first(&[
                on("Ready", "False", Degraded, "{message}")
                    .also(|o, _| is_text(o, "status.phase", "Failed")),
                on("Ready", "False", Progressing, "{message}"),
            ]),
            field(
                "status.phase",
                &[is("Failed", Degraded, "Condition is unknown")],
            ),
            waiting("Condition is unknown"),
        ],
    ),
    row(
        "cluster.x-k8s.io",
        "MachineDeployment",
        &[
            when(
                |o| truthy(o, "spec.paused"),
                Suspended,
                "MachineDeployment is paused",
            ),
            field(
                "status.phase",
                &[
                    is(
                        "Running",
                        Healthy,
                        "Machines are running under this deployment",
                    ),
                    is("ScalingUp", Progressing, "Cluster is spawning machines"),
                    is("ScalingDown", Progressing, "Cluster is stopping machines"),
                    is("Failed", Degraded, "MachineDeployment is failed"),
                ],
            ),
            waiting("Waiting for machines"),
        ],
    ),
    row(
        "cluster.x-k8s.io",
        "MachineHealthCheck",
        &[
            when(
                |o| at(o, "status.currentHealthy").is_none(),
                Progressing,
                "",
            ),
            when(
                |o| same(o, "status.expectedMachines", "status.currentHealthy"),
                Healthy,
                "",
            ),
            otherwise(Degraded, ""),
        ],
    ),
    row(
        "cluster.x-k8s.io",
        "MachinePool",
        &[Clause::Own(machine_pool)],
    ),
    row(
        "controlplane.cluster.x-k8s.io",
        "AWSManagedControlPlane",
        &[
            when(
                |o| at(o, "status").is_none(),
                Progressing,
                "Provisioning...",
            ),
            when(
                is_behind,
                Progressing,
                "Waiting for the control plane spec to be reconciled",
            ),
            when(
                |o| text(o, "status.failureMessage").is_some_and(|m| !m.is_empty()),
                Degraded,
                "{status.failureMessage}",
            ),
            Clause::Own(aws_control_plane),
        ],
    ),
    row(
        "addons.cluster.x-k8s.io",
        "ClusterResourceSet",
        &[
            first(&[
                on(
                    "ResourcesApplied",
                    "True",
                    Healthy,
                    "cluster resource set is applied",
                ),
                on("ResourcesApplied", "False", Degraded, "{message}"),
            ]),
            waiting("Initializing cluster resource set"),
        ],
    ),
    row(
        "work.karmada.io",
        "ClusterResourceBinding|ResourceBinding",
        &[Clause::Own(binding)],
    ),
    row("core.gardener.cloud", "Shoot", &[Clause::Own(shoot)]),
    row(
        "kubevirt.io",
        "VirtualMachine",
        &[Clause::Own(virtual_machine)],
    ),
    row(
        "kubevirt.io",
        "VirtualMachineInstance",
        &[
            field(
                "status.phase",
                &[
                    is("Failed", Degraded, "{status.phase}"),
                    is(
                        "Pending|Scheduling|Scheduled",
                        Progressing,
                        "{status.phase}",
                    ),
                    is("Succeeded", Suspended, "{status.phase}"),
                    is("Unknown", Unknown, "{status.phase}"),
                ],
            ),
            first(&[on("Paused", "True", Suspended, "{message}")]),
            latest(&[
                on("Ready", "True", Healthy, "Running"),
                on("Ready", "", Degraded, "{message}"),
            ]),
            waiting("{status.phase}|No status available"),
        ],
    ),
    row(
        "cdi.kubevirt.io",
        "DataVolume",
        &[
            field(
                "status.phase",
                &[
                    is("Succeeded", Healthy, "{status.phase}"),
                    is("Paused", Suspended, "{status.phase}"),
                ],
            ),
            first(&[on("Running", "False", Degraded, "{message}").reason("Error")]),
            field(
                "status.phase",
                &[is("Failed|Unknown", Degraded, "{status.phase}")],
            ),
            waiting("{status.phase}|No status available"),
        ],
    ),
];

fn machine_pool(object: &Value) -> Option<Health> {
    let mut health = Health::plain(Progressing);
    if let Some(phase) = text(object, "status.phase") {
        health.message = format!("MachinePool is {phase}");
        match phase {
            "Running" | "Scaling" => health.status = Healthy,
            "Failed" | "Unknown" => health.status = Degraded,
            _ => {}
        }
    }
    let missing: Vec<String> = conditions(object)
        .iter()
        .filter(|c| c.str_at(&["status"]) == "False")
        .filter_map(|c| {
            let condition_type = text(c, "type")?;
            let reason = text(c, "reason").map_or_else(String::new, |r| format!(" ({r})"));
            Some(format!("Not {condition_type}{reason}"))
        })
        .collect();
    if !missing.is_empty() {
        health.message += &format!(": {}", missing.join(", "));
    }
    Some(health)
}

fn aws_control_plane(object: &Value) -> Option<Health> {
    if at(object, "status.conditions").is_none() {
        return Some(Health::new(Progressing, "Provisioning..."));
    }
    let has = |condition_type: &str| {
        let is_it =
            |c: &Value| c.str_at(&["type"]) == condition_type && c.str_at(&["status"]) == "True";
        conditions(object).iter().any(is_it)
    };
    if has("EKSControlPlaneUpdating") {
        return Some(Health::new(Progressing, "EKS control plane is updating"));
    }
    if has("Ready") {
        return Some(Health::new(Healthy, "Control plane is ready"));
    }
    let errors: String = conditions(object)
        .iter()
        .filter(|c| c.str_at(&["status"]) == "False" && c.str_at(&["severity"]) == "Error")
        .map(|c| format!("{} ", c.str_at(&["message"])))
        .collect();
    Some(if !errors.is_empty() {
        Health::new(Degraded, errors)
    } else if at(object, "status.ready").and_then(Value::as_bool) == Some(false) {
        Health::new(
            Progressing,
            "Control plane is not ready (.status.ready is false)",
        )
    } else {
        Health::new(Progressing, "Control plane is not ready")
    })
}

/// Karmada reports per member cluster.
fn binding(object: &Value) -> Option<Health> {
    let insufficient = Health::new(Progressing, "Current resource status is insufficient");
    let clusters = at(object, "spec.clusters").and_then(Value::as_array);
    let reports = list(object, "status.aggregatedStatus");
    let is_complete = match clusters {
        Some(clusters) => !clusters.is_empty() && clusters.len() == reports.len(),
        // Only a binding of a namespace may come without clusters.
        None => is_text(object, "kind", "ResourceBinding") && !reports.is_empty(),
    };
    if at(object, "status").is_none() || !is_complete {
        return Some(insufficient);
    }
    let is_bad = |report: &Value| match report.str_at(&["health"]) {
        "Unhealthy" => true,
        "Unknown" => at(report, "applied").and_then(Value::as_bool) != Some(true),
        _ => false,
    };
    Some(match reports.iter().any(is_bad) {
        true => Health::new(Degraded, "Current resource status is unhealthy"),
        false => Health::plain(Healthy),
    })
}

fn shoot(object: &Value) -> Option<Health> {
    let label = object.str_at(&["metadata", "labels", "shoot.gardener.cloud/status"]);
    Some(match label {
        "healthy" => Health::new(Healthy, "Component state: Healthy"),
        "progressing" => Health::new(Progressing, "Component state: Update in progress"),
        "unhealthy" => Health::new(Degraded, "Component state: Unhealthy"),
        "unknown" => Health::new(Unknown, "Component state: Unknown"),
        _ => Health::new(Progressing, "Update in progress"),
    })
}

fn virtual_machine(object: &Value) -> Option<Health> {
    let mut health = Health::new(Progressing, "No status available");
    for condition in conditions(object) {
        let is_true = condition.str_at(&["status"]) == "True";
        match condition.str_at(&["type"]) {
            "Paused" if is_true => return Some(Health::new(Suspended, "Paused")),
            "Ready" if is_true => health = Health::new(Healthy, "Running"),
            "Ready" if truthy(object, "status.created") => {
                "Starting".clone_into(&mut health.message);
            }
            "Ready" => health = Health::new(Suspended, "Stopped"),
            _ => {}
        }
    }
    if let Some(printable) = text(object, "status.printableStatus") {
        printable.clone_into(&mut health.message);
    }
    Some(health)
}
