//! One sync: its tasks in phases and waves, and how far it has come.

mod ending;
mod planning;

use crate::compare::{LiveFacts, Match, World};
use crate::object::{DeletePolicy, ObjectKey, Phase};
use crate::spec::{Propagation, Retry, Spec, SyncOptions};
use crate::step::{ApplyItem, Effect, Outcome, Target};
use health::HealthStatus;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;
use value::Value;

/// How an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationPhase {
    /// It goes on.
    Running,
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
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Error => "Error",
        }
    }

    /// Reads a phase's name; an unknown one counts as failed.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "Running" | "Terminating" => Self::Running,
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
    /// `Running`, `Succeeded` or `Failed`.
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
    message: String,
}

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
    /// When the last wave was completed, for the pause before the next.
    wave_done_at: Option<Timestamp>,
    /// The phase and wave that are being worked on.
    group: Option<(Phase, i32)>,
    failing: Option<String>,
}

/// What an operation came to.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) phase: OperationPhase,
    pub(crate) message: String,
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
            wave_done_at: None,
            group: None,
            failing: None,
        }
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

    /// Returns true between waves and while it waits to be repeated: a newer commit may take over.
    #[must_use]
    pub fn is_at_boundary(&self) -> bool {
        self.retry_at.is_some() || !self.is_waiting_for_answers()
    }

    /// Returns the objects that it deploys.
    #[must_use]
    pub fn target(&self) -> Option<&Arc<Target>> {
        self.target.as_ref()
    }

    /// Takes the cluster's answer about one object.
    pub fn answer(&mut self, key: &ObjectKey, outcome: &Outcome) {
        let Some(task) = self
            .tasks
            .iter_mut()
            .find(|t| t.key == *key && t.state == TaskState::Sent)
        else {
            return;
        };
        match outcome {
            Ok(message) => {
                task.message.clone_from(message);
                task.state = match task.kind {
                    TaskKind::Apply(_) => TaskState::Applied,
                    _ => TaskState::Done,
                };
            }
            Err(message) => {
                task.message.clone_from(message);
                task.state = TaskState::Failed;
            }
        }
    }

    /// Goes on as far as the cluster allows. Returns the end, if it has come.
    pub(crate) fn advance(
        &mut self,
        spec: &Spec,
        world: &dyn World,
        wave_delay: SignedDuration,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Option<End> {
        if self.is_waiting_for_answers() {
            return None;
        }
        if let Some(end) = self.refuse_unknown_kinds(world) {
            return Some(end);
        }
        loop {
            let Some((phase, wave)) = self.next_group() else {
                return Some(self.finish(effects));
            };
            if let Some(at) = self.pause((phase, wave), wave_delay, now) {
                self.message = format!("waiting {wave_delay:#} before wave {wave}");
                effects.push(Effect::WakeAt(at));
                return None;
            }
            self.look_at_health(phase, wave, world);
            if self.failing.is_none()
                && self.group_failed(phase, wave)
                && self.group_idle(phase, wave)
            {
                self.failing = Some(self.failure_message());
                continue;
            }
            if self.send_next(phase, wave, spec, world, effects) {
                return None;
            }
            if self.group_idle(phase, wave) {
                continue;
            }
            let clearing = self
                .group(phase, wave)
                .find(|t| t.state == TaskState::Clearing);
            if let Some(key) = clearing.map(|t| t.key.clone()) {
                self.message = format!("waiting for deletion of hook {key}");
                return None;
            }
            let waits = self.waits_for(phase, wave);
            let last = self.is_last(phase, wave);
            if last && waits.iter().all(|t| !t.hook) {
                // Nothing follows and no hook runs: health is no longer the operation's business.
                return Some(self.finish(effects));
            }
            if !waits.is_empty() {
                self.message = waiting_message(&waits);
            }
            return None;
        }
    }

    /// Returns when the next wave may begin, if that isn't yet: a pause, so that other controllers
    /// see a wave before the next comes. Failures aren't waited for.
    fn pause(
        &mut self,
        group: (Phase, i32),
        delay: SignedDuration,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let before = *self.group.get_or_insert(group);
        // Making the namespace is no wave of the user's.
        if before == group || before.1 == i32::MIN || self.failing.is_some() {
            self.group = Some(group);
            return None;
        }
        let done_at = *self.wave_done_at.get_or_insert(now);
        let next_at = done_at.saturating_add(delay).unwrap_or(now);
        if now < next_at {
            return Some(next_at);
        }
        self.wave_done_at = None;
        self.group = Some(group);
        None
    }

    /// A kind that the cluster doesn't have fails the operation before anything is applied, unless
    /// the same operation brings its definition.
    fn refuse_unknown_kinds(&mut self, world: &dyn World) -> Option<End> {
        if self
            .tasks
            .iter()
            .any(|t| !matches!(t.state, TaskState::Waiting | TaskState::Skipped))
        {
            return None;
        }
        let target = self.target.clone()?;
        let defined: BTreeSet<(String, String)> = target
            .objects
            .iter()
            .filter(|d| &*d.key.kind == "CustomResourceDefinition")
            .map(|d| {
                let at = |path: &[&str]| d.value.str_at(path).to_owned();
                (at(&["spec", "group"]), at(&["spec", "names", "kind"]))
            })
            .collect();
        let mut refused = false;
        for task in &mut self.tasks {
            let TaskKind::Apply(i) = task.kind else {
                continue;
            };
            let desired = &target.objects[i];
            let brought =
                defined.contains(&(task.key.group.to_string(), task.key.kind.to_string()));
            if !brought && world.facts(desired).matches == Match::KindUnknown {
                refused = true;
                task.state = TaskState::Failed;
                task.message = format!(
                    "The Kubernetes API could not find {}/{} for requested resource {}/{} \
                     ({}:{}). Make sure the \"{}\" CRD is installed on the destination cluster.",
                    task.key.group,
                    task.key.kind,
                    task.key.namespace,
                    task.key.name,
                    desired.file,
                    desired.line,
                    task.key.kind,
                );
            }
        }
        refused.then(|| {
            let reasons = self.reasons();
            End {
                phase: OperationPhase::Failed,
                message: format!(
                    "one or more synchronization tasks are not valid, reason: {reasons}"
                ),
            }
        })
    }

    fn group(&self, phase: Phase, wave: i32) -> impl Iterator<Item = &Task> {
        self.tasks
            .iter()
            .filter(move |t| t.phase == phase && t.wave == wave)
    }

    /// Returns the first phase and wave with something left to do.
    fn next_group(&self) -> Option<(Phase, i32)> {
        let failing = self.failing.is_some();
        self.tasks
            .iter()
            .filter(|t| (t.phase == Phase::SyncFail) == failing)
            .filter(|t| {
                matches!(
                    t.state,
                    TaskState::Waiting | TaskState::Clearing | TaskState::Applied
                ) || (!failing && t.state == TaskState::Failed)
            })
            .map(|t| (t.phase, t.wave))
            .next()
    }

    fn is_last(&self, phase: Phase, wave: i32) -> bool {
        !self.tasks.iter().any(|t| {
            t.phase != Phase::SyncFail
                && (t.phase, t.wave) > (phase, wave)
                && t.state == TaskState::Waiting
        })
    }

    fn group_failed(&self, phase: Phase, wave: i32) -> bool {
        self.group(phase, wave)
            .any(|t| t.state == TaskState::Failed)
    }

    /// Returns true if the group has nothing left to send and nothing to wait for.
    fn group_idle(&self, phase: Phase, wave: i32) -> bool {
        self.group(phase, wave).all(|t| {
            matches!(
                t.state,
                TaskState::Done | TaskState::Failed | TaskState::Skipped
            )
        }) || (self.group_failed(phase, wave)
            && self
                .group(phase, wave)
                .all(|t| !matches!(t.state, TaskState::Waiting)))
    }

    fn waits_for(&self, phase: Phase, wave: i32) -> Vec<Task> {
        self.group(phase, wave)
            .filter(|t| t.state == TaskState::Applied)
            .cloned()
            .collect()
    }

    /// Moves applied tasks on by the health of their objects.
    fn look_at_health(&mut self, phase: Phase, wave: i32, world: &dyn World) {
        let Some(target) = self.target.clone() else {
            return;
        };
        let last = self.is_last(phase, wave);
        for task in self
            .tasks
            .iter_mut()
            .filter(|t| t.phase == phase && t.wave == wave)
        {
            let TaskKind::Apply(i) = task.kind else {
                continue;
            };
            if task.state != TaskState::Applied {
                continue;
            }
            let facts = world.facts(&target.objects[i]);
            match health_of(&facts) {
                HealthStatus::Healthy | HealthStatus::Suspended if task.hook || !last => {
                    task.state = TaskState::Done;
                }
                HealthStatus::Degraded if task.hook || !last => {
                    task.state = TaskState::Failed;
                    let why = facts.health.map(|h| h.message).unwrap_or_default();
                    if !why.is_empty() {
                        task.message = why;
                    }
                }
                _ => {}
            }
        }
    }

    /// Sends the next run of tasks of one kind. Returns true if something was sent.
    fn send_next(
        &mut self,
        phase: Phase,
        wave: i32,
        spec: &Spec,
        world: &dyn World,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let target = self.target.clone();
        let dry_run = self.request.dry_run;
        let replace = self.request.options.replace;
        let propagation = self.request.options.propagation;
        let mut items = Vec::new();
        let mut run_kind: Option<Box<str>> = None;
        let mut sent = false;
        for task in self
            .tasks
            .iter_mut()
            .filter(|t| t.phase == phase && t.wave == wave)
        {
            if !matches!(task.state, TaskState::Waiting | TaskState::Clearing) {
                continue;
            }
            match task.kind {
                TaskKind::CreateNamespace => {
                    effects.push(Effect::CreateNamespace {
                        name: task.key.name.to_string(),
                        metadata: spec.namespace_metadata.clone(),
                        dry_run,
                    });
                    task.state = TaskState::Sent;
                    return true;
                }
                TaskKind::Prune => {
                    effects.push(Effect::Delete {
                        key: task.key.clone(),
                        propagation,
                        dry_run,
                    });
                    task.state = TaskState::Sent;
                    sent = true;
                }
                TaskKind::Apply(i) => {
                    if sent {
                        break;
                    }
                    let Some(target) = &target else { continue };
                    let directives = &target.objects[i].directives;
                    let facts = world.facts(&target.objects[i]);
                    if task.hook
                        && needs_clearing(directives.delete_policies.as_slice(), &facts, task)
                    {
                        if task.state == TaskState::Waiting {
                            task.state = TaskState::Clearing;
                            effects.push(Effect::Delete {
                                key: task.key.clone(),
                                propagation: Propagation::Background,
                                dry_run,
                            });
                            sent = true;
                        }
                        continue;
                    }
                    if run_kind.as_deref().is_some_and(|k| k != &*task.key.kind) {
                        break;
                    }
                    run_kind = Some(task.key.kind.clone());
                    items.push(ApplyItem {
                        index: i,
                        replace: replace || directives.replace,
                        force: directives.force,
                    });
                    task.state = TaskState::Sent;
                }
            }
        }
        if let (false, Some(target)) = (items.is_empty(), target) {
            effects.push(Effect::Apply {
                target,
                items,
                dry_run,
            });
            sent = true;
        }
        sent
    }
}

