//! The core: one event in, effects out.

mod deleting;
mod judging;
mod running;

use crate::compare::{Comparison, FieldDiff, Subject, World, compare};
use crate::farewell::Farewells;
use crate::gate::{Hold, RollbackOn};
use crate::object::{DeletePhase, Desired, Directives, ObjectKey};
use crate::operation::{Operation, OperationPhase, Request};
use crate::rules::Pause;
use crate::spec::{Propagation, Spec};
use crate::status::{Status, SyncStatus};
use health::{Health, HealthStatus};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use value::Value;

/// The controller's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// How long a new revision may take to become healthy; `None` never rolls back.
    pub health_gate: Option<SignedDuration>,
    /// Pause between two waves.
    pub wave_delay: SignedDuration,
    /// How often Git is asked without being told; `None` never.
    pub refresh_interval: Option<SignedDuration>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            health_gate: Some(SignedDuration::from_mins(10)),
            wave_delay: SignedDuration::from_secs(2),
            refresh_interval: Some(SignedDuration::from_secs(120)),
        }
    }
}

/// A refresh that somebody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// Ask Git again.
    Normal,
    /// Ask Git again and forget what was rendered.
    Hard,
}

/// An application as it stands in the API, in the engine's words.
#[derive(Clone, Debug)]
pub struct AppView {
    /// Its name.
    pub name: Box<str>,
    /// Its namespace.
    pub namespace: Box<str>,
    /// When a person approved the deletions that ask for it.
    pub deletion_approved: Option<Timestamp>,
    /// Since when it is being deleted.
    pub deleting_since: Option<Timestamp>,
    /// The revision of the resource that this was read from.
    pub version: u64,
    /// What it asks for.
    pub spec: Arc<Spec>,
    /// An operation that somebody wrote on it.
    pub operation: Option<Request>,
    /// A refresh that somebody asked for.
    pub refresh: Option<Refresh>,
    /// True if its deletion was asked for.
    pub deleting: bool,
    /// Its finalizers.
    pub finalizers: Vec<String>,
    /// Revisions that are not to be deployed.
    pub holds: Vec<Hold>,
    /// The last revision that was seen healthy.
    pub last_healthy: String,
    /// The health gate that it asks for, if it asks for one: `Some(None)` is "off".
    pub health_gate: Option<Option<SignedDuration>>,
    /// When a new revision is rolled back.
    pub rollback_on: RollbackOn,
    /// A time without automation.
    pub pause: Option<Pause>,
    /// Applications that must be well before this one is synced.
    pub depends_on: Vec<String>,
    /// True if it is to be left alone.
    pub skip: bool,
    /// True if somebody asked for its operation to be stopped.
    pub terminate: bool,
    /// Conditions that follow from the resource itself: type and message.
    pub notes: Vec<(String, String)>,
}

/// Why something could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The condition's type.
    pub kind: &'static str,
    /// The sentence.
    pub message: String,
    /// True if trying again may help.
    pub transient: bool,
}

/// The objects of one revision.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The commit.
    pub revision: String,
    /// The objects, sorted by key.
    pub objects: Vec<Desired>,
    /// Conditions that follow from rendering: type and message.
    pub notes: Vec<(String, String)>,
    /// `Directory`, `Kustomize` or `Helm`, for each source; empty for one that gives no objects.
    pub source_types: Vec<&'static str>,
}

/// The cluster's answer about one object: its words either way.
pub type Outcome = Result<String, String>;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The application changed, or is seen for the first time.
    Application(Box<AppView>),
    /// What the application tracks points at this commit.
    Resolved(Result<String, Problem>),
    /// A revision's objects are known.
    Loaded {
        /// The commit.
        revision: String,
        /// Its objects.
        result: Result<Arc<Target>, Problem>,
    },
    /// The cluster answered about one object.
    Answered {
        /// The object.
        key: ObjectKey,
        /// The answer.
        outcome: Outcome,
    },
    /// What makes objects of a revision has changed: settings, logins, projects.
    Reconfigured,
    /// Something live changed, or time has passed.
    Look,
}

/// One object to apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyItem {
    /// Its place among the target's objects.
    pub index: usize,
    /// What it is called in the cluster.
    pub key: ObjectKey,
    /// Replace it instead of applying it.
    pub replace: bool,
    /// Delete and create it anew if it can't be changed.
    pub force: bool,
    /// Leave fields whose differences don't count as they are.
    pub respect_ignored: bool,
    /// The attempt that a hook is created by; `None` for an ordinary object.
    pub hook_run: Option<Box<str>>,
}

