//! The board: one row for each application, kept in memory, with what has changed since.
//!
//! Changes are gathered for a tenth of a second and numbered; the last of them stay in a ring from
//! which every listener reads at its own pace. Who falls behind the ring begins anew. What is sent
//! is written once for all who may see the same.

mod columns;
mod fake;
mod news;
mod row;
mod sight;

pub(crate) use columns::pack;
pub(crate) use fake::Fleet;
pub(crate) use news::{News, Read, app_message};
pub(crate) use row::{Counts, Row, flag};
pub(crate) use sight::SEES;

use crate::access::Caller;
use crate::causes::Known;
use crate::records::Records;
use bytes::Bytes;
use controller::View;
use engine::ObjectKey;
use jiff::Timestamp;
use news::Ring;
use sight::Sights;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;

/// Changes are gathered this long: below what a person notices, and enough to fold a storm.
const GATHER: Duration = Duration::from_millis(100);
/// Rows of one message.
const ROWS_MAX: usize = 1_000;

type Name = (Box<str>, Box<str>);

/// What an application's change is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Touch {
    /// The resource, or what is known of its drift.
    Row,
    /// One of its live objects.
    Objects,
}

/// The board.
pub(crate) struct Board {
    namespace: Box<str>,
    rows: RwLock<BTreeMap<Name, Arc<Row>>>,
    next_id: Mutex<u32>,
    ring: Mutex<Ring>,
    news: watch::Sender<u64>,
    sights: Sights,
    snapshots: Mutex<columns::Snapshots>,
}

