//! Objects as the engine sees them: what they are called, and what their annotations ask for.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use value::Value;

/// What an object is called, whatever the version it is written in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    /// The API group; empty for the core group.
    pub group: Box<str>,
    /// The kind.
    pub kind: Box<str>,
    /// The namespace; empty for cluster-scoped kinds.
    pub namespace: Box<str>,
    /// The name.
    pub name: Box<str>,
}

impl ObjectKey {
    /// Returns the key of an object in `namespace`.
    #[must_use]
    pub fn new(group: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self {
            group: group.into(),
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    /// Returns the key of an object as it is written.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let (group, _) = split_api_version(object.str_at(&["apiVersion"]));
        Self::new(
            group,
            object.str_at(&["kind"]),
            object.str_at(&["metadata", "namespace"]),
            object.str_at(&["metadata", "name"]),
        )
    }

    /// Returns the tracking id by which `app` owns this object, as Argo CD writes it.
    #[must_use]
    pub fn tracking_id(&self, app: &str) -> String {
        format!(
            "{app}:{}/{}:{}/{}",
            self.group, self.kind, self.namespace, self.name
        )
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

/// Splits `apps/v1` into group and version; the core group is empty.
#[must_use]
pub fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// When an object takes part in a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Before everything else.
    PreSync,
    /// The sync itself.
    Sync,
    /// After everything is healthy.
    PostSync,
    /// Only after a failure.
    SyncFail,
}

impl Phase {
    /// Returns the phase's name as Argo CD writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PreSync => "PreSync",
            Self::Sync => "Sync",
            Self::PostSync => "PostSync",
            Self::SyncFail => "SyncFail",
        }
    }
}

/// When a hook is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletePolicy {
    /// After it has succeeded.
    HookSucceeded,
    /// After it has failed.
    HookFailed,
    /// Before it is created again.
    BeforeHookCreation,
}

impl DeletePolicy {
    /// Reads a policy as Argo CD or Helm spells it.
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "HookSucceeded" | "hook-succeeded" => Self::HookSucceeded,
            "HookFailed" | "hook-failed" => Self::HookFailed,
            "BeforeHookCreation" | "before-hook-creation" => Self::BeforeHookCreation,
            _ => return None,
        })
    }
}

/// A moment of an application's deletion at which hooks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletePhase {
    /// Before anything is deleted.
    PreDelete,
    /// After everything is deleted.
    PostDelete,
}

/// Whether an object may be deleted: the values of `Prune` and `Delete`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// `true`, or nothing was said.
    Yes,
    /// `false`: never.
    No,
    /// `confirm`: when a person has approved.
    Confirm,
}

impl Permission {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "true" => Some(Self::Yes),
            "false" => Some(Self::No),
            "confirm" => Some(Self::Confirm),
            _ => None,
        }
    }
}

/// What an object's annotations ask for. Of an option that wasn't given, the application's counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// Order within a phase.
    pub wave: i32,
    /// The phases of a hook; empty for an ordinary object.
    pub hooks: Vec<Phase>,
    /// When it runs as a part of the application's deletion.
    pub delete_hooks: Vec<DeletePhase>,
    /// True for a hook, even one whose type isn't known: it is no part of the comparison.
    pub is_hook: bool,
    /// True for an object that is never applied: `hook: Skip`.
    pub is_skipped: bool,
    /// When a hook is deleted; empty is [`DeletePolicy::BeforeHookCreation`].
    pub delete_policies: Vec<DeletePolicy>,
    /// `Prune`.
    pub prune: Option<Permission>,
    /// `Delete`, or Helm's `keep`.
    pub delete: Option<Permission>,
    /// `PruneLast=true`.
    pub prune_last: bool,
    /// `Replace`.
    pub replace: Option<bool>,
    /// `Force`.
    pub force: Option<bool>,
    /// `SkipDryRunOnMissingResource=true`: its kind may come later.
    pub kind_may_come: bool,
    /// `ApplyOutOfSyncOnly=false`: it is applied even if it differs in nothing.
    pub always_apply: bool,
    /// `IgnoreExtraneous`: an object that Git doesn't have leaves the application Synced.
    pub ignore_extraneous: bool,
    /// The object's health is no part of the application's.
    pub ignore_health: bool,
    /// True if a hook carries the finalizer that keeps it until its phase is over.
    pub is_held: bool,
    /// The attempt of an operation that a hook was created by.
    pub run: Option<Box<str>>,
}

