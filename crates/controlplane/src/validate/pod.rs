//! Rules of pods, and of the templates that they are made from.

use std::collections::HashSet;

use value::Value;

use super::words::{
    Errors, address, among, each, expression, label, labels, qualified, selector, subdomain,
    subdomain_errors,
};
use super::{containers, volumes};
use crate::failure::FieldError;

/// What a template's containers do when they end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Restart {
    /// They start again.
    Always,
    /// They may end for good; who checks says so in words of their own.
    NotAlways,
}

/// Checks a template; `path` is where it stands.
pub(super) fn template(path: &str, template: &Value, restart: Restart, errors: &mut Errors) {
    labels(
        &format!("{path}.labels"),
        template.at(&["metadata", "labels"]),
        errors,
    );
    crate::rules::annotations(
        &format!("{path}.annotations"),
        template.at(&["metadata", "annotations"]),
        errors,
    );
    let spec = template.get("spec").unwrap_or(&Value::Null);
    pod_spec(&format!("{path}.spec"), spec, restart, errors);
}

/// Checks what a pod is made of, in the order in which a kube-apiserver does.
pub(super) fn pod_spec(path: &str, spec: &Value, restart: Restart, errors: &mut Errors) {
    let at = |name: &str| format!("{path}.{name}");
    let text = |name: &str| spec.str_at(&[name]);
    let names = volumes::check(&at("volumes"), spec.array_at(&["volumes"]), errors);
    containers::check(path, spec, &names, errors);
    let policy = text("restartPolicy");
    if restart == Restart::Always && !policy.is_empty() {
        among(
            &at("restartPolicy"),
            policy,
            &["Always", "Never", "OnFailure"],
            errors,
        );
    }
    let dns = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];
    if !text("dnsPolicy").is_empty() {
        among(&at("dnsPolicy"), text("dnsPolicy"), &dns, errors);
    }
    labels(&at("nodeSelector"), spec.get("nodeSelector"), errors);
    security(path, spec, errors);
    affinity(&at("affinity"), spec.get("affinity"), errors);
    dns_config(path, spec, errors);
    for (i, gate) in spec.array_at(&["readinessGates"]).iter().enumerate() {
        let field = at(&format!("readinessGates[{i}].conditionType"));
        qualified(&field, gate.str_at(&["conditionType"]), errors);
    }
    scheduling_gates(path, spec, errors);
    spread(path, spec, errors);
    for name in ["serviceAccountName", "nodeName"] {
        if !text(name).is_empty() {
            subdomain(&at(name), text(name), errors);
        }
    }
    if let Some(seconds) = spec.i64_at(&["activeDeadlineSeconds"])
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        let why = "must be between 1 and 2147483647, inclusive";
        errors.push(FieldError::invalid(
            &at("activeDeadlineSeconds"),
            seconds,
            why,
        ));
    }
    for name in ["hostname", "subdomain"] {
        if !text(name).is_empty() {
            label(&at(name), text(name), errors);
        }
    }
    tolerations(path, spec, errors);
    for (i, alias) in spec.array_at(&["hostAliases"]).iter().enumerate() {
        let path = at(&format!("hostAliases[{i}]"));
        address(&format!("{path}.ip"), alias.str_at(&["ip"]), errors);
        for (j, name) in alias.array_at(&["hostnames"]).iter().enumerate() {
            let name = name.as_str().unwrap_or_default();
            subdomain(&format!("{path}.hostnames[{j}]"), name, errors);
        }
    }
    for name in ["priorityClassName", "runtimeClassName"] {
        if !text(name).is_empty() {
            subdomain(&at(name), text(name), errors);
        }
    }
}

/// Numbers of users and groups.
fn id(field: &str, value: Option<&Value>, errors: &mut Errors) {
    if let Some(id) = value.and_then(Value::as_i64)
        && !(0..=i64::from(i32::MAX)).contains(&id)
    {
        let why = "must be between 0 and 2147483647, inclusive";
        errors.push(FieldError::invalid(field, id, why));
    }
}