/// Something to be done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Ask Git where the application's revision points.
    Resolve {
        /// Forget what was rendered before.
        hard: bool,
    },
    /// Render a revision.
    Load {
        /// The commit.
        revision: String,
    },
    /// Write status, annotations and operation; `clear_operation` removes a request that was taken.
    Write {
        /// Remove the operation that was asked for.
        clear_operation: bool,
        /// Remove the refresh annotation.
        clear_refresh: bool,
    },
    /// Apply objects of one kind, in any order.
    Apply {
        /// The revision's objects.
        target: Arc<Target>,
        /// Which of them.
        items: Vec<ApplyItem>,
        /// Change nothing.
        dry_run: bool,
    },
    /// Delete an object.
    Delete {
        /// The object.
        key: ObjectKey,
        /// What becomes of its dependents.
        propagation: Propagation,
        /// Change nothing.
        dry_run: bool,
    },
    /// Take the finalizer off a hook whose outcome is known.
    LetGo {
        /// The hook.
        key: ObjectKey,
    },
    /// Make the destination namespace.
    CreateNamespace {
        /// Its name.
        name: String,
        /// Its labels and annotations.
        metadata: Option<Value>,
        /// Change nothing.
        dry_run: bool,
    },
    /// Ask the server whether these objects differ.
    Confirm(Vec<ObjectKey>),
    /// Write an entry of the ledger.
    Record(Record),
    /// Leave the application these finalizers.
    Finalize(Vec<String>),
    /// Look again at this time.
    WakeAt(Timestamp),
}

/// An entry of the ledger.
#[derive(Clone, Debug)]
pub enum Record {
    /// A live object was changed by somebody else than us.
    Drift {
        /// The object.
        key: ObjectKey,
        /// The fields; empty if the object is gone.
        fields: Vec<FieldDiff>,
        /// True if it will be undone.
        heals: bool,
    },
    /// A drift is over.
    Healed {
        /// The object.
        key: ObjectKey,
        /// True if we undid it.
        by_us: bool,
    },
    /// A sync has ended.
    Synced {
        /// The commit that was deployed before; empty for the first.
        from: String,
        /// The commit that it deployed.
        to: String,
        /// The operation as it was asked for.
        request: Value,
        /// Objects that it had to do with.
        objects: usize,
        /// How it ended.
        phase: OperationPhase,
        /// The sentence.
        message: String,
        /// True if it undid drift.
        heal: bool,
        /// Why it was carried out though the project's windows forbid it, if it was.
        override_window: Option<String>,
        /// Who holds the revision that it goes back from, if it does.
        rollback: Option<String>,
        /// Objects that were deleted.
        pruned: Vec<ObjectKey>,
    },
    /// A revision is held and the one before deployed again.
    RolledBack {
        /// The commit that failed.
        from: String,
        /// The commit that is deployed instead.
        to: String,
        /// Why.
        message: String,
    },
}

/// One application's state: everything that isn't in [`Status`] may be forgotten.
#[derive(Debug)]
pub struct AppState {
    /// The application as it stands in the API.
    pub app: Option<Arc<AppView>>,
    /// What is told about it.
    pub status: Status,
    /// Revisions that are not to be deployed; ours to write.
    pub holds: Vec<Hold>,
    /// The last revision that was seen healthy; ours to write.
    pub last_healthy: String,
    /// The last comparison.
    pub comparison: Comparison,
    /// The commit that the tracked revision points at.
    pub resolved: Option<Result<String, Problem>>,
    /// The sync that goes on.
    pub operation: Option<Operation>,
    target: Option<(String, Result<Arc<Target>, Problem>)>,
    drifts: BTreeMap<ObjectKey, bool>,
    /// Objects that were in sync with this revision: only what was in sync can drift.
    in_sync: BTreeMap<ObjectKey, String>,
    asked: Option<String>,
    resolving: bool,
    /// A refresh was asked for; it is answered when Git's news is compared.
    refresh_asked: bool,
    was_self_healing: bool,
    /// Conditions that follow from the target's objects: type and message.
    target_notes: Vec<(String, String)>,
    /// A hook has come to its end and that wasn't written down yet.
    untold: bool,
    /// The specification makes no sense, or the project doesn't permit it.
    is_invalid: bool,
    /// Why the deletion doesn't get on, and when it is tried again.
    deletion_trouble: Option<(String, Timestamp)>,
    /// What was asked of objects that go with the application.
    farewells: Farewells,
}

