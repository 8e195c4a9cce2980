//! The state: every object in memory, one revision for all, and the history of each kind.
//!
//! A write is prepared outside the lock and takes effect inside it, if what it was prepared
//! from still holds. Older states are not kept as copies: the history of a kind undoes changes
//! down to the revision asked for, as long as the history reaches back that far.
//!
//! **Invariant**: nobody sees a revision before it is durable. Writers, readers and watchers wait
//! at [`Store::durable`], which never waits if the state lives in memory alone.

mod disk;
mod watch;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, OnceLock, RwLock};

use bytes::Bytes;
use tokio::sync::mpsc;
use value::Value;

pub use disk::DiskError;
pub(crate) use disk::Unwritable;
pub(crate) use watch::{Feed, Subscription};

/// Changes that the history of one kind keeps. A watcher that is further behind starts anew;
/// at 4 KB an object this is 40 MB for the busiest kind.
const HISTORY_EVENTS_MAX: usize = 10_000;

/// Where revisions begin: above the small numbers that people try by hand.
const FIRST_REVISION: u64 = 100;

/// The kind of the objects in a table: storage group and plural.
pub(crate) type Table = (String, String);

/// A stored object. Objects never change: a write makes a new one.
#[derive(Debug)]
pub struct Object {
    /// The whole object, `metadata.resourceVersion` included.
    pub value: Value,
    /// The revision of the write that made it.
    pub revision: u64,
    json: OnceLock<Bytes>,
}

impl Object {
    pub(crate) fn new(mut value: Value, revision: u64) -> Self {
        value.set_at(&["metadata", "resourceVersion"], revision.to_string());
        Self {
            value,
            revision,
            json: OnceLock::new(),
        }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.value.str_at(&["metadata", "name"])
    }

    /// Returns the namespace, empty for objects of the cluster.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.value.str_at(&["metadata", "namespace"])
    }

    /// Returns the uid.
    #[must_use]
    pub fn uid(&self) -> &str {
        self.value.str_at(&["metadata", "uid"])
    }

    /// Returns true if the object waits for its end.
    #[must_use]
    pub fn deleting(&self) -> bool {
        self.value.at(&["metadata", "deletionTimestamp"]).is_some()
    }

    /// Returns the object as JSON, serialised once.
    pub(crate) fn json(&self) -> Bytes {
        self.json
            .get_or_init(|| Bytes::from(self.value.to_vec()))
            .clone()
    }
}

/// What a change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The object is new.
    Created,
    /// The object is another.
    Updated,
    /// The object is gone.
    Deleted,
}

/// One change in the history of a kind.
#[derive(Debug)]
pub struct Event {
    /// The revision of the change.
    pub revision: u64,
    /// What was done.
    pub change: Change,
    /// The object after the change; after a deletion, its last state under the new revision.
    pub object: Arc<Object>,
    /// The object before the change.
    pub before: Option<Arc<Object>>,
    key: Box<str>,
    pub(crate) lines: watch::Lines,
}

/// Returns the key of an object within its table. Keys sort as etcd sorts them.
pub(crate) fn key(namespace: &str, name: &str) -> String {
    if namespace.is_empty() {
        name.to_owned()
    } else {
        format!("{namespace}/{name}")
    }
}

#[derive(Debug, Default)]
struct Rows {
    objects: BTreeMap<Box<str>, Arc<Object>>,
    history: VecDeque<Arc<Event>>,
    /// Changes up to this revision are no longer in the history.
    forgotten: u64,
    feeds: Vec<Feed>,
}

#[derive(Debug)]
struct State {
    revision: u64,
    /// The revision at which this process took over: there is no history before it.
    start: u64,
    tables: HashMap<Table, Rows>,
    observers: Vec<mpsc::UnboundedSender<Observed>>,
}

/// A change of any kind.
pub(crate) type Observed = (Table, Arc<Event>);

/// The state of the cluster.
#[derive(Debug)]
pub(crate) struct Store {
    state: RwLock<State>,
    disk: Option<disk::Disk>,
}

/// What a write expects to find.
#[derive(Debug, Clone)]
pub(crate) enum Expect {
    /// Nothing of this name.
    Absent,
    /// Exactly this object.
    Present(Arc<Object>),
}

/// Why a write didn't take effect.
#[derive(Debug)]
pub(crate) enum Lost {
    /// There is another object, or one at all.
    Changed,
    /// The object is gone.
    Gone,
    /// The disk takes nothing now.
    Unwritable(Unwritable),
}

/// A consistent part of a table.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) revision: u64,
    pub(crate) objects: Vec<Arc<Object>>,
}

/// The state that was asked for can't be shown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum NoState {
    /// The history doesn't reach back that far.
    Expired,
    /// The revision lies ahead of the present one, given here.
    Ahead(u64),
}

