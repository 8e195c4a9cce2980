//! An application's deletion: hooks, what it deployed, hooks again, and the finalizers that keep it
//! until then.

use super::{AppState, AppView, ApplyItem, Effect, Target};
use crate::argo;
use crate::compare::{LiveFacts, Subject, World, is_itself};
use crate::object::{DeletePhase, DeletePolicy, ObjectKey, Permission};
use crate::spec::Propagation;
use api::names;
use health::HealthStatus;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// How long the deletion waits after something has failed.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(10);

impl AppState {
    pub(super) fn is_deleting(&self) -> bool {
        self.app.as_ref().is_some_and(|a| a.deleting)
    }

    /// Takes note of what went wrong.
    pub(super) fn deletion_failed(&mut self, message: String, now: Timestamp) {
        let again_at = now.saturating_add(AGAIN_AFTER).unwrap_or(now);
        self.deletion_trouble = Some((message, again_at));
    }

    /// Goes on with the deletion as far as it can go, one finalizer after the other.
    pub(super) fn settle_deletion(
        &mut self,
        app: &AppView,
        world: &dyn World,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let has = |name: &str| app.finalizers.iter().any(|f| f == name);
        let cleanup = |name: &str| format!("{name}/cleanup");
        let (pre, post) = (names::PRE_DELETE_FINALIZER, names::POST_DELETE_FINALIZER);
        let mut notes = app.notes.clone();
        if let Some((message, again_at)) = &self.deletion_trouble {
            if now < *again_at {
                effects.push(Effect::WakeAt(*again_at));
                notes.push(("DeletionError".to_owned(), message.clone()));
                self.tell_of_deletion(notes, now, effects);
                return;
            }
            self.deletion_trouble = None;
        }
        let (done, finalizer) = if has(pre) {
            let done = self.run_delete_hooks(DeletePhase::PreDelete, world, now, effects);
            (done, pre.to_owned())
        } else if let Some(propagation) = argo::cascade(&app.finalizers) {
            let done = self.delete_all(app, world, propagation, now, &mut notes, effects);
            (done, names::RESOURCES_FINALIZER.to_owned())
        } else if has(post) {
            let done = self.run_delete_hooks(DeletePhase::PostDelete, world, now, effects);
            (done, post.to_owned())
        } else if has(&cleanup(pre)) {
            let done = self.clean_up(DeletePhase::PreDelete, world, now, effects);
            (done, cleanup(pre))
        } else if has(&cleanup(post)) {
            let done = self.clean_up(DeletePhase::PostDelete, world, now, effects);
            (done, cleanup(post))
        } else {
            return;
        };
        if let Some((message, again_at)) = &self.deletion_trouble {
            effects.push(Effect::WakeAt(*again_at));
            notes.push(("DeletionError".to_owned(), message.clone()));
        }
        self.tell_of_deletion(notes, now, effects);
        if done {
            effects.push(Effect::Finalize(without(&app.finalizers, &finalizer)));
        }
    }

    fn tell_of_deletion(
        &mut self,
        notes: Vec<(String, String)>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let before = self.status.conditions.clone();
        self.status.set_conditions(notes, now);
        if self.status.conditions != before {
            effects.push(Effect::Write {
                clear_operation: false,
                clear_refresh: false,
            });
        }
    }

    /// Creates the hooks of a phase and waits for them. Returns true once all are done.
    fn run_delete_hooks(
        &mut self,
        phase: DeletePhase,
        world: &dyn World,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let target = match &self.target {
            Some((_, Ok(target))) => Arc::clone(target),
            Some((_, Err(problem))) => {
                let message = problem.message.clone();
                self.target = None;
                self.deletion_failed(message, now);
                return false;
            }
            None => {
                // The commit that it was compared with last: that is what is deleted.
                let revision = self.status.revision.clone();
                if revision.is_empty() {
                    return true;
                }
                if self.asked.is_none() {
                    self.asked = Some(revision.clone());
                    effects.push(Effect::Load { revision });
                }
                return false;
            }
        };
        let missing = missing_hooks(&target, phase, world);
        if !missing.is_empty() {
            effects.push(Effect::Apply {
                target,
                items: missing,
                dry_run: false,
            });
            return false;
        }
        let mut failed = Vec::new();
        let mut runs = false;
        for (key, facts) in live_hooks(phase, world) {
            match facts.health.map(|h| h.status) {
                Some(HealthStatus::Progressing) => runs = true,
                Some(HealthStatus::Degraded) => {
                    failed.push(format!("{}/{}", key.namespace, key.name));
                    // It is made anew: its manifest may have been mended.
                    effects.push(Effect::Delete {
                        key,
                        propagation: Propagation::Background,
                        dry_run: false,
                    });
                }
                _ => {}
            }
        }
        if !failed.is_empty() {
            let name = match phase {
                DeletePhase::PreDelete => "PreDelete",
                DeletePhase::PostDelete => "PostDelete",
            };
            self.target = None;
            let message = format!("{name} hook(s) failed: {}", failed.join(", "));
            self.deletion_failed(message, now);
            return false;
        }
        !runs
    }

