//! What a cluster needs to know before it can hold our resources.

use crate::names;
use value::{Value, json};

/// Returns the CustomResourceDefinitions that the controller needs, in the order to apply them.
#[must_use]
pub fn definitions() -> Vec<Value> {
    vec![
        definition(
            names::ARGO_GROUP,
            "Application",
            "applications",
            &["app", "apps"],
            json!([
                {"name": "Sync Status", "type": "string", "jsonPath": ".status.sync.status"},
                {"name": "Health Status", "type": "string", "jsonPath": ".status.health.status"},
                {"name": "Revision", "type": "string", "jsonPath": ".status.sync.revision",
                 "priority": 10},
                {"name": "Project", "type": "string", "jsonPath": ".spec.project", "priority": 10},
            ]),
        ),
        definition(
            names::ARGO_GROUP,
            "AppProject",
            "appprojects",
            &["appproj", "appprojs"],
            json!([]),
        ),
        definition(
            names::GROUP,
            "DriftRecord",
            "driftrecords",
            &[],
            json!([
                {"name": "Application", "type": "string", "jsonPath": ".spec.application"},
                {"name": "Object", "type": "string", "jsonPath": ".spec.object.name"},
                {"name": "Actor", "type": "string", "jsonPath": ".spec.author.name"},
                {"name": "Action", "type": "string", "jsonPath": ".outcome.action"},
            ]),
        ),
        definition(
            names::GROUP,
            "AuditEntry",
            "auditentries",
            &[],
            json!([
                {"name": "What", "type": "string", "jsonPath": ".spec.action"},
                {"name": "Application", "type": "string", "jsonPath": ".spec.application"},
                {"name": "By", "type": "string", "jsonPath": ".spec.author.name"},
            ]),
        ),
    ]
}

/// The schema keeps whatever is there: misspelt fields are reported by the controller, with their
/// path, instead of vanishing.
fn definition(group: &str, kind: &str, plural: &str, short: &[&str], columns: Value) -> Value {
    let mut names = json!({
        "kind": kind,
        "listKind": format!("{kind}List"),
        "plural": plural,
        "singular": kind.to_lowercase(),
    });
    if !short.is_empty() {
        names.set_at(&["shortNames"], short.to_vec());
    }
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group,
            "names": names,
            "scope": "Namespaced",
            "versions": [{
                "name": "v1alpha1",
                "served": true,
                "storage": true,
                "additionalPrinterColumns": columns,
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "x-kubernetes-preserve-unknown-fields": true,
                }},
            }],
        },
    })
}

/// Returns the namespace and the permissions that the controller needs to run inside a cluster.
#[must_use]
pub fn permissions(namespace: &str) -> Vec<Value> {
    let meta = || json!({"name": "windlass", "namespace": namespace});
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta()}),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "windlass"},
            "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
        }),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "windlass"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "windlass",
            },
            "subjects": [{"kind": "ServiceAccount", "name": "windlass", "namespace": namespace}],
        }),
    ]
}
