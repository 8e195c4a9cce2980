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
        let mut verdict = prove(desired, live, self.ignore.of(&live.key).as_ref());
        hide_secrets(live, &mut verdict);
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
        match crate::dry_run(cluster.client(), &path, &desired.value).await {
            Ok(after) => self.told(live, Some(&after)),
            Err(error) if error.is_unreachable() => {}
            Err(_) => self.told(live, None),
        }
    }

    /// Takes the server's word about what an object would become; `None` if it refuses that.
    pub fn told(&self, live: &LiveObject, after: Option<&Value>) {
        let Some(desired) = self.objects.get(&live.key) else {
            return;
        };
        let mut verdict = match after.map(|after| self.difference(desired, live, after)) {
            Some(fields) if fields.is_empty() => Match::InSync,
            Some(fields) => Match::Drift(fields),
            // What the server refuses is not in sync; the sync itself will say why.
            None => Match::Drift(Vec::new()),
        };
        hide_secrets(live, &mut verdict);
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

/// Hides what a Secret holds: nobody who reads a difference learns it. Whether two values are the
/// same stays visible.
fn hide_secrets(live: &LiveObject, verdict: &mut Match) {
    let Match::Drift(fields) = verdict else {
        return;
    };
    if &*live.key.kind != "Secret" || !live.key.group.is_empty() {
        return;
    }
    for field in fields {
        let is_open = field.path.starts_with("metadata.labels") || field.path == "type";
        if is_open {
            continue;
        }
        let is_same = field.git == field.live;
        field.git = field.git.take().map(|_| MASK.to_owned());
        field.live = field.live.take().map(|_| match is_same {
            true => MASK.to_owned(),
            false => OTHER_MASK.to_owned(),
        });
    }
}

/// What stands for a value, and for another one, as JSON.
const MASK: &str = "\"++++++++\"";
const OTHER_MASK: &str = "\"+++++++++\"";

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
        owner: owner(field),
        pointer: stable_pointer(&field.pointer),
    }
}

/// Returns who owns a field instead of us: `kube-controller-manager through scale since ...`.
fn owner(field: &FieldDrift) -> Option<String> {
    let mut others = field.owners.iter();
    let owner = others.find(|o| o.certain && o.manager != FIELD_MANAGER)?;
    let mut text = owner.manager.clone();
    if !owner.subresource.is_empty() {
        text.push_str(&format!(" through {}", owner.subresource));
    }
    if !owner.time.is_empty() {
        text.push_str(&format!(" since {}", owner.time));
    }
    Some(text)
}

/// Returns a pointer, unless it counts the items of a list: those may move.
fn stable_pointer(pointer: &str) -> String {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match pointer.split('/').any(is_number) {
        true => String::new(),
        false => pointer.to_owned(),
    }
}

/// Returns what differs between a live object and what Git wants as far as it can be told without
/// the server, with who owns it.
#[must_use]
pub fn local_difference(desired: &Arc<Value>, live: &LiveObject) -> Vec<FieldDiff> {
    let desired = Desired {
        digest: 0,
        value: Arc::clone(desired),
    };
    let fields = match drift(&desired, live, None).0 {
        Some(Verdict::Drift { fields } | Verdict::Unknown { fields, .. }) => fields,
        _ => Vec::new(),
    };
    fields.iter().map(field_diff).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Tracking;
    use value::json;

    fn live(object: &Value) -> LiveObject {
        LiveObject::read(object, &Tracking::default()).unwrap()
    }

    fn prepared(object: &Value, ignore: Value) -> Prepared {
        let ignore = Ignore::parse(&[ignore], &mut Vec::new());
        let desired = Arc::new(object.clone());
        Prepared::new([(&ObjectKey::of(object), &desired)], ignore)
    }

    fn deployment(replicas: i64) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "ns"},
            "spec": {
                "replicas": replicas, "selector": {"matchLabels": {"a": "b"}},
                "template": {
                    "metadata": {"labels": {"a": "b"}},
                    "spec": {"containers": [{"name": "c", "image": "x"}]},
                },
            },
        })
    }

    #[test]
    fn what_is_ignored_is_no_difference() {
        let (git, changed) = (deployment(1), deployment(5));
        let rule = |what: Value| {
            let mut rule = json!({"group": "apps", "kind": "Deployment"});
            rule.merge_patch(&what);
            rule
        };
        let nothing = prepared(&git, rule(json!({}))).compare(&live(&changed));
        assert!(
            matches!(&nothing, Match::Drift(f) if f.len() == 1),
            "{nothing:?}"
        );
        for what in [
            json!({"jsonPointers": ["/spec/replicas"]}),
            json!({"jqPathExpressions": [".spec.replicas"]}),
        ] {
            let it = prepared(&git, rule(what)).compare(&live(&changed));
            assert_eq!(it, Match::InSync);
        }
        // Somebody whose fields don't count has changed it.
        let mut scaled = changed;
        scaled.set_at(
            &["metadata", "managedFields"],
            json!([{
                "manager": "hpa", "operation": "Update", "apiVersion": "apps/v1",
                "fieldsType": "FieldsV1", "time": "2026-01-01T00:00:00Z",
                "fieldsV1": {"f:spec": {"f:replicas": {}}},
            }]),
        );
        let Match::Drift(fields) = prepared(&git, Value::Null).compare(&live(&scaled)) else {
            panic!("it differs");
        };
        let said = (fields[0].owner.as_deref(), fields[0].pointer.as_str());
        assert_eq!(
            said,
            (Some("hpa since 2026-01-01T00:00:00Z"), "/spec/replicas")
        );
        let trusted = rule(json!({"managedFieldsManagers": ["hpa"]}));
        assert_eq!(
            prepared(&git, trusted).compare(&live(&scaled)),
            Match::InSync
        );
        let other = rule(json!({"managedFieldsManagers": ["someone"]}));
        let it = prepared(&git, other).compare(&live(&scaled));
        assert!(matches!(it, Match::Drift(_)), "{it:?}");
    }

    #[test]
    fn what_a_secret_holds_is_hidden() {
        let secret = |text: &str| {
            json!({
                "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
                "metadata": {"name": "s", "namespace": "ns"}, "data": {"password": text},
            })
        };
        let git = secret("aGlk");
        let it = prepared(&git, Value::Null).compare(&live(&secret("b3Blbg==")));
        let Match::Drift(fields) = &it else {
            panic!("{it:?}");
        };
        assert_eq!(fields[0].path, "data.password");
        assert_eq!(fields[0].git.as_deref(), Some(MASK));
        assert_eq!(fields[0].live.as_deref(), Some(OTHER_MASK));
    }
}
