//! Rules of ingresses, network policies and endpoints.

use std::net::IpAddr;
use std::str::FromStr as _;

use value::Value;

use super::service::usable;
use super::words::{
    Errors, address, among, label, port, port_name_errors, port_number, required, selector,
    subdomain, subdomain_errors,
};
use crate::failure::FieldError;

pub(super) fn ingress(object: &Value, errors: &mut Errors) {
    let backend = object
        .at(&["spec", "defaultBackend"])
        .filter(|b| !b.is_null());
    let rules = object.array_at(&["spec", "rules"]);
    if rules.is_empty() && backend.is_none() {
        let why = "either `defaultBackend` or `rules` must be specified";
        errors.push(FieldError::invalid("spec", Value::Null, why));
    }
    if let Some(backend) = backend {
        self::backend("spec.defaultBackend", backend, errors);
    }
    for (i, rule) in rules.iter().enumerate() {
        let path = format!("spec.rules[{i}]");
        host(&format!("{path}.host"), rule.str_at(&["host"]), errors);
        let paths = rule.array_at(&["http", "paths"]);
        if rule.get("http").is_some_and(|h| !h.is_null()) && paths.is_empty() {
            errors.push(FieldError::required(&format!("{path}.http.paths"), ""));
        }
        for (j, item) in paths.iter().enumerate() {
            ingress_path(&format!("{path}.http.paths[{j}]"), item, errors);
        }
    }
    for (i, tls) in object.array_at(&["spec", "tls"]).iter().enumerate() {
        for (j, name) in tls.array_at(&["hosts"]).iter().enumerate() {
            let field = format!("spec.tls[{i}].hosts[{j}]");
            let name = name.as_str().unwrap_or_default();
            if name.contains('*') {
                wildcard(&field, name, errors);
            } else {
                subdomain(&field, name, errors);
            }
        }
        let secret = tls.str_at(&["secretName"]);
        if !secret.is_empty() {
            subdomain(&format!("spec.tls[{i}].secretName"), secret, errors);
        }
    }
    if let Some(class) = object
        .at(&["spec", "ingressClassName"])
        .and_then(Value::as_str)
    {
        subdomain("spec.ingressClassName", class, errors);
    }
}

