//! Rules of containers.

use std::collections::HashSet;

use value::{Quantity, Value};

use super::volumes::Volumes;
use super::words::{
    Errors, among, each, label, not_negative, port, port_name_errors, port_number, qualified,
    quantity,
};
use super::{pod, words};
use crate::failure::FieldError;

/// Which list a container is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Regular,
    Init,
    Ephemeral,
}

/// Checks all containers of a pod.
pub(super) fn check(path: &str, spec: &Value, volumes: &Volumes, errors: &mut Errors) {
    let containers = spec.array_at(&["containers"]);
    if containers.is_empty() {
        errors.push(FieldError::required(&format!("{path}.containers"), ""));
    }
    let mut names: HashSet<&str> = HashSet::new();
    for (list, of) in [
        ("containers", Of::Regular),
        ("initContainers", Of::Init),
        ("ephemeralContainers", Of::Ephemeral),
    ] {
        for (i, item) in spec.array_at(&[list]).iter().enumerate() {
            let path = format!("{path}.{list}[{i}]");
            container(&path, item, of, spec, volumes, errors);
            let name = item.str_at(&["name"]);
            if !name.is_empty() && names.contains(&name) {
                errors.push(FieldError::duplicate(&format!("{path}.name"), name));
            }
            names.insert(name);
            handlers(&path, item, of, spec, errors);
        }
        if of == Of::Regular {
            host_ports(path, spec, errors);
        }
    }
}

fn container(
    path: &str,
    item: &Value,
    of: Of,
    spec: &Value,
    volumes: &Volumes,
    errors: &mut Errors,
) {
    let at = |name: &str| format!("{path}.{name}");
    let name = item.str_at(&["name"]);
    if name.is_empty() {
        errors.push(FieldError::required(&at("name"), ""));
    } else {
        label(&at("name"), name, errors);
    }
    let image = item.str_at(&["image"]);
    if image.is_empty() {
        errors.push(FieldError::required(&at("image"), ""));
    } else if image.trim() != image {
        let why = "must not have leading or trailing whitespace";
        errors.push(FieldError::invalid(&at("image"), image, why));
    }
    let policy = item.str_at(&["terminationMessagePolicy"]);
    if !policy.is_empty() {
        let allowed = ["FallbackToLogsOnError", "File"];
        among(&at("terminationMessagePolicy"), policy, &allowed, errors);
    }
    ports(&at("ports"), item, errors);
    if of != Of::Ephemeral {
        for port in item.array_at(&["ports"]).iter().enumerate() {
            host_network(&at("ports"), port, spec, errors);
        }
    }
    environment(path, item, errors);
    mounts(&at("volumeMounts"), item, volumes, errors);
    let pull = item.str_at(&["imagePullPolicy"]);
    if !pull.is_empty() {
        let allowed = ["Always", "IfNotPresent", "Never"];
        among(&at("imagePullPolicy"), pull, &allowed, errors);
    }
    resources(&at("resources"), item.get("resources"), spec, errors);
    for policy in item.array_at(&["resizePolicy"]) {
        let field = at("resizePolicy");
        among(
            &field,
            policy.str_at(&["resourceName"]),
            &["cpu", "memory"],
            errors,
        );
        let allowed = ["NotRequired", "RestartContainer"];
        among(&field, policy.str_at(&["restartPolicy"]), &allowed, errors);
    }
    security(&at("securityContext"), item.get("securityContext"), errors);
}

fn ports(path: &str, item: &Value, errors: &mut Errors) {
    let mut names = HashSet::new();
    for (i, port) in item.array_at(&["ports"]).iter().enumerate() {
        let path = format!("{path}[{i}]");
        let name = port.str_at(&["name"]);
        if !name.is_empty() {
            let field = format!("{path}.name");
            let why = port_name_errors(name);
            if why.is_empty() && names.contains(&name) {
                errors.push(FieldError::duplicate(&field, name));
            }
            each(&field, name, why, errors);
            names.insert(name);
        }
        let field = format!("{path}.containerPort");
        match port.i64_at(&["containerPort"]) {
            None | Some(0) => errors.push(FieldError::required(&field, "")),
            Some(number) => port_number(&field, number, errors),
        }
        if let Some(number) = port.i64_at(&["hostPort"]).filter(|n| *n != 0) {
            port_number(&format!("{path}.hostPort"), number, errors);
        }
        let protocol = port.str_at(&["protocol"]);
        if protocol.is_empty() {
            errors.push(FieldError::required(&format!("{path}.protocol"), ""));
        } else {
            let field = format!("{path}.protocol");
            among(&field, protocol, &["SCTP", "TCP", "UDP"], errors);
        }
    }
}

