//! Which tasks an operation has.

use super::{Operation, ResourceResult, Task, TaskKind, TaskState};
use crate::compare::{Match, World};
use crate::object::{ObjectKey, Phase};
use crate::order::kind_rank;
use crate::spec::Spec;
use crate::step::Target;
use std::collections::BTreeSet;
use std::sync::Arc;

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
        let selected = |key: &ObjectKey| {
            self.request.resources.is_empty()
                || self.request.resources.iter().any(|s| s.matches(key))
        };
        for (i, desired) in target.objects.iter().enumerate() {
            let directives = &desired.directives;
            if !selected(&desired.key) || (directives.is_hook && !self.request.resources.is_empty())
            {
                continue;
            }
            let skip = self.request.options.out_of_sync_only
                && !directives.is_hook
                && world.facts(desired).matches == Match::InSync;
            if skip {
                continue;
            }
            let phases: &[Phase] = if directives.is_hook {
                &directives.hooks
            } else {
                &[Phase::Sync]
            };
            for phase in phases {
                tasks.push(Task {
                    key: desired.key.clone(),
                    version: desired.version().into(),
                    kind: TaskKind::Apply(i),
                    phase: *phase,
                    wave: directives.wave,
                    hook: directives.is_hook,
                    state: TaskState::Waiting,
                    message: String::new(),
                });
            }
        }
        self.plan_prunes(target, world, &selected, &mut tasks);
        self.plan_namespace(spec, world, &mut tasks);
        tasks.sort_by(|a, b| {
            let rank = |t: &Task| {
                (
                    t.phase,
                    t.wave,
                    t.kind != TaskKind::Prune,
                    kind_rank(&t.key),
                )
            };
            rank(a).cmp(&rank(b)).then_with(|| a.key.cmp(&b.key))
        });
        for task in &mut tasks {
            let same =
                |r: &&ResourceResult| r.key == task.key && r.sync_phase == task.phase.as_str();
            if let Some(result) = done.iter().find(same)
                && matches!(result.hook_phase, "Succeeded")
            {
                task.state = TaskState::Done;
                task.message.clone_from(&result.message);
            }
        }
        self.tasks = tasks;
        self.target = Some(Arc::clone(target));
        self.failing = None;
        self.wave_done_at = None;
        self.group = None;
    }

    pub(super) fn plan_prunes(
        &self,
        target: &Target,
        world: &dyn World,
        selected: &dyn Fn(&ObjectKey) -> bool,
        tasks: &mut Vec<Task>,
    ) {
        let wanted: BTreeSet<&ObjectKey> = target.objects.iter().map(|d| &d.key).collect();
        let last_wave = tasks
            .iter()
            .filter(|t| t.phase == Phase::Sync)
            .map(|t| t.wave)
            .max()
            .unwrap_or(0);
        let mut prunes = Vec::new();
        for key in world.tracked() {
            if wanted.contains(&key) || !selected(&key) {
                continue;
            }
            let Some(facts) = world.live(&key) else {
                continue;
            };
            if !facts.directives.is_hook {
                prunes.push((key, facts));
            }
        }
        // The highest wave is pruned first: the waves are mirrored onto themselves.
        let waves: BTreeSet<i32> = prunes.iter().map(|(_, f)| f.directives.wave).collect();
        let waves: Vec<i32> = waves.into_iter().collect();
        for (key, facts) in prunes {
            let place = waves
                .iter()
                .position(|w| *w == facts.directives.wave)
                .unwrap_or(0);
            let last = self.request.options.prune_last || facts.directives.prune_last;
            let wave = if last {
                last_wave.saturating_add(1)
            } else {
                waves[waves.len() - 1 - place]
            };
            let (state, message) = if facts.directives.keep_on_prune {
                (TaskState::Skipped, "ignored (no prune)")
            } else if !self.request.prune {
                (TaskState::Skipped, "ignored (requires pruning)")
            } else {
                (TaskState::Waiting, "")
            };
            tasks.push(Task {
                key,
                version: facts.version,
                kind: TaskKind::Prune,
                phase: Phase::Sync,
                wave,
                hook: false,
                state,
                message: message.to_owned(),
            });
        }
    }

    pub(super) fn plan_namespace(&self, spec: &Spec, world: &dyn World, tasks: &mut Vec<Task>) {
        let namespace = &spec.destination.namespace;
        let wanted = self.request.options.create_namespace && !namespace.is_empty();
        let in_git = tasks
            .iter()
            .any(|t| &*t.key.kind == "Namespace" && *t.key.name == **namespace);
        let known = spec.namespace_metadata.is_none() && world.has_namespace(namespace);
        if !wanted || in_git || known {
            return;
        }
        tasks.push(Task {
            key: ObjectKey::new("", "Namespace", "", namespace),
            version: "v1".into(),
            kind: TaskKind::CreateNamespace,
            phase: Phase::PreSync,
            wave: i32::MIN,
            hook: false,
            state: TaskState::Waiting,
            message: String::new(),
        });
    }
}