fn wildcard(field: &str, name: &str, errors: &mut Errors) {
    let rest = name.strip_prefix("*.");
    if !rest.is_some_and(|r| subdomain_errors(r).is_empty()) {
        let why = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which \
                   must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric \
                   character (e.g. '*.example.com', regex used for validation is \
                   '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
        errors.push(FieldError::invalid(field, name, why));
    }
}

fn host(field: &str, name: &str, errors: &mut Errors) {
    if name.is_empty() {
        return;
    }
    if IpAddr::from_str(name).is_ok() {
        let why = "must be a DNS name, not an IP address";
        errors.push(FieldError::invalid(field, name, why));
    }
    if name.contains('*') {
        wildcard(field, name, errors);
    } else {
        subdomain(field, name, errors);
    }
}

fn ingress_path(path: &str, item: &Value, errors: &mut Errors) {
    let field = format!("{path}.pathType");
    let target = item.str_at(&["path"]);
    let at = format!("{path}.path");
    match item.str_at(&["pathType"]) {
        "" => errors.push(FieldError::required(&field, "pathType must be specified")),
        "Exact" | "Prefix" => {
            if target.starts_with('/') {
                for bad in ["//", "/./", "/../", "%2f", "%2F"] {
                    if target.contains(bad) {
                        let why = format!("must not contain '{bad}'");
                        errors.push(FieldError::invalid(&at, target, &why));
                    }
                }
                for bad in ["/..", "/."] {
                    if target.ends_with(bad) {
                        let why = format!("cannot end with '{bad}'");
                        errors.push(FieldError::invalid(&at, target, &why));
                    }
                }
            } else {
                errors.push(FieldError::invalid(&at, target, "must be an absolute path"));
            }
        }
        "ImplementationSpecific" => {
            if !target.is_empty() && !target.starts_with('/') {
                errors.push(FieldError::invalid(&at, target, "must be an absolute path"));
            }
        }
        other => {
            let allowed = ["Exact", "ImplementationSpecific", "Prefix"];
            errors.push(FieldError::not_supported(&field, other, &allowed));
        }
    }
    let backend = item.get("backend").unwrap_or(&Value::Null);
    self::backend(&format!("{path}.backend"), backend, errors);
}

fn backend(path: &str, backend: &Value, errors: &mut Errors) {
    let found = |name: &str| backend.get(name).filter(|v| !v.is_null());
    match (found("service"), found("resource")) {
        (Some(_), Some(_)) => {
            let why = "cannot set both resource and service backends";
            errors.push(FieldError::invalid(path, "", why));
        }
        (None, Some(resource)) => {
            for name in ["kind", "name"] {
                required(
                    &format!("{path}.resource.{name}"),
                    resource.str_at(&[name]),
                    errors,
                );
            }
        }
        (service, None) => {
            let service = service.unwrap_or(&Value::Null);
            let name = service.str_at(&["name"]);
            let field = format!("{path}.service.name");
            if required(&field, name, errors) {
                super::words::each(&field, name, service_name_errors(name), errors);
            }
            let number = service.i64_at(&["port", "number"]).unwrap_or(0);
            let name = service.str_at(&["port", "name"]);
            if name.is_empty() && number == 0 {
                let why = "port name or number is required";
                errors.push(FieldError::required(path, why));
            } else if !name.is_empty() && number != 0 {
                let why = "cannot set both port name & port number";
                errors.push(FieldError::invalid(path, "", why));
            } else if !name.is_empty() {
                let field = format!("{path}.service.port.name");
                super::words::each(&field, name, port_name_errors(name), errors);
            } else {
                port_number(&format!("{path}.service.port.number"), number, errors);
            }
        }
    }
}

fn service_name_errors(name: &str) -> Vec<String> {
    super::words::label_errors(name)
}

pub(super) fn ingress_class(object: &Value, errors: &mut Errors) {
    let name = object.str_at(&["spec", "controller"]);
    if required("spec.controller", name, errors) {
        let fine = name
            .split_once('/')
            .is_some_and(|(domain, path)| subdomain_errors(domain).is_empty() && !path.is_empty());
        if !fine {
            let why = "must be a domain-prefixed path (such as \"acme.io/foo\")";
            errors.push(FieldError::invalid("spec.controller", name, why));
        }
    }
    let Some(parameters) = object.at(&["spec", "parameters"]).filter(|p| !p.is_null()) else {
        return;
    };
    for name in ["kind", "name"] {
        required(
            &format!("spec.parameters.{name}"),
            parameters.str_at(&[name]),
            errors,
        );
    }
    let scope = parameters.str_at(&["scope"]);
    let allowed = ["Cluster", "Namespace"];
    among("spec.parameters.scope", scope, &allowed, errors);
}

pub(super) fn policy(object: &Value, errors: &mut Errors) {
    selector(
        "spec.podSelector",
        object.at(&["spec", "podSelector"]),
        errors,
    );
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for (i, rule) in object.array_at(&["spec", direction]).iter().enumerate() {
            let path = format!("spec.{direction}[{i}]");
            for (j, item) in rule.array_at(&["ports"]).iter().enumerate() {
                policy_port(&format!("{path}.ports[{j}]"), item, errors);
            }
            for (j, peer) in rule.array_at(&[peers]).iter().enumerate() {
                policy_peer(&format!("{path}.{peers}[{j}]"), peer, errors);
            }
        }
    }
    let types = object.array_at(&["spec", "policyTypes"]);
    if types.len() > 2 {
        let why = "may not specify more than two policyTypes";
        errors.push(FieldError::invalid(
            "spec.policyTypes",
            Value::Array(types.to_vec()),
            why,
        ));
        return;
    }
    for (i, kind) in types.iter().enumerate() {
        let kind = kind.as_str().unwrap_or_default();
        let field = format!("spec.policyTypes[{i}]");
        among(&field, kind, &["Egress", "Ingress"], errors);
    }
}

fn policy_port(path: &str, item: &Value, errors: &mut Errors) {
    let protocol = item.str_at(&["protocol"]);
    if !protocol.is_empty() {
        let field = format!("{path}.protocol");
        among(&field, protocol, &["TCP", "UDP", "SCTP"], errors);
    }
    let first = item.get("port").filter(|p| !p.is_null());
    if let Some(first) = first {
        port(&format!("{path}.port"), first, errors);
    }
    let Some(last) = item.i64_at(&["endPort"]) else {
        return;
    };
    let field = format!("{path}.endPort");
    let why = match first {
        None => "may not be specified when `port` is not specified",
        Some(Value::String(_)) => "may not be specified when `port` is non-numeric",
        Some(first) if last < first.as_i64().unwrap_or(0) => {
            // What is shown is the port.
            let why = "must be greater than or equal to `port`";
            errors.push(FieldError::invalid(&field, first.clone(), why));
            return;
        }
        Some(_) => return port_number(&field, last, errors),
    };
    errors.push(FieldError::invalid(&field, last, why));
}

