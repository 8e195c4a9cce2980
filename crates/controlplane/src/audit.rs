//! Who wrote which revision: a bounded memory of successful writes.

use std::collections::VecDeque;
use std::sync::Mutex;

use jiff::Timestamp;

/// Writes that are remembered. Whoever asks does so within seconds of a watch event, and this is
/// minutes of a busy cluster.
const ENTRIES_MAX: usize = 20_000;

/// One successful write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The revision that it made.
    pub revision: u64,
    /// The user's name.
    pub user: String,
    /// The client program.
    pub user_agent: String,
    /// The field manager.
    pub manager: String,
    /// What was done: `create`, `update`, `patch`, `apply` or `delete`.
    pub verb: &'static str,
    /// The API group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The plural of the kind.
    pub resource: String,
    /// The subresource, or empty.
    pub subresource: String,
    /// The namespace, or empty.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// When it was done.
    pub time: Timestamp,
}

/// The last writes.
#[derive(Debug, Default)]
pub struct Audit {
    entries: Mutex<VecDeque<Entry>>,
}

impl Audit {
    pub(crate) fn record(&self, entry: Entry) {
        let mut entries = self.entries.lock().expect("no holder of this lock panics");
        if entries.len() == ENTRIES_MAX {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// Returns the write that made `revision`, if it is remembered.
    #[must_use]
    pub fn of_revision(&self, revision: u64) -> Option<Entry> {
        let entries = self.entries.lock().expect("no holder of this lock panics");
        entries
            .iter()
            .rev()
            .find(|e| e.revision == revision)
            .cloned()
    }

    /// Returns the writes after `revision`, oldest first.
    #[must_use]
    pub fn since(&self, revision: u64) -> Vec<Entry> {
        let entries = self.entries.lock().expect("no holder of this lock panics");
        entries
            .iter()
            .filter(|e| e.revision > revision)
            .cloned()
            .collect()
    }
}
