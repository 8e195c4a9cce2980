//! Object keys: an index into a table for well-known names, their own text for the rest.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

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

/// Where the known names are looked up: each in the first free place from its own one on, as its
/// index and one.
static PLACES: [u16; PLACES_COUNT] = {
    let mut places = [0; PLACES_COUNT];
    let mut i = 0;
    while i < KNOWN.len() {
        let mut at = place(KNOWN[i].as_bytes());
        while places[at] != 0 {
            at = (at + 1) % PLACES_COUNT;
        }
        i += 1;
        places[at] = i as u16;
    }
    places
};

/// More than three times as many as names, so that the way to a free one is short.
const PLACES_COUNT: usize = 2048;

/// Returns where the search for a name begins. The names are ours: nobody can choose them so that
/// they collide.
const fn place(name: &[u8]) -> usize {
    let length = name.len() as u64;
    let mixed = if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(23)
    } else if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        first as u64 | (last as u64) << 32
    } else if let (Some(first), Some(last)) = (name.first(), name.last()) {
        (*first as u64) | (*last as u64) << 8 | (name[name.len() / 2] as u64) << 16
    } else {
        0
    };
    let mixed = (mixed ^ length << 56).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> (u64::BITS - PLACES_COUNT.ilog2())) as usize
}

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
        let mut at = place(name.as_bytes());
        loop {
            let index = PLACES[at].checked_sub(1)?;
            if NAMES[usize::from(index)] == name {
                return Some(Self(Repr::Known(index)));
            }
            at = (at + 1) % PLACES_COUNT;
        }
    }

    /// Returns the key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Known(i) => NAMES[usize::from(*i)],
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
        match (&self.0, &other.0) {
            (Repr::Known(a), Repr::Known(b)) => a.cmp(b),
            _ => self.as_str().cmp(other.as_str()),
        }
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

