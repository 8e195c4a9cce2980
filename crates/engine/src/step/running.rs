//! The operation in the state: taken up, carried on, ended.

use super::{AppState, AppView, Config, Effect, Record, Target, retries_left, shared_message};
use crate::compare::World;
use crate::operation::{Context, End, Operation, OperationPhase, Request};
use crate::rules::Window;
use crate::status::{HistoryEntry, OperationState};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use value::Value;

impl AppState {
    /// Starts, goes on with, or ends the operation. Returns true if a request was taken.
    pub(super) fn settle_operation(
        &mut self,
        app: &AppView,
        world: &dyn World,
        config: &Config,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let mut taken = false;
        if self.operation.is_none() {
            self.resume(app);
        }
        if self.operation.is_none()
            && let Some(request) = app.operation.clone()
        {
            taken = self.start(request, now);
            if taken && let Some(app) = &mut self.app {
                // Until the API shows that it was taken: it is carried out once.
                Arc::make_mut(app).operation = None;
            }
        }
        self.run(app, world, config, now, effects);
        taken && self.operation.is_some() || (app.operation.is_some() && self.operation.is_none())
    }

    /// Takes up an operation that an earlier life of the controller has left running.
    pub(super) fn resume(&mut self, app: &AppView) {
        let Some(state) = &self.status.operation else {
            return;
        };
        if !state.phase.is_running() {
            return;
        }
        let Some(request) = crate::argo::request_from(&state.operation, &app.spec) else {
            return;
        };
        let told = Some(state.revision.clone()).filter(|r| !r.is_empty());
        let asked = request.revision.clone().or(told);
        let Some(revision) = asked.or_else(|| self.wanted_revision()) else {
            return;
        };
        let mut operation = Operation::new(request, revision, state.started_at);
        operation.retry_count = state.retry_count;
        operation.message.clone_from(&state.message);
        // One that has ended and goes on all the same waits for its next attempt.
        operation.retry_at = state.finished_at.map(|at| {
            let delay = operation.request.retry.delay(operation.retry_count);
            at.saturating_add(delay).unwrap_or(at)
        });
        operation.set_told();
        self.operation = Some(operation);
    }

    /// Takes the finalizer off hooks that no operation waits for: the one that made them was cut
    /// short, or ended in another way than they did.
    pub(super) fn let_go_of_left_hooks(&self, world: &dyn World, effects: &mut Vec<Effect>) {
        let resources = self.comparison.resources.iter();
        for hook in resources.filter(|r| r.hook && r.exists) {
            if world.live(&hook.key).is_some_and(|f| f.directives.is_held) {
                let key = hook.key.clone();
                effects.push(Effect::LetGo { key });
            }
        }
    }

    pub(super) fn start(&mut self, request: Request, now: Timestamp) -> bool {
        let revision = request.revision.clone().or_else(|| self.wanted_revision());
        let Some(revision) = revision else {
            return false;
        };
        // Times are whole seconds in the API, and hooks are called after the one in which their
        // operation began: no two begin in the same.
        let before = self.status.operation.as_ref().map(|o| o.started_at);
        let next = before.and_then(|at| at.checked_add(SignedDuration::from_secs(1)).ok());
        let started_at = next.map_or(now, |next| now.max(next));
        self.status.operation = Some(OperationState {
            operation: request.raw.clone(),
            phase: OperationPhase::Running,
            message: String::new(),
            started_at,
            finished_at: None,
            retry_count: 0,
            revision: revision.clone(),
            results: Vec::new(),
            namespace_metadata: None,
        });
        self.operation = Some(Operation::new(request, revision, started_at));
        true
    }

