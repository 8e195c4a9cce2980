//! Names that users, upstream's tools and we agree on.

/// Group of `Application`, `AppProject` and `ApplicationSet`.
pub const ARGO_GROUP: &str = "argoproj.io";
/// `apiVersion` of an `Application`.
pub const ARGO_API_VERSION: &str = "argoproj.io/v1alpha1";
/// On an AppProject, `"true"` lets kustomizations of its applications name other repositories; its
/// `sourceRepos` say which.
pub const REMOTE_BASES: &str = "windlass.dev/remote-bases";
/// On an Application, `"true"` lets its charts' `lookup` see live objects, as far as its project
/// goes.
pub const HELM_LOOKUP: &str = "windlass.dev/helm-lookup";
/// Says what a Secret is for: `repository`, `repo-creds`, `cluster`.
pub const SECRET_TYPE: &str = "argocd.argoproj.io/secret-type";
/// Group of our own resources.
pub const GROUP: &str = "windlass.dev";
/// `apiVersion` of our own resources.
pub const API_VERSION: &str = "windlass.dev/v1alpha1";

/// Field manager of everything that we apply.
pub const FIELD_MANAGER: &str = "windlass";
/// Namespace of applications, unless said otherwise; Argo CD's own default.
pub const CONTROL_NAMESPACE: &str = "argocd";
/// The cluster that the controller itself runs against.
pub const IN_CLUSTER_SERVER: &str = "https://kubernetes.default.svc";
/// The name of that cluster.
pub const IN_CLUSTER_NAME: &str = "in-cluster";

/// Names the application that owns an object: `<app>:<group>/<kind>:<namespace>/<name>`.
pub const TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";
/// The label that tracks by name alone, in the tracking methods `label` and `annotation+label`.
pub const INSTANCE_LABEL: &str = "app.kubernetes.io/instance";
/// Tells the objects of one installation from those of another.
pub const INSTALLATION_ID: &str = "argocd.argoproj.io/installation-id";
/// Asks for a refresh: `normal` or `hard`.
pub const REFRESH: &str = "argocd.argoproj.io/refresh";
/// `"true"` leaves an application alone.
pub const SKIP_RECONCILE: &str = "argocd.argoproj.io/skip-reconcile";
/// Order within a phase.
pub const SYNC_WAVE: &str = "argocd.argoproj.io/sync-wave";
/// Options of one object's sync.
pub const SYNC_OPTIONS: &str = "argocd.argoproj.io/sync-options";
/// Options of one object's comparison.
pub const COMPARE_OPTIONS: &str = "argocd.argoproj.io/compare-options";
/// Makes an object a hook.
pub const HOOK: &str = "argocd.argoproj.io/hook";
/// When a hook is deleted.
pub const HOOK_DELETE_POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
/// Keeps a hook until its phase is over, so that its outcome can be seen.
pub const HOOK_FINALIZER: &str = "argocd.argoproj.io/hook-finalizer";
/// The attempt of an operation that a hook was created by: whoever goes on after a crash knows it again.
pub const HOOK_RUN: &str = "windlass.dev/hook-run";
/// When a person approved the deletions that ask for it (`Prune=confirm`, `Delete=confirm`).
pub const DELETION_APPROVED: &str = "argocd.argoproj.io/deletion-approved";
/// Finalizer of an application with hooks to run before anything is deleted.
pub const PRE_DELETE_FINALIZER: &str = "pre-delete-finalizer.argocd.argoproj.io";
/// Finalizer of an application with hooks to run after everything is deleted.
pub const POST_DELETE_FINALIZER: &str = "post-delete-finalizer.argocd.argoproj.io";
/// `"true"` keeps an object's health out of its application's.
pub const IGNORE_HEALTHCHECK: &str = "argocd.argoproj.io/ignore-healthcheck";
/// Helm's `keep` is honoured when an application is deleted.
pub const HELM_RESOURCE_POLICY: &str = "helm.sh/resource-policy";
/// Finalizer that deletes what an application deployed, in the foreground.
pub const RESOURCES_FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";

/// How long a new revision may take to become healthy before it is rolled back: a duration, or
/// `off`. On an application; it overrides the controller's default.
pub const HEALTH_GATE: &str = "windlass.dev/health-gate";
/// The same as [`HEALTH_GATE`].
pub const GATE_TIMEOUT: &str = "windlass.dev/gate-timeout";
/// When a new revision is rolled back: `timeout` (the default: when it isn't healthy in time),
/// `degraded` (also as soon as it is Degraded) or `never`.
pub const ROLLBACK_ON: &str = "windlass.dev/rollback-on";
/// A time without automation, with reason and expiry: JSON, or just the reason.
pub const PAUSED: &str = "windlass.dev/paused";
/// Applications that must be Synced and Healthy before this one is synced automatically.
pub const DEPENDS_ON: &str = "windlass.dev/depends-on";
/// In an operation's `info`: why it is carried out though the project's windows forbid it.
pub const OVERRIDE_WINDOW: &str = "windlass.dev/override-window";
/// Revisions that are not to be deployed, as JSON. Written by the controller and by
/// `windlass app hold`.
pub const HOLDS: &str = "windlass.dev/holds";
/// The last revision that was seen healthy.
pub const LAST_HEALTHY: &str = "windlass.dev/last-healthy";
/// Makes an object a hook of Helm's.
pub const HELM_HOOK: &str = "helm.sh/hook";
/// The order among Helm's hooks.
pub const HELM_HOOK_WEIGHT: &str = "helm.sh/hook-weight";
/// When a hook of Helm's is deleted.
pub const HELM_HOOK_DELETE_POLICY: &str = "helm.sh/hook-delete-policy";