    /// Deletes what was deployed, highest wave first. Returns true once nothing is left.
    fn delete_all(
        &mut self,
        app: &AppView,
        world: &dyn World,
        propagation: Propagation,
        now: Timestamp,
        notes: &mut Vec<(String, String)>,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let subject = Subject {
            name: &app.name,
            namespace: &app.namespace,
            spec: &app.spec,
        };
        let mut left: Vec<(ObjectKey, LiveFacts)> = Vec::new();
        let mut asking = None;
        for key in world.tracked() {
            let is_kept = &*key.kind == "CustomResourceDefinition" || is_itself(&key, subject);
            let Some(facts) = world.live(&key).filter(|_| !is_kept) else {
                continue;
            };
            match facts.directives.delete.or(app.spec.options.delete) {
                Some(Permission::No) => continue,
                Some(Permission::Confirm) => asking = asking.or_else(|| Some(key.clone())),
                _ => {}
            }
            left.push((key, facts));
        }
        let approved = match (app.deletion_approved, app.deleting_since) {
            (Some(approved), Some(since)) => approved >= since,
            (approved, _) => approved.is_some(),
        };
        if let Some(key) = asking.filter(|_| !approved) {
            notes.push((
            "ApprovalRequired".to_owned(),
            format!(
                "the deletion of {key} needs a person's approval: annotate the application with \
                 {}: <the time now>",
                names::DELETION_APPROVED
            ),
        ));
            return false;
        }
        // One wave goes before the next begins to.
        let highest = left.iter().map(|(_, f)| f.directives.wave).max();
        for (key, facts) in left {
            if Some(facts.directives.wave) == highest && !facts.deleting {
                if facts.directives.is_held {
                    self.farewells.let_go(&key, now, effects);
                }
                self.farewells.delete(&key, propagation, now, effects);
            }
        }
        highest.is_none()
    }

    /// Deletes the hooks of a phase that ask for it. Returns true once they are gone.
    fn clean_up(
        &mut self,
        phase: DeletePhase,
        world: &dyn World,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let hooks = live_hooks(phase, world);
        let status = |f: &LiveFacts| {
            f.health
                .as_ref()
                .map_or(HealthStatus::Healthy, |h| h.status)
        };
        let worst = hooks.iter().map(|(_, f)| status(f)).max();
        let mut left = false;
        for (key, facts) in hooks {
            let mut policies = facts.directives.delete_policies.iter();
            let goes = policies.any(|policy| match policy {
                DeletePolicy::HookFailed => worst == Some(HealthStatus::Degraded),
                DeletePolicy::HookSucceeded => worst == Some(HealthStatus::Healthy),
                DeletePolicy::BeforeHookCreation => false,
            });
            if !goes {
                continue;
            }
            left = true;
            if !facts.deleting {
                let propagation = Propagation::Background;
                self.farewells.delete(&key, propagation, now, effects);
            }
        }
        !left
    }
}

/// Returns finalizers without one of ours; that of the resources has several spellings.
fn without(finalizers: &[String], name: &str) -> Vec<String> {
    let is_it = |f: &&String| match name {
        names::RESOURCES_FINALIZER => f.starts_with(name),
        name => *f == name,
    };
    finalizers.iter().filter(|f| !is_it(f)).cloned().collect()
}

/// Returns what creates the hooks of a phase that aren't there yet.
fn missing_hooks(target: &Target, phase: DeletePhase, world: &dyn World) -> Vec<ApplyItem> {
    let objects = target.objects.iter().enumerate();
    objects
        .filter(|(_, d)| d.directives.delete_hooks.contains(&phase))
        .filter(|(_, d)| world.live(&d.key).is_none())
        .map(|(index, desired)| ApplyItem {
            index,
            key: desired.key.clone(),
            replace: false,
            force: false,
            respect_ignored: false,
            hook_run: None,
        })
        .collect()
}

fn live_hooks(phase: DeletePhase, world: &dyn World) -> Vec<(ObjectKey, LiveFacts)> {
    let live = world.tracked().into_iter();
    live.filter_map(|key| world.live(&key).map(|facts| (key, facts)))
        .filter(|(_, facts)| facts.directives.delete_hooks.contains(&phase))
        .collect()
}
