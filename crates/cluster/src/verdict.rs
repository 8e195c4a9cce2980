//! Whether a live object is as Git wants it: proved locally, or asked.

use crate::live::{LiveObject, digest};
use crate::store::Cluster;
use api::names::FIELD_MANAGER;
use engine::{FieldDiff, Ignore, Ignored, Match, ObjectKey};
use merge::drift::{FieldDrift, Options, Verdict};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use value::Value;

/// Answers that are remembered per application object; older ones are asked again.
const MEMO_FACTOR: usize = 8;

/// Objects that Git wants, prepared once for many comparisons, with the answers so far.
pub struct Prepared {
    ignore: Ignore,
    objects: HashMap<ObjectKey, Desired>,
    memo: Mutex<HashMap<(u64, u64), Arc<Match>>>,
}

struct Desired {
    digest: u64,
    value: Arc<Value>,
}

impl Prepared {
    /// Prepares the objects of one revision, and what doesn't count as a difference.
    #[must_use]
    pub fn new<'a>(
        objects: impl IntoIterator<Item = (&'a ObjectKey, &'a Arc<Value>)>,
        ignore: Ignore,
    ) -> Self {
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
            ignore,
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
        let verdict = prove(desired, live, self.ignore.of(&live.key).as_ref());
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
            Ok(after) => match self.difference(desired, live, &after) {
                fields if fields.is_empty() => Match::InSync,
                fields => Match::Drift(fields),
            },
            // What the server refuses is not in sync; the sync itself will say why.
            Err(error) if !error.is_unreachable() => Match::Drift(Vec::new()),
            Err(_) => return,
        };
        self.remember((desired.digest, live.fingerprint), &verdict);
    }

    /// Returns the fields that an apply would change and that count.
    fn difference(&self, desired: &Desired, live: &LiveObject, after: &Value) -> Vec<FieldDiff> {
        let value = live.value();
        let Some(ignored) = self.ignore.of(&live.key) else {
            return crate::difference(&value, after);
        };
        let (mut value, mut after) = (ignored.strip(&value), ignored.strip(after));
        if ignored.has_managers() {
            for field in drift(desired, live, Some(&ignored)).1 {
                value.remove_pointer(&field.pointer);
                after.remove_pointer(&field.pointer);
            }
        }
        crate::difference(&value, &after)
    }

    /// Returns what is to be applied of an object if ignored fields stay as they are in the cluster.
    #[must_use]
    pub fn respecting_ignored(&self, desired: &Arc<Value>, live: &LiveObject) -> Arc<Value> {
        match self.ignore.of(&live.key) {
            None => Arc::clone(desired),
            Some(ignored) => Arc::new(ignored.respect(desired, &live.value())),
        }
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
fn prove(desired: &Desired, live: &LiveObject, ignored: Option<&Ignored<'_>>) -> Match {
    if *live.api_version != *desired.value.str_at(&["apiVersion"]) {
        return Match::Unknown;
    }
    match drift(desired, live, ignored).0 {
        // Who owns the fields is no difference that a user asked about.
        Some(Verdict::InSync | Verdict::OwnershipOnly) => Match::InSync,
        Some(Verdict::Drift { fields }) if is_built_in(live) => {
            Match::Drift(fields.iter().map(field_diff).collect())
        }
        // The schema of a custom resource is the server's: it is asked before anything is called
        // drift.
        Some(Verdict::Drift { .. } | Verdict::Unknown { .. }) | None => Match::Unknown,
    }
}

fn type_of(live: &LiveObject) -> Option<merge::TypeId> {
    merge::builtin().type_of(&live.api_version, &live.key.kind)
}

fn is_built_in(live: &LiveObject) -> bool {
    type_of(live).is_some()
}

/// Returns the verdict without what is ignored, if there can be one, and the fields that are
/// ignored because of who owns them.
///
/// The comparable form of the desired object is made each time and not kept: a proof is made once
/// per content of both sides, and keeping it for every object would triple the memory of an idle
/// controller.
fn drift(
    desired: &Desired,
    live: &LiveObject,
    ignored: Option<&Ignored<'_>>,
) -> (Option<Verdict>, Vec<FieldDrift>) {
    let schema = merge::builtin();
    let of = type_of(live).unwrap_or(merge::TypeId::DEDUCED);
    let (wanted, value) = match ignored {
        None => (Cow::Borrowed(&*desired.value), live.value()),
        Some(it) => (
            Cow::Owned(it.strip(&desired.value)),
            it.strip(&live.value()),
        ),
    };
    // What doesn't have the shape of its type is told best by the server.
    let Ok(typed) = merge::drift::Desired::prepare(schema, of, &wanted) else {
        return (None, Vec::new());
    };
    let options = Options {
        manager: FIELD_MANAGER,
    };
    let verdict = typed.verdict(schema, &value, &options);
    match (verdict, ignored.filter(|it| it.has_managers())) {
        (Verdict::Drift { fields }, Some(it)) => {
            let (trusted, fields): (Vec<_>, Vec<_>) =
                fields.into_iter().partition(|f| is_trusted(f, it));
            let verdict = match fields.is_empty() {
                true => Verdict::OwnershipOnly,
                false => Verdict::Drift { fields },
            };
            (Some(verdict), trusted)
        }
        (verdict, _) => (Some(verdict), Vec::new()),
    }
}

/// Returns true if a trusted manager owns a field.
fn is_trusted(field: &FieldDrift, ignored: &Ignored<'_>) -> bool {
    let mut owners = field.owners.iter().filter(|o| o.certain);
    owners.any(|o| ignored.trusts(&o.manager))
}

fn field_diff(field: &FieldDrift) -> FieldDiff {
    FieldDiff {
        path: field.path.trim_start_matches('.').to_owned(),
        git: field.desired.as_ref().map(Value::to_json),
        live: field.live.as_ref().map(Value::to_json),
        managers: field.owners.iter().map(|o| o.manager.clone()).collect(),
    }
}
