//! Whether a live object is as Git wants it: proved locally, or asked.

use crate::live::{LiveObject, digest};
use crate::store::Cluster;
use api::names::FIELD_MANAGER;
use engine::{FieldDiff, Match, ObjectKey};
use merge::drift::{FieldDrift, Options, Verdict};
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
            (
                key.clone(),
                Desired {
                    digest: digest(value),
                    value: Arc::clone(value),
                },
            )
        };
        Self {
            objects: objects.into_iter().map(prepare).collect(),
            memo: Mutex::default(),
        }
    }

    /// Returns how a live object compares with what Git wants. The local proof is made once per
    /// content of both sides.
    #[must_use]
    pub fn compare(&self, live: &LiveObject) -> Match {
        let Some(desired) = self.objects.get(&live.key) else {
            return Match::InSync;
        };
        let memo_key = (desired.digest, live.fingerprint);
        if let Some(known) = self.lock().get(&memo_key) {
            return known.as_ref().clone();
        }
        let verdict = prove(desired, live);
        self.remember(memo_key, &verdict);
        verdict
    }

    /// Takes note that an object was just applied. If it still seems to differ, somebody on the way
    /// changes what is applied (an admission webhook, say), and only the server can tell.
    pub fn applied(&self, live: &LiveObject) {
        if let (Match::Drift(_), Some(desired)) = (self.compare(live), self.objects.get(&live.key))
        {
            self.remember((desired.digest, live.fingerprint), &Match::Unknown);
        }
    }

    /// Asks the server about an object that the local proof says nothing about, and remembers the
    /// answer by content.
    pub async fn confirm(&self, cluster: &Cluster, live: &LiveObject) {
        let Some(desired) = self.objects.get(&live.key) else {
            return;
        };
        let Some(path) = cluster.path_of(live) else {
            return;
        };
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
///
/// The comparable form of the desired object is made each time and not kept: a proof is made once
/// per content of both sides, and keeping it for every object would triple the memory of an idle
/// controller.
fn prove(desired: &Desired, live: &LiveObject) -> Match {
    if *live.api_version != *desired.value.str_at(&["apiVersion"]) {
        return Match::Unknown;
    }
    let schema = merge::builtin();
    let (version, kind) = (&live.api_version, &live.key.kind);
    let built_in = schema.type_of(version, kind);
    let of = built_in.unwrap_or(merge::TypeId::DEDUCED);
    // What doesn't have the shape of its type is told best by the server.
    let Ok(typed) = merge::drift::Desired::prepare(schema, of, &desired.value) else {
        return Match::Unknown;
    };
    match typed.verdict(
        schema,
        &live.value(),
        &Options {
            manager: FIELD_MANAGER,
        },
    ) {
        // Who owns the fields is no difference that a user asked about.
        Verdict::InSync | Verdict::OwnershipOnly => Match::InSync,
        Verdict::Drift { fields } if built_in.is_some() => {
            Match::Drift(fields.iter().map(field_diff).collect())
        }
        // The schema of a custom resource is the server's: it is asked before anything is called
        // drift.
        Verdict::Drift { .. } | Verdict::Unknown { .. } => Match::Unknown,
    }
}

fn field_diff(field: &FieldDrift) -> FieldDiff {
    FieldDiff {
        path: field.path.trim_start_matches('.').to_owned(),
        git: field.desired.as_ref().map(Value::to_json),
        live: field.live.as_ref().map(Value::to_json),
        managers: field.owners.iter().map(|o| o.manager.clone()).collect(),
    }
}
