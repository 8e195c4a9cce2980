//! What a client is told about an object that is accepted nevertheless.

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
    if (kind.group.as_str(), kind.kind.as_str()) == ("", "Service")
        && !object.array_at(&["spec", "externalIPs"]).is_empty()
    {
        warnings.push(
            "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
                .to_owned(),
        );
    }
    if let Some((path, spec)) = pod_spec(kind, object) {
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