impl Directives {
    /// Reads the annotations of an object.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        use api::names;
        let annotation = |name: &str| object.str_at(&["metadata", "annotations", name]);
        let wave = match annotation(names::SYNC_WAVE) {
            "" => annotation(names::HELM_HOOK_WEIGHT),
            wave => wave,
        };
        let mut it = Self {
            wave: wave.trim().parse().unwrap_or(0),
            ignore_extraneous: words(annotation(names::COMPARE_OPTIONS))
                .any(|w| w == "IgnoreExtraneous"),
            ignore_health: annotation(names::IGNORE_HEALTHCHECK) == "true",
            run: Some(annotation(names::HOOK_RUN))
                .filter(|run| !run.is_empty())
                .map(Into::into),
            ..Self::default()
        };
        it.read_hooks(annotation(names::HOOK), annotation(names::HELM_HOOK));
        let policies = words(annotation(names::HOOK_DELETE_POLICY));
        let policies = policies.chain(words(annotation(names::HELM_HOOK_DELETE_POLICY)));
        it.delete_policies
            .extend(policies.filter_map(DeletePolicy::parse));
        let finalizers = object.array_at(&["metadata", "finalizers"]);
        it.is_held = finalizers
            .iter()
            .any(|f| f.as_str() == Some(names::HOOK_FINALIZER));
        for option in words(annotation(names::SYNC_OPTIONS)) {
            it.read_option(option);
        }
        if annotation(names::HELM_RESOURCE_POLICY) == "keep" {
            it.delete = Some(Permission::No);
        }
        it
    }

    fn read_hooks(&mut self, argo: &str, helm: &str) {
        let mut skips = false;
        for hook in words(argo) {
            match hook {
                "PreSync" => self.hooks.push(Phase::PreSync),
                "Sync" => self.hooks.push(Phase::Sync),
                "PostSync" => self.hooks.push(Phase::PostSync),
                "SyncFail" => self.hooks.push(Phase::SyncFail),
                "PreDelete" => self.delete_hooks.push(DeletePhase::PreDelete),
                "PostDelete" => self.delete_hooks.push(DeletePhase::PostDelete),
                "Skip" => skips = true,
                _ => {}
            }
        }
        // With another type beside it, `Skip` skips nothing.
        self.is_skipped = skips && self.hooks.is_empty() && self.delete_hooks.is_empty();
        self.is_hook = !argo.is_empty() && !self.is_skipped;
        // Helm's hooks count where Argo CD's annotation says nothing; one that installs definitions is
        // none, and one for an event that no sync has never runs.
        if !argo.is_empty() || helm.is_empty() || helm == "crd-install" {
            return;
        }
        self.is_hook = true;
        for event in words(helm) {
            let phase = match event {
                "pre-install" | "pre-upgrade" => Phase::PreSync,
                "post-install" | "post-upgrade" => Phase::PostSync,
                "pre-delete" => {
                    self.delete_hooks.push(DeletePhase::PreDelete);
                    continue;
                }
                "post-delete" => {
                    self.delete_hooks.push(DeletePhase::PostDelete);
                    continue;
                }
                _ => continue,
            };
            if !self.hooks.contains(&phase) {
                self.hooks.push(phase);
            }
        }
    }

    fn read_option(&mut self, option: &str) {
        let Some((name, value)) = option.split_once('=') else {
            return;
        };
        let flag = match value {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        match name {
            "Prune" => self.prune = Permission::parse(value),
            "Delete" => self.delete = Permission::parse(value),
            "PruneLast" => self.prune_last = flag == Some(true),
            "Replace" => self.replace = flag,
            "Force" => self.force = flag,
            "SkipDryRunOnMissingResource" => self.kind_may_come = flag == Some(true),
            "ApplyOutOfSyncOnly" => self.always_apply = flag == Some(false),
            _ => {}
        }
    }

    /// Returns true if a hook's predecessor goes before it is created.
    #[must_use]
    pub fn clears_before_creation(&self) -> bool {
        let policies = &self.delete_policies;
        policies.is_empty() || policies.contains(&DeletePolicy::BeforeHookCreation)
    }

    /// Returns the sync options of an object that aren't known, as they are written.
    pub fn unknown_options(object: &Value) -> impl Iterator<Item = &str> {
        let path = ["metadata", "annotations", api::names::SYNC_OPTIONS];
        words(object.str_at(&path)).filter(|option| !RESOURCE_OPTIONS.contains(option))
    }
}

/// Sync options that an object may have.
const RESOURCE_OPTIONS: &[&str] = &[
    "Prune=true",
    "Prune=false",
    "Prune=confirm",
    "Delete=true",
    "Delete=false",
    "Delete=confirm",
    "PruneLast=true",
    "PruneLast=false",
    "Replace=true",
    "Replace=false",
    "Force=true",
    "Force=false",
    "Validate=true",
    "Validate=false",
    "ServerSideApply=true",
    "ServerSideApply=false",
    "SkipDryRunOnMissingResource=true",
    "SkipDryRunOnMissingResource=false",
    "ApplyOutOfSyncOnly=true",
    "ApplyOutOfSyncOnly=false",
];

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|w| !w.is_empty())
}