impl AppState {
    /// Returns the state of an application that was never seen, or whose status is `status`.
    #[must_use]
    pub fn new(status: Status) -> Self {
        Self {
            app: None,
            status,
            holds: Vec::new(),
            last_healthy: String::new(),
            comparison: Comparison::default(),
            resolved: None,
            operation: None,
            target: None,
            drifts: BTreeMap::new(),
            in_sync: BTreeMap::new(),
            asked: None,
            resolving: false,
            refresh_asked: false,
            was_self_healing: false,
            target_notes: Vec::new(),
            untold: false,
            is_invalid: false,
            deletion_trouble: None,
            farewells: Farewells::default(),
        }
    }

    /// Returns the objects that the application is compared with, if they are known.
    #[must_use]
    pub fn target(&self) -> Option<&Arc<Target>> {
        self.target.as_ref().and_then(|(_, t)| t.as_ref().ok())
    }

    /// Takes one event and answers with what is to be done, in order.
    pub fn step(
        &mut self,
        event: Event,
        world: &dyn World,
        config: &Config,
        now: Timestamp,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Application(view) => self.take_application(*view, &mut effects),
            Event::Resolved(result) => {
                self.resolving = false;
                self.resolved = Some(result);
                // What makes no sense isn't compared with anything.
                if !self.is_invalid {
                    self.status.reconciled_at = Some(now);
                }
            }
            Event::Loaded { revision, result } => self.take_target(revision, result),
            Event::Answered { key, outcome } => {
                if let Some(operation) = &mut self.operation {
                    operation.answer(&key, &outcome);
                }
                if self.is_deleting() && outcome.is_ok() {
                    self.farewells.answer(&key, &outcome);
                }
                if let (Err(message), true) = (&outcome, self.is_deleting()) {
                    self.deletion_failed(format!("{key}: {message}"), now);
                }
            }
            Event::Reconfigured => {
                self.target = None;
                self.asked = None;
                if matches!(self.resolved, Some(Err(_))) {
                    self.resolved = None;
                }
            }
            Event::Look => {}
        }
        self.settle(world, config, now, &mut effects);
        effects
    }

    fn take_application(&mut self, view: AppView, effects: &mut Vec<Effect>) {
        let spec_changed = self.app.as_ref().is_none_or(|a| a.spec != view.spec);
        let hard = view.refresh == Some(Refresh::Hard);
        if self.holds != view.holds {
            self.holds.clone_from(&view.holds);
        }
        if !view.last_healthy.is_empty() || self.last_healthy.is_empty() {
            self.last_healthy.clone_from(&view.last_healthy);
        }
        if hard || spec_changed {
            self.target = None;
            self.asked = None;
        }
        if spec_changed {
            self.resolved = None;
        }
        let ask = view.refresh.is_some() || spec_changed;
        let resolvable = view.spec.problems.is_empty() && !view.skip && !view.deleting;
        self.refresh_asked = view.refresh.is_some();
        self.app = Some(Arc::new(view));
        if ask && resolvable {
            self.resolving = true;
            effects.push(Effect::Resolve { hard });
        }
    }

    fn take_target(&mut self, revision: String, result: Result<Arc<Target>, Problem>) {
        if self.asked.as_deref() == Some(revision.as_str()) {
            self.asked = None;
        }
        if let Some(operation) = &mut self.operation
            && operation.revision == revision
            && !operation.is_planned()
            && let Err(problem) = &result
        {
            operation.message.clone_from(&problem.message);
        }
        if let Ok(target) = &result {
            self.status.source_types.clone_from(&target.source_types);
        }
        self.target_notes = result.as_ref().map(option_notes).unwrap_or_default();
        self.target = Some((revision, result));
    }

    /// Returns true if the specification makes no sense, or its project doesn't permit it.
    #[must_use]
    pub const fn is_invalid(&self) -> bool {
        self.is_invalid
    }

    /// Returns the finalizers that the application should have, if it doesn't: those that keep it
    /// until its hooks for deletion have run.
    #[must_use]
    pub fn finalizers_to_write(&self) -> Option<Vec<String>> {
        let app = self.app.as_ref().filter(|a| !a.deleting)?;
        let target = self.target()?;
        let mut wanted = app.finalizers.clone();
        for (phase, name) in [
            (DeletePhase::PreDelete, api::names::PRE_DELETE_FINALIZER),
            (DeletePhase::PostDelete, api::names::POST_DELETE_FINALIZER),
        ] {
            let mut hooks = target.objects.iter().map(|d| &d.directives.delete_hooks);
            let has_hooks = hooks.any(|phases| phases.contains(&phase));
            for name in [name.to_owned(), format!("{name}/cleanup")] {
                match (has_hooks, wanted.contains(&name)) {
                    (true, false) => wanted.push(name),
                    (false, true) => wanted.retain(|f| *f != name),
                    _ => {}
                }
            }
        }
        (wanted != app.finalizers).then_some(wanted)
    }

    /// Takes note that the application has these finalizers now.
    pub fn finalizers_written(&mut self, finalizers: Vec<String>) {
        if let Some(app) = &mut self.app {
            Arc::make_mut(app).finalizers = finalizers;
        }
    }

    /// Returns the commit that should be deployed: the tracked one, or if that is held what is to be
    /// deployed instead, or else the last one that was and isn't held.
    #[must_use]
    pub fn wanted_revision(&self) -> Option<String> {
        let resolved = self.resolved.as_ref()?.as_ref().ok()?;
        let hold_of = |revision: &str| self.holds.iter().rev().find(|h| h.revision == revision);
        let Some(hold) = hold_of(resolved) else {
            return Some(resolved.clone());
        };
        let instead = Some(&hold.back_to).filter(|to| !to.is_empty() && hold_of(to).is_none());
        let mut deployed = self.status.history.iter().rev().map(|h| &h.revision);
        let instead = instead.or_else(|| deployed.find(|r| hold_of(r).is_none()));
        instead.cloned()
    }

    fn settle(
        &mut self,
        world: &dyn World,
        config: &Config,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(app) = self.app.clone() else { return };
        if app.deleting {
            self.settle_deletion(&app, world, now, effects);
            return;
        }
        if app.skip {
            return;
        }
        let problems = problems(&app, world);
        if !problems.is_empty() {
            self.settle_invalid(&app, problems, now);
            let clear_refresh = std::mem::take(&mut self.refresh_asked);
            effects.push(Effect::Write {
                clear_operation: false,
                clear_refresh,
            });
            return;
        }
        self.is_invalid = false;
        let mut notes = app.notes.clone();
        self.ask_for_target(effects);
        self.compare(world, now, &mut notes, effects);
        let before = effects.len();
        let clear_operation = self.settle_operation(&app, world, config, now, effects);
        if self.operation.is_none() {
            self.let_go_of_left_hooks(world, effects);
        }
        let ended = self.operation.is_none() && effects.len() > before;
        if ended || clear_operation {
            // What has just been applied is part of what is told.
            self.compare(world, now, &mut Vec::new(), &mut Vec::new());
        }
        self.judge_health(&app, config, now, &mut notes, effects);
        self.automate(&app, world, config, now, &mut notes, effects);
        self.look_for_drift(&app, effects);
        self.hold_note(&mut notes);
        Self::pause_note(&app, now, &mut notes, effects);
        if let Some(orphans) = world.orphans().filter(|n| *n > 0) {
            let message = format!("Application has {orphans} orphaned resources");
            notes.push(("OrphanedResourceWarning".to_owned(), message));
        }
        let waits = self.resolving || self.asked.is_some();
        if !waits {
            // Until the new objects are known, the old ones' conditions stay, with their times.
            self.status.set_conditions(notes, now);
        }
        let quiet = self
            .operation
            .as_ref()
            .is_none_or(|o| !o.is_waiting_for_answers());
        // The operation's start is written before its first effect: whoever comes after a crash
        // must find it. Otherwise nothing is told until Git's answer is in.
        let starts =
            self.operation.as_ref().is_some_and(|o| !o.is_told()) && effects.iter().any(is_change);
        // So is the end of a hook before anything that would wipe it out.
        let untold = std::mem::take(&mut self.untold) && effects.iter().any(is_change);
        if starts || untold || clear_operation || (quiet && !waits) {
            if let Some(operation) = &mut self.operation {
                operation.set_told();
            }
            let clear_refresh = !waits && std::mem::take(&mut self.refresh_asked);
            // The ledger has it before the status tells of it: after a crash nobody would know that
            // an entry is missing.
            let is_record = |e: &Effect| matches!(e, Effect::Record(_));
            let (records, others): (Vec<_>, Vec<_>) = effects.drain(..).partition(is_record);
            effects.extend(records.into_iter().chain(others));
            let place = effects.iter().position(is_change).unwrap_or(effects.len());
            effects.insert(
                place,
                Effect::Write {
                    clear_operation,
                    clear_refresh,
                },
            );
        }
    }

    fn settle_invalid(&mut self, app: &AppView, problems: Vec<String>, now: Timestamp) {
        self.is_invalid = true;
        let mut notes = app.notes.clone();
        let problems = problems.into_iter();
        notes.extend(problems.map(|p| ("InvalidSpecError".to_owned(), p)));
        self.status.set_conditions(notes, now);
        self.status.sync = SyncStatus::Unknown;
        self.status.set_health(
            Health {
                status: HealthStatus::Unknown,
                message: String::new(),
            },
            now,
        );
    }

    fn ask_for_target(&mut self, effects: &mut Vec<Effect>) {
        if self.resolved.is_none() && !self.resolving {
            self.resolving = true;
            effects.push(Effect::Resolve { hard: false });
        }
        let wanted = match &self.operation {
            Some(operation) if !operation.is_planned() => Some(operation.revision.clone()),
            _ => self.wanted_revision(),
        };
        let Some(wanted) = wanted else { return };
        let have = self
            .target
            .as_ref()
            .is_some_and(|(revision, _)| *revision == wanted);
        if !have && self.asked.as_deref() != Some(wanted.as_str()) {
            self.asked = Some(wanted.clone());
            effects.push(Effect::Load { revision: wanted });
        }
    }

    /// Brings the comparison up to date.
    fn compare(
        &mut self,
        world: &dyn World,
        now: Timestamp,
        notes: &mut Vec<(String, String)>,
        effects: &mut Vec<Effect>,
    ) {
        let problem = match (&self.resolved, &self.target) {
            (Some(Err(problem)), _) | (_, Some((_, Err(problem)))) => Some(problem.clone()),
            _ => None,
        };
        if let Some(problem) = problem {
            notes.push((problem.kind.to_owned(), problem.message));
            self.status.sync = SyncStatus::Unknown;
            let health = self.health_without_target(world);
            self.status.set_health(health, now);
            return;
        }
        let Some(target) = self.target().cloned() else {
            return;
        };
        if Some(&target.revision) != self.wanted_revision().as_ref() {
            return;
        }
        let Some(app) = self.app.clone() else { return };
        notes.extend(target.notes.iter().chain(&self.target_notes).cloned());
        let subject = Subject {
            name: &app.name,
            namespace: &app.namespace,
            spec: &app.spec,
        };
        self.comparison = compare(&target, subject, world);
        let shared = self.comparison.shared.iter();
        notes.extend(shared.map(|(key, owner)| {
            let message = shared_message(&app, key, owner);
            ("SharedResourceWarning".to_owned(), message)
        }));
        if !self.comparison.unknown.is_empty() {
            effects.push(Effect::Confirm(self.comparison.unknown.clone()));
        }
        self.status.sync = self.comparison.sync;
        if self.status.has_other_namespace_metadata(&app.spec) {
            self.status.sync = SyncStatus::OutOfSync;
        }
        self.status.revision.clone_from(&target.revision);
        self.status.reconciled_at.get_or_insert(now);
        if let Some(health) = self.comparison.health.clone() {
            self.status.set_health(health, now);
        }
    }

    /// Returns the health of what is deployed when Git can't say what should be.
    fn health_without_target(&self, world: &dyn World) -> Health {
        let mut worst = Health {
            status: HealthStatus::Healthy,
            message: String::new(),
        };
        for key in world.tracked() {
            let Some(health) = world.live(&key).and_then(|f| f.health) else {
                continue;
            };
            if health.status > worst.status {
                worst = Health {
                    status: health.status,
                    message: format!("{key}: {}", health.message),
                };
            }
        }
        worst
    }
}

