//! What a client is told about an object that is accepted nevertheless.

use std::collections::{HashMap, HashSet};

use value::Value;

use crate::kinds::Kind;

/// Returns the warning that every request for a kind gets.
pub(crate) fn of_kind(kind: &Kind) -> Option<&str> {
    if let Some(definition) = &kind.definition {
        return definition.warning.as_deref();
    }
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Endpoints") => {
            Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice")
        }
        ("", "ComponentStatus") => Some("v1 ComponentStatus is deprecated in v1.19+"),
        _ => None,
    }
}

/// Finalizers that need no domain.
const STANDARD_FINALIZERS: [&str; 3] = ["orphan", "foregroundDeletion", "kubernetes"];

/// Returns the warnings about a written object.
pub(crate) fn of_object(kind: &Kind, object: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    if kind.definition.is_some() {
        let finalizers = object.array_at(&["metadata", "finalizers"]);
        let bare = |name: &&str| !name.contains('/') && !STANDARD_FINALIZERS.contains(name);
        for name in finalizers.iter().filter_map(Value::as_str).filter(bare) {
            warnings.push(format!(
                "metadata.finalizers: \"{name}\": prefer a domain-qualified finalizer name to avoid \
                 accidental conflicts with other finalizer writers"
            ));
        }
    }
    if kind.kind == "CustomResourceDefinition" {
        let formats = crate::validate::unknown_formats(object);
        warnings.extend(
            formats
                .iter()
                .map(|f| format!("unrecognized format \"{f}\"")),
        );
    }
    if (kind.group.as_str(), kind.kind.as_str()) == ("", "Service")
        && !object.array_at(&["spec", "externalIPs"]).is_empty()
    {
        warnings.push(
            "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
                .to_owned(),
        );
    }
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "PersistentVolume") => {
            if let Some(spec) = object.get("spec") {
                old_volumes("spec", spec, &mut warnings);
            }
            if object.str_at(&["spec", "persistentVolumeReclaimPolicy"]) == "Recycle" {
                warnings.push(
                    "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the \
                     recommended approach is to use dynamic provisioning."
                        .to_owned(),
                );
            }
        }
        ("", "PersistentVolumeClaim") => {
            let old = "volume.beta.kubernetes.io/storage-class";
            if object.at(&["metadata", "annotations", old]).is_some() {
                warnings.push(format!(
                    "metadata.annotations[{old}]: deprecated since v1.8; use \"storageClassName\" attribute instead"
                ));
            }
        }
        ("", "Service") if object.str_at(&["spec", "trafficDistribution"]) == "PreferClose" => {
            warnings.push(
                "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\""
                    .to_owned(),
            );
        }
        _ => {}
    }
    if let Some((path, spec)) = pod_spec(kind, object) {
        for (i, secret) in spec.array_at(&["imagePullSecrets"]).iter().enumerate() {
            if secret.str_at(&["name"]).is_empty() {
                warnings.push(format!(
                    "{path}.imagePullSecrets[{i}].name: invalid empty name \"\""
                ));
            }
        }
        for (i, volume) in spec.array_at(&["volumes"]).iter().enumerate() {
            old_volumes(&format!("{path}.volumes[{i}]"), volume, &mut warnings);
        }
        for list in ["initContainers", "containers"] {
            for (i, container) in spec.array_at(&[list]).iter().enumerate() {
                repeated_ports(
                    &format!("{path}.{list}[{i}].ports"),
                    container,
                    &mut warnings,
                );
                hidden_variables(&format!("{path}.{list}[{i}]"), container, &mut warnings);
            }
        }
        for (i, constraint) in spec
            .array_at(&["topologySpreadConstraints"])
            .iter()
            .enumerate()
        {
            if constraint.get("labelSelector").is_none() {
                warnings.push(format!(
                    "{path}.topologySpreadConstraints[{i}].labelSelector: a null labelSelector results in \
                     matching no pod"
                ));
            }
        }
    }
    warnings
}

/// Volumes that Kubernetes had once.
const OLD_VOLUMES: [(&str, &str); 8] = [
    (
        "gitRepo",
        "deprecated in v1.11, and disabled by default in v1.33+",
    ),
    ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
    ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    (
        "photonPersistentDisk",
        "deprecated in v1.11, non-functional in v1.16+",
    ),
    ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "deprecated in v1.22, non-functional in v1.25+"),
];

fn old_volumes(path: &str, volume: &Value, warnings: &mut Vec<String>) {
    for (name, why) in OLD_VOLUMES {
        if volume.get(name).is_some_and(|v| !v.is_null()) {
            warnings.push(format!("{path}.{name}: {why}"));
        }
    }
}

fn repeated_ports(path: &str, container: &Value, warnings: &mut Vec<String>) {
    let ports = container.array_at(&["ports"]);
    let key = |p: &Value| {
        let number = |name: &str| p.i64_at(&[name]).unwrap_or(0);
        let text = |name: &str| p.str_at(&[name]).to_owned();
        (
            number("containerPort"),
            number("hostPort"),
            text("protocol"),
            text("hostIP"),
        )
    };
    let mut firsts = HashMap::new();
    for (i, port) in ports.iter().enumerate() {
        let first = *firsts.entry(key(port)).or_insert(i);
        if first < i {
            warnings.push(format!(
                "{path}[{i}]: duplicate port definition with {path}[{first}]"
            ));
        }
    }
}

fn hidden_variables(path: &str, container: &Value, warnings: &mut Vec<String>) {
    let variables = container.array_at(&["env"]);
    let mut seen = HashSet::new();
    for (i, variable) in variables.iter().enumerate() {
        let name = variable.str_at(&["name"]);
        if !seen.insert(name) {
            warnings.push(format!(
                "{path}.env[{i}]: hides previous definition of \"{name}\", which may be dropped when using apply"
            ));
        }
    }
}

/// Returns the warnings about a changed object: what pods are made of is told again only if it
/// may have changed.
pub(crate) fn of_change(kind: &Kind, live: &Value, object: &Value) -> Vec<String> {
    let generation = |v: &Value| v.i64_at(&["metadata", "generation"]);
    let same = generation(live) == generation(object);
    if pod_spec(kind, object).is_some() && (same || kind.kind == "Pod") {
        return Vec::new();
    }
    of_object(kind, object)
}

/// Returns the pod spec in an object, with its path.
pub(crate) fn pod_spec<'a>(kind: &Kind, object: &'a Value) -> Option<(&'static str, &'a Value)> {
    let (text, path): (&str, &[&str]) = match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => ("spec", &["spec"]),
        ("", "PodTemplate") => ("template.spec", &["template", "spec"]),
        ("batch", "CronJob") => (
            "spec.jobTemplate.spec.template.spec",
            &["spec", "jobTemplate", "spec", "template", "spec"],
        ),
        ("apps" | "batch", _) | ("", "ReplicationController") => {
            ("spec.template.spec", &["spec", "template", "spec"])
        }
        _ => return None,
    };
    object.at(path).map(|spec| (text, spec))
}