/// On the network of the host a container has the ports of the host.
fn host_network(path: &str, (i, port): (usize, &Value), spec: &Value, errors: &mut Errors) {
    let hosted = spec.get("hostNetwork").and_then(Value::as_bool) == Some(true);
    let (own, host) = (
        port.i64_at(&["containerPort"]).unwrap_or(0),
        port.i64_at(&["hostPort"]).unwrap_or(0),
    );
    if hosted && host != own && host != 0 {
        let field = format!("{path}[{i}].hostPort");
        let why = "must match `containerPort` when `hostNetwork` is true";
        errors.push(FieldError::invalid(&field, host, why));
    }
}

fn host_ports(path: &str, spec: &Value, errors: &mut Errors) {
    let mut seen = HashSet::new();
    for (i, item) in spec.array_at(&["containers"]).iter().enumerate() {
        for (j, port) in item.array_at(&["ports"]).iter().enumerate() {
            let Some(number) = port.i64_at(&["hostPort"]).filter(|n| *n != 0) else {
                continue;
            };
            let text = |name: &str| port.str_at(&[name]);
            let key = format!("{}/{}/{number}", text("protocol"), text("hostIP"));
            if !seen.insert(key.clone()) {
                let field = format!("{path}.containers[{i}].ports[{j}].hostPort");
                errors.push(FieldError::duplicate(&field, key.as_str()));
            }
        }
    }
}

fn environment(path: &str, item: &Value, errors: &mut Errors) {
    for (i, variable) in item.array_at(&["env"]).iter().enumerate() {
        let path = format!("{path}.env[{i}]");
        if variable.str_at(&["name"]).is_empty() {
            errors.push(FieldError::required(&format!("{path}.name"), ""));
        }
        let Some(from) = variable.get("valueFrom").filter(|f| !f.is_null()) else {
            continue;
        };
        let field = format!("{path}.valueFrom");
        let sources = [
            "fieldRef",
            "resourceFieldRef",
            "configMapKeyRef",
            "secretKeyRef",
            "fileKeyRef",
        ];
        let given: Vec<&str> = sources
            .into_iter()
            .filter(|s| from.get(s).is_some_and(|v| !v.is_null()))
            .collect();
        for source in &given {
            let of = from.get(source).unwrap_or(&Value::Null);
            let keys: &[&str] = match *source {
                "fieldRef" => &["fieldPath"],
                "resourceFieldRef" => &["resource"],
                _ => &["key"],
            };
            for key in keys {
                if of.str_at(&[key]).is_empty() {
                    errors.push(FieldError::required(&format!("{field}.{source}.{key}"), ""));
                }
            }
        }
        if !variable.str_at(&["value"]).is_empty() {
            if !given.is_empty() {
                let why = "may not be specified when `value` is not empty";
                errors.push(FieldError::invalid(&field, "", why));
            }
        } else if given.len() > 1 {
            let why = "may not have more than one field specified at a time";
            errors.push(FieldError::invalid(&field, "", why));
        } else if given.is_empty() {
            let why = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
            errors.push(FieldError::invalid(&field, "", why));
        }
    }
    for (i, source) in item.array_at(&["envFrom"]).iter().enumerate() {
        let path = format!("{path}.envFrom[{i}]");
        let given: Vec<&str> = ["configMapRef", "secretRef"]
            .into_iter()
            .filter(|s| source.get(s).is_some_and(|v| !v.is_null()))
            .collect();
        for of in &given {
            if source.str_at(&[of, "name"]).is_empty() {
                errors.push(FieldError::required(&format!("{path}.{of}.name"), ""));
            }
        }
        match given.len() {
            0 => {
                let why = "must specify one of: `configMapRef` or `secretRef`";
                errors.push(FieldError::invalid(&path, "", why));
            }
            1 => {}
            _ => {
                let why = "may not have more than one field specified at a time";
                errors.push(FieldError::invalid(&path, "", why));
            }
        }
    }
}

