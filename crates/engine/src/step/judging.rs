//! What follows from a comparison: health, automation, drift, conditions.

use super::{AppState, AppView, Config, Effect, Record, short};
use crate::auto::Decision;
use crate::compare::World;
use crate::gate::{Hold, Verdict};
use crate::operation::OperationPhase;
use crate::rules::{Window, blocked_by};
use crate::status::SyncStatus;
use crate::{auto, gate};
use jiff::{SignedDuration, Timestamp};

impl AppState {
    /// Remembers a healthy revision, or rolls back one that didn't become healthy in time.
    pub(super) fn judge_health(
        &mut self,
        app: &AppView,
        config: &Config,
        now: Timestamp,
        notes: &mut Vec<(String, String)>,
        effects: &mut Vec<Effect>,
    ) {
        if self.operation.is_some() {
            return;
        }
        let gate = app.health_gate.unwrap_or(config.health_gate);
        let when = (app.rollback_on, gate);
        match gate::judge(&app.spec, &self.status, &self.last_healthy, when, now) {
            Verdict::Idle => {}
            Verdict::Healthy => {
                let deployed = self.status.history.last().map(|h| h.revision.clone());
                self.last_healthy = deployed.unwrap_or_default();
            }
            Verdict::Open(deadline) => effects.push(Effect::WakeAt(deadline)),
            // Going back is automation, too.
            Verdict::Failed if app.pause.as_ref().is_some_and(|p| p.lasts(now)) => {}
            Verdict::Failed => self.roll_back(now, notes, effects),
        }
    }

    pub(super) fn roll_back(
        &mut self,
        now: Timestamp,
        notes: &mut Vec<(String, String)>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(failed) = gate::deployed(&self.status).map(|(r, _)| r.to_owned()) else {
            return;
        };
        if self.holds.iter().any(|h| h.revision == failed) || failed == self.last_healthy {
            return;
        }
        // A revision that was rolled back to and isn't healthy either: no going round in circles.
        if self.holds.iter().any(|h| h.back_to == failed) {
            let text = format!(
                "revision {} was rolled back to and is not healthy either: a person must decide",
                short(&failed)
            );
            notes.push(("RollbackError".to_owned(), text));
            return;
        }
        let health = self.status.health.as_ref();
        let why = health.map(|h| h.message.clone()).filter(|m| !m.is_empty());
        let status = health.map_or("Unknown", |h| h.status.as_str());
        let since = self.status.history.last().map_or(now, |h| h.deployed_at);
        let after = SignedDuration::from_secs(now.duration_since(since).as_secs());
        let message = match why {
            Some(why) => format!("{status} after {after:#}: {why}"),
            None => format!("{status} after {after:#}"),
        };
        self.holds.push(Hold {
            revision: failed.clone(),
            back_to: self.last_healthy.clone(),
            message: message.clone(),
            by: gate::GATE.to_owned(),
            since: Some(now),
        });
        effects.push(Effect::Record(Record::RolledBack {
            from: failed,
            to: self.last_healthy.clone(),
            message,
        }));
        let wanted = self.last_healthy.clone();
        if self
            .target
            .as_ref()
            .is_none_or(|(revision, _)| *revision != wanted)
        {
            self.asked = Some(wanted.clone());
            effects.push(Effect::Load { revision: wanted });
        }
    }

    /// Starts what automation decides.
    pub(super) fn automate(
        &mut self,
        app: &AppView,
        world: &dyn World,
        config: &Config,
        now: Timestamp,
        notes: &mut Vec<(String, String)>,
        effects: &mut Vec<Effect>,
    ) {
        if self.operation.is_some() || app.operation.is_some() || self.resolving {
            return;
        }
        let Some(wanted) = self.wanted_revision() else {
            return;
        };
        if self.status.revision != wanted
            || self.status.sync != SyncStatus::OutOfSync
            || !self.comparison.unknown.is_empty()
        {
            self.sync_error_note(app, notes);
            return;
        }
        if app.pause.as_ref().is_some_and(|p| p.lasts(now)) {
            return;
        }
        match auto::decide(&app.spec, &self.status, &self.comparison, &wanted, now) {
            Decision::Nothing => {}
            Decision::WaitUntil(at) => {
                self.sync_error_note(app, notes);
                effects.push(Effect::WakeAt(at));
            }
            Decision::Refuse(message) => notes.push(("SyncError".to_owned(), message)),
            Decision::Start(request) => {
                if let Some((kind, message, until)) = held_up(app, &wanted, world, now) {
                    self.sync_error_note(app, notes);
                    notes.push((kind.to_owned(), message));
                    effects.extend(until.map(Effect::WakeAt));
                    return;
                }
                self.was_self_healing = request.heal_attempts > 0;
                if self.was_self_healing {
                    // The drift is recorded before it is undone.
                    self.look_for_drift(app, effects);
                }
                self.start(*request, now);
                self.run(app, world, config, now, effects);
            }
        }
    }

