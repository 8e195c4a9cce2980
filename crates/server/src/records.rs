//! The ledger as the pages show it: drifts and what was done, kept in memory as they are written.

use crate::board::{Board, Counts, News};
use crate::wire;
use api::names;
use bytes::Bytes;
use cluster::Cluster;
use controller::View;
use engine::{ObjectKey, format_time};
use jiff::{SignedDuration, Timestamp};
use ledger::{Action, AuditEntry, DriftRecord};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::broadcast;
use value::{Value, json};

/// Applications whose drift has changed that a listener may be behind.
const LISTEN_MAX: usize = 1_024;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A drift with its number.
pub(crate) struct Drift {
    pub(crate) number: i64,
    pub(crate) name: String,
    pub(crate) record: DriftRecord,
    pub(crate) took_ms: Option<i64>,
}

/// An entry of the trail with its number.
pub(crate) struct Audit {
    pub(crate) number: i64,
    pub(crate) entry: AuditEntry,
}

/// What the ledger holds, by number.
pub(crate) struct Records {
    namespace: Box<str>,
    drifts: RwLock<BTreeMap<i64, Arc<Drift>>>,
    audits: RwLock<BTreeMap<i64, Arc<Audit>>>,
    /// Applications whose drift has changed.
    changed: broadcast::Sender<Box<str>>,
}

impl Records {
    pub(crate) fn new(namespace: &str) -> Self {
        Self {
            namespace: namespace.into(),
            drifts: RwLock::default(),
            audits: RwLock::default(),
            changed: broadcast::Sender::new(LISTEN_MAX),
        }
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Box<str>> {
        self.changed.subscribe()
    }

    /// Returns all drifts, newest first.
    pub(crate) fn drifts(&self) -> Vec<Arc<Drift>> {
        let drifts = self.drifts.read().unwrap_or_else(PoisonError::into_inner);
        drifts.values().rev().cloned().collect()
    }

    /// Returns all entries of the trail, newest first.
    pub(crate) fn audits(&self) -> Vec<Arc<Audit>> {
        let audits = self.audits.read().unwrap_or_else(PoisonError::into_inner);
        audits.values().rev().cloned().collect()
    }

    /// Returns how many drifts an application has.
    pub(crate) fn counts(&self, app: &str, now: Timestamp) -> Counts {
        let drifts = self.drifts.read().unwrap_or_else(PoisonError::into_inner);
        let mut counts = Counts::default();
        for drift in drifts.values().filter(|d| d.record.app == app) {
            let open = drift.is_open();
            counts.open += u32::from(open);
            counts.day += u32::from(open || drift.record.at > now - DAY);
        }
        counts
    }

    /// Returns the open drifts of an application, newest first.
    pub(crate) fn open(&self, app: &str) -> Vec<Arc<Drift>> {
        let drifts = self.drifts.read().unwrap_or_else(PoisonError::into_inner);
        let open = drifts.values().rev();
        let open = open.filter(|d| d.record.app == app && d.is_open());
        open.cloned().collect()
    }

    /// Returns how many drifts of the last day each object of an application has.
    pub(crate) fn by_object(&self, app: &str, now: Timestamp) -> HashMap<ObjectKey, u32> {
        let drifts = self.drifts.read().unwrap_or_else(PoisonError::into_inner);
        let mut by_object = HashMap::new();
        for drift in drifts.values().filter(|d| d.record.app == app) {
            if drift.is_open() || drift.record.at > now - DAY {
                *by_object.entry(drift.record.key.clone()).or_default() += 1;
            }
        }
        by_object
    }

    /// Follows the ledger until it is dropped.
    pub(crate) async fn follow(self: Arc<Self>, view: View, board: Arc<Board>) {
        let cluster = Arc::clone(view.cluster());
        let mut drifts = cluster.follow(names::GROUP, "DriftRecord");
        let mut audits = cluster.follow(names::GROUP, "AuditEntry");
        loop {
            tokio::select! {
                key = drifts.recv() => match key {
                    Some(key) => self.take_drift(&cluster, &board, &key),
                    None => return,
                },
                key = audits.recv() => match key {
                    Some(key) => self.take_audit(&cluster, &board, &key),
                    None => return,
                },
            }
        }
    }

    fn take_drift(&self, cluster: &Cluster, board: &Board, key: &ObjectKey) {
        if *key.namespace != *self.namespace {
            return;
        }
        let live = cluster.get(key).map(|live| live.value());
        let Some(drift) = live.as_ref().and_then(Drift::of) else {
            if let Some(number) = number_of(key) {
                let drifts = self.drifts.write();
                drifts
                    .unwrap_or_else(PoisonError::into_inner)
                    .remove(&number);
            }
            return;
        };
        let app: Box<str> = drift.record.app.as_str().into();
        let message = Bytes::from(drift.to_value(&self.namespace).to_vec());
        {
            let mut drifts = self.drifts.write().unwrap_or_else(PoisonError::into_inner);
            let action = drift.record.action;
            let old = drifts.insert(drift.number, Arc::new(drift));
            // A watch that begins anew says again what is known.
            if old.is_some_and(|old| old.record.action == action) {
                return;
            }
        }
        // An error means that nobody listens.
        let _nobody = self.changed.send(app.clone());
        board.tell(News::Drift(app, message));
    }

    fn take_audit(&self, cluster: &Cluster, board: &Board, key: &ObjectKey) {
        if *key.namespace != *self.namespace {
            return;
        }
        let live = cluster.get(key).map(|live| live.value());
        let Some(audit) = live.as_ref().and_then(Audit::of) else {
            if let Some(number) = number_of(key) {
                let audits = self.audits.write();
                audits
                    .unwrap_or_else(PoisonError::into_inner)
                    .remove(&number);
            }
            return;
        };
        let app = audit.entry.app.as_str().into();
        let message = Bytes::from(audit.to_value(&self.namespace).to_vec());
        let known = {
            let mut audits = self.audits.write().unwrap_or_else(PoisonError::into_inner);
            audits.insert(audit.number, Arc::new(audit)).is_some()
        };
        if !known {
            board.tell(News::Audit(app, message));
        }
    }
}

/// Returns the number in an entry's name: `d-17`.
fn number_of(key: &ObjectKey) -> Option<i64> {
    key.name.split_once('-')?.1.parse().ok()
}

impl Drift {
    fn of(value: &Value) -> Option<Self> {
        Some(Self {
            number: value.i64_at(&["spec", "number"])?,
            name: value.str_at(&["metadata", "name"]).to_owned(),
            record: DriftRecord::from_value(value)?,
            took_ms: value.i64_at(&["outcome", "tookMilliseconds"]),
        })
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.record.action, Action::Open | Action::Healing)
    }