impl Board {
    pub(crate) fn new(namespace: &str) -> Self {
        // Numbers of an earlier life are smaller: who comes with one of them begins anew.
        let start = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0);
        Self {
            namespace: namespace.into(),
            rows: RwLock::default(),
            next_id: Mutex::new(0),
            ring: Mutex::new(Ring::new(start)),
            news: watch::Sender::new(start),
            sights: Sights::default(),
            snapshots: Mutex::default(),
        }
    }

    /// Returns the number of the last change.
    pub(crate) fn seq(&self) -> u64 {
        *self.news.borrow()
    }

    /// Returns where the number of the last change comes out.
    pub(crate) fn listen(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Returns what has changed since `seq`.
    pub(crate) fn since(&self, seq: u64) -> Read {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.since(seq)
    }

    /// Returns a row.
    pub(crate) fn row(&self, ns: &str, name: &str) -> Option<Arc<Row>> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        rows.get(&(ns.into(), name.into())).cloned()
    }

    /// Returns every row, for what everybody may know.
    pub(crate) fn all(&self) -> Vec<Arc<Row>> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        rows.values().cloned().collect()
    }

    /// Returns how many applications there are.
    pub(crate) fn count(&self) -> usize {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        rows.len()
    }

    /// Returns how many applications are in a project.
    pub(crate) fn users_of(&self, project: &str) -> usize {
        self.all()
            .iter()
            .filter(|row| *row.project == *project)
            .count()
    }

    /// Returns the rows that somebody may see, by name.
    pub(crate) fn visible(&self, caller: &Caller) -> Vec<Arc<Row>> {
        let rows = self.all();
        let masks = self.masks(caller, &rows);
        let seen = rows.into_iter().zip(masks);
        seen.filter_map(|(row, mask)| (mask & SEES != 0).then_some(row))
            .collect()
    }

    /// Returns what somebody may do with each of some rows.
    pub(crate) fn masks(&self, caller: &Caller, rows: &[Arc<Row>]) -> Vec<u8> {
        self.sights.masks(caller, &self.namespace, rows)
    }

    /// Returns true if somebody may see an application, which need not be there any more.
    pub(crate) fn sees(&self, caller: &Caller, ns: &str, name: &str) -> bool {
        match self.row(ns, name) {
            Some(row) => self.masks(caller, &[row])[0] & SEES != 0,
            // Nobody knows its project any more.
            None => caller.may(rbac::Resource::Applications, rbac::action::GET, "*/*"),
        }
    }

    /// Returns the whole board as somebody may see it, as JSON; compressed if `gzip`. It is made
    /// anew at most once a second for all who may see the same.
    pub(crate) fn snapshot(&self, caller: &Caller, gzip: bool) -> (u64, Bytes) {
        let seq = self.seq();
        let rows = self.all();
        let masks = self.masks(caller, &rows);
        let snapshots = self.snapshots.lock();
        let mut snapshots = snapshots.unwrap_or_else(PoisonError::into_inner);
        snapshots.get(seq, &rows, &masks, gzip)
    }

    /// Puts rows in or takes them out (`None`), and tells it. Returns how many were news.
    fn put(&self, new: Vec<(Name, Option<Row>)>) -> usize {
        let (mut changed, mut removed) = (Vec::new(), Vec::new());
        {
            let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
            for (name, row) in new {
                let Some(mut row) = row else {
                    removed.extend(rows.remove(&name));
                    continue;
                };
                match rows.get(&name) {
                    Some(old) if old.is_same(&row) => continue,
                    // Another project is another row: who may see it is asked anew.
                    Some(old) if old.project != row.project => {
                        removed.push(Arc::clone(old));
                        row.id = self.id();
                    }
                    Some(old) => row.id = old.id,
                    None => row.id = self.id(),
                }
                let row = Arc::new(row);
                rows.insert(name, Arc::clone(&row));
                changed.push(row);
            }
        }
        let count = changed.len() + removed.len();
        for part in changed.chunks(ROWS_MAX) {
            self.tell(News::rows(part.to_vec(), std::mem::take(&mut removed)));
        }
        if !removed.is_empty() {
            self.tell(News::rows(Vec::new(), removed));
        }
        count
    }

    fn id(&self) -> u32 {
        let mut next = self.next_id.lock().unwrap_or_else(PoisonError::into_inner);
        *next += 1;
        *next
    }

    /// Tells something.
    pub(crate) fn tell(&self, news: News) {
        let seq = {
            let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
            ring.push(news)
        };
        self.news.send_replace(seq);
    }

    /// Follows the applications until it is dropped.
    pub(crate) async fn follow(self: Arc<Self>, view: View, records: Arc<Records>) {
        let cluster = Arc::clone(view.cluster());
        let mut applications = cluster.follow(api::names::ARGO_GROUP, "Application");
        let mut touched = view.touched();
        let mut drifted = records.listen();
        let mut dirty: BTreeMap<Name, Touch> = BTreeMap::new();
        loop {
            let row = |name: &str| (self.namespace.clone(), Box::from(name));
            tokio::select! {
                key = applications.recv() => match key {
                    Some(key) => { dirty.insert((key.namespace, key.name), Touch::Row); }
                    None => return,
                },
                app = touched.recv() => if let Ok(app) = app {
                    dirty.entry(row(&app)).or_insert(Touch::Objects);
                },
                app = drifted.recv() => if let Ok(app) = app {
                    dirty.insert(row(&app), Touch::Row);
                },
            }
            while let Ok(key) = applications.try_recv() {
                dirty.insert((key.namespace, key.name), Touch::Row);
            }
            while let Ok(app) = touched.try_recv() {
                dirty.entry(row(&app)).or_insert(Touch::Objects);
            }
            while let Ok(app) = drifted.try_recv() {
                dirty.insert(row(&app), Touch::Row);
            }
            self.look(&view, &records, std::mem::take(&mut dirty));
            tokio::time::sleep(GATHER).await;
        }
    }

    /// Reads applications anew.
    fn look(&self, view: &View, records: &Records, dirty: BTreeMap<Name, Touch>) {
        let now = Timestamp::now();
        let mut touched: BTreeSet<Name> = BTreeSet::new();
        let mut rows = Vec::new();
        for (name, touch) in dirty {
            if *name.0 != *self.namespace {
                continue;
            }
            // What the sentence about a drift says is read from the object.
            let drifts = || {
                let row = self.row(&name.0, &name.1);
                row.is_some_and(|row| row.has(flag::DRIFT_OPEN))
            };
            if touch == Touch::Row || drifts() {
                let key = ObjectKey::new(api::names::ARGO_GROUP, "Application", &name.0, &name.1);
                let live = view.cluster().get(&key);
                let counts = records.counts(&name.1, now);
                let open = records.open(&name.1);
                let known = Known {
                    open: &open,
                    cluster: view.cluster(),
                };
                let row = live.map(|live| Row::of(&live.value(), counts, Some(&known), now));
                rows.push((name.clone(), row));
            }
            touched.insert(name);
        }
        self.put(rows);
        for (ns, name) in touched {
            if let Some(row) = self.row(&ns, &name) {
                self.tell(News::App(row));
            }
        }
    }
}
