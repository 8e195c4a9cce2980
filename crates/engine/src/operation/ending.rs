//! How an operation ended, and what became of each object.

use super::{
    Context, End, Group, Operation, OperationPhase, ResourceResult, Task, TaskKind, TaskState,
};
use crate::compare::World;
use crate::object::{DeletePolicy, ObjectKey, Phase, images};
use crate::step::Effect;
use jiff::Timestamp;

/// What is said of a hook that was stopped.
const TERMINATED: &str = "Terminated";

impl Operation {
    /// Returns the sentence about a group that has failed.
    pub(super) fn failure_message(&self, group: Group) -> String {
        let applied = |t: &Task| matches!(t.kind, TaskKind::Apply(_)) && !t.refused;
        let fails_on = self.tasks.iter().any(|t| t.phase == Phase::SyncFail);
        // Others of the group were applied, and looked at once more; or hooks for this case run.
        let what = if fails_on || self.in_group(group).any(applied) {
            "one or more synchronization tasks completed unsuccessfully"
        } else {
            "one or more objects failed to apply"
        };
        let refused = |t: &&Task| t.phase != Phase::SyncFail && t.refused;
        with_reasons(what, self.tasks.iter().filter(refused))
    }

    /// Lets go of hooks, deletes those that asked for it, and when that is done says how it ended:
    /// once it has ended, nobody would do it any more.
    pub(super) fn finish(&mut self, ctx: &Context<'_>, effects: &mut Vec<Effect>) -> Option<End> {
        let mut done = self.let_go_of_hooks(ctx.world, ctx.now, effects);
        let policy = match &self.failing {
            None => DeletePolicy::HookSucceeded,
            Some(_) => DeletePolicy::HookFailed,
        };
        let goes = |t: &&Task| {
            let ended = matches!(t.state, TaskState::Done | TaskState::Failed);
            let is_there = || ctx.world.live(&t.key).is_some_and(|live| !live.deleting);
            t.hook && t.seen && ended && self.policies(t).contains(&policy) && is_there()
        };
        let going: Vec<ObjectKey> = self
            .tasks
            .iter()
            .filter(goes)
            .map(|t| t.key.clone())
            .collect();
        for key in going {
            let propagation = self.request.options.propagation;
            done &= self.farewells.delete(&key, propagation, ctx.now, effects);
        }
        done.then(|| self.outcome())
    }

    fn outcome(&self) -> End {
        match &self.failing {
            Some(message) => End::failed(self.with_failed_fail_hooks(message)),
            None => {
                let mut last = self.tasks.iter().rev();
                let last = last.find(|t| t.phase != Phase::SyncFail);
                let ends_in_hooks = |t: &Task| self.has_hooks((t.phase, t.wave));
                let how = if last.is_none_or(ends_in_hooks) || self.request.dry_run {
                    "no more tasks"
                } else {
                    "all tasks run"
                };
                End {
                    phase: OperationPhase::Succeeded,
                    message: format!("successfully synced ({how})"),
                    may_repeat: false,
                }
            }
        }
    }

    fn policies(&self, task: &Task) -> &[DeletePolicy] {
        match (&task.kind, &self.target) {
            (TaskKind::Apply(i), Some(target)) => &target.objects[*i].directives.delete_policies,
            _ => &[],
        }
    }

    fn with_failed_fail_hooks(&self, message: &str) -> String {
        let failed = |t: &&Task| t.phase == Phase::SyncFail && t.refused;
        if !self.tasks.iter().any(|t| failed(&t)) {
            return message.to_owned();
        }
        let failed = self.tasks.iter().filter(failed);
        let more = with_reasons("one or more SyncFail hooks failed", failed);
        format!("{message}\n{more}")
    }

    /// Stops what runs: hooks that haven't come to their end are deleted. Returns the end once that
    /// is done.
    pub(crate) fn terminate(
        &mut self,
        world: &dyn World,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Option<End> {
        let running = |t: &&mut Task| {
            t.hook
                && matches!(
                    t.state,
                    TaskState::Applied | TaskState::Sent | TaskState::Clearing
                )
        };
        for task in self.tasks.iter_mut().filter(running) {
            task.state = TaskState::Failed;
            task.seen = true;
            task.message = TERMINATED.to_owned();
        }
        let mut done = self.let_go_of_hooks(world, now, effects);
        for task in self.tasks.iter().filter(|t| t.message == TERMINATED) {
            if world.live(&task.key).is_some_and(|live| !live.deleting) {
                let propagation = self.request.options.propagation;
                done &= self.farewells.delete(&task.key, propagation, now, effects);
            }
        }
        done.then(|| End::failed("Operation terminated"))
    }

    /// Returns what became of each object so far, in the order in which they were dealt with.
    #[must_use]
    pub fn results(&self) -> Vec<ResourceResult> {
        let acted = |t: &&Task| {
            !matches!(
                t.state,
                TaskState::Waiting | TaskState::Clearing | TaskState::Sent
            )
        };
        let tasks = self.tasks.iter().filter(acted);
        tasks.map(|task| self.result(task)).collect()
    }

    fn result(&self, task: &Task) -> ResourceResult {
        ResourceResult {
            key: task.key.clone(),
            version: task.version.clone(),
            status: match (&task.kind, task.state) {
                _ if task.refused => "SyncFailed",
                (_, TaskState::Skipped) => "PruneSkipped",
                (TaskKind::Prune, _) => "Pruned",
                _ => "Synced",
            },
            message: task.message.clone(),
            hook_phase: match task.state {
                _ if task.invalid => "",
                TaskState::Failed => "Failed",
                TaskState::Applied if !self.request.dry_run => "Running",
                _ => "Succeeded",
            },
            hook_type: if task.hook { task.phase.as_str() } else { "" },
            sync_phase: task.phase.as_str(),
            images: match (&task.kind, &self.target) {
                (TaskKind::Apply(i), Some(target)) => images(&target.objects[*i].value),
                _ => Vec::new(),
            },
        }
    }
}

fn with_reasons<'a>(what: &str, tasks: impl Iterator<Item = &'a Task>) -> String {
    let reasons: Vec<&str> = tasks.map(|t| t.message.as_str()).collect();
    match reasons.as_slice() {
        [] => what.to_owned(),
        reasons => format!("{what}, reason: {}", reasons.join(",")),
    }
}
