//! Which rule is for which kind.

use crate::{Health, HealthStatus, condition, pod, workload};
use value::Value;

type BuiltIn = fn(&Value) -> Health;

/// The versions that a rule can read; an object of another version has unknown health.
struct Row {
    group: &'static str,
    kind: &'static str,
    versions: &'static [&'static str],
    rule: BuiltIn,
}

const fn row(
    group: &'static str,
    kind: &'static str,
    versions: &'static [&'static str],
    rule: BuiltIn,
) -> Row {
    Row {
        group,
        kind,
        versions,
        rule,
    }
}

/// Where any version will do.
const ANY: &[&str] = &[];
const V1: &[&str] = &["v1"];

const ROWS: &[Row] = &[
    row("apps", "Deployment", V1, workload::deployment),
    row("apps", "StatefulSet", V1, workload::stateful_set),
    row("apps", "DaemonSet", V1, workload::daemon_set),
    row("apps", "ReplicaSet", V1, workload::replica_set),
    row("", "Pod", V1, pod::pod),
    row("batch", "Job", V1, workload::job),
    row("", "PersistentVolumeClaim", V1, claim),
    row("", "Service", V1, service),
    row("networking.k8s.io", "Ingress", ANY, ingress),
    row("extensions", "Ingress", ANY, ingress),
    row(
        "autoscaling",
        "HorizontalPodAutoscaler",
        &["v1", "v2", "v2beta1", "v2beta2"],
        condition::autoscaler,
    ),
    row(
        "apiregistration.k8s.io",
        "APIService",
        &["v1", "v1beta1"],
        condition::api_service,
    ),
    row("argoproj.io", "Workflow", ANY, workflow),
];

/// What an error text calls a kind with a long name.
fn short_kind(kind: &str) -> &str {
    match kind {
        "HorizontalPodAutoscaler" => "HPA",
        kind => kind,
    }
}

pub(crate) fn health(object: &Value) -> Option<Health> {
    let api_version = object.str_at(&["apiVersion"]);
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kind = object.str_at(&["kind"]);
    let row = ROWS.iter().find(|r| r.group == group && r.kind == kind)?;
    if !row.versions.is_empty() && !row.versions.contains(&version) {
        let message = format!(
            "unsupported {} GVK: {api_version}, Kind={kind}",
            short_kind(kind)
        );
        return Some(Health::new(HealthStatus::Unknown, message));
    }
    Some((row.rule)(object))
}

fn claim(object: &Value) -> Health {
    Health::plain(match object.str_at(&["status", "phase"]) {
        "Lost" => HealthStatus::Degraded,
        "Pending" => HealthStatus::Progressing,
        "Bound" => HealthStatus::Healthy,
        _ => HealthStatus::Unknown,
    })
}

fn service(object: &Value) -> Health {
    match object.str_at(&["spec", "type"]) {
        "LoadBalancer" => ingress(object),
        _ => Health::plain(HealthStatus::Healthy),
    }
}

/// What a load balancer has to be given an address for.
fn ingress(object: &Value) -> Health {
    let addresses = object.array_at(&["status", "loadBalancer", "ingress"]);
    Health::plain(if addresses.is_empty() {
        HealthStatus::Progressing
    } else {
        HealthStatus::Healthy
    })
}

fn workflow(object: &Value) -> Health {
    let status = match object.str_at(&["status", "phase"]) {
        "" | "Pending" | "Running" => HealthStatus::Progressing,
        "Succeeded" => HealthStatus::Healthy,
        "Failed" | "Error" => HealthStatus::Degraded,
        _ => HealthStatus::Unknown,
    };
    Health::new(status, object.str_at(&["status", "message"]))
}