fn security(path: &str, spec: &Value, errors: &mut Errors) {
    let Some(context) = spec.get("securityContext").filter(|c| !c.is_null()) else {
        return;
    };
    let path = format!("{path}.securityContext");
    for name in ["fsGroup", "runAsUser", "runAsGroup"] {
        id(&format!("{path}.{name}"), context.get(name), errors);
    }
    for (i, group) in context.array_at(&["supplementalGroups"]).iter().enumerate() {
        id(
            &format!("{path}.supplementalGroups[{i}]"),
            Some(group),
            errors,
        );
    }
    let change = context.str_at(&["fsGroupChangePolicy"]);
    if !change.is_empty() {
        let field = format!("{path}.fsGroupChangePolicy");
        among(&field, change, &["Always", "OnRootMismatch"], errors);
    }
    profile(
        &format!("{path}.seccompProfile"),
        context.get("seccompProfile"),
        errors,
    );
    let mut seen = HashSet::new();
    for (i, sysctl) in context.array_at(&["sysctls"]).iter().enumerate() {
        let name = sysctl.str_at(&["name"]);
        let field = format!("{path}.sysctls[{i}].name");
        let segment = |s: &str| {
            !s.is_empty()
                && s.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
                && !s.starts_with(['-', '_'])
                && !s.ends_with(['-', '_'])
        };
        if name.is_empty() {
            errors.push(FieldError::required(&field, ""));
        } else if name.len() > 253 || !name.split(['.', '/']).all(segment) {
            let why = "must have at most 253 characters and match regex \
                       ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
            errors.push(FieldError::invalid(&field, name, why));
        } else if seen.contains(&name) {
            errors.push(FieldError::duplicate(&field, name));
        }
        seen.insert(name);
    }
}

/// What a kernel lets containers do.
pub(super) fn profile(path: &str, profile: Option<&Value>, errors: &mut Errors) {
    let Some(profile) = profile.filter(|p| !p.is_null()) else {
        return;
    };
    let kind = profile.str_at(&["type"]);
    let local = profile.str_at(&["localhostProfile"]);
    if kind == "Localhost" && local.is_empty() {
        let field = format!("{path}.localhostProfile");
        let why = "must be set when seccomp type is Localhost";
        errors.push(FieldError::required(&field, why));
    }
    let allowed = ["Localhost", "RuntimeDefault", "Unconfined"];
    if kind.is_empty() {
        errors.push(FieldError::required(
            &format!("{path}.type"),
            "type is required when seccompProfile is set",
        ));
    } else {
        among(&format!("{path}.type"), kind, &allowed, errors);
    }
}

fn affinity(path: &str, affinity: Option<&Value>, errors: &mut Errors) {
    let Some(affinity) = affinity.filter(|a| !a.is_null()) else {
        return;
    };
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
    if let Some(node) = affinity.get("nodeAffinity") {
        let path = format!("{path}.nodeAffinity");
        if let Some(found) = node.get(required) {
            let terms = found.array_at(&["nodeSelectorTerms"]);
            let field = format!("{path}.{required}.nodeSelectorTerms");
            if terms.is_empty() {
                let why = "must have at least one node selector term";
                errors.push(FieldError::required(&field, why));
            }
            for (i, term) in terms.iter().enumerate() {
                node_term(&format!("{field}[{i}]"), term, errors);
            }
        }
        for (i, term) in node.array_at(&[preferred]).iter().enumerate() {
            let path = format!("{path}.{preferred}[{i}]");
            weight(&path, term, errors);
            let term = term.get("preference").unwrap_or(&Value::Null);
            node_term(&format!("{path}.preference"), term, errors);
        }
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let Some(pods) = affinity.get(kind) else {
            continue;
        };
        let path = format!("{path}.{kind}");
        for (i, term) in pods.array_at(&[required]).iter().enumerate() {
            pod_term(&format!("{path}.{required}[{i}]"), term, errors);
        }
        for (i, term) in pods.array_at(&[preferred]).iter().enumerate() {
            let path = format!("{path}.{preferred}[{i}]");
            weight(&path, term, errors);
            let term = term.get("podAffinityTerm").unwrap_or(&Value::Null);
            pod_term(&format!("{path}.podAffinityTerm"), term, errors);
        }
    }
}

fn weight(path: &str, term: &Value, errors: &mut Errors) {
    let weight = term.i64_at(&["weight"]).unwrap_or(0);
    if !(1..=100).contains(&weight) {
        let field = format!("{path}.weight");
        errors.push(FieldError::invalid(
            &field,
            weight,
            "must be in the range 1-100",
        ));
    }
}

fn node_term(path: &str, term: &Value, errors: &mut Errors) {
    for (i, requirement) in term.array_at(&["matchExpressions"]).iter().enumerate() {
        let path = format!("{path}.matchExpressions[{i}]");
        expression(&path, requirement, &["In", "NotIn", "Gt", "Lt"], errors);
        qualified(&format!("{path}.key"), requirement.str_at(&["key"]), errors);
    }
}

