//! Which tasks an operation has.

use super::{Operation, ResourceResult, Task, TaskKind, TaskState};
use crate::compare::{LiveFacts, Match, World};
use crate::object::{Desired, ObjectKey, Phase};
use crate::order::kind_rank;
use crate::spec::Spec;
use crate::step::Target;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use value::Value;

impl Task {
    fn new(key: ObjectKey, version: &str, kind: TaskKind, phase: Phase, wave: i32) -> Self {
        Self {
            key,
            version: version.into(),
            kind,
            phase,
            wave,
            hook: false,
            state: TaskState::Waiting,
            refused: false,
            invalid: false,
            seen: false,
            message: String::new(),
        }
    }

    /// Takes up where an earlier life of the controller stopped.
    fn resume(&mut self, result: &ResourceResult) {
        self.state = match (result.status, result.hook_phase) {
            ("PruneSkipped", _) => TaskState::Skipped,
            (_, "Succeeded") => TaskState::Done,
            (_, "Running") => TaskState::Applied,
            (_, "Failed" | "Error") => TaskState::Failed,
            _ => return,
        };
        self.refused = result.status == "SyncFailed";
        self.seen = true;
        self.message.clone_from(&result.message);
    }
}

impl Operation {
    /// Lays out the tasks. `done` are the results of an earlier life of the same operation.
    pub fn plan(
        &mut self,
        target: &Arc<Target>,
        spec: &Spec,
        world: &dyn World,
        done: &[ResourceResult],
    ) {
        let mut tasks = Vec::new();
        for (i, desired) in target.objects.iter().enumerate() {
            self.plan_object(i, desired, world, &mut tasks);
        }
        self.plan_prunes(target, world, &mut tasks);
        self.plan_namespace(spec, world, &mut tasks);
        sort(&mut tasks);
        if bring_forward(&mut tasks, target) {
            sort(&mut tasks);
        }
        for task in &mut tasks {
            let same =
                |r: &&ResourceResult| r.key == task.key && r.sync_phase == task.phase.as_str();
            if let Some(result) = done.iter().find(same) {
                task.resume(result);
            } else if task.hook {
                self.adopt(task, world);
            }
        }
        self.tasks = tasks;
        self.target = Some(Arc::clone(target));
        self.failing = None;
        self.sent_at = None;
        self.group = None;
    }

    /// Takes up a hook that this very attempt created before nobody could be told.
    fn adopt(&self, task: &mut Task, world: &dyn World) {
        let run = self.run();
        let is_ours = |f: &LiveFacts| f.directives.run.as_ref() == Some(&run);
        if world.live(&task.key).is_some_and(|f| is_ours(&f)) {
            task.state = TaskState::Applied;
            task.seen = true;
            task.message = format!("{} created", task.key.name);
        }
    }

    fn selects(&self, key: &ObjectKey) -> bool {
        let only = &self.request.resources;
        only.is_empty() || only.iter().any(|s| s.matches(key))
    }

    fn plan_object(
        &self,
        index: usize,
        desired: &Desired,
        world: &dyn World,
        tasks: &mut Vec<Task>,
    ) {
        let directives = &desired.directives;
        let task = |key: ObjectKey, phase: Phase| {
            let version = desired.version();
            Task::new(key, version, TaskKind::Apply(index), phase, directives.wave)
        };
        if directives.is_hook {
            if self.request.skips_hooks || !self.request.resources.is_empty() {
                return;
            }
            for phase in &directives.hooks {
                let key = self.hook_key(desired, *phase);
                let mut task = task(key, *phase);
                task.hook = true;
                tasks.push(task);
            }
            return;
        }
        let is_left_out = || {
            self.request.options.out_of_sync_only
                && !directives.always_apply
                && world.facts(desired).matches == Match::InSync
        };
        if !directives.is_skipped && self.selects(&desired.key) && !is_left_out() {
            tasks.push(task(desired.key.clone(), Phase::Sync));
        }
    }

    /// Returns what a hook is called: one without a name is called after revision, phase and time.
    fn hook_key(&self, desired: &Desired, phase: Phase) -> ObjectKey {
        let mut key = desired.key.clone();
        if desired.value.str_at(&["metadata", "name"]).is_empty() {
            let prefix = desired.value.str_at(&["metadata", "generateName"]);
            let revision = match self.revision.len() {
                0..8 => self.revision.as_str(),
                _ => self.revision.get(..7).unwrap_or(&self.revision),
            };
            let second = self.started_at.as_second();
            let suffix = format!("{revision}-{}-{second}", phase.as_str()).to_lowercase();
            key.name = format!("{prefix}{suffix}").into();
        }
        key
    }