    pub(super) fn sync_error_note(&self, app: &AppView, notes: &mut Vec<(String, String)>) {
        let Some(operation) = &self.status.operation else {
            return;
        };
        let failed = matches!(
            operation.phase,
            OperationPhase::Failed | OperationPhase::Error
        );
        let automated = app.spec.automated.is_some()
            && operation
                .operation
                .at(&["initiatedBy", "automated"])
                .is_some();
        if failed && automated && operation.revision == self.status.revision {
            let message = auto::failed_message(&operation.revision, &operation.message);
            notes.push(("SyncError".to_owned(), message));
        }
    }

    /// Records objects that were as Git wants them and no longer are, and those that are again.
    pub(super) fn look_for_drift(&mut self, app: &AppView, effects: &mut Vec<Effect>) {
        let revision = self.status.revision.clone();
        let busy = self
            .operation
            .as_ref()
            .is_some_and(|o| o.request.heal_attempts == 0);
        let heals = app.spec.automated.is_some_and(|a| a.self_heal);
        let mut records = Vec::new();
        for resource in self
            .comparison
            .resources
            .iter()
            .filter(|r| !r.requires_pruning)
        {
            let key = &resource.key;
            match resource.sync {
                Some(SyncStatus::Synced) => {
                    if let Some(healing) = self.drifts.remove(key) {
                        let by_us = healing && self.was_self_healing;
                        records.push(Record::Healed {
                            key: key.clone(),
                            by_us,
                        });
                    }
                    self.in_sync.insert(key.clone(), revision.clone());
                }
                Some(SyncStatus::OutOfSync) if !self.comparison.unknown.contains(key) => {
                    let drifted = self.in_sync.get(key).is_some_and(|r| *r == revision);
                    if drifted && !busy && !self.drifts.contains_key(key) {
                        self.drifts.insert(key.clone(), heals);
                        records.push(Record::Drift {
                            key: key.clone(),
                            fields: resource.fields.clone(),
                            heals,
                        });
                    }
                }
                _ => {}
            }
        }
        effects.extend(records.into_iter().map(Effect::Record));
    }

    /// Says that nothing is done without being asked, and looks again when that is over.
    pub(super) fn pause_note(
        app: &AppView,
        now: Timestamp,
        notes: &mut Vec<(String, String)>,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(pause) = app.pause.as_ref().filter(|p| p.lasts(now)) {
            notes.push(("Paused".to_owned(), pause.sentence()));
            effects.extend(pause.until.map(Effect::WakeAt));
        }
    }

    pub(super) fn hold_note(&self, notes: &mut Vec<(String, String)>) {
        let Some(Ok(resolved)) = &self.resolved else {
            return;
        };
        if let Some(hold) = self.holds.iter().rev().find(|h| h.revision == *resolved) {
            let instead = self.wanted_revision().unwrap_or_default();
            notes.push((
                "RevisionHeld".to_owned(),
                format!(
                    "revision {} is held by {} ({}); {} is deployed instead. Push a newer commit, \
                     or: windlass app unhold",
                    short(&hold.revision),
                    hold.by,
                    hold.message,
                    short(&instead),
                ),
            ));
        }
    }
}

/// Returns what keeps automation from syncing now: the condition's type, the sentence, and when it
/// is worth looking again.
fn held_up(
    app: &AppView,
    revision: &str,
    world: &dyn World,
    now: Timestamp,
) -> Option<(&'static str, String, Option<Timestamp>)> {
    if let Window::Closed { why, until } = world.window(false, None, now) {
        let message = format!("nothing is synced automatically: {why}");
        return Some(("SyncWindow", message, until));
    }
    let why = blocked_by(app, revision, world)?;
    Some(("Blocked", format!("blocked because {why}"), None))
}