fn pod_term(path: &str, term: &Value, errors: &mut Errors) {
    selector(
        &format!("{path}.labelSelector"),
        term.get("labelSelector"),
        errors,
    );
    selector(
        &format!("{path}.namespaceSelector"),
        term.get("namespaceSelector"),
        errors,
    );
    let key = term.str_at(&["topologyKey"]);
    let field = format!("{path}.topologyKey");
    if key.is_empty() {
        errors.push(FieldError::required(&field, "can not be empty"));
    }
    qualified(&field, key, errors);
}

fn dns_config(path: &str, spec: &Value, errors: &mut Errors) {
    let path = format!("{path}.dnsConfig");
    let config = spec.get("dnsConfig").filter(|c| !c.is_null());
    let servers = config.map_or(&[][..], |c| c.array_at(&["nameservers"]));
    if spec.str_at(&["dnsPolicy"]) == "None" {
        if config.is_none() {
            let why = "must provide `dnsConfig` when `dnsPolicy` is None";
            errors.push(FieldError::required(&path, why));
            return;
        }
        if servers.is_empty() {
            let why = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            errors.push(FieldError::required(&format!("{path}.nameservers"), why));
            return;
        }
    }
    let Some(config) = config else { return };
    if servers.len() > 3 {
        let why = "must not have more than 3 nameservers";
        let field = format!("{path}.nameservers");
        errors.push(FieldError::invalid(
            &field,
            Value::Array(servers.to_vec()),
            why,
        ));
    }
    for (i, server) in servers.iter().enumerate() {
        let field = format!("{path}.nameservers[{i}]");
        address(&field, server.as_str().unwrap_or_default(), errors);
    }
    for (i, domain) in config.array_at(&["searches"]).iter().enumerate() {
        let domain = domain.as_str().unwrap_or_default();
        // A trailing dot is fine, and so are underscores.
        let plain = domain.strip_suffix('.').unwrap_or(domain).replace('_', "a");
        if domain != "." && !subdomain_errors(&plain).is_empty() {
            let why = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', \
                       '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', \
                       regex used for validation is \
                       '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')";
            errors.push(FieldError::invalid(
                &format!("{path}.searches[{i}]"),
                domain,
                why,
            ));
        }
    }
    for (i, option) in config.array_at(&["options"]).iter().enumerate() {
        if option.str_at(&["name"]).is_empty() {
            let field = format!("{path}.options[{i}]");
            errors.push(FieldError::required(&field, "must not be empty"));
        }
    }
}

fn scheduling_gates(path: &str, spec: &Value, errors: &mut Errors) {
    let mut seen = HashSet::new();
    for (i, gate) in spec.array_at(&["schedulingGates"]).iter().enumerate() {
        let name = gate.str_at(&["name"]);
        let field = format!("{path}.schedulingGates[{i}]");
        qualified(&field, name, errors);
        if seen.contains(&name) {
            errors.push(FieldError::duplicate(&field, name));
        }
        seen.insert(name);
    }
}

fn spread(path: &str, spec: &Value, errors: &mut Errors) {
    let constraints = spec.array_at(&["topologySpreadConstraints"]);
    let mut seen = HashSet::new();
    for (i, constraint) in constraints.iter().enumerate() {
        let path = format!("{path}.topologySpreadConstraints[{i}]");
        let skew = constraint.i64_at(&["maxSkew"]).unwrap_or(0);
        if skew <= 0 {
            let field = format!("{path}.maxSkew");
            errors.push(FieldError::invalid(
                &field,
                skew,
                "must be greater than zero",
            ));
        }
        let key = constraint.str_at(&["topologyKey"]);
        let field = format!("{path}.topologyKey");
        if key.is_empty() {
            errors.push(FieldError::required(&field, "can not be empty"));
        } else {
            qualified(&field, key, errors);
        }
        let action = constraint.str_at(&["whenUnsatisfiable"]);
        let allowed = ["DoNotSchedule", "ScheduleAnyway"];
        among(
            &format!("{path}.whenUnsatisfiable"),
            action,
            &allowed,
            errors,
        );
        if !seen.insert((key, action)) {
            let field = format!("{path}.{{topologyKey, whenUnsatisfiable}}");
            errors.push(FieldError::duplicate(
                &field,
                format!("{{{key}, {action}}}"),
            ));
        }
        if let Some(domains) = constraint.i64_at(&["minDomains"]) {
            let field = format!("{path}.minDomains");
            if domains <= 0 {
                errors.push(FieldError::invalid(
                    &field,
                    domains,
                    "must be greater than zero",
                ));
            }
            if action != "DoNotSchedule" {
                let why = format!(
                    "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
                );
                errors.push(FieldError::invalid(&field, domains, &why));
            }
        }
        selector(
            &format!("{path}.labelSelector"),
            constraint.get("labelSelector").filter(|s| !s.is_null()),
            errors,
        );
    }
}

