//! One application in detail, computed when somebody asks.

mod diff;
mod overview;
mod plan;
mod preview;
mod tree;

pub(crate) use diff::{compare, diff, extra, object_line, render, step, text};
pub(crate) use overview::{can, overview};
pub(crate) use plan::{blocked, plan, plan_digest};
pub(crate) use preview::preview;
pub(crate) use tree::{LiveNode, images, live_nodes, tree};

use crate::access::App;
use crate::wire;
use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};
use value::Value;

/// Answers that are remembered; a few dozen people look at the same few applications.
const REMEMBERED_MAX: usize = 64;
/// Bytes of an answer that is remembered.
const ANSWER_MAX: usize = 4 * 1024 * 1024;

/// Answers by everything that they depend on.
#[derive(Default)]
pub(crate) struct Memory {
    known: Mutex<(HashMap<u64, Bytes>, VecDeque<u64>)>,
}

impl Memory {
    pub(crate) fn get(&self, key: u64) -> Option<Bytes> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.0.get(&key).cloned()
    }

    pub(crate) fn put(&self, key: u64, answer: &Bytes) {
        if answer.len() > ANSWER_MAX {
            return;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (answers, order) = &mut *known;
        if answers.insert(key, answer.clone()).is_none() {
            order.push_back(key);
        }
        while order.len() > REMEMBERED_MAX {
            if let Some(oldest) = order.pop_front() {
                answers.remove(&oldest);
            }
        }
    }
}

/// Returns a digest of a question, of the application as it is, and of its live objects.
pub(crate) fn question(app: &App, what: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (what, &app.key).hash(&mut hasher);
    let text = |path: &[&str]| app.value.str_at(path);
    text(&["metadata", "uid"]).hash(&mut hasher);
    text(&["metadata", "resourceVersion"]).hash(&mut hasher);
    let cluster = app.view().cluster();
    for key in cluster.tracked(app.name()) {
        let live = cluster.get(&key);
        (&key, live.map(|live| live.resource_version)).hash(&mut hasher);
    }
    hasher.finish()
}

/// Returns who made the newest commit of a revision of an application's sources, if that is known
/// here.
pub(crate) fn commit_info(app: &App, revision: &str) -> Option<controller::CommitInfo> {
    app.view().commit(&app.parsed.spec, revision)
}

/// Returns a revision as a commit; null if there is none.
pub(crate) fn commit(app: &App, revision: &str) -> Value {
    if revision.is_empty() {
        return Value::Null;
    }
    let info = commit_info(app, revision);
    info.map_or_else(|| wire::bare_commit(revision), |info| wire::commit(&info))
}

/// Returns the revision that was deployed last: that of the newest entry of the history.
pub(crate) fn deployed(app: &App) -> String {
    let history = app.value.array_at(&["status", "history"]);
    match history.last() {
        Some(entry) => engine::argo::revision_of(entry),
        None => String::new(),
    }
}
