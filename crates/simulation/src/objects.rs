//! The manifests that repositories hold.

use crate::random::Random;
use engine::{Desired, Directives, ObjectKey, Tracking};
use std::sync::Arc;
use value::{Value, json};

/// The namespace of all that is deployed.
pub(crate) const PLACE: &str = "place";

/// One manifest that a repository may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) name: &'static str,
    pub(crate) prefix: &'static str,
    pub(crate) shape: Shape,
    pub(crate) wave: i64,
    /// Anything: what changes when somebody edits the manifest.
    pub(crate) value: u64,
    /// It can't become healthy, or its job fails.
    pub(crate) is_bad: bool,
    pub(crate) options: &'static str,
}

/// What a manifest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    ConfigMap,
    Deployment,
    /// A Job that is a hook of this phase.
    Hook(&'static str, &'static str),
}

const UNIVERSE: [(&str, Shape); 9] = [
    ("settings", Shape::ConfigMap),
    ("words", Shape::ConfigMap),
    ("extra", Shape::ConfigMap),
    ("kept", Shape::ConfigMap),
    ("web", Shape::Deployment),
    ("worker", Shape::Deployment),
    ("migrate", Shape::Hook("PreSync", "")),
    ("announce", Shape::Hook("PostSync", "HookSucceeded")),
    ("alarm", Shape::Hook("SyncFail", "BeforeHookCreation")),
];

/// Returns the manifests of a repository's first commit.
pub(crate) fn first(random: &mut Random) -> Vec<Manifest> {
    let mut out = Vec::new();
    for (name, shape) in UNIVERSE {
        if random.chance(60) {
            out.push(made(name, shape, random));
        }
    }
    if out.is_empty() {
        out.push(made("settings", Shape::ConfigMap, random));
    }
    out
}

fn made(name: &'static str, shape: Shape, random: &mut Random) -> Manifest {
    Manifest {
        name,
        prefix: "",
        shape,
        wave: i64::try_from(random.below(3)).unwrap_or(0) - 1,
        value: random.below(1_000),
        is_bad: false,
        options: match name {
            "kept" => "Prune=false",
            "words" if random.chance(30) => "PruneLast=true",
            "extra" if random.chance(20) => "Replace=true",
            _ => "",
        },
    }
}

/// Returns what an edit makes of manifests; a careless one may break them.
pub(crate) fn edited(before: &[Manifest], random: &mut Random, careless: bool) -> Vec<Manifest> {
    let mut after = before.to_vec();
    for _ in 0..random.between(1, 3) {
        match random.below(4) {
            0 if after.len() > 1 => {
                let at = random.below(after.len() as u64);
                after.remove(usize::try_from(at).unwrap_or(0));
            }
            1 => {
                let absent: Vec<(&str, Shape)> = UNIVERSE
                    .into_iter()
                    .filter(|(name, _)| after.iter().all(|m| m.name != *name))
                    .collect();
                if let Some((name, shape)) = random.pick(&absent) {
                    after.push(made(name, *shape, random));
                }
            }
            _ => {
                let at = random.below(after.len() as u64);
                let manifest = &mut after[usize::try_from(at).unwrap_or(0)];
                manifest.value += 1;
                manifest.is_bad = careless && random.chance(40);
            }
        }
    }
    after
}

/// Returns manifests of which none is bad.
pub(crate) fn mended(before: &[Manifest]) -> Vec<Manifest> {
    let mended = before.iter().map(|manifest| Manifest {
        is_bad: false,
        value: manifest.value + 1,
        ..manifest.clone()
    });
    mended.collect()
}

impl Manifest {
    /// Returns the object's name.
    pub(crate) fn full_name(&self) -> String {
        format!("{}{}", self.prefix, self.name)
    }

    pub(crate) fn object(&self) -> Value {
        let image = if self.is_bad { "bad" } else { "good" };
        let image = format!("{image}:{}", self.value);
        let meta = json!({
            "name": self.full_name(),
            "namespace": PLACE,
            "annotations": {"argocd.argoproj.io/sync-wave": self.wave.to_string()},
        });
        let pod = json!({"containers": [{"name": "main", "image": image.as_str()}]});
        let mut object = match self.shape {
            Shape::ConfigMap => json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": meta,
                "data": {"value": self.value.to_string()},
            }),
            Shape::Deployment => json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta,
                "spec": {
                    "replicas": 1 + self.value % 3,
                    "selector": {"matchLabels": {"app": self.name}},
                    "template": {"metadata": {"labels": {"app": self.name}}, "spec": pod},
                },
            }),
            Shape::Hook(phase, policy) => {
                let mut pod = pod;
                pod.set_at(&["restartPolicy"], "Never");
                let mut job = json!({
                    "apiVersion": "batch/v1", "kind": "Job", "metadata": meta,
                    "spec": {"backoffLimit": 0, "template": {"spec": pod}},
                });
                let annotations = ["metadata", "annotations"];
                job.set_at(&[annotations[0], annotations[1], api::names::HOOK], phase);
                if !policy.is_empty() {
                    let name = api::names::HOOK_DELETE_POLICY;
                    job.set_at(&[annotations[0], annotations[1], name], policy);
                }
                job
            }
        };
        if !self.options.is_empty() {
            let path = ["metadata", "annotations", api::names::SYNC_OPTIONS];
            object.set_at(&path, self.options);
        }
        object
    }

    /// Returns the object as the controller makes it of the manifest.
    pub(crate) fn desired(&self, app: &str, tracking: &Tracking) -> Desired {
        let mut value = self.object();
        let key = ObjectKey::of(&value);
        tracking.mark(app, &key, &mut value);
        let value = merge::drift::normalise(&value);
        Desired {
            api_version: value.str_at(&["apiVersion"]).into(),
            directives: Directives::of(&value),
            value: Arc::new(value),
            file: format!("{}.yaml", self.name).into(),
            line: 1,
            key,
        }
    }
}
