//! Rules of single kinds. What is not here is accepted: the rules grow kind by kind.

use value::Value;

use crate::failure::FieldError;
use crate::kinds::Kind;

/// Returns what is wrong with an object of `kind`; `old` is what it replaces.
pub(crate) fn object(kind: &Kind, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(definition) = &kind.definition {
        return definition.validate(object, old);
    }
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "ConfigMap" | "Secret") => immutable(kind, object, old, &mut errors),
        ("apps", "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet") => {
            selector(kind, object, old, &mut errors);
        }
        ("", "Service") => {
            service_ports(object, &mut errors);
            service(object, old, &mut errors);
        }
        _ => {}
    }
    if let Some((path, spec)) = crate::warnings::pod_spec(kind, object)
        && old.is_none_or(|o| crate::warnings::pod_spec(kind, o).map(|(_, s)| s) != Some(spec))
    {
        pod_spec(path, spec, &mut errors);
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

fn selector(kind: &Kind, object: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let selector = object.at(&["spec", "selector"]);
    let Some(selector) = selector else {
        errors.push(FieldError::required("spec.selector", ""));
        return;
    };
    if let Some(old) = old
        && old.at(&["spec", "selector"]) != Some(selector)
    {
        errors.push(FieldError::invalid(
            "spec.selector",
            selector.clone(),
            "field is immutable",
        ));
        return;
    }
    if selector.is_empty() {
        let word = match kind.kind.as_str() {
            "DaemonSet" => "daemonset",
            "StatefulSet" => "statefulset",
            _ => "deployment",
        };
        let why = format!("empty selector is invalid for {word}");
        errors.push(FieldError::invalid("spec.selector", selector.clone(), &why));
    }
    if selector.is_empty() {
        let word = match kind.kind.as_str() {
            "DaemonSet" => "daemonset",
            "StatefulSet" => "statefulset",
            _ => "deployment",
        };
        let why = format!("empty selector is invalid for {word}");
        errors.push(FieldError::invalid("spec.selector", selector.clone(), &why));
    }
    let labels = object
        .at(&["spec", "template", "metadata", "labels"])
        .cloned()
        .unwrap_or_default();
    let matches =
        value::selector::LabelSelector::from_value(selector).is_ok_and(|s| s.matches(&labels));
    if !matches {
        let field = "spec.template.metadata.labels";
        let labels = if labels.is_null() {
            Value::Null
        } else {
            labels
        };
        errors.push(FieldError::invalid(
            field,
            labels,
            "`selector` does not match template `labels`",
        ));
    }
}

/// What every pod needs: containers with a name and an image, and ports that exist.
fn pod_spec(path: &str, spec: &Value, errors: &mut Vec<FieldError>) {
    let containers = spec.array_at(&["containers"]);
    if containers.is_empty() {
        errors.push(FieldError::required(&format!("{path}.containers"), ""));
    }
    for (list, containers) in [
        ("containers", containers),
        ("initContainers", spec.array_at(&["initContainers"])),
    ] {
        for (i, container) in containers.iter().enumerate() {
            let path = format!("{path}.{list}[{i}]");
            for field in ["name", "image"] {
                if container.str_at(&[field]).is_empty() {
                    errors.push(FieldError::required(&format!("{path}.{field}"), ""));
                }
            }
            for (j, port) in container.array_at(&["ports"]).iter().enumerate() {
                let field = format!("{path}.ports[{j}].containerPort");
                match port.i64_at(&["containerPort"]) {
                    None | Some(0) => errors.push(FieldError::required(&field, "")),
                    Some(number) => port_number(&field, number, errors),
                }
            }
        }
    }
}

fn port_number(field: &str, number: i64, errors: &mut Vec<FieldError>) {
    if !(1..=65_535).contains(&number) {
        errors.push(FieldError::invalid(
            field,
            number,
            "must be between 1 and 65535, inclusive",
        ));
    }
}

fn service_ports(object: &Value, errors: &mut Vec<FieldError>) {
    let ports = object.array_at(&["spec", "ports"]);
    let headless = object.str_at(&["spec", "clusterIP"]) == "None";
    let external = object.str_at(&["spec", "type"]) == "ExternalName";
    if ports.is_empty() && !headless && !external {
        errors.push(FieldError::required("spec.ports", ""));
    }
    for (i, port) in ports.iter().enumerate() {
        let path = format!("spec.ports[{i}]");
        if ports.len() > 1 && port.str_at(&["name"]).is_empty() {
            errors.push(FieldError::required(&format!("{path}.name"), ""));
        }
        port_number(
            &format!("{path}.port"),
            port.i64_at(&["port"]).unwrap_or(0),
            errors,
        );
        if let Some(number) = port.i64_at(&["targetPort"]) {
            port_number(&format!("{path}.targetPort"), number, errors);
        }
    }
}

fn service(object: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let Some(old) = old else { return };
    let external = |v: &Value| v.str_at(&["spec", "type"]) == "ExternalName";
    let (was, is) = (
        old.str_at(&["spec", "clusterIP"]),
        object.str_at(&["spec", "clusterIP"]),
    );
    if !was.is_empty() && was != is && !external(old) && !external(object) {
        let list: Value = object
            .at(&["spec", "clusterIPs"])
            .cloned()
            .unwrap_or_default();
        let why = "may not change once set";
        errors.push(FieldError::invalid("spec.clusterIPs[0]", list, why));
    }
}

/// Returns true for an API group that only Kubernetes itself may extend.
pub(crate) fn is_protected(group: &str) -> bool {
    ["k8s.io", "kubernetes.io"]
        .iter()
        .any(|suffix| group == *suffix || group.ends_with(&format!(".{suffix}")))
}
