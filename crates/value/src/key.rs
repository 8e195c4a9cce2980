//! Object keys: an index into a table for well-known names, their own text for the rest.

use crate::names::NameHasher;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::LazyLock;

/// A member name of an [`Object`](crate::Object).
///
/// Names that Kubernetes objects use again and again (`metadata`, `containers`, `f:spec`, ...) take
/// no heap at all; others own their text. Ordered bytewise, as Go orders map keys.
#[derive(Clone)]
pub struct Key(Repr);

#[derive(Clone)]
enum Repr {
    Known(u16),
    Own(Box<str>),
}

/// The names are ours: nobody can choose them so that they collide.
static INDEX: LazyLock<HashMap<&'static str, u16, BuildHasherDefault<NameHasher>>> =
    LazyLock::new(|| {
        KNOWN
            .iter()
            .enumerate()
            .map(|(i, k)| (*k, u16::try_from(i).unwrap_or(u16::MAX)))
            .collect()
    });

/// Longest name in the table, so that long names (annotations) skip the look-up.
const KNOWN_LEN_MAX: usize = 48;

impl Key {
    /// Returns the key spelled `name`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        match Self::known(name) {
            Some(key) => key,
            None => Self(Repr::Own(name.into())),
        }
    }

    fn known(name: &str) -> Option<Self> {
        if name.len() > KNOWN_LEN_MAX {
            return None;
        }
        INDEX.get(name).map(|i| Self(Repr::Known(*i)))
    }

    /// Returns the key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Known(i) => KNOWN[usize::from(*i)],
            Repr::Own(text) => text,
        }
    }

    /// Returns the bytes that this key holds on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            Repr::Known(_) => 0,
            Repr::Own(text) => text.len(),
        }
    }
}

impl From<&str> for Key {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Key {
    fn from(name: String) -> Self {
        Self::known(&name).unwrap_or_else(|| Self(Repr::Own(name.into_boxed_str())))
    }
}

impl From<&Self> for Key {
    fn from(key: &Self) -> Self {
        key.clone()
    }
}

impl std::ops::Deref for Key {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Known(a), Repr::Known(b)) => a == b,
            (Repr::Own(a), Repr::Own(b)) => a == b,
            // A known name is never stored as its own text.
            _ => false,
        }
    }
}
impl Eq for Key {}