fn mounts(path: &str, item: &Value, volumes: &Volumes, errors: &mut Errors) {
    let mounts = item.array_at(&["volumeMounts"]);
    let mut targets = HashSet::new();
    for (i, mount) in mounts.iter().enumerate() {
        let text = |name: &str| mount.str_at(&[name]);
        let at = format!("{path}[{i}]");
        let name = text("name");
        let field = format!("{at}.name");
        if name.is_empty() {
            errors.push(FieldError::required(&field, ""));
        }
        if !volumes.has(name) {
            errors.push(FieldError::not_found(&field, name));
        }
        let target = text("mountPath");
        let field = format!("{at}.mountPath");
        if target.is_empty() {
            errors.push(FieldError::required(&field, ""));
        }
        if !targets.insert(target) {
            errors.push(FieldError::invalid(&field, target, "must be unique"));
        }
        let sub = text("subPath");
        if !sub.is_empty() {
            local_path(&format!("{path}.subPath"), sub, errors);
        }
        let expression = text("subPathExpr");
        if !expression.is_empty() {
            if !sub.is_empty() {
                let why = "subPathExpr and subPath are mutually exclusive";
                errors.push(FieldError::invalid(
                    &format!("{at}.subPathExpr"),
                    expression,
                    why,
                ));
            }
            local_path(&format!("{path}.subPathExpr"), expression, errors);
        }
        let propagation = text("mountPropagation");
        if !propagation.is_empty() {
            let allowed = ["Bidirectional", "HostToContainer", "None"];
            among(
                &format!("{path}.mountPropagation"),
                propagation,
                &allowed,
                errors,
            );
        }
    }
}

/// A path inside a volume.
pub(super) fn local_path(field: &str, path: &str, errors: &mut Errors) {
    if path.starts_with('/') {
        errors.push(FieldError::invalid(field, path, "must be a relative path"));
    }
    no_way_up(field, path, errors);
}

/// No path leads out of where it begins.
pub(super) fn no_way_up(field: &str, path: &str, errors: &mut Errors) {
    if path.split('/').any(|part| part == "..") {
        errors.push(FieldError::invalid(field, path, "must not contain '..'"));
    }
}

/// Resources that Kubernetes knows without a domain.
fn is_standard(name: &str) -> bool {
    matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-")
}

fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn resources(path: &str, resources: Option<&Value>, spec: &Value, errors: &mut Errors) {
    let Some(resources) = resources else { return };
    let limits_field = format!("{path}.limits");
    let requests_field = format!("{path}.requests");
    for (i, claim) in resources.array_at(&["claims"]).iter().enumerate() {
        let name = claim.str_at(&["name"]);
        let field = format!("{path}.claims[{i}]");
        let known = spec.array_at(&["resourceClaims"]);
        if name.is_empty() {
            errors.push(FieldError::required(&field, ""));
        } else if !known.iter().any(|k| k.str_at(&["name"]) == name) {
            let mut error = FieldError::not_found(&field, name);
            if known.is_empty() {
                error.message.push_str(
                    ": must be one of the names in pod.spec.resourceClaims which is empty",
                );
            }
            errors.push(error);
        }
    }
    let list = |name: &str| resources.get(name).and_then(Value::as_object);
    for (field, name) in [(&limits_field, "limits"), (&requests_field, "requests")] {
        for (resource, amount) in list(name).into_iter().flatten() {
            let field = format!("{field}[{resource}]");
            resource_name(&field, resource, errors);
            resource_amount(&field, resource, amount, errors);
        }
    }
    for (resource, request) in list("requests").into_iter().flatten() {
        let limit = list("limits").and_then(|l| l.get(resource));
        let overcommits = is_native(resource) && !resource.starts_with("hugepages-");
        match (limit.and_then(quantity), quantity(request)) {
            (Some(most), Some(asked)) => {
                let shown = limit.and_then(Value::as_str).unwrap_or_default();
                if !overcommits && most != asked {
                    let why = format!("must be equal to {resource} limit of {shown}");
                    errors.push(FieldError::invalid(&requests_field, request.clone(), &why));
                } else if overcommits && asked > most {
                    let why = format!("must be less than or equal to {resource} limit of {shown}");
                    errors.push(FieldError::invalid(&requests_field, request.clone(), &why));
                }
            }
            (None, _) if !overcommits => {
                let why = "Limit must be set for non overcommitable resources";
                errors.push(FieldError::required(&limits_field, why));
            }
            _ => {}
        }
    }
    let any = |names: fn(&str) -> bool| {
        ["limits", "requests"]
            .iter()
            .filter_map(|l| list(l))
            .any(|l| l.keys().any(|k| names(k)))
    };
    if any(|n| n.starts_with("hugepages-")) && !any(|n| matches!(n, "cpu" | "memory")) {
        errors.push(FieldError::forbidden(
            path,
            "HugePages require cpu or memory",
        ));
    }
}

