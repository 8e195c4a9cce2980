//! What an operation waits for.

use super::{Context, Group, Operation, Task, TaskKind, TaskState};
use crate::compare::{LiveFacts, Match, World};
use crate::object::Permission;
use crate::step::Effect;
use health::HealthStatus;
use jiff::{SignedDuration, Timestamp};

/// How long an object that was applied may stay unseen: after that it was deleted before it was seen.
const UNSEEN_MAX: SignedDuration = SignedDuration::from_secs(30);

impl Operation {
    /// Moves applied tasks on by the health of their objects.
    pub(super) fn look_at_health(
        &mut self,
        group: Group,
        ctx: &Context<'_>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(target) = self.target.clone() else {
            return;
        };
        // Where nothing follows, it is the operation's business only if hooks run or something has
        // failed.
        let waits = !self.is_last(group) || self.has_failed(group) || self.has_hooks(group);
        let mut untold = false;
        let missed_at = self.sent_at.unwrap_or(ctx.now);
        let missed_at = missed_at.saturating_add(UNSEEN_MAX).unwrap_or(ctx.now);
        for task in self.tasks.iter_mut().filter(|t| t.is_in(group)) {
            let TaskKind::Apply(i) = task.kind else {
                continue;
            };
            if task.state != TaskState::Applied || !(task.hook || waits) {
                continue;
            }
            let facts = ctx.world.facts(&target.objects[i].named(&task.key));
            let is_there = !matches!(facts.matches, Match::Missing | Match::KindUnknown);
            if !is_there && !task.seen && ctx.now < missed_at {
                // The watch of a new kind may not have told of it yet.
                effects.push(Effect::WakeAt(missed_at));
            } else if !is_there {
                let key = &task.key;
                task.fail(format!(
                    "Resource {}/{}/{} is missing, it might have been deleted",
                    key.group, key.kind, key.name
                ));
            } else {
                task.seen = true;
                let is_going = task.hook && facts.deleting;
                judge(task, facts);
                if is_going && task.state == TaskState::Applied {
                    let key = &task.key;
                    task.fail(format!(
                        "hook {}/{}/{} was deleted before it was completed",
                        key.group, key.kind, key.name
                    ));
                }
            }
            untold |= task.hook && task.is_over();
        }
        self.untold |= untold;
    }

    /// Takes the finalizer off hooks whose outcome is known. Returns true once that is done.
    pub(super) fn let_go_of_hooks(
        &mut self,
        world: &dyn World,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let ended =
            |t: &&Task| t.hook && matches!(t.state, TaskState::Done | TaskState::Failed) && t.seen;
        let mut done = true;
        for task in self.tasks.iter().filter(ended) {
            let is_held = world.live(&task.key).is_some_and(|f| f.directives.is_held);
            if is_held {
                done &= self.farewells.let_go(&task.key, now, effects);
            }
        }
        done
    }

    /// Returns the sentence about what a person must approve before the group goes on.
    pub(super) fn awaits_approval(&self, group: Group, ctx: &Context<'_>) -> Option<String> {
        let is_approved = ctx.approved_at.is_some_and(|at| at >= self.started_at);
        if is_approved || !self.request.prune || self.request.dry_run {
            return None;
        }
        let asks = |task: &&Task| {
            task.kind == TaskKind::Prune
                && task.state == TaskState::Waiting
                && ctx.world.live(&task.key).is_some_and(|facts| {
                    let own = facts.directives.prune.or(self.request.options.prune);
                    own == Some(Permission::Confirm)
                })
        };
        let asking: Vec<&Task> = self.in_group(group).filter(asks).collect();
        let first = asking.first()?;
        Some(sentence(
            "pruning confirmation of",
            first,
            asking.len(),
            "resources",
        ))
    }

    /// Returns the sentence about predecessors of hooks that aren't gone yet.
    pub(super) fn awaits_clearing(&mut self, group: Group, world: &dyn World) -> Option<String> {
        let clearing = |t: &Task| t.is_in(group) && t.state == TaskState::Clearing;
        for task in self.tasks.iter_mut().filter(|t| clearing(t)) {
            if world.live(&task.key).is_none() {
                task.state = TaskState::Waiting;
            }
        }
        let left: Vec<&Task> = self.tasks.iter().filter(|t| clearing(t)).collect();
        Some(sentence(
            "deletion of hook",
            left.first()?,
            left.len(),
            "hooks",
        ))
    }

    /// Returns the sentence about what was pruned before the group and isn't gone yet.
    pub(super) fn awaits_deletion(&self, group: Group, world: &dyn World) -> Option<String> {
        let goes = |t: &&Task| {
            t.kind == TaskKind::Prune
                && t.state == TaskState::Done
                && (t.phase, t.wave) < group
                && world.live(&t.key).is_some_and(|f| f.deleting)
        };
        let going: Vec<&Task> = self.tasks.iter().filter(goes).collect();
        let first = going.first()?;
        Some(sentence("deletion of", first, going.len(), "resources"))
    }

    /// Returns the sentence about what the group waits for.
    pub(super) fn waiting_message(&self, group: Group) -> String {
        let each = self.is_multi_step();
        let running = |t: &&Task| t.state == TaskState::Applied && (t.hook || each);
        let waits: Vec<&Task> = self.in_group(group).filter(running).collect();
        let only_hooks = waits.iter().all(|t| t.hook);
        let others = if only_hooks { "hooks" } else { "resources" };
        match (waits.iter().find(|t| t.hook), waits.first()) {
            (Some(hook), _) => sentence("completion of hook", hook, waits.len(), others),
            (None, Some(first)) => sentence("healthy state of", first, waits.len(), others),
            (None, None) => "one or more tasks are running".to_owned(),
        }
    }
}

fn judge(task: &mut Task, facts: LiveFacts) {
    let Some(health) = facts.health else {
        // An object without a health is fine at once.
        task.state = TaskState::Done;
        if task.hook {
            task.message = format!("{} created", task.key.name);
        }
        return;
    };
    match health.status {
        HealthStatus::Healthy => task.state = TaskState::Done,
        HealthStatus::Degraded => task.state = TaskState::Failed,
        HealthStatus::Unknown if task.hook => task.state = TaskState::Failed,
        _ if task.hook => {}
        _ => return,
    }
    // What became of it is worth more words than its creation.
    if !health.message.is_empty() {
        task.message = health.message;
    }
}

fn sentence(what: &str, first: &Task, count: usize, others: &str) -> String {
    let key = &first.key;
    let name = format!("{}/{}/{}", key.group, key.kind, key.name);
    match count {
        0 | 1 => format!("waiting for {what} {name}"),
        n => format!("waiting for {what} {name} and {} more {others}", n - 1),
    }
}