impl Store {
    /// Returns an empty state that lives in memory.
    pub(crate) fn memory() -> Self {
        let state = State {
            revision: FIRST_REVISION,
            start: FIRST_REVISION,
            tables: HashMap::new(),
            observers: Vec::new(),
        };
        Self {
            state: RwLock::new(state),
            disk: None,
        }
    }

    /// Returns the state kept in `folder`, which is made if there is none.
    pub(crate) fn open(folder: &Path) -> Result<Self, DiskError> {
        let (disk, loaded, revision) = disk::Disk::open(folder)?;
        let mut tables: HashMap<Table, Rows> = HashMap::new();
        for (table, key, value, object_revision) in loaded {
            let rows = tables.entry(table).or_default();
            let object = Object {
                value,
                revision: object_revision,
                json: OnceLock::new(),
            };
            rows.objects.insert(key.into_boxed_str(), Arc::new(object));
        }
        for rows in tables.values_mut() {
            rows.forgotten = revision;
        }
        let state = State {
            revision,
            start: revision,
            tables,
            observers: Vec::new(),
        };
        Ok(Self {
            state: RwLock::new(state),
            disk: Some(disk),
        })
    }

    /// Waits until everything up to `revision` is durable.
    ///
    /// # Errors
    /// Fails as soon as the disk refuses it. It may still be written later: as with any store that
    /// didn't answer, the outcome is unknown.
    pub(crate) async fn durable(&self, revision: u64) -> Result<(), Unwritable> {
        match &self.disk {
            Some(disk) => disk.wait(revision).await,
            None => Ok(()),
        }
    }

    /// Writes down what is still on its way and closes the file.
    pub(crate) fn close(&self) {
        if let Some(disk) = &self.disk {
            disk.close();
        }
    }

    /// Returns the revision of the last write.
    pub(crate) fn revision(&self) -> u64 {
        self.state
            .read()
            .expect("no holder of this lock panics")
            .revision
    }

    pub(crate) fn get(&self, table: &Table, key: &str) -> Option<Arc<Object>> {
        let state = self.state.read().expect("no holder of this lock panics");
        state.tables.get(table)?.objects.get(key).cloned()
    }

    /// Returns the objects whose keys start with `prefix`, as they were at `at` (now if `None`).
    pub(crate) fn list(
        &self,
        table: &Table,
        prefix: &str,
        at: Option<u64>,
    ) -> Result<Page, NoState> {
        let state = self.state.read().expect("no holder of this lock panics");
        let revision = at.unwrap_or(state.revision);
        if revision > state.revision {
            return Err(NoState::Ahead(state.revision));
        }
        let Some(rows) = state.tables.get(table) else {
            let known = revision >= state.start;
            return if known {
                Ok(Page {
                    revision,
                    objects: Vec::new(),
                })
            } else {
                Err(NoState::Expired)
            };
        };
        if revision < rows.forgotten.max(state.start) {
            return Err(NoState::Expired);
        }
        let present = under(&rows.objects, prefix);
        if revision == state.revision || rows.history.back().is_none_or(|e| e.revision <= revision)
        {
            return Ok(Page {
                revision,
                objects: present.map(|(_, o)| Arc::clone(o)).collect(),
            });
        }
        let mut objects: BTreeMap<&str, Arc<Object>> =
            present.map(|(k, o)| (k.as_ref(), Arc::clone(o))).collect();
        let later = rows
            .history
            .iter()
            .rev()
            .take_while(|e| e.revision > revision);
        for event in later.filter(|e| e.key.starts_with(prefix)) {
            match &event.before {
                Some(before) => objects.insert(&event.key, Arc::clone(before)),
                None => objects.remove(&*event.key),
            };
        }
        Ok(Page {
            revision,
            objects: objects.into_values().collect(),
        })
    }