fn policy_peer(path: &str, peer: &Value, errors: &mut Errors) {
    let mut given = 0;
    for name in ["podSelector", "namespaceSelector"] {
        if let Some(found) = peer.get(name).filter(|v| !v.is_null()) {
            given += 1;
            selector(&format!("{path}.{name}"), Some(found), errors);
        }
    }
    if let Some(block) = peer.get("ipBlock").filter(|v| !v.is_null()) {
        if given > 0 {
            let why = "may not specify both ipBlock and another peer";
            errors.push(FieldError::forbidden(path, why));
            return;
        }
        given += 1;
        required(
            &format!("{path}.ipBlock.cidr"),
            block.str_at(&["cidr"]),
            errors,
        );
    }
    if given == 0 {
        errors.push(FieldError::required(path, "must specify a peer"));
    }
}

pub(super) fn endpoints(object: &Value, errors: &mut Errors) {
    for (i, subset) in object.array_at(&["subsets"]).iter().enumerate() {
        let path = format!("subsets[{i}]");
        let lists = ["addresses", "notReadyAddresses"];
        if lists.iter().all(|l| subset.array_at(&[l]).is_empty()) {
            let why = "must specify `addresses` or `notReadyAddresses`";
            errors.push(FieldError::required(&path, why));
        }
        for list in lists {
            for (j, item) in subset.array_at(&[list]).iter().enumerate() {
                let at = format!("{path}.{list}[{j}]");
                let text = item.str_at(&["ip"]);
                let found = address(&format!("{at}.ip"), text, errors);
                if found.is_none() {
                    // It is found twice, in words of different age.
                    let why = "must be a valid IP address";
                    errors.push(FieldError::invalid(&format!("{at}.ip"), text, why));
                }
                if let Some(found) = found {
                    usable(&format!("{at}.ip"), text, found, errors);
                }
                let host = item.str_at(&["hostname"]);
                if !host.is_empty() {
                    label(&format!("{at}.hostname"), host, errors);
                }
            }
        }
        let ports = subset.array_at(&["ports"]);
        for (j, item) in ports.iter().enumerate() {
            let at = format!("{path}.ports[{j}]");
            let name = item.str_at(&["name"]);
            if name.is_empty() && ports.len() > 1 {
                errors.push(FieldError::required(&format!("{at}.name"), ""));
            } else if !name.is_empty() {
                label(&format!("{at}.name"), name, errors);
            }
            port_number(
                &format!("{at}.port"),
                item.i64_at(&["port"]).unwrap_or(0),
                errors,
            );
            let protocol = item.str_at(&["protocol"]);
            if !protocol.is_empty() {
                among(
                    &format!("{at}.protocol"),
                    protocol,
                    &["SCTP", "TCP", "UDP"],
                    errors,
                );
            }
        }
    }
}

pub(super) fn slice(object: &Value, errors: &mut Errors) {
    for (i, item) in object.array_at(&["ports"]).iter().enumerate() {
        let at = format!("ports[{i}]");
        let name = item.str_at(&["name"]);
        if !name.is_empty() {
            label(&format!("{at}.name"), name, errors);
        }
        let protocol = item.str_at(&["protocol"]);
        if !protocol.is_empty() {
            let field = format!("{at}.protocol");
            among(&field, protocol, &["SCTP", "TCP", "UDP"], errors);
        }
    }
    let family = object.str_at(&["addressType"]);
    for (i, item) in object.array_at(&["endpoints"]).iter().enumerate() {
        let at = format!("endpoints[{i}]");
        let field = format!("{at}.addresses");
        let addresses = item.array_at(&["addresses"]);
        if addresses.is_empty() {
            let why = "must contain at least 1 address";
            errors.push(FieldError::required(&field, why));
        }
        for (j, given) in addresses.iter().enumerate() {
            let text = given.as_str().unwrap_or_default();
            let found = IpAddr::from_str(text).ok();
            match (family, found) {
                ("IPv4", Some(IpAddr::V6(_)) | None) => {
                    errors.push(FieldError::invalid(&field, text, "must be an IPv4 address"));
                }
                ("IPv6", Some(IpAddr::V4(_)) | None) => {
                    errors.push(FieldError::invalid(&field, text, "must be an IPv6 address"));
                }
                ("FQDN", _) => subdomain(&format!("{field}[{j}]"), text, errors),
                _ => {}
            }
            if let Some(found) = found.filter(|_| family != "FQDN") {
                usable(&format!("{field}[{j}]"), text, found, errors);
            }
        }
        let host = item.str_at(&["hostname"]);
        if !host.is_empty() {
            label(&format!("{at}.hostname"), host, errors);
        }
    }
}