fn tolerations(path: &str, spec: &Value, errors: &mut Errors) {
    for (i, toleration) in spec.array_at(&["tolerations"]).iter().enumerate() {
        let path = format!("{path}.tolerations[{i}]");
        let text = |name: &str| toleration.str_at(&[name]);
        let (key, operator, effect) = (text("key"), text("operator"), text("effect"));
        if !key.is_empty() {
            qualified(&format!("{path}.key"), key, errors);
        }
        let field = format!("{path}.operator");
        if key.is_empty() && operator != "Exists" {
            let why = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            errors.push(FieldError::invalid(&field, operator, why));
        }
        let seconds = toleration.get("tolerationSeconds").filter(|s| !s.is_null());
        if seconds.is_some() && effect != "NoExecute" {
            let why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.push(FieldError::invalid(&format!("{path}.effect"), effect, why));
        }
        match operator {
            "" | "Equal" => each(
                &field,
                text("value"),
                value::selector::label_value_errors(text("value")),
                errors,
            ),
            "Exists" => {
                if !text("value").is_empty() {
                    let why = "value must be empty when `operator` is 'Exists'";
                    errors.push(FieldError::invalid(&field, text("value"), why));
                }
            }
            other => errors.push(FieldError::not_supported(
                &field,
                other,
                &["Equal", "Exists"],
            )),
        }
        if !effect.is_empty() {
            let allowed = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
            among(&format!("{path}.effect"), effect, &allowed, errors);
        }
    }
}

/// What may be changed of a pod that is there.
const CHANGEABLE: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
    `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to \
    existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was \
    previously negative)";

/// Checks a change of a pod.
pub(super) fn update(object: &Value, old: &Value, errors: &mut Errors) {
    let count = |v: &Value, list: &str| v.array_at(&["spec", list]).len();
    for list in ["containers", "initContainers"] {
        if count(object, list) != count(old, list) {
            let why = match list {
                "containers" => "pod updates may not add or remove containers",
                _ => "pod updates may not add or remove initContainers",
            };
            errors.push(FieldError::forbidden(&format!("spec.{list}"), why));
            return;
        }
    }
    let deadline = |v: &Value| v.i64_at(&["spec", "activeDeadlineSeconds"]);
    let field = "spec.activeDeadlineSeconds";
    match (deadline(old), deadline(object)) {
        (Some(was), Some(is)) if is > was => {
            let why = "must be less than or equal to previous value";
            errors.push(FieldError::invalid(field, is, why));
            return;
        }
        (Some(_), None) => {
            let why = "must not update from a positive integer to nil value";
            errors.push(FieldError::invalid(field, Value::Null, why));
            return;
        }
        _ => {}
    }
    let tolerations = |v: &Value| v.array_at(&["spec", "tolerations"]).to_vec();
    let kept = tolerations(object);
    if let Some(gone) = tolerations(old).iter().find(|t| !kept.contains(t)) {
        let _ = gone;
        let why = "existing toleration can not be modified except its tolerationSeconds";
        let same_but_time = |a: &Value| {
            let mut a = a.clone();
            a.remove_at(&["tolerationSeconds"]);
            a
        };
        let kept: Vec<Value> = kept.iter().map(same_but_time).collect();
        if !kept.contains(&same_but_time(gone)) {
            errors.push(FieldError::forbidden("spec.tolerations", why));
            return;
        }
    }
    let mut wanted = object.get("spec").cloned().unwrap_or_default();
    let was = old.get("spec").unwrap_or(&Value::Null);
    for name in ["activeDeadlineSeconds", "tolerations"] {
        match was.get(name) {
            Some(value) => wanted.set_at(&[name], value.clone()),
            None => {
                wanted.remove_at(&[name]);
            }
        }
    }
    for list in ["containers", "initContainers"] {
        let before = was.array_at(&[list]);
        let now = wanted.get_mut(list).and_then(Value::as_array_mut);
        for (container, before) in now.into_iter().flatten().zip(before) {
            container.set_at(&["image"], before.str_at(&["image"]));
        }
    }
    if wanted != *was {
        errors.push(FieldError::forbidden("spec", CHANGEABLE));
    }
}
