//! The entries of one kind, bounded in number, oldest first.

use crate::entry::{Action, DriftRecord};
use api::names;
use cluster::{ApiError, Client};
use std::collections::VecDeque;
use value::Value;

pub(crate) struct Shelf {
    pub(crate) collection: String,
    max: usize,
    /// Names of the entries that are there; `None` until they were listed.
    names: Option<VecDeque<String>>,
    next: u64,
}

impl Shelf {
    pub(crate) fn new(namespace: &str, plural: &str, max: usize) -> Self {
        Self {
            collection: format!(
                "/apis/{}/namespaces/{namespace}/{plural}",
                names::API_VERSION
            ),
            max,
            names: None,
            next: 1,
        }
    }

    /// Returns the number of a new entry; no other entry gets it.
    pub(crate) const fn take_number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    pub(crate) const fn is_known(&self) -> bool {
        self.names.is_some()
    }

    /// Forgets what is there: somebody else writes too.
    pub(crate) fn forget(&mut self) {
        self.names = None;
    }

    /// Learns what is there. Returns the drifts that aren't over.
    pub(crate) async fn load(
        &mut self,
        client: &Client,
    ) -> Result<Vec<(String, DriftRecord)>, ApiError> {
        let list = client.get(&self.collection).await?;
        let mut open = Vec::new();
        let mut entries: Vec<(u64, String)> = Vec::new();
        for item in list.array_at(&["items"]) {
            let number = item.i64_at(&["spec", "number"]);
            let Some(number) = number.and_then(|n| u64::try_from(n).ok()) else {
                continue;
            };
            let name = item.str_at(&["metadata", "name"]).to_owned();
            let record = DriftRecord::from_value(item);
            if let Some(record) = record
                && matches!(record.action, Action::Open | Action::Healing)
            {
                open.push((name.clone(), record));
            }
            entries.push((number, name));
        }
        entries.sort();
        let last = entries.last().map_or(0, |(number, _)| *number);
        // What is on its way has a number already.
        self.next = self.next.max(last + 1);
        self.names = Some(entries.into_iter().map(|(_, name)| name).collect());
        Ok(open)
    }

    /// Takes note of an entry that was written. Returns the paths of those that are too many now.
    pub(crate) fn add(&mut self, name: String) -> Vec<String> {
        let Some(kept) = &mut self.names else {
            // It will be listed with the others.
            return Vec::new();
        };
        kept.push_back(name);
        let surplus = kept.len().saturating_sub(self.max);
        let path = |name: String| format!("{}/{name}", self.collection);
        kept.drain(..surplus).map(path).collect()
    }
}

/// Returns the name of the entry that `object` is.
pub(crate) fn name_of(object: &Value) -> String {
    object.str_at(&["metadata", "name"]).to_owned()
}
