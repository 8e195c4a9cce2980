//! Rules of services.

use std::collections::HashSet;

use value::Value;

use super::words::{
    Errors, address, among, among_if_set, label, labels, port_name_errors, port_number, qualified,
    subdomain,
};
use crate::failure::FieldError;

pub(super) fn check(object: &Value, old: Option<&Value>, errors: &mut Errors) {
    let text = |name: &str| object.str_at(&["spec", name]);
    let kind = text("type");
    let ports = object.array_at(&["spec", "ports"]);
    let headless = text("clusterIP") == "None"
        || object
            .array_at(&["spec", "clusterIPs"])
            .first()
            .and_then(Value::as_str)
            == Some("None");
    if ports.is_empty() && !headless && kind != "ExternalName" {
        errors.push(FieldError::required("spec.ports", ""));
    }
    match kind {
        "LoadBalancer" | "NodePort" if headless => {
            let why = format!("may not be set to 'None' for {kind} services");
            errors.push(FieldError::invalid("spec.clusterIPs[0]", "None", &why));
        }
        "ExternalName" => external(object, errors),
        _ => {}
    }
    all_ports(ports, errors);
    labels("spec.selector", object.at(&["spec", "selector"]), errors);
    affinity(object, errors);
    let allowed = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    if !kind.is_empty() {
        among("spec.type", kind, &allowed, errors);
    }
    external_addresses(object, errors);
    unique(ports, errors);
    if kind == "ClusterIP" {
        for (i, port) in ports.iter().enumerate() {
            if port.i64_at(&["nodePort"]).unwrap_or(0) != 0 {
                let field = format!("spec.ports[{i}].nodePort");
                let why = "may not be used when `type` is 'ClusterIP'";
                errors.push(FieldError::forbidden(&field, why));
            }
        }
    }
    families(object, errors);
    addresses(object, errors);
    for (name, allowed) in [
        ("externalTrafficPolicy", ["Cluster", "Local"]),
        ("internalTrafficPolicy", ["Cluster", "Local"]),
    ] {
        among_if_set(&format!("spec.{name}"), text(name), &allowed, errors);
    }
    if let Some(old) = old {
        update(object, old, errors);
    }
}

fn external(object: &Value, errors: &mut Errors) {
    for (name, field) in [
        ("clusterIPs", "spec.clusterIPs"),
        ("ipFamilies", "spec.ipFamilies"),
    ] {
        if !object.array_at(&["spec", name]).is_empty() {
            let why = "may not be set for ExternalName services";
            errors.push(FieldError::forbidden(field, why));
        }
    }
    let name = object.str_at(&["spec", "externalName"]);
    let plain = name.strip_suffix('.').unwrap_or(name);
    if plain.is_empty() {
        errors.push(FieldError::required("spec.externalName", ""));
    } else {
        subdomain("spec.externalName", plain, errors);
    }
}

fn all_ports(ports: &[Value], errors: &mut Errors) {
    let mut names: HashSet<&str> = HashSet::new();
    for (i, port) in ports.iter().enumerate() {
        let path = format!("spec.ports[{i}]");
        let name = port.str_at(&["name"]);
        let field = format!("{path}.name");
        if name.is_empty() {
            if ports.len() > 1 {
                errors.push(FieldError::required(&field, ""));
            }
        } else {
            label(&field, name, errors);
            if names.contains(&name) {
                errors.push(FieldError::duplicate(&field, name));
            }
            names.insert(name);
        }
        let number = port.i64_at(&["port"]).unwrap_or(0);
        port_number(&format!("{path}.port"), number, errors);
        let protocol = port.str_at(&["protocol"]);
        if !protocol.is_empty() {
            let field = format!("{path}.protocol");
            among(&field, protocol, &["SCTP", "TCP", "UDP"], errors);
        }
        let field = format!("{path}.targetPort");
        match port.get("targetPort") {
            Some(Value::String(name)) => {
                super::words::each(&field, name, port_name_errors(name), errors);
            }
            Some(number) => port_number(&field, number.as_i64().unwrap_or(0), errors),
            None => {}
        }
        let protocol = port.str_at(&["appProtocol"]);
        if !protocol.is_empty() {
            qualified(&format!("{path}.appProtocol"), protocol, errors);
        }
    }
}

/// A port is told from others by its number and protocol.
fn unique(ports: &[Value], errors: &mut Errors) {
    let key = |p: &Value| (p.i64_at(&["port"]), p.str_at(&["protocol"]).to_owned());
    let mut seen = HashSet::new();
    for (i, port) in ports.iter().enumerate() {
        if !seen.insert(key(port)) {
            let mut error = FieldError::duplicate(&format!("spec.ports[{i}]"), "");
            let shown = format!(
                "{{\"Name\":\"\",\"Protocol\":\"{}\",\"AppProtocol\":null,\"Port\":{},\"TargetPort\":0,\"NodePort\":0}}",
                port.str_at(&["protocol"]),
                port.i64_at(&["port"]).unwrap_or(0)
            );
            error.message = error.message.replacen("\"\"", &shown, 1);
            errors.push(error);
        }
    }
}

