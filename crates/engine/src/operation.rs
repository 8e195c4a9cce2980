//! One sync: its tasks in phases and waves, and how far it has come.

mod ending;
mod planning;
mod sending;
mod waiting;

use crate::compare::World;
use crate::farewell::Farewells;
use crate::object::{ObjectKey, Phase};
use crate::spec::{Retry, Spec, SyncOptions};
use crate::step::{Effect, Outcome, Target};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use value::Value;

/// How an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationPhase {
    /// It goes on.
    Running,
    /// Somebody asked for its end.
    Terminating,
    /// It did what it was asked to do.
    Succeeded,
    /// It did not.
    Failed,
    /// It could not be started.
    Error,
}

impl OperationPhase {
    /// Returns the phase's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Terminating => "Terminating",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Error => "Error",
        }
    }

    /// Returns true until it has ended.
    #[must_use]
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Running | Self::Terminating)
    }

    /// Reads a phase's name; an unknown one counts as failed.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "Running" => Self::Running,
            "Terminating" => Self::Terminating,
            "Succeeded" => Self::Succeeded,
            "Error" => Self::Error,
            _ => Self::Failed,
        }
    }
}

/// Objects that an operation is limited to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// The group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The namespace; empty for any.
    pub namespace: String,
}

impl Selector {
    fn matches(&self, key: &ObjectKey) -> bool {
        *key.group == *self.group
            && *key.kind == *self.kind
            && *key.name == *self.name
            && (self.namespace.is_empty() || *key.namespace == *self.namespace)
    }
}

/// An operation as it is asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The operation as it is written.
    pub raw: Value,
    /// The commit to deploy; `None` is what the application tracks.
    pub revision: Option<String>,
    /// Objects that it is limited to; empty is all.
    pub resources: Vec<Selector>,
    /// Delete what Git no longer has.
    pub prune: bool,
    /// Change nothing.
    pub dry_run: bool,
    /// Delete and create anew what can't be changed.
    pub force: bool,
    /// Run no hooks: `syncStrategy.apply`.
    pub skips_hooks: bool,
    /// Why it is carried out though the project's windows forbid it, if it is.
    pub override_window: Option<String>,
    /// Options of this operation only.
    pub options: SyncOptions,
    /// True if no person asked for it.
    pub automated: bool,
    /// How it is repeated when it fails.
    pub retry: Retry,
    /// How often self-heal has tried, this one included; 0 if it is none of self-heal's.
    pub heal_attempts: i64,
}

impl Request {
    /// Returns true if somebody sent manifests along, to be deployed instead of Git's.
    pub(crate) fn brings_manifests(&self) -> bool {
        !self.raw.array_at(&["sync", "manifests"]).is_empty()
    }
}

impl Request {
    /// Returns true if completing it is a deployment that the history keeps.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.resources.is_empty() && !self.dry_run
    }
}

/// What became of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceResult {
    /// The object.
    pub key: ObjectKey,
    /// The version of its group.
    pub version: Box<str>,
    /// `Synced`, `SyncFailed`, `Pruned` or `PruneSkipped`.
    pub status: &'static str,
    /// The server's words, or ours.
    pub message: String,
    /// `Running`, `Succeeded` or `Failed`; empty if it was never tried.
    pub hook_phase: &'static str,
    /// The hook's type; empty for an ordinary object.
    pub hook_type: &'static str,
    /// The phase.
    pub sync_phase: &'static str,
    /// The images of its containers.
    pub images: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum TaskKind {
    Apply(usize),
    Prune,
    CreateNamespace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TaskState {
    /// Nothing was done yet.
    Waiting,
    /// A hook's predecessor is being deleted.
    Clearing,
    /// Sent to the cluster; no answer yet.
    Sent,
    /// Applied; its health decides.
    Applied,
    Done,
    Failed,
    Skipped,
}

#[derive(Clone, Debug)]
struct Task {
    key: ObjectKey,
    version: Box<str>,
    kind: TaskKind,
    phase: Phase,
    wave: i32,
    hook: bool,
    state: TaskState,
    /// The server, or a rule, said no: it never came to be.
    refused: bool,
    /// It was never tried, because the operation as a whole makes no sense.
    invalid: bool,
    /// It was in the cluster once it was applied: if it no longer is, somebody deleted it.
    seen: bool,
    message: String,
}

impl Task {
    fn is_over(&self) -> bool {
        matches!(
            self.state,
            TaskState::Done | TaskState::Failed | TaskState::Skipped
        )
    }

    fn is_in(&self, group: Group) -> bool {
        (self.phase, self.wave) == group
    }

    fn fail(&mut self, message: String) {
        self.state = TaskState::Failed;
        self.refused = true;
        self.message = message;
    }
}

/// A phase and a wave: what is worked on at the same time.
type Group = (Phase, i32);

/// A sync that goes on.
#[derive(Clone, Debug)]
pub struct Operation {
    /// What was asked for.
    pub request: Request,
    /// When it began.
    pub started_at: Timestamp,
    /// The commit that it deploys.
    pub revision: String,
    /// Repetitions so far.
    pub retry_count: i64,
    /// When it is repeated, if it waits for that.
    pub retry_at: Option<Timestamp>,
    /// The sentence about how it stands.
    pub message: String,
    target: Option<Arc<Target>>,
    tasks: Vec<Task>,
    /// When something of the group was last sent, for the pause before the next.
    sent_at: Option<Timestamp>,
    /// The phase and wave that are being worked on.
    group: Option<Group>,
    /// Why it fails, once it does; what is left are the hooks for that.
    failing: Option<String>,
    /// A hook has come to its end and nobody was told yet: it must be written down before anything
    /// else is done, or a restart would run it again.
    untold: bool,
    /// That this attempt goes on was written down.
    told: bool,
    /// What was asked of hooks that are to go.
    farewells: Farewells,
}

/// What an operation came to.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) phase: OperationPhase,
    pub(crate) message: String,
    /// Another attempt may come to more.
    pub(crate) may_repeat: bool,
}