    /// Writes `value` (deletes if `None`) under `key`, if `expect` still holds. `admit` has a last
    /// word while nobody else can write; the object gets its revision there. Returns the object
    /// as it is now, or as it was last.
    pub(crate) fn write(
        &self,
        table: &Table,
        key: &str,
        expect: &Expect,
        value: Option<Value>,
        committed: impl FnOnce(u64),
    ) -> Result<Arc<Object>, Lost> {
        if let Some(why) = self.disk.as_ref().and_then(disk::Disk::failing) {
            return Err(Lost::Unwritable(why));
        }
        let mut state = self.state.write().expect("no holder of this lock panics");
        let revision = state.revision + 1;
        if !state.tables.contains_key(table) {
            let rows = Rows {
                forgotten: state.start,
                ..Rows::default()
            };
            state.tables.insert(table.clone(), rows);
        }
        let rows = state
            .tables
            .get_mut(table)
            .expect("the table was made above");
        let before = rows.objects.get(key).cloned();
        match (&before, expect) {
            (None, Expect::Absent) => {}
            (Some(now), Expect::Present(then)) if Arc::ptr_eq(now, then) => {}
            (None, Expect::Present(_)) => return Err(Lost::Gone),
            _ => return Err(Lost::Changed),
        }
        let (object, change) = match value {
            Some(value) => {
                let object = Arc::new(Object::new(value, revision));
                rows.objects.insert(key.into(), Arc::clone(&object));
                let change = if before.is_some() {
                    Change::Updated
                } else {
                    Change::Created
                };
                (object, change)
            }
            None => {
                rows.objects.remove(key);
                let last = before.as_ref().expect("only what is present is deleted");
                (
                    Arc::new(Object::new(last.value.clone(), revision)),
                    Change::Deleted,
                )
            }
        };
        if let Some(disk) = &self.disk {
            let record = (change != Change::Deleted).then(|| Arc::clone(&object));
            disk.append(table.clone(), key.to_owned(), revision, record);
        }
        let event = Arc::new(Event {
            revision,
            change,
            object: Arc::clone(&object),
            before,
            key: key.into(),
            lines: watch::Lines::default(),
        });
        // Whoever sees the event may ask who made it: that is noted first.
        committed(revision);
        rows.push(Arc::clone(&event));
        state.revision = revision;
        state
            .observers
            .retain(|o| o.send((table.clone(), Arc::clone(&event))).is_ok());
        Ok(object)
    }

    /// Returns all objects, and every change from now on. For the server's own tasks, which keep
    /// up: what they have not seen yet waits without limit.
    pub(crate) fn observe(&self) -> (Vec<(Table, Arc<Object>)>, mpsc::UnboundedReceiver<Observed>) {
        let mut state = self.state.write().expect("no holder of this lock panics");
        let (sender, receiver) = mpsc::unbounded_channel();
        state.observers.push(sender);
        let objects = state.tables.iter().flat_map(|(table, rows)| {
            rows.objects
                .values()
                .map(|o| (table.clone(), Arc::clone(o)))
        });
        (objects.collect(), receiver)
    }

    /// Returns the tables that hold objects whose keys start with `prefix`.
    pub(crate) fn tables_under(&self, prefix: &str) -> Vec<Table> {
        let state = self.state.read().expect("no holder of this lock panics");
        let tables = state.tables.iter();
        tables
            .filter(|(_, rows)| under(&rows.objects, prefix).next().is_some())
            .map(|(table, _)| table.clone())
            .collect()
    }

    /// Subscribes to the changes after `from` of objects whose keys start with `prefix`; without
    /// `from`, to all from now on, with the present objects first.
    pub(crate) fn subscribe(
        &self,
        table: &Table,
        prefix: &str,
        from: Option<u64>,
    ) -> Result<Subscription, NoState> {
        let mut state = self.state.write().expect("no holder of this lock panics");
        let revision = state.revision;
        let start = state.start;
        let rows = state.tables.entry(table.clone()).or_insert_with(|| Rows {
            forgotten: start,
            ..Rows::default()
        });
        let mut present = Vec::new();
        let mut missed = Vec::new();
        match from {
            None => present.extend(under(&rows.objects, prefix).map(|(_, o)| Arc::clone(o))),
            Some(from) if from < rows.forgotten.max(start) => return Err(NoState::Expired),
            Some(from) => {
                let later = rows.history.iter().rev().take_while(|e| e.revision > from);
                missed.extend(later.filter(|e| e.key.starts_with(prefix)).cloned());
                missed.reverse();
            }
        }
        let (feed, receiver) = watch::feed(prefix);
        rows.feeds.push(feed);
        Ok(Subscription {
            revision,
            present,
            missed: missed.into(),
            receiver,
        })
    }
}

fn under<'a>(
    objects: &'a BTreeMap<Box<str>, Arc<Object>>,
    prefix: &'a str,
) -> impl Iterator<Item = (&'a Box<str>, &'a Arc<Object>)> {
    use std::ops::Bound;
    objects
        .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
        .take_while(move |(key, _)| key.starts_with(prefix))
}

impl Rows {
    fn push(&mut self, event: Arc<Event>) {
        self.feeds.retain(|feed| feed.send(&event));
        self.history.push_back(event);
        if self.history.len() > HISTORY_EVENTS_MAX
            && let Some(oldest) = self.history.pop_front()
        {
            self.forgotten = oldest.revision;
        }
    }
}

impl Event {
    pub(crate) fn key(&self) -> &str {
        &self.key
    }
}
