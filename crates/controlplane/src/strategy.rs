//! How kinds behave, as data. Rows name the exceptions; the rest is alike.

use crate::kinds::Kind;

/// What moves `metadata.generation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// The kind has none.
    None,
    /// It is always 1.
    Fixed,
    /// Any change outside metadata and status.
    Spec,
    /// As `Spec`, and a change of annotations.
    SpecAndAnnotations,
    /// As `Spec`, and a change of labels or annotations.
    SpecLabelsAnnotations,
}

/// What a name may look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameRule {
    /// A DNS subdomain (RFC 1123).
    Subdomain,
    /// A DNS label (RFC 1123).
    Label,
    /// A segment of a path: anything but `.`, `..`, `/` and `%`.
    Segment,
}

/// What happens to dependents if a deletion doesn't say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependents {
    /// They are collected afterwards.
    Background,
    /// They stay.
    Orphan,
}

/// How field selectors that a kind doesn't know are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownField {
    /// Naming the fields that are known.
    KnownOnly,
    /// In few words.
    NotSupported,
    /// In few words that end with the kind.
    NotSupportedForKind,
}

/// How a kind behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strategy {
    /// What moves the generation.
    pub generation: Generation,
    /// What names may look like.
    pub names: NameRule,
    /// A `PUT` makes what is missing.
    pub create_on_update: bool,
    /// A `PUT` without resource version overwrites.
    pub unconditional_update: bool,
    /// A `DELETE` that takes effect at once answers with the object instead of a `Status`.
    pub deletion_answers_object: bool,
    /// Deletion waits for a grace period.
    pub graceful: bool,
    /// What happens to dependents by default.
    pub dependents: Dependents,
    /// Fields that field selectors know beside name and namespace.
    pub fields: &'static [&'static str],
    /// How other fields are refused.
    pub unknown_field: UnknownField,
    /// The status is emptied when an object is made, and kept when it is updated.
    pub has_status: bool,
}

impl Strategy {
    const COMMON: Self = Self {
        generation: Generation::None,
        names: NameRule::Subdomain,
        create_on_update: false,
        unconditional_update: true,
        deletion_answers_object: false,
        graceful: false,
        dependents: Dependents::Background,
        fields: &[],
        unknown_field: UnknownField::KnownOnly,
        has_status: false,
    };

    /// Returns the behaviour of a built-in kind.
    #[must_use]
    pub fn builtin(group: &str, kind: &str) -> Self {
        let mut s = Self::COMMON;
        s.generation = generation(group, kind);
        s.names = names(group, kind);
        s.create_on_update = matches!(
            (group, kind),
            ("", "Service" | "LimitRange" | "Event" | "Endpoints")
                | ("events.k8s.io", "Event")
                | ("rbac.authorization.k8s.io", _)
                | ("coordination.k8s.io", "Lease")
        );
        s.unconditional_update = !matches!(kind, "PodDisruptionBudget" | "Lease");
        s.deletion_answers_object = matches!(
            (group, kind),
            (
                "",
                "Service"
                    | "Pod"
                    | "PodTemplate"
                    | "PersistentVolumeClaim"
                    | "PersistentVolume"
                    | "ServiceAccount"
                    | "ResourceQuota"
                    | "Namespace"
            ) | ("storage.k8s.io", "StorageClass" | "CSIDriver")
        );
        s.graceful = (group, kind) == ("", "Pod");
        s.dependents = match (group, kind) {
            ("batch", "Job") | ("", "ReplicationController") => Dependents::Orphan,
            _ => Dependents::Background,
        };
        s.fields = fields(group, kind);
        s.unknown_field = match kind {
            _ if s.fields.is_empty() => UnknownField::KnownOnly,
            "Job" | "CertificateSigningRequest" => UnknownField::NotSupportedForKind,
            _ => UnknownField::NotSupported,
        };
        s.has_status = has_status(group, kind);
        s
    }

    /// Returns the behaviour of a custom resource.
    #[must_use]
    pub fn custom(kind: &Kind) -> Self {
        Self::custom_with(kind.has_status())
    }

    /// Returns the behaviour of a custom resource with or without a status of its own.
    pub(crate) fn custom_with(has_status: bool) -> Self {
        Self {
            generation: Generation::Spec,
            unconditional_update: false,
            unknown_field: UnknownField::NotSupported,
            has_status,
            ..Self::COMMON
        }
    }
}

fn generation(group: &str, kind: &str) -> Generation {
    match (group, kind) {
        ("apps", "Deployment") => Generation::SpecAndAnnotations,
        ("discovery.k8s.io", "EndpointSlice") => Generation::SpecLabelsAnnotations,
        ("apps", "ReplicaSet" | "StatefulSet" | "DaemonSet")
        | ("", "Pod" | "PodTemplate" | "ReplicationController")
        | ("networking.k8s.io", "Ingress" | "IngressClass" | "NetworkPolicy")
        | (
            "batch"
            | "policy"
            | "flowcontrol.apiserver.k8s.io"
            | "admissionregistration.k8s.io"
            | "apiextensions.k8s.io",
            _,
        ) => Generation::Spec,
        ("scheduling.k8s.io", "PriorityClass") => Generation::Fixed,
        _ => Generation::None,
    }
}

fn names(group: &str, kind: &str) -> NameRule {
    match (group, kind) {
        ("", "Service" | "Namespace") | ("apps", "StatefulSet") => NameRule::Label,
        ("rbac.authorization.k8s.io", _) => NameRule::Segment,
        _ => NameRule::Subdomain,
    }
}

fn fields(group: &str, kind: &str) -> &'static [&'static str] {
    match (group, kind) {
        ("", "Pod") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        ("", "Service") => &["spec.clusterIP", "spec.type"],
        ("", "Namespace") => &["status.phase"],
        ("", "Node") => &["spec.unschedulable"],
        ("", "Secret") => &["type"],
        ("", "ReplicationController") => &["status.replicas"],
        ("", "Event") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("events.k8s.io", "Event") => &[
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
            "regarding.apiVersion",
            "regarding.resourceVersion",
            "regarding.fieldPath",
            "reason",
            "reportingController",
            "type",
        ],
        ("batch", "Job") => &["status.successful"],
        ("certificates.k8s.io", _) => &["spec.signerName"],
        _ => &[],
    }
}

fn has_status(group: &str, kind: &str) -> bool {
    match group {
        "" => matches!(
            kind,
            "Namespace"
                | "Node"
                | "PersistentVolumeClaim"
                | "PersistentVolume"
                | "Pod"
                | "ReplicationController"
                | "ResourceQuota"
                | "Service"
        ),
        "apps" => kind != "ControllerRevision",
        "autoscaling"
        | "batch"
        | "policy"
        | "certificates.k8s.io"
        | "apiregistration.k8s.io"
        | "flowcontrol.apiserver.k8s.io"
        | "apiextensions.k8s.io" => true,
        "networking.k8s.io" => matches!(kind, "Ingress" | "ServiceCIDR"),
        "storage.k8s.io" => kind == "VolumeAttachment",
        "resource.k8s.io" => kind == "ResourceClaim",
        "admissionregistration.k8s.io" => kind == "ValidatingAdmissionPolicy",
        _ => false,
    }
}