/// Returns the health that decides about a wave: an object without one is fine at once, a missing
/// one isn't there yet.
fn health_of(facts: &LiveFacts) -> HealthStatus {
    match (&facts.health, &facts.matches) {
        (_, Match::Missing | Match::KindUnknown) => HealthStatus::Progressing,
        (Some(health), _) => health.status,
        (None, _) => HealthStatus::Healthy,
    }
}

/// Returns true if a hook's predecessor must go before the hook is created.
fn needs_clearing(policies: &[DeletePolicy], facts: &LiveFacts, task: &Task) -> bool {
    let exists = !matches!(facts.matches, Match::Missing | Match::KindUnknown);
    exists
        && (task.state == TaskState::Clearing
            || policies.contains(&DeletePolicy::BeforeHookCreation))
}

fn waiting_message(waits: &[Task]) -> String {
    let first = waits.iter().find(|t| !t.hook).unwrap_or(&waits[0]);
    let key = &first.key;
    let name = format!("{}/{}/{}", key.group, key.kind, key.name);
    let mut message = if first.hook {
        format!("waiting for completion of hook {name}")
    } else {
        format!("waiting for healthy state of {name}")
    };
    if waits.len() > 1 {
        message.push_str(&format!(" and {} more resources", waits.len() - 1));
    }
    message
}