/// An object that Git wants, ready to be applied.
#[derive(Clone, Debug)]
pub struct Desired {
    /// What it is called.
    pub key: ObjectKey,
    /// Its `apiVersion`.
    pub api_version: Box<str>,
    /// The object, with namespace and tracking id.
    pub value: Arc<Value>,
    /// What its annotations ask for.
    pub directives: Directives,
    /// The file it comes from, below the repository's root.
    pub file: Box<str>,
    /// The line it starts on, from 1.
    pub line: u32,
}

impl Desired {
    /// Returns the version of its group.
    #[must_use]
    pub fn version(&self) -> &str {
        split_api_version(&self.api_version).1
    }

    /// Returns the object as it is called in the cluster, which may not be known from Git.
    #[must_use]
    pub fn named(&self, key: &ObjectKey) -> Cow<'_, Self> {
        if self.key == *key {
            return Cow::Borrowed(self);
        }
        let mut it = self.clone();
        it.key = key.clone();
        Cow::Owned(it)
    }

    /// Returns the object as it is sent to the cluster: a hook has its name, what keeps it until
    /// its phase is over, and what it is known by after a crash.
    #[must_use]
    pub fn to_apply(&self, name: &str, hook_run: Option<&str>) -> Arc<Value> {
        let Some(run) = hook_run else {
            return Arc::clone(&self.value);
        };
        let mut object = self.value.as_ref().clone();
        object.set_at(&["metadata", "name"], name);
        object.set_at(&["metadata", "annotations", api::names::HOOK_RUN], run);
        let finalizers = object.array_at(&["metadata", "finalizers"]);
        let mut finalizers: Vec<Value> = finalizers.to_vec();
        if !self.directives.is_held {
            finalizers.push(api::names::HOOK_FINALIZER.into());
        }
        object.set_at(&["metadata", "finalizers"], Value::from_iter(finalizers));
        Arc::new(object)
    }
}

/// Returns the images of an object's containers, in their order.
pub(crate) fn images(object: &Value) -> Vec<String> {
    let pod = match object.str_at(&["kind"]) {
        "Pod" => object.get("spec"),
        "CronJob" => object.at(&["spec", "jobTemplate", "spec", "template", "spec"]),
        _ => object.at(&["spec", "template", "spec"]),
    };
    ["initContainers", "containers"]
        .iter()
        .flat_map(|list| pod.map_or(&[][..], |p| p.array_at(&[list])))
        .map(|container| container.str_at(&["image"]).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    #[test]
    fn annotations_are_read_as_argo_cd_reads_them() {
        let object = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {
            "name": "m", "namespace": "ns",
            "annotations": {
                "argocd.argoproj.io/hook": "PreSync, PostSync",
                "argocd.argoproj.io/sync-wave": "-3",
                "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
            },
        }});
        let it = Directives::of(&object);
        assert_eq!((it.wave, it.is_hook), (-3, true));
        assert_eq!(it.hooks, [Phase::PreSync, Phase::PostSync]);
        assert!(it.clears_before_creation());
        let no = Some(Permission::No);
        assert_eq!((it.prune, it.delete, it.replace), (no, no, None));
        assert_eq!(
            ObjectKey::of(&object).tracking_id("shop"),
            "shop:batch/Job:ns/m"
        );
        let core = ObjectKey::new("", "Service", "ns", "s");
        assert_eq!(core.tracking_id("shop"), "shop:/Service:ns/s");
    }

    fn hook(annotations: &Value) -> Directives {
        let mut object = json!({"apiVersion": "batch/v1", "kind": "Job"});
        object.set_at(&["metadata", "annotations"], annotations.clone());
        Directives::of(&object)
    }

    #[test]
    fn skip_skips_only_alone_and_helm_counts_only_where_argo_says_nothing() {
        let it = hook(&json!({"argocd.argoproj.io/hook": "Skip"}));
        assert!(it.is_skipped && !it.is_hook);
        let it = hook(&json!({"argocd.argoproj.io/hook": "Skip,PreSync"}));
        assert!(!it.is_skipped && it.is_hook);
        let both = json!({"argocd.argoproj.io/hook": "Sync", "helm.sh/hook": "pre-install"});
        assert_eq!(hook(&both).hooks, [Phase::Sync]);
        let it = hook(&json!({"helm.sh/hook": "pre-install,pre-upgrade,post-delete"}));
        assert_eq!(it.hooks, [Phase::PreSync]);
        assert_eq!(it.delete_hooks, [DeletePhase::PostDelete]);
        assert!(!hook(&json!({"helm.sh/hook": "crd-install"})).is_hook);
        // A hook that no sync runs is a hook all the same.
        let it = hook(&json!({"helm.sh/hook": "test"}));
        assert!(it.is_hook && it.hooks.is_empty());
    }

    #[test]
    fn an_object_s_unknown_options_are_found() {
        let object = json!({"metadata": {"annotations": {
            "argocd.argoproj.io/sync-options": "Prune=false, Prunelast=true",
        }}});
        let unknown: Vec<&str> = Directives::unknown_options(&object).collect();
        assert_eq!(unknown, ["Prunelast=true"]);
    }
}
