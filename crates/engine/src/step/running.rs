//! The operation in the state: taken up, carried on, ended.

use super::{AppState, AppView, Config, Effect, Record, retries_left};
use crate::compare::World;
use crate::operation::{End, Operation, OperationPhase, Request};
use crate::status::{HistoryEntry, OperationState};
use jiff::Timestamp;
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
        if state.phase != OperationPhase::Running {
            return;
        }
        let Some(request) = crate::argo::request_from(&state.operation, &app.spec) else {
            return;
        };
        let Some(revision) = request
            .revision
            .clone()
            .or_else(|| (!state.revision.is_empty()).then(|| state.revision.clone()))
        else {
            return;
        };
        let mut operation = Operation::new(request, revision, state.started_at);
        operation.retry_count = state.retry_count;
        self.operation = Some(operation);
    }

    pub(super) fn start(&mut self, request: Request, now: Timestamp) -> bool {
        let revision = request.revision.clone().or_else(|| self.wanted_revision());
        let Some(revision) = revision else {
            return false;
        };
        self.status.operation = Some(OperationState {
            operation: request.raw.clone(),
            phase: OperationPhase::Running,
            message: String::new(),
            started_at: now,
            finished_at: None,
            retry_count: 0,
            revision: revision.clone(),
            results: Vec::new(),
        });
        self.operation = Some(Operation::new(request, revision, now));
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
            let message = "Operation terminated".to_owned();
            self.end(
                &operation,
                End {
                    phase: OperationPhase::Failed,
                    message,
                },
                now,
                effects,
            );
            return;
        }
        if self.superseded(&operation) {
            let newer = self.wanted_revision().unwrap_or_default();
            let message = format!("superseded by the newer revision {newer}");
            self.end(
                &operation,
                End {
                    phase: OperationPhase::Failed,
                    message,
                },
                now,
                effects,
            );
            return;
        }
        if let Some(retry_at) = operation.retry_at {
            if now < retry_at {
                effects.push(Effect::WakeAt(retry_at));
                self.operation = Some(operation);
                return;
            }
            operation.retry_at = None;
            let mut again = Operation::new(
                operation.request.clone(),
                operation.revision.clone(),
                operation.started_at,
            );
            again.retry_count = operation.retry_count;
            operation = again;
        }
        if !operation.is_planned() {
            match self.target.clone() {
                Some((revision, Ok(target))) if revision == operation.revision => {
                    let done = self.status.operation.as_ref().map(|o| o.results.clone());
                    let done = done
                        .filter(|_| operation.retry_count == 0)
                        .unwrap_or_default();
                    operation.plan(&target, &app.spec, world, &done);
                }
                Some((revision, Err(problem))) if revision == operation.revision => {
                    let end = End {
                        phase: OperationPhase::Error,
                        message: problem.message,
                    };
                    self.end(&operation, end, now, effects);
                    return;
                }
                _ => {
                    if self.asked.as_deref() != Some(operation.revision.as_str()) {
                        self.asked = Some(operation.revision.clone());
                        effects.push(Effect::Load {
                            revision: operation.revision.clone(),
                        });
                    }
                    self.operation = Some(operation);
                    return;
                }
            }
        }
        let end = operation.advance(&app.spec, world, config.wave_delay, now, effects);
        match end {
            None => {
                self.tell(&operation);
                self.operation = Some(operation);
            }
            Some(end) if end.phase == OperationPhase::Failed && retries_left(&operation) => {
                operation.retry_count += 1;
                let retry_at = now
                    .saturating_add(operation.request.retry.delay(operation.retry_count))
                    .unwrap_or(now);
                operation.retry_at = Some(retry_at);
                operation.message = format!(
                    "{}. Retrying attempt #{} at {}.",
                    end.message,
                    operation.retry_count,
                    retry_at.strftime("%-I:%M%p"),
                );
                effects.push(Effect::WakeAt(retry_at));
                self.tell(&operation);
                self.operation = Some(operation);
            }
            Some(end) => self.end(&operation, end, now, effects),
        }
    }

    /// Returns true if an automated sync of an old commit should make room for a newer one.
    pub(super) fn superseded(&self, operation: &Operation) -> bool {
        operation.request.automated
            && operation.is_at_boundary()
            && self
                .wanted_revision()
                .is_some_and(|wanted| wanted != operation.revision)
    }

    /// Writes how the operation stands into the status.
    pub(super) fn tell(&mut self, operation: &Operation) {
        if let Some(state) = &mut self.status.operation {
            state.message.clone_from(&operation.message);
            state.retry_count = operation.retry_count;
            state.results = operation.results();
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
                initiated_by: initiated_by.clone(),
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
                initiated_by,
                phase: end.phase,
                message,
                heal: operation.request.heal_attempts > 0,
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