/// Returns what is wrong with a specification, in itself or to its project.
fn problems(app: &AppView, world: &dyn World) -> Vec<String> {
    match app.spec.problems.as_slice() {
        [] => world.objections(&app.spec),
        problems => problems.to_vec(),
    }
}

fn is_change(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Apply { .. }
            | Effect::Delete { .. }
            | Effect::LetGo { .. }
            | Effect::CreateNamespace { .. }
    )
}

fn retries_left(operation: &Operation) -> bool {
    let limit = operation.request.retry.limit;
    limit < 0 || operation.retry_count < limit
}

/// Returns the first seven digits of a commit, as people write it.
fn short(revision: &str) -> &str {
    revision.get(..7).unwrap_or(revision)
}

/// Returns the sentence about an object that two applications want.
fn shared_message(app: &AppView, key: &ObjectKey, owner: &str) -> String {
    let other = owner.replace('_', "/");
    format!(
        "{}/{} is part of applications {}/{} and {other}",
        key.kind, key.name, app.namespace, app.name
    )
}

/// Returns conditions about sync options of objects that aren't known.
fn option_notes(target: &Arc<Target>) -> Vec<(String, String)> {
    let mut notes = Vec::new();
    for desired in &target.objects {
        for option in Directives::unknown_options(&desired.value) {
            let message = format!(
                "{} ({}:{}): the sync option {option:?} is not known and has no effect",
                desired.key, desired.file, desired.line
            );
            notes.push(("UnknownFieldWarning".to_owned(), message));
        }
    }
    notes
}
