//! What the API server has of an application, as far as its task has read or written it: what of
//! the core's state is news there, as one patch.

use super::status_value;
use crate::gate::Hold;
use crate::step::{AppState, AppView};
use api::names;
use value::{Object, Value, json};

/// What the API server has of an application, and since which revision of ours.
#[derive(Clone, Debug)]
pub struct Known {
    /// As bytes: it is looked at only when something is written.
    status: Box<[u8]>,
    holds: String,
    last_healthy: String,
    /// Our last write's: older news of the application is ignored.
    revision: u64,
}

/// From where an application was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// From the watch, which may lag behind our own writes.
    Watch,
    /// From the API server itself, after nobody knew what it had taken of our writes.
    Server,
}

/// What is to be taken off an application when its status is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clear {
    /// The operation that was asked for.
    pub operation: bool,
    /// The refresh that was asked for.
    pub refresh: bool,
}

/// News for the API server.
#[derive(Debug)]
pub struct Writing {
    /// The merge patch.
    pub patch: Value,
    status: Box<[u8]>,
    holds: String,
    last_healthy: String,
    finalizers: Option<Vec<String>>,
}

fn bytes(status: Option<&Value>) -> Box<[u8]> {
    let status = status.map_or_else(|| b"{}".to_vec(), Value::to_vec);
    status.into_boxed_slice()
}

fn holds_of(holds: &[Hold]) -> String {
    match holds {
        [] => String::new(),
        holds => Hold::format_list(holds),
    }
}

impl Known {
    /// Returns what is known at the beginning.
    #[must_use]
    pub fn of(application: &Value) -> Self {
        Self {
            status: bytes(application.get("status")),
            holds: String::new(),
            last_healthy: String::new(),
            revision: 0,
        }
    }

    /// Returns true for what was there before our own last write: what it says was dealt with.
    #[must_use]
    pub const fn is_newer_than(&self, revision: u64) -> bool {
        revision < self.revision
    }

    /// Takes note of the application as it is at a revision, ours or somebody else's.
    pub fn read(&mut self, application: &Value, view: &AppView, revision: u64, from: Reading) {
        // What an earlier life has written, or somebody else, may be news to this one.
        if revision > self.revision {
            self.status = bytes(application.get("status"));
        }
        if from == Reading::Server {
            self.revision = self.revision.max(revision);
        }
        self.holds = holds_of(&view.holds);
        self.last_healthy.clone_from(&view.last_healthy);
    }

    /// Returns what has changed in status, annotations, finalizers and operation; `None` if nothing
    /// has. `namespace` is the controller's.
    ///
    /// # Panics
    /// Never: the status that is kept was JSON when it came.
    #[must_use]
    pub fn writing(&self, state: &AppState, namespace: &str, clear: Clear) -> Option<Writing> {
        let status = status_value(state, namespace);
        let mut patch = Object::new();
        let before = Value::parse(&self.status).expect("it was JSON when it came");
        let changes = status_changes(&before, &status);
        if !changes.is_empty() {
            patch.insert("status", changes);
        }
        let holds = holds_of(&state.holds);
        let last_healthy = state.last_healthy.clone();
        let mut annotations = Object::new();
        for (name, now, before) in [
            (names::HOLDS, &holds, &self.holds),
            (names::LAST_HEALTHY, &last_healthy, &self.last_healthy),
        ] {
            if now != before {
                annotations.insert(name, Some(now.as_str()).filter(|t| !t.is_empty()));
            }
        }
        if clear.refresh {
            annotations.insert(names::REFRESH, Value::Null);
        }
        if !annotations.is_empty() {
            let annotations = Value::Object(annotations);
            patch.insert("metadata", json!({"annotations": annotations}));
        }
        let finalizers = state.finalizers_to_write();
        if let Some(finalizers) = &finalizers {
            let list: Value = finalizers.iter().cloned().collect();
            patch.object("metadata").insert("finalizers", list);
        }
        if clear.operation {
            patch.insert("operation", Value::Null);
        }
        (!patch.is_empty()).then(|| Writing {
            patch: Value::Object(patch),
            status: bytes(Some(&status)),
            holds,
            last_healthy,
            finalizers,
        })
    }

    /// Takes note that the API server has taken it, as its `revision`.
    pub fn written(&mut self, writing: Writing, state: &mut AppState, revision: Option<u64>) {
        self.status = writing.status;
        self.holds = writing.holds;
        self.last_healthy = writing.last_healthy;
        self.revision = revision.unwrap_or(self.revision);
        if let Some(finalizers) = writing.finalizers {
            state.finalizers_written(finalizers);
        }
    }
}

/// Returns the patch that leaves an application these finalizers.
#[must_use]
pub fn finalizers_patch(finalizers: &[String]) -> Value {
    let list: Value = finalizers.iter().cloned().collect();
    json!({"metadata": {"finalizers": list}})
}

/// Returns the merge patch between two statuses: changed members whole, vanished ones null. When
/// nothing but `reconciledAt` would move, there is nothing to write: an idle application costs no
/// request.
fn status_changes(before: &Value, after: &Value) -> Value {
    let changes = value::create_merge_patch(before, after);
    let members = changes.as_object();
    let only_time = members.is_some_and(|c| c.len() == 1 && c.contains_key("reconciledAt"));
    match only_time && before.get("reconciledAt").is_some() {
        true => Value::object(),
        false => changes,
    }
}
