//! Rules of single kinds. What is not here is accepted: the rules grow kind by kind.

mod access;
mod config;
mod containers;
mod definitions;
mod network;
mod pod;
mod scaling;
mod service;
mod storage;
mod volumes;
mod words;
mod workloads;

pub(crate) use definitions::unknown_formats;
use value::Value;

use crate::failure::FieldError;
use crate::kinds::Kind;
use crate::registry::Target;

/// Returns what is wrong with an object of `kind`; `old` is what it replaces.
pub(crate) fn object(kind: &Kind, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(definition) = &kind.definition {
        return definition.validate(object, old);
    }
    let found = &mut errors;
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "ConfigMap" | "Secret") => {
            immutable(kind, object, old, found);
            config::data(kind, object, found);
        }
        ("", "LimitRange") => config::limits(object, found),
        ("", "ResourceQuota") => config::quota(object, old, found),
        ("", "Pod") => {
            let spec = object.get("spec").unwrap_or(&Value::Null);
            match old {
                Some(old) => pod::update(object, old, found),
                None => pod::pod_spec("spec", spec, pod::Restart::Always, found),
            }
        }
        ("apiextensions.k8s.io", _) => definitions::check(object, old, found),
        ("", "PodTemplate") => {
            let template = object.get("template").unwrap_or(&Value::Null);
            pod::template("template", template, pod::Restart::Always, found);
        }
        ("", "ReplicationController") => workloads::controller(object, found),
        ("", "Service") => service::check(object, old, found),
        ("", "Endpoints") => network::endpoints(object, found),
        ("", "PersistentVolumeClaim") if old.is_none() => storage::claim(object, found),
        ("", "PersistentVolume") => storage::volume(object, old, found),
        ("discovery.k8s.io", _) => network::slice(object, found),
        ("storage.k8s.io", "CSIDriver") => storage::driver(object, found),
        ("node.k8s.io", "RuntimeClass") => {
            words::required("handler", object.str_at(&["handler"]), found);
        }
        ("apps", "Deployment") => workloads::deployment(kind, object, old, found),
        ("apps", "ReplicaSet") => workloads::replica_set(kind, object, old, found),
        ("apps", "DaemonSet") => workloads::daemon_set(kind, object, old, found),
        ("apps", "StatefulSet") => workloads::stateful_set(kind, object, old, found),
        ("batch", "Job") => workloads::job(object, old, found),
        ("batch", "CronJob") => workloads::cron_job(object, found),
        ("networking.k8s.io", "Ingress") => network::ingress(object, found),
        ("networking.k8s.io", "IngressClass") => network::ingress_class(object, found),
        ("networking.k8s.io", "NetworkPolicy") => network::policy(object, found),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => access::role(kind, object, found),
        ("rbac.authorization.k8s.io", _) => access::binding(kind, object, old, found),
        ("storage.k8s.io", "StorageClass") => storage::class(object, old, found),
        ("autoscaling", "HorizontalPodAutoscaler") if kind.version == "v1" => {
            // Rules are those of the version that is stored.
            let stored = crate::convert::to_storage(kind, object.clone());
            scaling::autoscaler(&stored, found);
        }
        ("autoscaling", "HorizontalPodAutoscaler") => scaling::autoscaler(object, found),
        ("policy", "PodDisruptionBudget") => scaling::budget(object, found),
        ("scheduling.k8s.io", "PriorityClass") => scaling::priority(object, old, found),
        _ => {}
    }
    errors
}

/// Returns what is wrong with a part of an object that is written through a door of its own.
pub(crate) fn subresource(target: &Target, object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let kind = &target.kind;
    if target.subresource == "status" && !kind.custom {
        match (kind.group.as_str(), kind.kind.as_str()) {
            ("", "ReplicationController") | ("apps", "ReplicaSet") => {
                workloads::replicas_status(object, &mut errors);
            }
            ("", "Service") => service::status(object, &mut errors),
            _ => {}
        }
    } else if target.subresource == "scale"
        && let Some(definition) = &kind.definition
    {
        errors.extend(definition.validate(object, None));
    }
    errors
}

fn immutable(kind: &Kind, object: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let Some(old) = old else { return };
    let secret = kind.kind == "Secret";
    if secret && old.str_at(&["type"]) != object.str_at(&["type"]) {
        let value = object.str_at(&["type"]);
        errors.push(FieldError::invalid("type", value, "field is immutable"));
    }
    if old.at(&["immutable"]).and_then(Value::as_bool) != Some(true) {
        return;
    }
    let why = "field is immutable when `immutable` is set";
    if object.at(&["immutable"]).and_then(Value::as_bool) != Some(true) {
        errors.push(FieldError::forbidden("immutable", why));
    }
    let fields: &[&str] = if secret {
        &["data"]
    } else {
        &["data", "binaryData"]
    };
    for field in fields {
        if old.get(field) != object.get(field) {
            errors.push(FieldError::forbidden(field, why));
        }
    }
}

/// Returns true for an API group that only Kubernetes itself may extend.
pub(crate) fn is_protected(group: &str) -> bool {
    ["k8s.io", "kubernetes.io"]
        .iter()
        .any(|suffix| group == *suffix || group.ends_with(&format!(".{suffix}")))
}
