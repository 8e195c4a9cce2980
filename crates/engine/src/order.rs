//! The order in which the objects of one wave are applied.

use crate::object::ObjectKey;

/// Kinds in the order that Argo CD applies them (gitops-engine, `sync_tasks.go`); kinds that aren't
/// listed come last.
const KINDS: &[&str] = &[
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
];

/// Returns the place of a kind in the order of a wave.
#[must_use]
pub fn kind_rank(key: &ObjectKey) -> usize {
    KINDS
        .iter()
        .position(|k| *k == &*key.kind)
        .unwrap_or(KINDS.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_come_first_and_custom_resources_last() {
        let rank = |kind: &str| kind_rank(&ObjectKey::new("", kind, "", "x"));
        assert!(rank("Namespace") < rank("ConfigMap"));
        assert!(rank("ConfigMap") < rank("Service") && rank("Service") < rank("Deployment"));
        assert!(rank("APIService") < rank("Certificate"));
    }
}
