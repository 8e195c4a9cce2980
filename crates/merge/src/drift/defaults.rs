//! What the server adds inside of values that have one owner.
//!
//! Elsewhere a default is nobody's field and never matters. Inside of an atomic list or map it
//! makes the live value larger than the applied one, although applying it again changes nothing.

use crate::{Schema, TypeId};
use value::Value;

/// A type, a field of it, and the JSON that the server puts there if it is absent.
const DEFAULTS: [(&str, &str, &str); 39] = [
    (
        "admissionregistration.v1.MatchResources",
        "matchPolicy",
        r#""Equivalent""#,
    ),
    (
        "admissionregistration.v1.MatchResources",
        "namespaceSelector",
        "{}",
    ),
    (
        "admissionregistration.v1.MatchResources",
        "objectSelector",
        "{}",
    ),
    ("core.v1.ObjectFieldSelector", "apiVersion", r#""v1""#),
    ("core.v1.ResourceFieldSelector", "divisor", r#""0""#),
    (
        "core.v1.ServiceAccountTokenProjection",
        "expirationSeconds",
        "3600",
    ),
    ("core.v1.ContainerPort", "protocol", r#""TCP""#),
    ("core.v1.ServicePort", "protocol", r#""TCP""#),
    ("core.v1.EndpointPort", "protocol", r#""TCP""#),
    ("discovery.v1.EndpointPort", "protocol", r#""TCP""#),
    ("discovery.v1.EndpointPort", "name", r#""""#),
    ("networking.v1.NetworkPolicyPort", "protocol", r#""TCP""#),
    ("core.v1.PersistentVolumeClaim", "apiVersion", r#""v1""#),
    (
        "core.v1.PersistentVolumeClaim",
        "kind",
        r#""PersistentVolumeClaim""#,
    ),
    (
        "core.v1.PersistentVolumeClaim",
        "status",
        r#"{"phase":"Pending"}"#,
    ),
    (
        "core.v1.PersistentVolumeClaimSpec",
        "volumeMode",
        r#""Filesystem""#,
    ),
    ("core.v1.PersistentVolumeClaimSpec", "resources", "{}"),
    ("core.v1.PodSpec", "restartPolicy", r#""Always""#),
    ("core.v1.PodSpec", "dnsPolicy", r#""ClusterFirst""#),
    ("core.v1.PodSpec", "schedulerName", r#""default-scheduler""#),
    ("core.v1.PodSpec", "terminationGracePeriodSeconds", "30"),
    ("core.v1.PodSpec", "securityContext", "{}"),
    ("core.v1.HTTPGetAction", "scheme", r#""HTTP""#),
    ("core.v1.GRPCAction", "service", r#""""#),
    ("core.v1.Probe", "timeoutSeconds", "1"),
    ("core.v1.Probe", "periodSeconds", "10"),
    ("core.v1.Probe", "successThreshold", "1"),
    ("core.v1.Probe", "failureThreshold", "3"),
    ("core.v1.SecretVolumeSource", "defaultMode", "420"),
    ("core.v1.ConfigMapVolumeSource", "defaultMode", "420"),
    ("core.v1.DownwardAPIVolumeSource", "defaultMode", "420"),
    ("core.v1.ProjectedVolumeSource", "defaultMode", "420"),
    ("core.v1.HostPathVolumeSource", "type", r#""""#),
    (
        "rbac.v1.RoleRef",
        "apiGroup",
        r#""rbac.authorization.k8s.io""#,
    ),
    (
        "admissionregistration.v1.RuleWithOperations",
        "scope",
        r#""*""#,
    ),
    (
        "admissionregistration.v1.NamedRuleWithOperations",
        "scope",
        r#""*""#,
    ),
    ("admissionregistration.v1.ServiceReference", "port", "443"),
    ("apiextensions.v1.ServiceReference", "port", "443"),
    ("apiregistration.v1.ServiceReference", "port", "443"),
];

/// Returns true if `live` is what the server makes of the absence of the field `name`.
pub(super) fn is_default(schema: &Schema, of: TypeId, name: &str, live: &Value) -> bool {
    let field = schema.atom(of).map.as_ref().and_then(|m| m.field(name));
    if field.is_some_and(|f| f.always) && live.is_empty() {
        return true;
    }
    DEFAULTS
        .iter()
        .filter(|(_, field, _)| *field == name)
        .any(|(named, _, json)| {
            is_named(schema, of, named)
                && Value::parse(json.as_bytes()).is_ok_and(|default| default.equivalent(live))
        })
}

/// Returns true if the type has this name, or is a reference to it with another relationship.
fn is_named(schema: &Schema, of: TypeId, name: &str) -> bool {
    ["", "~", "+"]
        .iter()
        .any(|mark| schema.named(&format!("{mark}{name}")) == Some(of))
}

/// Returns the group that the server gives the subject of a role binding.
pub(super) fn subject_group(schema: &Schema, of: TypeId, desired: &Value) -> Option<&'static str> {
    if !is_named(schema, of, "rbac.v1.Subject") {
        return None;
    }
    match desired.str_at(&["kind"]) {
        "User" | "Group" => Some("rbac.authorization.k8s.io"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_of_a_field_that_exists() {
        let schema = crate::builtin();
        for (name, field, json) in DEFAULTS {
            let of = schema
                .named(name)
                .or_else(|| schema.named(&format!("~{name}")));
            let of = of.unwrap_or_else(|| panic!("no type {name}"));
            let map = schema.atom(of).map.as_ref().expect("a struct");
            assert!(map.field(field).is_some(), "{name} has no {field}");
            assert!(Value::parse(json.as_bytes()).is_ok(), "{json}");
        }
    }
}