impl PartialEq<str> for Key {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Key {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}
impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Names common in Kubernetes objects and their managed fields. The order is of no consequence:
/// indexes never leave the process.
#[rustfmt::skip]
static KNOWN: &[&str] = &[
    ".", "accessModes", "active", "addresses", "affinity", "allocatedResources", "allowPrivilegeEscalation", "allowVolumeExpansion",
    "annotations", "apiGroup", "apiGroups", "apiVersion", "app", "app.kubernetes.io/component", "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by", "app.kubernetes.io/name", "app.kubernetes.io/part-of", "app.kubernetes.io/version",
    "argocd.argoproj.io/tracking-id", "args", "automated", "automountServiceAccountToken", "availableReplicas", "backend",
    "backoffLimit", "binaryData", "blockOwnerDeletion", "capabilities", "capacity", "claimName", "claimRef", "clusterIP", "clusterIPs",
    "command", "completionMode", "completionTime", "completions", "concurrencyPolicy", "conditions", "configMap", "configMapKeyRef",
    "configMapRef", "containerID", "containerPort", "containerStatuses", "containers", "controller", "creationTimestamp", "currentReplicas",
    "data", "defaultMode", "deletionGracePeriodSeconds", "deletionTimestamp", "deployment.kubernetes.io/revision", "description",
    "destination", "directory", "dnsPolicy", "drop", "effect", "egress", "emptyDir", "enableServiceLinks", "endpoints", "env", "envFrom",
    "exec", "failedJobsHistoryLimit", "failureThreshold", "fieldPath", "fieldRef", "fieldsType", "fieldsV1", "finalizers", "from",
    "fullyLabeledReplicas", "generateName", "generation", "group", "health", "history", "host", "hostIP", "hostIPs", "hostNetwork",
    "hostPath", "hostname", "http", "httpGet", "id", "image", "imageID", "imagePullPolicy", "imagePullSecrets", "immutable", "info",
    "ingress", "ingressClassName", "initContainers", "initialDelaySeconds", "internalTrafficPolicy", "involvedObject", "ip",
    "ipFamilies", "ipFamilyPolicy", "items", "jobTemplate", "key", "kind", "kubectl.kubernetes.io/last-applied-configuration", "labels",
    "lastProbeTime", "lastState", "lastTransitionTime", "lastUpdateTime", "limits", "livenessProbe", "loadBalancer", "managedFields",
    "manager", "manualSelector", "matchExpressions", "matchLabels", "maxSurge", "maxUnavailable", "medium", "memory", "message",
    "metadata", "minReadySeconds", "minReplicas", "mountPath", "name", "namespace", "namespaceSelector", "nodeName", "nodePort",
    "nodeSelector", "observedGeneration", "operation", "operationState", "operator", "optional", "ownerReferences", "parallelism",
    "parameters", "path", "pathType", "paths", "periodSeconds", "persistentVolumeClaim", "phase", "pod-template-hash", "podAffinity",
    "podAntiAffinity", "podIP", "podIPs", "podManagementPolicy", "podSelector", "policyTypes", "port", "ports", "preferredDuringSchedulingIgnoredDuringExecution",
    "priority", "priorityClassName", "privileged", "progressDeadlineSeconds", "project", "projected", "propagationPolicy", "protocol",
    "provisioner", "prune", "publishNotReadyAddresses", "qosClass", "readOnly", "readOnlyRootFilesystem", "readinessProbe", "ready",
    "readyReplicas", "reason", "reclaimPolicy", "replicas", "repoURL", "requests", "resource", "resourceNames", "resourceVersion",
    "resources", "restartCount", "restartPolicy", "revision", "revisionHistoryLimit", "roleRef", "rollingUpdate", "rules",
    "runAsGroup", "runAsNonRoot", "runAsUser", "schedule", "schedulerName", "scope", "seccompProfile", "secret", "secretKeyRef",
    "secretName", "securityContext", "selector", "selfHeal", "server", "service", "serviceAccount", "serviceAccountName", "serviceName",
    "sessionAffinity", "source", "sources", "spec", "startTime", "started", "startedAt", "startupProbe", "state", "status",
    "storage", "storageClassName", "strategy", "stringData", "subPath", "subjects", "subresource", "succeeded", "successThreshold",
    "successfulJobsHistoryLimit", "suspend", "sync", "syncPolicy", "syncResult", "targetPort", "targetRevision", "tcpSocket", "template",
    "terminationGracePeriodSeconds", "terminationMessagePath", "terminationMessagePolicy", "time", "timeoutSeconds", "tls", "to",
    "tolerations", "topologyKey", "ttlSecondsAfterFinished", "type", "uid", "unavailableReplicas", "updateStrategy", "updatedReplicas",
    "url", "value", "valueFrom", "values", "verbs", "version", "volumeClaimTemplates", "volumeMode", "volumeMounts", "volumeName",
    "volumes", "waiting", "webhooks", "weight", "whenDeleted", "whenScaled",
    "f:annotations", "f:args", "f:apiVersion", "f:app", "f:automountServiceAccountToken", "f:availableReplicas", "f:clusterIP", "f:command",
    "f:completions", "f:conditions", "f:configMap", "f:containerPort", "f:containers", "f:data", "f:defaultMode", "f:dnsPolicy", "f:emptyDir", "f:env",
    "f:envFrom", "f:externalTrafficPolicy", "f:failureThreshold", "f:finalizers", "f:fullyLabeledReplicas", "f:httpGet", "f:image", "f:imagePullPolicy",
    "f:initialDelaySeconds", "f:internalTrafficPolicy", "f:kubectl.kubernetes.io/last-applied-configuration", "f:labels", "f:lastTransitionTime",
    "f:lastUpdateTime", "f:limits", "f:livenessProbe", "f:maxSurge", "f:maxUnavailable", "f:memory", "f:message", "f:metadata", "f:mountPath", "f:name",
    "f:observedGeneration", "f:operation", "f:ownerReferences", "f:path", "f:periodSeconds", "f:phase", "f:port", "f:ports",
    "f:progressDeadlineSeconds", "f:protocol", "f:readinessProbe", "f:ready", "f:readyReplicas", "f:reason", "f:replicas", "f:requests",
    "f:resources", "f:restartPolicy", "f:revisionHistoryLimit", "f:rollingUpdate", "f:scheme", "f:schedulerName", "f:secretName",
    "f:securityContext", "f:selector", "f:serviceAccount", "f:serviceAccountName", "f:sessionAffinity", "f:spec", "f:status", "f:strategy",
    "f:successThreshold", "f:targetPort", "f:template", "f:terminationGracePeriodSeconds", "f:terminationMessagePath",
    "f:terminationMessagePolicy", "f:timeoutSeconds", "f:type", "f:updatedReplicas", "f:value", "f:valueFrom", "f:volumeMounts", "f:volumes",
    "f:argocd.argoproj.io/tracking-id", "cpu", "f:cpu", "scheme",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_fit_the_length_that_is_looked_up_and_are_unique() {
        assert!(
            KNOWN
                .iter()
                .all(|k| k.len() <= KNOWN_LEN_MAX || Key::known(k).is_none())
        );
        assert_eq!(INDEX.len(), KNOWN.len());
        assert_eq!(Key::new("spec").heap_bytes(), 0);
        assert_eq!(Key::new("example.com/x").heap_bytes(), 13);
        assert_eq!(Key::from("spec".to_owned()), Key::new("spec"));
        assert!(Key::new("a") < Key::new("metadata"));
    }
}
