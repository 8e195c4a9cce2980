//! What must be so, whatever happens.
//!
//! After every change of the cluster:
//! - an object that the controller deletes carries the mark of its application;
//! - a hook that was completed is not made again by the same attempt of an operation;
//! - a running operation that is written down can be read again as it is.
//!
//! Once the storm is over, [`crate::run`] asks that every application be as Git wants it.

use crate::cluster::Plane;
use api::names;
use controlplane::{Change, Event};
use engine::{ObjectKey, OperationPhase, Tracking, argo};
use std::collections::BTreeSet;
use value::Value;

/// What was seen so far.
#[derive(Default)]
pub(crate) struct Checks {
    seen: usize,
    /// Hooks that have completed, by the attempt that made them.
    completed: BTreeSet<(ObjectKey, String)>,
}

impl Checks {
    /// Looks at what the API server did since the last look.
    pub(crate) fn look(&mut self, plane: &Plane) -> Result<(), String> {
        while let Some(event) = plane.history.get(self.seen) {
            self.seen += 1;
            self.event(plane, event)?;
        }
        Ok(())
    }

    fn event(&mut self, plane: &Plane, event: &Event) -> Result<(), String> {
        let object = &event.object.value;
        let key = ObjectKey::of(object);
        if &*key.kind == "Application" {
            return resumable(object);
        }
        let by = plane.registry.audit().of_revision(event.revision);
        let is_ours = by.is_some_and(|by| by.manager == names::FIELD_MANAGER);
        let before = event.before.as_ref().map(|b| &b.value);
        let begins_to_go = event.change == Change::Deleted
            || object.at(&["metadata", "deletionTimestamp"]).is_some()
                && before.is_some_and(|b| b.at(&["metadata", "deletionTimestamp"]).is_none());
        if is_ours && begins_to_go {
            let was = before.unwrap_or(object);
            if Tracking::default().owner(&key, was).is_none() {
                return Err(format!("{key} was deleted, but belongs to no application"));
            }
        }
        let run = object.str_at(&["metadata", "annotations", names::HOOK_RUN]);
        if !run.is_empty() {
            let hook = (key.clone(), run.to_owned());
            if event.change == Change::Created && self.completed.contains(&hook) {
                return Err(format!("the hook {key} runs twice in attempt {run}"));
            }
            let conditions = object.array_at(&["status", "conditions"]).iter();
            let ends = |c: &Value| matches!(c.str_at(&["type"]), "Complete" | "Failed");
            if conditions.clone().any(ends) {
                self.completed.insert(hook);
            }
        }
        Ok(())
    }
}

/// Says if the operation that an application has written down can't be read again.
fn resumable(application: &Value) -> Result<(), String> {
    let phase = application.str_at(&["status", "operationState", "phase"]);
    if phase.is_empty() {
        return Ok(());
    }
    let Some(operation) = argo::status_from(application).operation else {
        return Err("status.operationState can't be read again".to_owned());
    };
    if OperationPhase::parse(phase) != operation.phase {
        return Err(format!("{phase} is read again as {:?}", operation.phase));
    }
    let spec = argo::view(application).spec;
    if operation.phase == OperationPhase::Running
        && argo::request_from(&operation.operation, &spec).is_none()
    {
        return Err("a running operation can't be resumed".to_owned());
    }
    Ok(())
}