    fn plan_prunes(&self, target: &Target, world: &dyn World, tasks: &mut Vec<Task>) {
        let wanted: BTreeSet<&ObjectKey> = target.objects.iter().map(|d| &d.key).collect();
        let mut prunes = Vec::new();
        for key in world.tracked() {
            if wanted.contains(&key) || !self.selects(&key) {
                continue;
            }
            let Some(facts) = world.live(&key) else {
                continue;
            };
            // What the project doesn't permit is left to others.
            let is_foreign =
                world.forbids_kind(&key).is_some() || world.forbids_place(&key).is_some();
            if !facts.directives.is_hook && !is_foreign {
                prunes.push((key, facts));
            }
        }
        // The highest wave is pruned first: the waves are mirrored onto themselves.
        let waves: BTreeSet<i32> = prunes.iter().map(|(_, f)| f.directives.wave).collect();
        let mirrored: BTreeMap<i32, i32> = waves
            .iter()
            .copied()
            .zip(waves.iter().rev().copied())
            .collect();
        let of_sync = tasks.iter().filter(|t| t.phase == Phase::Sync);
        let last = of_sync.map(|t| t.wave).chain(waves).max().unwrap_or(0);
        let after_all = last.max(0).saturating_add(1);
        for (key, facts) in prunes {
            let is_last = self.request.options.prune_last || facts.directives.prune_last;
            let wave = match is_last {
                true => after_all,
                false => mirrored[&facts.directives.wave],
            };
            let version = &facts.version;
            tasks.push(Task::new(key, version, TaskKind::Prune, Phase::Sync, wave));
        }
    }

    fn plan_namespace(&self, spec: &Spec, world: &dyn World, tasks: &mut Vec<Task>) {
        let namespace = &spec.destination.namespace;
        let wanted = self.request.options.create_namespace && !namespace.is_empty();
        let in_git = tasks
            .iter()
            .any(|t| &*t.key.kind == "Namespace" && *t.key.name == **namespace);
        let known = spec.namespace_metadata.is_none() && world.has_namespace(namespace);
        if !wanted || in_git || known {
            return;
        }
        let key = ObjectKey::new("", "Namespace", "", namespace);
        let kind = TaskKind::CreateNamespace;
        tasks.push(Task::new(key, "v1", kind, Phase::PreSync, i32::MIN));
    }
}

fn sort(tasks: &mut [Task]) {
    let rank = |t: &Task| {
        let applies = t.kind != TaskKind::Prune;
        (t.phase, t.wave, applies, kind_rank(&t.key))
    };
    tasks.sort_by(|a, b| {
        let by_name = || (&a.key.name, &a.key).cmp(&(&b.key.name, &b.key));
        rank(a).cmp(&rank(b)).then_with(by_name)
    });
}

/// Moves namespaces and definitions to the phase and wave of the first object that needs them.
/// Returns true if anything was moved.
fn bring_forward(tasks: &mut [Task], target: &Target) -> bool {
    let mut first_in: BTreeMap<Needs, (Phase, i32)> = BTreeMap::new();
    for task in tasks
        .iter()
        .filter(|t| matches!(t.kind, TaskKind::Apply(_)))
    {
        let place = (task.phase, task.wave);
        let key = &task.key;
        if !key.namespace.is_empty() {
            let needs = Needs::Namespace(key.namespace.clone());
            first_in.entry(needs).or_insert(place);
        }
        let needs = Needs::Kind(key.group.clone(), key.kind.clone());
        first_in.entry(needs).or_insert(place);
    }
    let mut moved = false;
    for task in tasks {
        let TaskKind::Apply(i) = task.kind else {
            continue;
        };
        let Some(brings) = Needs::met_by(&task.key, &target.objects[i].value) else {
            continue;
        };
        if let Some(place) = first_in.get(&brings)
            && *place < (task.phase, task.wave)
        {
            (task.phase, task.wave) = *place;
            moved = true;
        }
    }
    moved
}

/// What an object can't be without.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Needs {
    Namespace(Box<str>),
    /// A kind of a group.
    Kind(Box<str>, Box<str>),
}

impl Needs {
    fn met_by(key: &ObjectKey, object: &Value) -> Option<Self> {
        match (&*key.group, &*key.kind) {
            ("", "Namespace") => Some(Self::Namespace(key.name.clone())),
            ("apiextensions.k8s.io", "CustomResourceDefinition") => Some(Self::Kind(
                object.str_at(&["spec", "group"]).into(),
                object.str_at(&["spec", "names", "kind"]).into(),
            )),
            _ => None,
        }
    }
}