    /// Goes on with the operation as far as it can go.
    pub(super) fn run(
        &mut self,
        app: &AppView,
        world: &dyn World,
        config: &Config,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(mut operation) = self.operation.take() else {
            return;
        };
        if app.terminate {
            if !operation.is_planned() {
                // What never began needs no plan to be stopped.
                let _planned = self.plan(&mut operation, app, world);
            }
            match operation.terminate(world, now, effects) {
                Some(end) => self.end(&operation, end, now, effects),
                None => {
                    if let Some(state) = &mut self.status.operation {
                        state.phase = OperationPhase::Terminating;
                    }
                    "operation is terminating".clone_into(&mut operation.message);
                    self.tell(&operation);
                    self.untold = true;
                    self.operation = Some(operation);
                }
            }
            return;
        }
        if self.is_held(&operation) {
            let message = format!("the revision {} is held", operation.revision);
            self.end(&operation, End::failed(message), now, effects);
            return;
        }
        let newer = self.newer_revision(&operation);
        if let Some(newer) = newer.as_deref().filter(|_| operation.is_at_boundary()) {
            self.end(&operation, End::superseded(newer), now, effects);
            return;
        }
        if let Some(closed) = blocked_by_window(&operation, world, now) {
            operation.message = closed.0;
            if let Some(state) = &mut self.status.operation {
                // Nobody has looked yet what it would deploy.
                state.revision = operation.request.revision.clone().unwrap_or_default();
            }
            effects.extend(closed.1.map(Effect::WakeAt));
            self.tell(&operation);
            self.operation = Some(operation);
            return;
        }
        if let Some(retry_at) = operation.retry_at {
            if now < retry_at {
                effects.push(Effect::WakeAt(retry_at));
                self.operation = Some(operation);
                return;
            }
            operation = self.repeat(&operation);
        }
        // One that was held up deploys what is wanted now: since it was asked for a revision may have
        // come, or may be held.
        let is_undecided = self
            .status
            .operation
            .as_ref()
            .is_some_and(|o| o.revision.is_empty());
        if is_undecided && !operation.is_planned() && operation.request.revision.is_none() {
            let Some(wanted) = self.wanted_revision() else {
                "waiting for a revision that isn't held".clone_into(&mut operation.message);
                self.tell(&operation);
                self.operation = Some(operation);
                return;
            };
            operation.revision = wanted;
        }
        if !operation.is_planned() {
            match self.plan(&mut operation, app, world) {
                Planned::Yes => {}
                Planned::Never(end) => {
                    self.end(&operation, end, now, effects);
                    return;
                }
                Planned::NotYet => {
                    self.ask_for(&operation.revision, effects);
                    self.operation = Some(operation);
                    return;
                }
            }
        }
        let context = Context {
            spec: &app.spec,
            world,
            wave_delay: config.wave_delay,
            approved_at: app.deletion_approved,
            now,
            newer: newer.as_deref(),
        };
        if let Some(state) = &mut self.status.operation {
            state.revision.clone_from(&operation.revision);
        }
        let end = operation.advance(&context, effects);
        self.untold |= operation.take_untold();
        match end {
            None => {
                self.tell(&operation);
                self.operation = Some(operation);
            }
            Some(end) if end.may_repeat && retries_left(&operation) => {
                self.wait_to_repeat(operation, &end, now, effects);
            }
            Some(end) => self.end(&operation, end, now, effects),
        }
    }

    /// Lays out the operation's tasks if the objects that it deploys are known.
    fn plan(&self, operation: &mut Operation, app: &AppView, world: &dyn World) -> Planned {
        if operation.request.brings_manifests() {
            let message = "operation.sync.manifests is not supported: Git is the only way to change \
                           what is deployed; commit the manifests, and sync";
            return Planned::Never(End {
                may_repeat: false,
                ..End::error(message)
            });
        }
        let target = match &self.target {
            Some((revision, Ok(target))) if *revision == operation.revision => target,
            Some((revision, Err(problem))) if *revision == operation.revision => {
                return Planned::Never(End::error(problem.message.clone()));
            }
            _ => return Planned::NotYet,
        };
        if let Some(message) = world.forbids_writing() {
            return Planned::Never(End::error(message));
        }
        if operation.request.options.fail_on_shared
            && let Some(message) = first_shared(app, target, world)
        {
            return Planned::Never(End::failed(format!("Shared resource found: {message}")));
        }
        // Results of an attempt that is over count no more.
        let state = self.status.operation.as_ref();
        let done = state.filter(|o| o.finished_at.is_none());
        let done = done.map_or(&[][..], |o| &o.results);
        operation.plan(target, &app.spec, world, done);
        Planned::Yes
    }

    fn ask_for(&mut self, revision: &str, effects: &mut Vec<Effect>) {
        if self.asked.as_deref() != Some(revision) {
            self.asked = Some(revision.to_owned());
            effects.push(Effect::Load {
                revision: revision.to_owned(),
            });
        }
    }

    /// Begins the next attempt.
    fn repeat(&mut self, operation: &Operation) -> Operation {
        let mut again = operation.again();
        let mut extra = "";
        if again.request.retry.refresh
            && let Some(newer) = self.wanted_revision()
        {
            again.request.revision = None;
            again.revision = newer;
            extra = " with latest revisions";
        }
        again.message = format!("Retrying operation{extra}. Attempt #{}", again.retry_count);
        if let Some(state) = &mut self.status.operation {
            state.finished_at = None;
            state.results.clear();
            state.message.clone_from(&again.message);
            state.revision.clone_from(&again.revision);
        }
        again
    }