/// Names common in Kubernetes objects and their managed fields, sorted bytewise: of two known names,
/// the indexes tell which one comes first.
#[rustfmt::skip]
const KNOWN: [&str; 363] = [
    ".", "accessModes", "active", "addresses", "affinity", "allocatedResources", "allowPrivilegeEscalation", "allowVolumeExpansion",
    "annotations", "apiGroup", "apiGroups", "apiVersion", "app", "app.kubernetes.io/component", "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by", "app.kubernetes.io/name", "app.kubernetes.io/part-of", "app.kubernetes.io/version",
    "argocd.argoproj.io/tracking-id", "args", "automated", "automountServiceAccountToken", "availableReplicas", "backend", "backoffLimit",
    "binaryData", "blockOwnerDeletion", "capabilities", "capacity", "claimName", "claimRef", "clusterIP", "clusterIPs", "command",
    "completionMode", "completionTime", "completions", "concurrencyPolicy", "conditions", "configMap", "configMapKeyRef", "configMapRef",
    "containerID", "containerPort", "containerStatuses", "containers", "controller", "cpu", "creationTimestamp", "currentReplicas", "data",
    "defaultMode", "deletionGracePeriodSeconds", "deletionTimestamp", "deployment.kubernetes.io/revision", "description", "destination",
    "directory", "dnsPolicy", "drop", "effect", "egress", "emptyDir", "enableServiceLinks", "endpoints", "env", "envFrom", "exec",
    "f:annotations", "f:apiVersion", "f:app", "f:argocd.argoproj.io/tracking-id", "f:args", "f:automountServiceAccountToken",
    "f:availableReplicas", "f:clusterIP", "f:command", "f:completions", "f:conditions", "f:configMap", "f:containerPort", "f:containers",
    "f:cpu", "f:data", "f:defaultMode", "f:dnsPolicy", "f:emptyDir", "f:env", "f:envFrom", "f:externalTrafficPolicy", "f:failureThreshold",
    "f:finalizers", "f:fullyLabeledReplicas", "f:httpGet", "f:image", "f:imagePullPolicy", "f:initialDelaySeconds",
    "f:internalTrafficPolicy", "f:kubectl.kubernetes.io/last-applied-configuration", "f:labels", "f:lastTransitionTime", "f:lastUpdateTime",
    "f:limits", "f:livenessProbe", "f:maxSurge", "f:maxUnavailable", "f:memory", "f:message", "f:metadata", "f:mountPath", "f:name",
    "f:observedGeneration", "f:operation", "f:ownerReferences", "f:path", "f:periodSeconds", "f:phase", "f:port", "f:ports",
    "f:progressDeadlineSeconds", "f:protocol", "f:readinessProbe", "f:ready", "f:readyReplicas", "f:reason", "f:replicas", "f:requests",
    "f:resources", "f:restartPolicy", "f:revisionHistoryLimit", "f:rollingUpdate", "f:schedulerName", "f:scheme", "f:secretName",
    "f:securityContext", "f:selector", "f:serviceAccount", "f:serviceAccountName", "f:sessionAffinity", "f:spec", "f:status", "f:strategy",
    "f:successThreshold", "f:targetPort", "f:template", "f:terminationGracePeriodSeconds", "f:terminationMessagePath",
    "f:terminationMessagePolicy", "f:timeoutSeconds", "f:type", "f:updatedReplicas", "f:value", "f:valueFrom", "f:volumeMounts",
    "f:volumes", "failedJobsHistoryLimit", "failureThreshold", "fieldPath", "fieldRef", "fieldsType", "fieldsV1", "finalizers", "from",
    "fullyLabeledReplicas", "generateName", "generation", "group", "health", "history", "host", "hostIP", "hostIPs", "hostNetwork",
    "hostPath", "hostname", "http", "httpGet", "id", "image", "imageID", "imagePullPolicy", "imagePullSecrets", "immutable", "info",
    "ingress", "ingressClassName", "initContainers", "initialDelaySeconds", "internalTrafficPolicy", "involvedObject", "ip", "ipFamilies",
    "ipFamilyPolicy", "items", "jobTemplate", "key", "kind", "kubectl.kubernetes.io/last-applied-configuration", "labels", "lastProbeTime",
    "lastState", "lastTransitionTime", "lastUpdateTime", "limits", "livenessProbe", "loadBalancer", "managedFields", "manager",
    "manualSelector", "matchExpressions", "matchLabels", "maxSurge", "maxUnavailable", "medium", "memory", "message", "metadata",
    "minReadySeconds", "minReplicas", "mountPath", "name", "namespace", "namespaceSelector", "nodeName", "nodePort", "nodeSelector",
    "observedGeneration", "operation", "operationState", "operator", "optional", "ownerReferences", "parallelism", "parameters", "path",
    "pathType", "paths", "periodSeconds", "persistentVolumeClaim", "phase", "pod-template-hash", "podAffinity", "podAntiAffinity", "podIP",
    "podIPs", "podManagementPolicy", "podSelector", "policyTypes", "port", "ports", "preferredDuringSchedulingIgnoredDuringExecution",
    "priority", "priorityClassName", "privileged", "progressDeadlineSeconds", "project", "projected", "propagationPolicy", "protocol",
    "provisioner", "prune", "publishNotReadyAddresses", "qosClass", "readOnly", "readOnlyRootFilesystem", "readinessProbe", "ready",
    "readyReplicas", "reason", "reclaimPolicy", "replicas", "repoURL", "requests", "resource", "resourceNames", "resourceVersion",
    "resources", "restartCount", "restartPolicy", "revision", "revisionHistoryLimit", "roleRef", "rollingUpdate", "rules", "runAsGroup",
    "runAsNonRoot", "runAsUser", "schedule", "schedulerName", "scheme", "scope", "seccompProfile", "secret", "secretKeyRef", "secretName",
    "securityContext", "selector", "selfHeal", "server", "service", "serviceAccount", "serviceAccountName", "serviceName",
    "sessionAffinity", "source", "sources", "spec", "startTime", "started", "startedAt", "startupProbe", "state", "status", "storage",
    "storageClassName", "strategy", "stringData", "subPath", "subjects", "subresource", "succeeded", "successThreshold",
    "successfulJobsHistoryLimit", "suspend", "sync", "syncPolicy", "syncResult", "targetPort", "targetRevision", "tcpSocket", "template",
    "terminationGracePeriodSeconds", "terminationMessagePath", "terminationMessagePolicy", "time", "timeoutSeconds", "tls", "to",
    "tolerations", "topologyKey", "ttlSecondsAfterFinished", "type", "uid", "unavailableReplicas", "updateStrategy", "updatedReplicas",
    "url", "value", "valueFrom", "values", "verbs", "version", "volumeClaimTemplates", "volumeMode", "volumeMounts", "volumeName",
    "volumes", "waiting", "webhooks", "weight", "whenDeleted", "whenScaled",
];

/// The same, at one place in memory.
static NAMES: [&str; KNOWN.len()] = KNOWN;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_found_and_sorted() {
        assert!(KNOWN.is_sorted_by(|a, b| a < b));
        for name in KNOWN {
            let is_looked_up = name.len() <= KNOWN_LEN_MAX;
            assert_eq!(Key::known(name).as_deref(), is_looked_up.then_some(name));
        }
        assert_eq!(Key::known(""), None);
        assert_eq!(Key::new("spec").heap_bytes(), 0);
        assert_eq!(Key::new("example.com/x").heap_bytes(), 13);
        assert_eq!(Key::from("spec".to_owned()), Key::new("spec"));
        assert!(Key::new("a") < Key::new("metadata"));
    }
}