    /// Returns the word for what was done about it.
    pub(crate) const fn action(&self) -> &'static str {
        match self.record.action {
            Action::Open | Action::Healing => "open",
            Action::Healed => "healed",
            Action::Resolved => "adopted",
        }
    }

    fn note(&self) -> &'static str {
        match self.record.action {
            Action::Open => "the application does not heal itself",
            Action::Healing => "it is being undone",
            Action::Healed => "",
            Action::Resolved => "it went away, or Git wants it so by now",
        }
    }

    /// Returns the event as the pages get it.
    pub(crate) fn to_value(&self, namespace: &str) -> Value {
        let record = &self.record;
        let fields: Value = match record.fields.as_slice() {
            [] => json!([{"path": "", "git": "present", "live": "deleted"}]),
            fields => fields
                .iter()
                .map(|f| {
                    json!({
                        "path": f.path.as_str(), "git": f.git.as_str(), "live": f.live.as_str(),
                    })
                })
                .collect(),
        };
        let mut it = json!({
            "id": self.name.as_str(),
            "at": record.at.to_string(),
            "actor": wire::actor(&record.author),
            "cluster": names::IN_CLUSTER_NAME,
            "app": {"ns": namespace, "name": record.app.as_str()},
            "ref": wire::reference(&record.key),
            "fields": fields,
            "action": self.action(),
            "note": self.note(),
        });
        if let Some(took) = self.took_ms {
            it.set_at(&["tookMs"], took);
        }
        it
    }
}

impl Audit {
    fn of(value: &Value) -> Option<Self> {
        Some(Self {
            number: value.i64_at(&["spec", "number"])?,
            entry: AuditEntry::from_value(value)?,
        })
    }

    /// Returns the entry as the pages get it.
    pub(crate) fn to_value(&self, namespace: &str) -> Value {
        let entry = &self.entry;
        json!({
            "seq": self.number,
            "at": format_time(entry.at),
            "action": entry.action.as_str(),
            "actor": wire::actor(&entry.author),
            "app": {"ns": namespace, "name": entry.app.as_str()},
            "from": entry.from.as_str(),
            "to": entry.to.as_str(),
            "message": entry.message.as_str(),
        })
    }
}
