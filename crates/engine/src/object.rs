//! Objects as the engine sees them: what they are called, and what their annotations ask for.

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

/// What an object's annotations ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// Order within a phase.
    pub wave: i32,
    /// The phases of a hook; empty for an ordinary object.
    pub hooks: Vec<Phase>,
    /// True if the object is a hook, or to be skipped: it is no part of the comparison.
    pub is_hook: bool,
    /// When a hook is deleted.
    pub delete_policies: Vec<DeletePolicy>,
    /// `Prune=false`.
    pub keep_on_prune: bool,
    /// `Delete=false`, or Helm's `keep`.
    pub keep_on_delete: bool,
    /// `PruneLast=true`.
    pub prune_last: bool,
    /// `Replace=true`.
    pub replace: bool,
    /// `Force=true`.
    pub force: bool,
    /// `IgnoreExtraneous`: an object that Git doesn't have leaves the application Synced.
    pub ignore_extraneous: bool,
    /// The object's health is no part of the application's.
    pub ignore_health: bool,
}

impl Directives {
    /// Reads the annotations of an object.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        use api::names;
        let annotation = |name: &str| object.str_at(&["metadata", "annotations", name]);
        let mut it = Self {
            wave: match annotation(names::SYNC_WAVE) {
                "" => annotation(names::HELM_HOOK_WEIGHT),
                wave => wave,
            }
            .trim()
            .parse()
            .unwrap_or(0),
            ignore_extraneous: words(annotation(names::COMPARE_OPTIONS))
                .any(|w| w == "IgnoreExtraneous"),
            ignore_health: annotation(names::IGNORE_HEALTHCHECK) == "true",
            keep_on_delete: annotation(names::HELM_RESOURCE_POLICY) == "keep",
            ..Self::default()
        };
        for hook in words(annotation(names::HOOK)) {
            it.is_hook = true;
            match hook {
                "PreSync" => it.hooks.push(Phase::PreSync),
                "Sync" => it.hooks.push(Phase::Sync),
                "PostSync" => it.hooks.push(Phase::PostSync),
                "SyncFail" => it.hooks.push(Phase::SyncFail),
                _ => {}
            }
        }
        // Helm's hooks count where Argo CD's annotation says nothing; one that installs definitions is
        // none, and one for an event that no sync has never runs.
        let helm_hook = annotation(names::HELM_HOOK);
        if !it.is_hook && !helm_hook.is_empty() && helm_hook != "crd-install" {
            it.is_hook = true;
            for event in words(helm_hook) {
                let phase = match event {
                    "pre-install" | "pre-upgrade" => Phase::PreSync,
                    "post-install" | "post-upgrade" => Phase::PostSync,
                    _ => continue,
                };
                if !it.hooks.contains(&phase) {
                    it.hooks.push(phase);
                }
            }
        }
        let policies = words(annotation(names::HOOK_DELETE_POLICY));
        for policy in policies.chain(words(annotation(names::HELM_HOOK_DELETE_POLICY))) {
            match policy {
                "hook-succeeded" => it.delete_policies.push(DeletePolicy::HookSucceeded),
                "hook-failed" => it.delete_policies.push(DeletePolicy::HookFailed),
                "before-hook-creation" => {
                    it.delete_policies.push(DeletePolicy::BeforeHookCreation);
                }
                "HookSucceeded" => it.delete_policies.push(DeletePolicy::HookSucceeded),
                "HookFailed" => it.delete_policies.push(DeletePolicy::HookFailed),
                "BeforeHookCreation" => it.delete_policies.push(DeletePolicy::BeforeHookCreation),
                _ => {}
            }
        }
        if it.delete_policies.is_empty() {
            it.delete_policies.push(DeletePolicy::BeforeHookCreation);
        }
        for option in words(annotation(names::SYNC_OPTIONS)) {
            match option {
                "Prune=false" => it.keep_on_prune = true,
                "Delete=false" => it.keep_on_delete = true,
                "PruneLast=true" => it.prune_last = true,
                "Replace=true" => it.replace = true,
                "Force=true" => it.force = true,
                _ => {}
            }
        }
        it
    }
}

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
        assert_eq!(it.delete_policies, [DeletePolicy::BeforeHookCreation]);
        assert!(it.keep_on_prune && it.keep_on_delete && !it.replace);
        assert_eq!(
            ObjectKey::of(&object).tracking_id("shop"),
            "shop:batch/Job:ns/m"
        );
        let core = ObjectKey::new("", "Service", "ns", "s");
        assert_eq!(core.tracking_id("shop"), "shop:/Service:ns/s");
    }
}