impl End {
    /// Returns the end of an operation that makes room for a newer revision.
    pub(crate) fn superseded(newer: &str) -> Self {
        Self {
            may_repeat: false,
            ..Self::failed(format!("superseded by the newer revision {newer}"))
        }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self {
            phase: OperationPhase::Failed,
            message: message.into(),
            may_repeat: true,
        }
    }

    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self {
            phase: OperationPhase::Error,
            message: message.into(),
            may_repeat: true,
        }
    }
}

/// What an operation goes by.
pub(crate) struct Context<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) world: &'a dyn World,
    pub(crate) wave_delay: SignedDuration,
    /// When a person approved the deletions that ask for it.
    pub(crate) approved_at: Option<Timestamp>,
    pub(crate) now: Timestamp,
    /// A newer revision that waits for this one to make room.
    pub(crate) newer: Option<&'a str>,
}

impl Operation {
    /// Returns an operation that deploys `revision`, once its objects are known.
    #[must_use]
    pub fn new(request: Request, revision: String, now: Timestamp) -> Self {
        Self {
            request,
            started_at: now,
            revision,
            retry_count: 0,
            retry_at: None,
            message: String::new(),
            target: None,
            tasks: Vec::new(),
            sent_at: None,
            group: None,
            failing: None,
            untold: false,
            told: false,
            farewells: Farewells::default(),
        }
    }

    /// Returns the operation's next attempt.
    #[must_use]
    pub(crate) fn again(&self) -> Self {
        let mut again = Self::new(self.request.clone(), self.revision.clone(), self.started_at);
        again.retry_count = self.retry_count;
        again
    }

    /// Returns true once the objects to deploy are known.
    #[must_use]
    pub fn is_planned(&self) -> bool {
        self.target.is_some()
    }

    /// Returns true while an answer of the cluster is awaited.
    #[must_use]
    pub fn is_waiting_for_answers(&self) -> bool {
        self.tasks.iter().any(|t| t.state == TaskState::Sent)
    }

    /// Returns true while it waits to be repeated, and whenever neither an answer nor a hook is
    /// awaited: a newer commit may take over.
    #[must_use]
    pub fn is_at_boundary(&self) -> bool {
        let is_busy = |t: &Task| match t.state {
            TaskState::Sent => true,
            TaskState::Applied | TaskState::Clearing => t.hook,
            _ => false,
        };
        self.retry_at.is_some() || !self.tasks.iter().any(is_busy)
    }

    /// Returns the objects that it deploys.
    #[must_use]
    pub fn target(&self) -> Option<&Arc<Target>> {
        self.target.as_ref()
    }

    /// Returns true, once, if a hook has come to its end since this was last asked.
    pub(crate) fn take_untold(&mut self) -> bool {
        std::mem::take(&mut self.untold)
    }

    /// Returns true once it was written down that this attempt goes on.
    pub(crate) const fn is_told(&self) -> bool {
        self.told
    }

    /// Takes note that it was written down.
    pub(crate) const fn set_told(&mut self) {
        self.told = true;
    }

    /// Returns the name of this attempt, by which its hooks are known again.
    fn run(&self) -> Box<str> {
        format!("{}-{}", self.started_at.as_second(), self.retry_count).into()
    }

    /// Takes the cluster's answer about one object.
    pub fn answer(&mut self, key: &ObjectKey, outcome: &Outcome) {
        let task = self.tasks.iter_mut().find(|t| {
            let is_refused = t.state == TaskState::Clearing && outcome.is_err();
            t.key == *key && (t.state == TaskState::Sent || is_refused)
        });
        let Some(task) = task else {
            if let (true, Err(message)) = (self.farewells.answer(key, outcome), outcome) {
                let tasks = self.tasks.iter_mut().filter(|t| t.key == *key);
                tasks.for_each(|t| t.message = format!("failed to delete resource: {message}"));
            }
            return;
        };
        let dry_run = self.request.dry_run;
        match outcome {
            Ok(message) => {
                task.message.clone_from(message);
                task.state = match task.kind {
                    // What wasn't made has no health to wait for.
                    TaskKind::Apply(_) if !dry_run => TaskState::Applied,
                    _ => TaskState::Done,
                };
            }
            Err(message) => {
                task.fail(message.clone());
                self.untold |= task.hook;
            }
        }
    }