    fn wait_to_repeat(
        &mut self,
        mut operation: Operation,
        end: &End,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        operation.retry_count += 1;
        let delay = operation.request.retry.delay(operation.retry_count);
        let retry_at = now.saturating_add(delay).unwrap_or(now);
        operation.retry_at = Some(retry_at);
        operation.message = format!(
            "{}. Retrying attempt #{} at {}.",
            end.message,
            operation.retry_count,
            retry_at.strftime("%-I:%M%p"),
        );
        if operation.request.retry.refresh {
            effects.push(Effect::Resolve { hard: false });
        }
        effects.push(Effect::WakeAt(retry_at));
        self.tell(&operation);
        if let Some(state) = &mut self.status.operation {
            // Phase Running with an end is what waits for its next attempt.
            state.finished_at = Some(now);
        }
        self.operation = Some(operation);
    }

    /// Returns true if an automated sync is to stop because somebody holds its commit: that isn't
    /// applied any more, wherever the operation stands.
    fn is_held(&self, operation: &Operation) -> bool {
        operation.request.automated
            && !operation.is_waiting_for_answers()
            && self.holds.iter().any(|h| h.revision == operation.revision)
    }

    /// Returns the newer commit that an automated sync of an old one should make room for.
    fn newer_revision(&self, operation: &Operation) -> Option<String> {
        let wanted = self.wanted_revision()?;
        (operation.request.automated && wanted != operation.revision).then_some(wanted)
    }

    /// Writes how the operation stands into the status.
    pub(super) fn tell(&mut self, operation: &Operation) {
        if let Some(state) = &mut self.status.operation {
            state.message.clone_from(&operation.message);
            state.retry_count = operation.retry_count;
            state.results = operation.results();
            let app = self.app.as_ref();
            state.namespace_metadata = app.and_then(|a| a.spec.namespace_metadata.clone());
        }
    }

    pub(super) fn end(
        &mut self,
        operation: &Operation,
        end: End,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        self.tell(operation);
        let from = self
            .status
            .history
            .last()
            .map_or_else(String::new, |h| h.revision.clone());
        let mut message = end.message;
        if operation.retry_count > 0 && end.phase != OperationPhase::Succeeded {
            message = format!("{message} (retried {} times).", operation.retry_count);
        }
        let initiated_by = operation
            .request
            .raw
            .get("initiatedBy")
            .cloned()
            .unwrap_or_else(Value::object);
        if let Some(state) = &mut self.status.operation {
            state.phase = end.phase;
            state.message.clone_from(&message);
            state.finished_at = Some(now);
        }
        let Some(app) = &self.app else { return };
        let back = self
            .holds
            .iter()
            .rev()
            .find(|h| h.back_to == operation.revision);
        let rollback = back.map(|h| h.by.clone());
        if end.phase == OperationPhase::Succeeded && operation.request.is_full() {
            let id = self.status.history.last().map_or(0, |h| h.id + 1);
            self.status.history.push(HistoryEntry {
                id,
                revision: operation.revision.clone(),
                source: app.spec.sources.raw(),
                started_at: operation.started_at,
                deployed_at: now,
                initiated_by,
            });
            let extra = self
                .status
                .history
                .len()
                .saturating_sub(app.spec.history_limit.max(1));
            self.status.history.drain(..extra);
        }
        if !operation.request.dry_run {
            let results = operation.results();
            effects.push(Effect::Record(Record::Synced {
                from,
                to: operation.revision.clone(),
                request: operation.request.raw.clone(),
                objects: results.len(),
                phase: end.phase,
                message,
                heal: operation.request.heal_attempts > 0,
                override_window: operation.request.override_window.clone(),
                rollback,
                pruned: results
                    .into_iter()
                    .filter(|r| r.status == "Pruned")
                    .map(|r| r.key)
                    .collect(),
            }));
        }
        self.operation = None;
    }
}

/// Returns the sentence about the window that an operation waits for, and when it is worth looking
/// again.
fn blocked_by_window(
    operation: &Operation,
    world: &dyn World,
    now: Timestamp,
) -> Option<(String, Option<Timestamp>)> {
    if operation.request.override_window.is_some() {
        return None;
    }
    let manual = !operation.request.automated;
    match world.window(manual, Some(operation.started_at), now) {
        Window::Open => None,
        Window::Closed { until, .. } => {
            Some(("Sync operation blocked by sync window".to_owned(), until))
        }
    }
}

/// Whether an operation's tasks are laid out.
enum Planned {
    Yes,
    NotYet,
    Never(End),
}

/// Returns the sentence about the first object that belongs to another application.
fn first_shared(app: &AppView, target: &Target, world: &dyn World) -> Option<String> {
    target.objects.iter().find_map(|desired| {
        let owner = world.facts(desired).owner?;
        (owner != app.name).then(|| shared_message(app, &desired.key, &owner))
    })
}