fn resource_name(field: &str, name: &str, errors: &mut Errors) {
    qualified(field, name, errors);
    if name.contains('/') {
        return;
    }
    let known = [
        "pods",
        "services",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "storage",
    ];
    let fine = value::selector::label_key_errors(name).is_empty();
    if fine && !is_standard(name) && !known.contains(&name) {
        let why = "must be a standard resource type or fully qualified";
        errors.push(FieldError::invalid(field, name, why));
    }
    if !is_standard(name) {
        let why = "must be a standard resource for containers";
        errors.push(FieldError::invalid(field, name, why));
    }
}

fn resource_amount(field: &str, name: &str, amount: &Value, errors: &mut Errors) {
    let text = amount.as_str().unwrap_or_default();
    let Some(number) = quantity(amount) else {
        return;
    };
    let zero: Quantity = "0".parse().expect("zero is a quantity");
    if number < zero {
        errors.push(FieldError::invalid(
            field,
            text,
            "must be greater than or equal to 0",
        ));
    }
    if !is_native(name) && text.ends_with(['m', 'u', 'n']) {
        errors.push(FieldError::invalid(field, text, "must be an integer"));
    }
    if let Some(size) = name.strip_prefix("hugepages-")
        && let Ok(page) = size.parse::<Quantity>()
        && page > zero
        && number.as_f64() % page.as_f64() != 0.0
    {
        let why = format!("{text} is not positive integer multiple of {name}");
        errors.push(FieldError::invalid(field, text, &why));
    }
}

fn security(path: &str, context: Option<&Value>, errors: &mut Errors) {
    let Some(context) = context.filter(|c| !c.is_null()) else {
        return;
    };
    for name in ["runAsUser", "runAsGroup"] {
        if let Some(id) = context.i64_at(&[name])
            && !(0..=i64::from(i32::MAX)).contains(&id)
        {
            let why = "must be between 0 and 2147483647, inclusive";
            errors.push(FieldError::invalid(&format!("{path}.{name}"), id, why));
        }
    }
    let mount = context.str_at(&["procMount"]);
    words::among_if_set(
        &format!("{path}.procMount"),
        mount,
        &["Default", "Unmasked"],
        errors,
    );
    pod::profile(
        &format!("{path}.seccompProfile"),
        context.get("seccompProfile"),
        errors,
    );
    if let Some(profile) = context.get("appArmorProfile").filter(|p| !p.is_null())
        && profile.str_at(&["type"]) == "Localhost"
        && profile.str_at(&["localhostProfile"]).is_empty()
    {
        let field = format!("{path}.appArmorProfile.localhostProfile");
        let why = "must be set when AppArmor type is Localhost";
        errors.push(FieldError::required(&field, why));
    }
}

/// The kinds of handlers.
const HANDLERS: [&str; 5] = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];