    /// Goes on as far as the cluster allows. Returns the end, if it has come.
    pub(crate) fn advance(&mut self, ctx: &Context<'_>, effects: &mut Vec<Effect>) -> Option<End> {
        if self.is_waiting_for_answers() {
            return None;
        }
        if let Some(end) = self.refuse_invalid(ctx.world) {
            return Some(end);
        }
        loop {
            let Some(group) = self.next_group() else {
                return self.finish(ctx, effects);
            };
            if let Some(at) = self.pause(group, ctx) {
                effects.push(Effect::WakeAt(at));
                return None;
            }
            if let Some(message) = self.awaits_deletion(group, ctx.world) {
                self.message = message;
                return None;
            }
            self.look_at_health(group, ctx, effects);
            self.let_go_of_hooks(ctx.world, ctx.now, effects);
            if let Some(newer) = ctx.newer.filter(|_| self.is_at_boundary()) {
                return Some(End::superseded(newer));
            }
            if self.failing.is_none() && self.has_failed(group) && self.is_idle(group) {
                self.failing = Some(self.failure_message(group));
                continue;
            }
            if let Some(message) = self.awaits_approval(group, ctx) {
                self.message = message;
                return None;
            }
            if let Some(message) = self.awaits_clearing(group, ctx.world) {
                self.message = message;
                return None;
            }
            if self.send_next(group, ctx, effects) {
                self.sent_at = Some(ctx.now);
                return None;
            }
            if self.is_idle(group) {
                continue;
            }
            let needs_no_wait =
                !self.has_hooks(group) || (!self.is_multi_step() && self.runs_no_hook(group));
            if self.is_last(group) && !self.has_failed(group) && needs_no_wait {
                // Nothing follows and no hook runs: health is no longer the operation's business.
                return self.finish(ctx, effects);
            }
            self.message = self.waiting_message(group);
            return None;
        }
    }

    /// Returns when the next wave may begin, if that isn't yet: a pause, so that other controllers
    /// see a wave before the next comes. Failures aren't waited for.
    fn pause(&mut self, group: Group, ctx: &Context<'_>) -> Option<Timestamp> {
        let before = *self.group.get_or_insert(group);
        // Making the namespace is no wave of the user's.
        if before == group || before.1 == i32::MIN || self.failing.is_some() {
            self.group = Some(group);
            return None;
        }
        // After a restart nobody knows: now.
        let sent_at = *self.sent_at.get_or_insert(ctx.now);
        let next_at = sent_at.saturating_add(ctx.wave_delay).unwrap_or(ctx.now);
        if ctx.now < next_at {
            return Some(next_at);
        }
        self.group = Some(group);
        None
    }

    fn in_group(&self, group: Group) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(move |t| t.is_in(group))
    }

    /// Returns the first phase and wave with something left to do.
    fn next_group(&self) -> Option<Group> {
        let failing = self.failing.is_some();
        self.tasks
            .iter()
            .filter(|t| (t.phase == Phase::SyncFail) == failing)
            .find(|t| {
                matches!(
                    t.state,
                    TaskState::Waiting | TaskState::Clearing | TaskState::Applied
                ) || (!failing && t.state == TaskState::Failed)
            })
            .map(|t| (t.phase, t.wave))
    }

    /// Returns true if there is more than one phase or wave: then each is waited for.
    fn is_multi_step(&self) -> bool {
        let first = self.tasks.first().map(|t| (t.phase, t.wave));
        self.tasks.iter().any(|t| Some((t.phase, t.wave)) != first)
    }

    fn is_last(&self, group: Group) -> bool {
        !self.tasks.iter().any(|t| {
            t.phase != Phase::SyncFail && (t.phase, t.wave) > group && t.state == TaskState::Waiting
        })
    }

    fn has_hooks(&self, group: Group) -> bool {
        self.in_group(group).any(|t| t.hook)
    }

    fn runs_no_hook(&self, group: Group) -> bool {
        let mut running = self.in_group(group);
        !running.any(|t| t.hook && !t.is_over())
    }

    fn has_failed(&self, group: Group) -> bool {
        self.in_group(group).any(|t| t.state == TaskState::Failed)
    }

    /// Returns true if the group has nothing left to send and nothing to wait for. Where nothing
    /// follows, only hooks are waited for.
    fn is_idle(&self, group: Group) -> bool {
        let waits_for = |t: &&Task| match t.state {
            TaskState::Applied => t.hook || self.is_multi_step() || !self.has_failed(group),
            _ => !t.is_over(),
        };
        !self.in_group(group).any(|t| waits_for(&t))
    }
}
