//! Rules of autoscalers, disruption budgets and priorities.

use value::Value;

use super::words::{
    Errors, among, count_or_percent, immutable, not_more_than_all, not_negative, required, selector,
};
use crate::failure::FieldError;

pub(super) fn autoscaler(object: &Value, errors: &mut Errors) {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let metrics = spec.array_at(&["metrics"]);
    let most = spec.i64_at(&["maxReplicas"]).unwrap_or(0);
    let least = spec.i64_at(&["minReplicas"]);
    if let Some(least) = least.filter(|l| *l < 1) {
        let why = "must be greater than or equal to 1";
        errors.push(FieldError::invalid("spec.minReplicas", least, why));
    }
    if most < 1 {
        let why = "must be set and greater than 0";
        errors.push(FieldError::required("spec.maxReplicas", why));
    }
    if least.is_some_and(|least| most < least) {
        let why = "must be greater than or equal to `minReplicas`";
        errors.push(FieldError::invalid("spec.maxReplicas", most, why));
    }
    let target = spec.get("scaleTargetRef").unwrap_or(&Value::Null);
    for name in ["kind", "name"] {
        required(
            &format!("spec.scaleTargetRef.{name}"),
            target.str_at(&[name]),
            errors,
        );
    }
    let version = target.str_at(&["apiVersion"]);
    let counted =
        matches!(version, "" | "v1") && target.str_at(&["kind"]) == "ReplicationController";
    if !version.contains('/') && !counted {
        let why = "apiVersion must specify API group";
        let field = "spec.scaleTargetRef.apiVersion";
        errors.push(FieldError::invalid(field, version, why));
    }
    for (i, metric) in metrics.iter().enumerate() {
        let path = format!("spec.metrics[{i}].resource");
        if metric.str_at(&["type"]) == "External" {
            let external = metric.get("external").unwrap_or(&Value::Null);
            self::external(&format!("spec.metrics[{i}].external"), external, errors);
        }
        if metric.str_at(&["type"]) != "Resource" {
            continue;
        }
        let resource = metric.get("resource").unwrap_or(&Value::Null);
        if resource.str_at(&["name"]).is_empty() {
            let why = "must specify a resource name";
            errors.push(FieldError::required(&format!("{path}.name"), why));
        }
        let goal = |name: &str| resource.at(&["target", name]).filter(|v| !v.is_null());
        let field = format!("{path}.target.averageUtilization");
        match goal("averageUtilization") {
            Some(share) if share.as_i64().unwrap_or(0) < 1 => {
                errors.push(FieldError::invalid(
                    &field,
                    share.clone(),
                    "must be greater than 0",
                ));
            }
            None if goal("averageValue").is_none() => {
                let why = "must set either a target raw value or a target utilization";
                errors.push(FieldError::required(&field, why));
            }
            _ => {}
        }
    }
    let outside = |m: &Value| matches!(m.str_at(&["type"]), "Object" | "External");
    if least == Some(0) && !metrics.iter().any(outside) {
        let why = "must specify at least one Object or External metric to support scaling to zero replicas";
        errors.push(FieldError::forbidden("spec.metrics", why));
    }
    for direction in ["scaleUp", "scaleDown"] {
        if let Some(rules) = spec.at(&["behavior", direction]).filter(|r| !r.is_null()) {
            scaling(&format!("spec.behavior.{direction}"), rules, errors);
        }
    }
}

fn external(path: &str, external: &Value, errors: &mut Errors) {
    if external.str_at(&["metric", "name"]).is_empty() {
        let why = "must specify a metric name";
        errors.push(FieldError::required(&format!("{path}.metric.name"), why));
    }
    let set = |name: &str| external.at(&["target", name]).is_some_and(|v| !v.is_null());
    if !set("value") && !set("averageValue") {
        let why = "must set either a target value for metric or a per-pod target";
        errors.push(FieldError::required(
            &format!("{path}.target.averageValue"),
            why,
        ));
    }
}

fn scaling(path: &str, rules: &Value, errors: &mut Errors) {
    let field = format!("{path}.stabilizationWindowSeconds");
    let window = rules.i64_at(&["stabilizationWindowSeconds"]);
    not_negative(&field, window, errors);
    if let Some(window) = window.filter(|w| *w > 3_600) {
        let why = "must be less than or equal to 3600";
        errors.push(FieldError::invalid(&field, window, why));
    }
    let select = rules.str_at(&["selectPolicy"]);
    if !select.is_empty() {
        let field = format!("{path}.selectPolicy");
        among(&field, select, &["Disabled", "Max", "Min"], errors);
    }
    let policies = rules.array_at(&["policies"]);
    if policies.is_empty() {
        let why = "must specify at least one Policy";
        errors.push(FieldError::required(&format!("{path}.policies"), why));
    }
    for (i, policy) in policies.iter().enumerate() {
        let path = format!("{path}.policies[{i}]");
        among(
            &format!("{path}.type"),
            policy.str_at(&["type"]),
            &["Percent", "Pods"],
            errors,
        );
        for (name, most) in [("value", i64::MAX), ("periodSeconds", 1_800)] {
            let number = policy.i64_at(&[name]).unwrap_or(0);
            let field = format!("{path}.{name}");
            if number <= 0 {
                errors.push(FieldError::invalid(
                    &field,
                    number,
                    "must be greater than zero",
                ));
            } else if number > most {
                let why = format!("must be less than or equal to {most}");
                errors.push(FieldError::invalid(&field, number, &why));
            }
        }
    }
}

pub(super) fn budget(object: &Value, errors: &mut Errors) {
    let (least, most) = (
        object.at(&["spec", "minAvailable"]),
        object.at(&["spec", "maxUnavailable"]),
    );
    if let (Some(_), Some(_)) = (least, most) {
        let why = "minAvailable and maxUnavailable cannot be both set";
        let spec = object.get("spec").cloned().unwrap_or_default();
        errors.push(FieldError::invalid("spec", spec, why));
    }
    for (name, value) in [("minAvailable", least), ("maxUnavailable", most)] {
        let field = format!("spec.{name}");
        count_or_percent(&field, value, errors);
        not_more_than_all(&field, value, errors);
    }
    selector(
        "spec.selector",
        object.at(&["spec", "selector"]).filter(|s| !s.is_null()),
        errors,
    );
}

pub(super) fn priority(object: &Value, old: Option<&Value>, errors: &mut Errors) {
    let name = object.str_at(&["metadata", "name"]);
    if name.starts_with("system-")
        && !matches!(name, "system-node-critical" | "system-cluster-critical")
    {
        let why = format!(
            "priority class names with 'system-' prefix are reserved for system use only. error: {name} is not a \
             known system priority class"
        );
        errors.push(FieldError::forbidden("metadata.name", &why));
    }
    let policy = object.str_at(&["preemptionPolicy"]);
    if !policy.is_empty() {
        let allowed = ["PreemptLowerPriority", "Never"];
        among("preemptionPolicy", policy, &allowed, errors);
    }
    if let Some(old) = old {
        if object.get("value") != old.get("value") {
            errors.push(FieldError::forbidden(
                "value",
                "may not be changed in an update.",
            ));
        }
        immutable(
            "preemptionPolicy",
            &["preemptionPolicy"],
            object,
            old,
            errors,
        );
    }
}
