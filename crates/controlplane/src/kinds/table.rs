//! The rows. Order within a group is the order of discovery; groups come by their priority.

use super::{Kind, Scope, Subresource};
use crate::strategy::Strategy;

const ALL: &str = "create delete deletecollection get list patch update watch";
const CREATE_ONLY: &str = "create";
const READ_ONLY: &str = "get list";
const NAMESPACED: Scope = Scope::Namespaced;
const CLUSTER: Scope = Scope::Cluster;

/// Returns the kinds of a Kubernetes 1.36 API server.
#[rustfmt::skip]
pub(super) fn kubernetes() -> Vec<Kind> {
    vec![
        row("", "v1", "Binding", "bindings", "binding", NAMESPACED, CREATE_ONLY, "", "", ""),
        row("", "v1", "ComponentStatus", "componentstatuses", "componentstatus", CLUSTER, READ_ONLY, "cs", "", ""),
        row("", "v1", "ConfigMap", "configmaps", "configmap", NAMESPACED, ALL, "cm", "", ""),
        row("", "v1", "Endpoints", "endpoints", "endpoints", NAMESPACED, ALL, "ep", "", ""),
        row("", "v1", "Event", "events", "event", NAMESPACED, ALL, "ev", "", ""),
        row("", "v1", "LimitRange", "limitranges", "limitrange", NAMESPACED, ALL, "limits", "", ""),
        row("", "v1", "Namespace", "namespaces", "namespace", CLUSTER, "create delete get list patch update watch", "ns", "", "finalize status"),
        row("", "v1", "Node", "nodes", "node", CLUSTER, ALL, "no", "", "proxy status"),
        row("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "persistentvolumeclaim", NAMESPACED, ALL, "pvc", "", "status"),
        row("", "v1", "PersistentVolume", "persistentvolumes", "persistentvolume", CLUSTER, ALL, "pv", "", "status"),
        row("", "v1", "Pod", "pods", "pod", NAMESPACED, ALL, "po", "all", "attach binding ephemeralcontainers eviction exec log portforward proxy resize status"),
        row("", "v1", "PodTemplate", "podtemplates", "podtemplate", NAMESPACED, ALL, "", "", ""),
        row("", "v1", "ReplicationController", "replicationcontrollers", "replicationcontroller", NAMESPACED, ALL, "rc", "all", "scale status"),
        row("", "v1", "ResourceQuota", "resourcequotas", "resourcequota", NAMESPACED, ALL, "quota", "", "status"),
        row("", "v1", "Secret", "secrets", "secret", NAMESPACED, ALL, "", "", ""),
        row("", "v1", "ServiceAccount", "serviceaccounts", "serviceaccount", NAMESPACED, ALL, "sa", "", "token"),
        row("", "v1", "Service", "services", "service", NAMESPACED, ALL, "svc", "all", "proxy status"),
        row("apiregistration.k8s.io", "v1", "APIService", "apiservices", "apiservice", CLUSTER, ALL, "", "api-extensions", "status"),
        row("apps", "v1", "ControllerRevision", "controllerrevisions", "controllerrevision", NAMESPACED, ALL, "", "", ""),
        row("apps", "v1", "DaemonSet", "daemonsets", "daemonset", NAMESPACED, ALL, "ds", "all", "status"),
        row("apps", "v1", "Deployment", "deployments", "deployment", NAMESPACED, ALL, "deploy", "all", "scale status"),
        row("apps", "v1", "ReplicaSet", "replicasets", "replicaset", NAMESPACED, ALL, "rs", "all", "scale status"),
        row("apps", "v1", "StatefulSet", "statefulsets", "statefulset", NAMESPACED, ALL, "sts", "all", "scale status"),
        row("events.k8s.io", "v1", "Event", "events", "event", NAMESPACED, ALL, "ev", "", ""),
        row("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", "selfsubjectreview", CLUSTER, CREATE_ONLY, "", "", ""),
        row("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", "tokenreview", CLUSTER, CREATE_ONLY, "", "", ""),
        row("authorization.k8s.io", "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", "localsubjectaccessreview", NAMESPACED, CREATE_ONLY, "", "", ""),
        row("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", "selfsubjectaccessreview", CLUSTER, CREATE_ONLY, "", "", ""),
        row("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", "selfsubjectrulesreview", CLUSTER, CREATE_ONLY, "", "", ""),
        row("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", "subjectaccessreview", CLUSTER, CREATE_ONLY, "", "", ""),
        row("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "horizontalpodautoscaler", NAMESPACED, ALL, "hpa", "all", "status"),
        row("autoscaling", "v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "horizontalpodautoscaler", NAMESPACED, ALL, "hpa", "all", "status"),
        row("batch", "v1", "CronJob", "cronjobs", "cronjob", NAMESPACED, ALL, "cj", "all", "status"),
        row("batch", "v1", "Job", "jobs", "job", NAMESPACED, ALL, "", "all", "status"),
        row("certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests", "certificatesigningrequest", CLUSTER, ALL, "csr", "", "approval status"),
        row("networking.k8s.io", "v1", "IngressClass", "ingressclasses", "ingressclass", CLUSTER, ALL, "", "", ""),
        row("networking.k8s.io", "v1", "Ingress", "ingresses", "ingress", NAMESPACED, ALL, "ing", "", "status"),
        row("networking.k8s.io", "v1", "IPAddress", "ipaddresses", "ipaddress", CLUSTER, ALL, "ip", "", ""),
        row("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "networkpolicy", NAMESPACED, ALL, "netpol", "", ""),
        row("networking.k8s.io", "v1", "ServiceCIDR", "servicecidrs", "servicecidr", CLUSTER, ALL, "", "", "status"),
        row("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "poddisruptionbudget", NAMESPACED, ALL, "pdb", "", "status"),
        row("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", "clusterrolebinding", CLUSTER, ALL, "", "", ""),
        row("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", "clusterrole", CLUSTER, ALL, "", "", ""),
        row("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", "rolebinding", NAMESPACED, ALL, "", "", ""),
        row("rbac.authorization.k8s.io", "v1", "Role", "roles", "role", NAMESPACED, ALL, "", "", ""),
        row("storage.k8s.io", "v1", "CSIDriver", "csidrivers", "csidriver", CLUSTER, ALL, "", "", ""),
        row("storage.k8s.io", "v1", "CSINode", "csinodes", "csinode", CLUSTER, ALL, "", "", ""),
        row("storage.k8s.io", "v1", "CSIStorageCapacity", "csistoragecapacities", "csistoragecapacity", NAMESPACED, ALL, "", "", ""),
        row("storage.k8s.io", "v1", "StorageClass", "storageclasses", "storageclass", CLUSTER, ALL, "sc", "", ""),
        row("storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments", "volumeattachment", CLUSTER, ALL, "", "", "status"),
        row("storage.k8s.io", "v1", "VolumeAttributesClass", "volumeattributesclasses", "volumeattributesclass", CLUSTER, ALL, "vac", "", ""),
        row("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicy", "mutatingadmissionpolicies", "mutatingadmissionpolicy", CLUSTER, ALL, "", "api-extensions", ""),
        row("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings", "mutatingadmissionpolicybinding", CLUSTER, ALL, "", "api-extensions", ""),
        row("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "mutatingwebhookconfiguration", CLUSTER, ALL, "", "api-extensions", ""),
        row("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", "validatingadmissionpolicy", CLUSTER, ALL, "", "api-extensions", "status"),
        row("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", "validatingadmissionpolicybinding", CLUSTER, ALL, "", "api-extensions", ""),
        row("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", "validatingwebhookconfiguration", CLUSTER, ALL, "", "api-extensions", ""),
        row("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", "customresourcedefinition", CLUSTER, ALL, "crd crds", "api-extensions", "status"),
        row("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", "priorityclass", CLUSTER, ALL, "pc", "", ""),
        row("coordination.k8s.io", "v1", "Lease", "leases", "lease", NAMESPACED, ALL, "", "", ""),
        row("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", "runtimeclass", CLUSTER, ALL, "", "", ""),
        row("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", "endpointslice", NAMESPACED, ALL, "", "", ""),
        row("resource.k8s.io", "v1", "DeviceClass", "deviceclasses", "deviceclass", CLUSTER, ALL, "", "", ""),
        row("resource.k8s.io", "v1", "ResourceClaim", "resourceclaims", "resourceclaim", NAMESPACED, ALL, "", "", "status"),
        row("resource.k8s.io", "v1", "ResourceClaimTemplate", "resourceclaimtemplates", "resourceclaimtemplate", NAMESPACED, ALL, "", "", ""),
        row("resource.k8s.io", "v1", "ResourceSlice", "resourceslices", "resourceslice", CLUSTER, ALL, "", "", ""),
        row("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema", "flowschemas", "flowschema", CLUSTER, ALL, "", "", "status"),
        row("flowcontrol.apiserver.k8s.io", "v1", "PriorityLevelConfiguration", "prioritylevelconfigurations", "prioritylevelconfiguration", CLUSTER, ALL, "", "", "status"),    ]
}

/// Returns the custom resources that Windlass lives on. An Application has no status
/// subresource: its clients write the whole object.
#[rustfmt::skip]
pub(super) fn windlass() -> Vec<Kind> {
    let mut kinds = vec![
        row("argoproj.io", "v1alpha1", "Application", "applications", "application", NAMESPACED, ALL, "app apps", "", ""),
        row("argoproj.io", "v1alpha1", "ApplicationSet", "applicationsets", "applicationset", NAMESPACED, ALL, "appset appsets", "", "status"),
        row("argoproj.io", "v1alpha1", "AppProject", "appprojects", "appproject", NAMESPACED, ALL, "appproj appprojs", "", ""),
        row("windlass.dev", "v1alpha1", "AuditEntry", "auditentries", "auditentry", NAMESPACED, ALL, "", "", ""),
        row("windlass.dev", "v1alpha1", "DriftRecord", "driftrecords", "driftrecord", NAMESPACED, ALL, "", "", "status"),
    ];
    for kind in &mut kinds {
        kind.custom = true;
        kind.strategy = Strategy::custom(kind);
    }
    kinds
}

#[expect(
    clippy::too_many_arguments,
    reason = "a row of a table has many columns"
)]
fn row(
    group: &str,
    version: &str,
    kind: &str,
    plural: &str,
    singular: &str,
    scope: Scope,
    verbs: &str,
    short_names: &str,
    categories: &str,
    subresources: &str,
) -> Kind {
    let words = |s: &str| s.split_whitespace().map(str::to_owned).collect();
    // Events have two groups and autoscalers two versions, each over one set of objects.
    let (storage_group, storage_version) = match (group, kind) {
        ("events.k8s.io", "Event") => ("", "v1"),
        ("autoscaling", _) => ("autoscaling", "v2"),
        _ => (group, version),
    };
    Kind {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
        singular: singular.to_owned(),
        short_names: words(short_names),
        categories: words(categories),
        scope,
        verbs: verbs.to_owned(),
        subresources: subresources
            .split_whitespace()
            .map(|name| subresource(kind, name))
            .collect(),
        storage_group: storage_group.to_owned(),
        storage_version: storage_version.to_owned(),
        custom: false,
        strategy: Strategy::builtin(group, kind),
        definition: None,
    }
}

fn subresource(kind: &str, name: &str) -> Subresource {
    let (name, of, verbs) = match (name, kind) {
        ("attach", _) => ("attach", Some(("", "", "PodAttachOptions")), "create get"),
        ("exec", _) => ("exec", Some(("", "", "PodExecOptions")), "create get"),
        ("portforward", _) => (
            "portforward",
            Some(("", "", "PodPortForwardOptions")),
            "create get",
        ),
        ("proxy", kind) => {
            let options = match kind {
                "Node" => "NodeProxyOptions",
                "Pod" => "PodProxyOptions",
                _ => "ServiceProxyOptions",
            };
            (
                "proxy",
                Some(("", "", options)),
                "create delete get patch update",
            )
        }
        ("binding", _) => ("binding", Some(("", "", "Binding")), "create"),
        ("eviction", _) => ("eviction", Some(("policy", "v1", "Eviction")), "create"),
        ("token", _) => (
            "token",
            Some(("authentication.k8s.io", "v1", "TokenRequest")),
            "create",
        ),
        ("scale", _) => (
            "scale",
            Some(("autoscaling", "v1", "Scale")),
            "get patch update",
        ),
        ("finalize", _) => ("finalize", None, "update"),
        ("log", _) => ("log", None, "get"),
        ("ephemeralcontainers", _) => ("ephemeralcontainers", None, "get patch update"),
        ("resize", _) => ("resize", None, "get patch update"),
        ("approval", _) => ("approval", None, "get patch update"),
        _ => ("status", None, "get patch update"),
    };
    Subresource {
        name,
        kind: of,
        verbs,
    }
}