fn handlers(path: &str, item: &Value, of: Of, spec: &Value, errors: &mut Errors) {
    let restarts = item.str_at(&["restartPolicy"]) == "Always";
    let found = |name: &str| item.get(name).filter(|v| !v.is_null());
    if let Some(lifecycle) = found("lifecycle") {
        let field = format!("{path}.lifecycle");
        if of == Of::Init && !restarts {
            let why = "may not be set for init containers without restartPolicy=Always";
            errors.push(FieldError::forbidden(&field, why));
        } else {
            for name in ["postStart", "preStop"] {
                if let Some(hook) = lifecycle.get(name) {
                    let grace = spec
                        .i64_at(&["terminationGracePeriodSeconds"])
                        .unwrap_or(30);
                    handler(&format!("{field}.{name}"), hook, Some(grace), errors);
                }
            }
        }
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = found(name) else { continue };
        let field = format!("{path}.{name}");
        if of == Of::Init && !restarts {
            let why = "may not be set for init containers without restartPolicy=Always";
            errors.push(FieldError::forbidden(&field, why));
            continue;
        }
        handler(&field, probe, None, errors);
        for number in [
            "initialDelaySeconds",
            "timeoutSeconds",
            "periodSeconds",
            "successThreshold",
            "failureThreshold",
        ] {
            not_negative(
                &format!("{field}.{number}"),
                probe.i64_at(&[number]),
                errors,
            );
        }
        let successes = probe.i64_at(&["successThreshold"]).unwrap_or(1);
        if name != "readinessProbe" && successes > 1 {
            let field = format!("{field}.successThreshold");
            errors.push(FieldError::invalid(&field, successes, "must be 1"));
        }
    }
}

fn handler(path: &str, handler: &Value, grace: Option<i64>, errors: &mut Errors) {
    let mut given = 0;
    for kind in HANDLERS {
        let Some(of) = handler.get(kind).filter(|h| !h.is_null()) else {
            continue;
        };
        let field = format!("{path}.{kind}");
        given += 1;
        if given > 1 {
            errors.push(FieldError::forbidden(
                &field,
                "may not specify more than 1 handler type",
            ));
            continue;
        }
        match kind {
            "exec" if of.array_at(&["command"]).is_empty() => {
                errors.push(FieldError::required(&format!("{field}.command"), ""));
            }
            "httpGet" => http_get(&field, of, errors),
            "tcpSocket" => port(
                &format!("{field}.port"),
                of.get("port").unwrap_or(&Value::Null),
                errors,
            ),
            "grpc" => {
                let number = of.i64_at(&["port"]).unwrap_or(0);
                port_number(&format!("{field}.port"), number, errors);
            }
            "sleep" => {
                let seconds = of.i64_at(&["seconds"]).unwrap_or(0);
                if let Some(grace) = grace.filter(|g| !(0..=*g).contains(&seconds)) {
                    let why = format!(
                        "must be non-negative and less than terminationGracePeriodSeconds ({grace})"
                    );
                    errors.push(FieldError::invalid(&field, seconds, &why));
                }
            }
            _ => {}
        }
    }
    if given == 0 {
        errors.push(FieldError::required(path, "must specify a handler type"));
    }
}

fn http_get(path: &str, get: &Value, errors: &mut Errors) {
    if get.str_at(&["path"]).is_empty() {
        errors.push(FieldError::required(&format!("{path}.path"), ""));
    }
    port(
        &format!("{path}.port"),
        get.get("port").unwrap_or(&Value::Null),
        errors,
    );
    let scheme = get.str_at(&["scheme"]);
    words::among_if_set(
        &format!("{path}.scheme"),
        scheme,
        &["HTTP", "HTTPS"],
        errors,
    );
    for header in get.array_at(&["httpHeaders"]) {
        let name = header.str_at(&["name"]);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        if name.is_empty() || !name.bytes().all(plain) {
            let why = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. \
                       'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
            errors.push(FieldError::invalid(
                &format!("{path}.httpHeaders"),
                name,
                why,
            ));
        }
    }
}
