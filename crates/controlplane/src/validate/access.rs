//! Rules of roles and of who has them.

use value::{Value, json};

use super::words::{Errors, among, required, selector, subdomain};
use crate::failure::FieldError;
use crate::kinds::Kind;
use crate::rules::name_errors;
use crate::strategy::NameRule;

const GROUP: &str = "rbac.authorization.k8s.io";

pub(super) fn role(kind: &Kind, object: &Value, errors: &mut Errors) {
    let cluster = !kind.namespaced();
    for (i, rule) in object.array_at(&["rules"]).iter().enumerate() {
        let path = format!("rules[{i}]");
        let list = |name: &str| rule.array_at(&[name]);
        if list("verbs").is_empty() {
            let why = "verbs must contain at least one value";
            errors.push(FieldError::required(&format!("{path}.verbs"), why));
        }
        let urls = list("nonResourceURLs");
        if !urls.is_empty() {
            let field = format!("{path}.nonResourceURLs");
            let shown = Value::Array(urls.to_vec());
            if !cluster {
                let why = "namespaced rules cannot apply to non-resource URLs";
                errors.push(FieldError::invalid(&field, shown.clone(), why));
            }
            let resources = ["apiGroups", "resources", "resourceNames"];
            if resources.iter().any(|n| !list(n).is_empty()) {
                let why = "rules cannot apply to both regular resources and non-resource URLs";
                errors.push(FieldError::invalid(&field, shown, why));
            }
            continue;
        }
        if list("apiGroups").is_empty() {
            let why = "resource rules must supply at least one api group";
            errors.push(FieldError::required(&format!("{path}.apiGroups"), why));
        }
        if list("resources").is_empty() {
            let why = "resource rules must supply at least one resource";
            errors.push(FieldError::required(&format!("{path}.resources"), why));
        }
    }
    let Some(aggregation) = object.get("aggregationRule").filter(|r| !r.is_null()) else {
        return;
    };
    let field = "aggregationRule.clusterRoleSelectors";
    let selectors = aggregation.array_at(&["clusterRoleSelectors"]);
    if selectors.is_empty() {
        let why = "at least one clusterRoleSelector required if aggregationRule is non-nil";
        errors.push(FieldError::required(field, why));
    }
    for (i, found) in selectors.iter().enumerate() {
        selector(&format!("{field}[{i}]"), Some(found), errors);
    }
}

pub(super) fn binding(kind: &Kind, object: &Value, old: Option<&Value>, errors: &mut Errors) {
    let text = |name: &str| object.str_at(&["roleRef", name]);
    if text("apiGroup") != GROUP {
        errors.push(FieldError::not_supported(
            "roleRef.apiGroup",
            text("apiGroup"),
            &[GROUP],
        ));
    }
    let allowed: &[&str] = if kind.namespaced() {
        &["Role", "ClusterRole"]
    } else {
        &["ClusterRole"]
    };
    among("roleRef.kind", text("kind"), allowed, errors);
    if required("roleRef.name", text("name"), errors) {
        for why in name_errors(NameRule::Segment, text("name")) {
            errors.push(FieldError::invalid("roleRef.name", text("name"), &why));
        }
    }
    for (i, subject) in object.array_at(&["subjects"]).iter().enumerate() {
        self::subject(&format!("subjects[{i}]"), kind, subject, errors);
    }
    if let Some(old) = old
        && old.get("roleRef") != object.get("roleRef")
    {
        let shown =
            json!({"APIGroup": text("apiGroup"), "Kind": text("kind"), "Name": text("name")});
        errors.push(FieldError::invalid(
            "roleRef",
            shown,
            "cannot change roleRef",
        ));
    }
}

fn subject(path: &str, kind: &Kind, subject: &Value, errors: &mut Errors) {
    let text = |name: &str| subject.str_at(&[name]);
    let named = required(&format!("{path}.name"), text("name"), errors);
    match text("kind") {
        "ServiceAccount" => {
            if named {
                subdomain(&format!("{path}.name"), text("name"), errors);
            }
            if !text("apiGroup").is_empty() {
                let field = format!("{path}.apiGroup");
                errors.push(FieldError::not_supported(&field, text("apiGroup"), &[""]));
            }
            if !kind.namespaced() && text("namespace").is_empty() {
                errors.push(FieldError::required(&format!("{path}.namespace"), ""));
            }
        }
        "User" | "Group" => {
            if text("apiGroup") != GROUP {
                let field = format!("{path}.apiGroup");
                errors.push(FieldError::not_supported(
                    &field,
                    text("apiGroup"),
                    &[GROUP],
                ));
            }
        }
        other => {
            let allowed = ["ServiceAccount", "User", "Group"];
            errors.push(FieldError::not_supported(
                &format!("{path}.kind"),
                other,
                &allowed,
            ));
        }
    }
}