fn affinity(object: &Value, errors: &mut Errors) {
    let kind = object.str_at(&["spec", "sessionAffinity"]);
    among_if_set("spec.sessionAffinity", kind, &["ClientIP", "None"], errors);
    let path = [
        "spec",
        "sessionAffinityConfig",
        "clientIP",
        "timeoutSeconds",
    ];
    if kind == "ClientIP"
        && let Some(seconds) = object.i64_at(&path)
        && !(1..=86_400).contains(&seconds)
    {
        let why = "must be greater than 0 and less than 86400";
        errors.push(FieldError::invalid(&path.join("."), seconds, why));
    }
    if kind == "None"
        && object
            .at(&["spec", "sessionAffinityConfig"])
            .is_some_and(|c| !c.is_null())
    {
        let why = "must not be set when session affinity is None";
        errors.push(FieldError::forbidden("spec.sessionAffinityConfig", why));
    }
}

fn external_addresses(object: &Value, errors: &mut Errors) {
    for (i, given) in object.array_at(&["spec", "externalIPs"]).iter().enumerate() {
        let text = given.as_str().unwrap_or_default();
        let field = format!("spec.externalIPs[{i}]");
        if let Some(found) = address(&field, text, errors) {
            usable(&field, text, found, errors);
        }
    }
}

/// Nothing reaches some addresses from outside.
pub(super) fn usable(field: &str, text: &str, found: std::net::IpAddr, errors: &mut Errors) {
    let local = match found {
        std::net::IpAddr::V4(v4) => v4.is_link_local(),
        std::net::IpAddr::V6(v6) => (v6.segments()[0] & 0xffc0) == 0xfe80,
    };
    let why = if found.is_unspecified() {
        format!("may not be unspecified ({found})")
    } else if found.is_loopback() {
        "may not be in the loopback range (127.0.0.0/8, ::1/128)".to_owned()
    } else if local {
        "may not be in the link-local range (169.254.0.0/16, fe80::/10)".to_owned()
    } else if found.is_multicast() {
        "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".to_owned()
    } else {
        return;
    };
    errors.push(FieldError::invalid(field, text, &why));
}

/// The cluster has one family of addresses.
fn families(object: &Value, errors: &mut Errors) {
    let headless = object.str_at(&["spec", "clusterIP"]) == "None"
        && object.at(&["spec", "selector"]).is_none_or(Value::is_empty);
    if headless || object.str_at(&["spec", "type"]) == "ExternalName" {
        return;
    }
    let policy = object.str_at(&["spec", "ipFamilyPolicy"]);
    if policy == "RequireDualStack" {
        let why = "this cluster is not configured for dual-stack services";
        errors.push(FieldError::invalid("spec.ipFamilyPolicy", policy, why));
    }
    for (i, family) in object.array_at(&["spec", "ipFamilies"]).iter().enumerate() {
        let family = family.as_str().unwrap_or_default();
        if family == "IPv6" {
            let field = format!("spec.ipFamilies[{i}]");
            errors.push(FieldError::invalid(
                &field,
                family,
                "not configured on this cluster",
            ));
        }
    }
}

fn addresses(object: &Value, errors: &mut Errors) {
    let single = object.str_at(&["spec", "clusterIP"]);
    let list = object.array_at(&["spec", "clusterIPs"]);
    let first = list.first().and_then(Value::as_str).unwrap_or_default();
    if object.str_at(&["spec", "type"]) == "ExternalName" {
        return;
    }
    if !single.is_empty() && !list.is_empty() && single != first {
        let why = "first value must match `clusterIP`";
        errors.push(FieldError::invalid(
            "spec.clusterIPs",
            Value::Array(list.to_vec()),
            why,
        ));
    }
    let given = if list.is_empty() && !single.is_empty() {
        single
    } else {
        first
    };
    if !matches!(given, "" | "None") {
        address("spec.clusterIPs[0]", given, errors);
    }
}

fn update(object: &Value, old: &Value, errors: &mut Errors) {
    let external = |v: &Value| v.str_at(&["spec", "type"]) == "ExternalName";
    let was = old.str_at(&["spec", "clusterIP"]);
    let is = object.str_at(&["spec", "clusterIP"]);
    if !was.is_empty() && was != is && !external(old) && !external(object) {
        let list = Value::Array(object.array_at(&["spec", "clusterIPs"]).to_vec());
        let why = "may not change once set";
        errors.push(FieldError::invalid("spec.clusterIPs[0]", list, why));
    }
    let balanced = |v: &Value| v.str_at(&["spec", "type"]) == "LoadBalancer";
    let class = |v: &Value| v.at(&["spec", "loadBalancerClass"]).cloned();
    if balanced(object) && balanced(old) && class(object) != class(old) {
        let value = class(object).unwrap_or_default();
        let why = "may not change once set";
        errors.push(FieldError::invalid("spec.loadBalancerClass", value, why));
    }
}

/// Checks a status that is written.
pub(super) fn status(object: &Value, errors: &mut Errors) {
    let ingress = object.array_at(&["status", "loadBalancer", "ingress"]);
    if !ingress.is_empty() && object.str_at(&["spec", "type"]) != "LoadBalancer" {
        let why = "may only be used when `spec.type` is 'LoadBalancer'";
        errors.push(FieldError::forbidden("status.loadBalancer.ingress", why));
    }
}
