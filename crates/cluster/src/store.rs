//! The live cache: one store per kind, filled by one watch each.

use crate::client::{ApiError, Client};
use crate::discovery::{Discovery, Resource};
use crate::judge::Judge;
use crate::live::LiveObject;
use engine::{ObjectKey, Tracking};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{mpsc, watch};

type Name = (Box<str>, Box<str>);
type GroupKind = (Box<str>, Box<str>);

/// Changes that wait for the engine; a watch that is ahead of it pauses.
const CHANGES_MAX: usize = 4_096;

/// What happened to a live object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is there, and wasn't.
    Created,
    /// It is another, and belongs to whom it belonged to.
    Changed,
    /// It belongs to somebody else, or to nobody any more.
    Moved,
    /// It is gone.
    Deleted,
}

/// A change of a live object: of one that belongs to an application, or of anybody's if it is about
/// its being there at all.
#[derive(Clone, Debug)]
pub struct Change {
    /// The application, by what the object says; there need not be one of that name.
    pub app: Option<Box<str>>,
    /// The object.
    pub key: ObjectKey,
    /// What happened.
    pub kind: ChangeKind,
    /// Its revision.
    pub resource_version: u64,
}

/// An API server that can't be followed: what is known of it may be old.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// Since when.
    pub since: SystemTime,
    /// Why, in words.
    pub why: String,
}

/// The objects of one kind.
pub(crate) struct Store {
    pub(crate) resource: Arc<Resource>,
    objects: RwLock<Objects>,
    pub(crate) ready: watch::Sender<bool>,
}

#[derive(Default)]
struct Objects {
    /// In order, so that those of a namespace stand together.
    by_name: BTreeMap<Name, Arc<LiveObject>>,
    by_owner: HashMap<Box<str>, HashSet<Name>>,
    by_uid: HashMap<Box<str>, Name>,
    by_app: HashMap<Box<str>, HashSet<Name>>,
}

impl Objects {
    fn remove(&mut self, name: &Name) -> Option<Arc<LiveObject>> {
        let old = self.by_name.remove(name)?;
        self.by_uid.remove(&old.uid);
        for owner in &old.owners {
            remove_from(&mut self.by_owner, owner, name);
        }
        if let Some(app) = old.shown_by() {
            remove_from(&mut self.by_app, app, name);
        }
        Some(old)
    }

    fn insert(&mut self, name: Name, object: Arc<LiveObject>) {
        for owner in &object.owners {
            self.by_owner
                .entry(owner.clone())
                .or_default()
                .insert(name.clone());
        }
        if let Some(app) = object.shown_by() {
            self.by_app
                .entry(app.into())
                .or_default()
                .insert(name.clone());
        }
        self.by_uid.insert(object.uid.clone(), name.clone());
        self.by_name.insert(name, object);
    }
}

fn remove_from(index: &mut HashMap<Box<str>, HashSet<Name>>, key: &str, name: &Name) {
    if let Some(names) = index.get_mut(key) {
        names.remove(name);
        if names.is_empty() {
            index.remove(key);
        }
    }
}

fn name_of(key: &ObjectKey) -> Name {
    (key.namespace.clone(), key.name.clone())
}

impl Store {
    fn read(&self) -> std::sync::RwLockReadGuard<'_, Objects> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Objects> {
        self.objects.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, key: &ObjectKey) -> Option<Arc<LiveObject>> {
        self.read().by_name.get(&name_of(key)).cloned()
    }

    /// Puts an object in unless what is there is as new. Returns what was there before.
    pub(crate) fn set(&self, object: Arc<LiveObject>) -> Option<Option<Arc<LiveObject>>> {
        let name = name_of(&object.key);
        let mut objects = self.write();
        let stale = objects.by_name.get(&name).is_some_and(|old| {
            old.uid == object.uid && old.resource_version >= object.resource_version
        });
        if stale {
            return None;
        }
        let old = objects.remove(&name);
        objects.insert(name, object);
        Some(old)
    }

    /// Takes an object out, unless it has been made anew since `revision`.
    pub(crate) fn delete(&self, key: &ObjectKey, revision: u64) -> Option<Arc<LiveObject>> {
        let name = name_of(key);
        let mut objects = self.write();
        let newer = objects
            .by_name
            .get(&name)
            .is_some_and(|o| o.resource_version > revision);
        if newer { None } else { objects.remove(&name) }
    }

    /// Returns all objects.
    pub(crate) fn objects(&self) -> Vec<Arc<LiveObject>> {
        self.read().by_name.values().cloned().collect()
    }

    /// Puts another reading of the same object in its place. Returns false if it is no longer
    /// there.
    pub(crate) fn replace(&self, old: &Arc<LiveObject>, new: LiveObject) -> bool {
        let mut objects = self.write();
        let Some(place) = objects.by_name.get_mut(&name_of(&old.key)) else {
            return false;
        };
        let is_same = Arc::ptr_eq(place, old);
        if is_same {
            *place = Arc::new(new);
        }
        is_same
    }

    /// Returns the keys of objects that aren't in `seen`.
    pub(crate) fn keys_without(&self, seen: &HashSet<ObjectKey>) -> Vec<ObjectKey> {
        let objects = self.read();
        objects
            .by_name
            .values()
            .map(|o| &o.key)
            .filter(|k| !seen.contains(k))
            .cloned()
            .collect()
    }
}

/// A cluster with its live cache.
pub struct Cluster {
    client: Client,
    tracking: Tracking,
    pub(crate) judge: RwLock<Option<Judge>>,
    /// When the API server was last asked for a kind that must come.
    looked: tokio::sync::Mutex<Option<Instant>>,
    discovery: RwLock<Arc<Discovery>>,
    stores: RwLock<HashMap<GroupKind, Arc<Store>>>,
    changes: mpsc::Sender<Change>,
    starting: Mutex<()>,
    followers: Mutex<HashMap<GroupKind, Vec<mpsc::UnboundedSender<ObjectKey>>>>,
    trouble: Mutex<Option<Trouble>>,
}

/// How often a kind that must come is looked for, and how many times: a definition takes a second or
/// two to be served.
const KIND_LOOK_EVERY: Duration = Duration::from_millis(250);
const KIND_LOOKS_MAX: u32 = 40;

impl Cluster {
    /// Returns a cluster without watches whose objects are tracked as said, and where its changes
    /// come out.
    ///
    /// # Errors
    /// Fails if the API server can't be reached.
    pub async fn connect(
        client: Client,
        tracking: Tracking,
    ) -> Result<(Arc<Self>, mpsc::Receiver<Change>), ApiError> {
        let discovery = Discovery::fetch(&client).await?;
        let (changes, receiver) = mpsc::channel(CHANGES_MAX);
        let cluster = Self {
            client,
            tracking,
            judge: RwLock::default(),
            looked: tokio::sync::Mutex::default(),
            discovery: RwLock::new(Arc::new(discovery)),
            stores: RwLock::default(),
            changes,
            starting: Mutex::default(),
            followers: Mutex::default(),
            trouble: Mutex::default(),
        };
        Ok((Arc::new(cluster), receiver))
    }

    /// Returns how its objects say which application they belong to.
    #[must_use]
    pub fn tracking(&self) -> &Tracking {
        &self.tracking
    }

    /// Returns the connection.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the kinds that were found when the server was last asked.
    #[must_use]
    pub fn discovery(&self) -> Arc<Discovery> {
        Arc::clone(
            &self
                .discovery
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Asks the API server for its kinds again.
    ///
    /// # Errors
    /// Fails if the server can't be reached.
    pub async fn rediscover(&self) -> Result<(), ApiError> {
        let discovery = Discovery::fetch(&self.client).await?;
        *self
            .discovery
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(discovery);
        Ok(())
    }

    pub(crate) fn store(&self, group: &str, kind: &str) -> Option<Arc<Store>> {
        let stores = self.stores.read().unwrap_or_else(PoisonError::into_inner);
        stores.get(&(group.into(), kind.into())).cloned()
    }

    pub(crate) fn all_stores(&self) -> Vec<Arc<Store>> {
        let stores = self.stores.read().unwrap_or_else(PoisonError::into_inner);
        stores.values().cloned().collect()
    }

    /// Starts to watch a kind, if it isn't watched yet and the cluster has it.
    pub fn watch(self: &Arc<Self>, group: &str, kind: &str, version: &str) {
        if self.store(group, kind).is_some() {
            return;
        }
        let discovery = self.discovery();
        let found = discovery
            .find(group, kind, version)
            .or_else(|| discovery.find(group, kind, ""));
        let Some(resource) = found.filter(|r| r.watchable) else {
            return;
        };
        let _one_at_a_time = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if self.store(group, kind).is_some() {
            return;
        }
        let store = Arc::new(Store {
            resource: Arc::clone(resource),
            objects: RwLock::default(),
            ready: watch::Sender::new(false),
        });
        self.stores
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((group.into(), kind.into()), Arc::clone(&store));
        // The watch holds the cluster weakly: it ends when the cluster is gone.
        tokio::spawn(crate::watch::run(Arc::downgrade(self), store));
    }

    /// Waits for a kind whose definition has just been applied, and watches it. A kind that doesn't
    /// come in time is left to the request that needs it, which fails with a sentence.
    pub async fn await_kind(self: &Arc<Self>, group: &str, kind: &str, version: &str) {
        for look in 0..KIND_LOOKS_MAX {
            if look > 0 {
                tokio::time::sleep(KIND_LOOK_EVERY).await;
            }
            // One asks for all who wait.
            let mut looked = self.looked.lock().await;
            if looked.is_none_or(|at| at.elapsed() >= KIND_LOOK_EVERY) {
                // A failure shows as a kind that isn't known.
                let _failed = self.rediscover().await;
                *looked = Some(Instant::now());
            }
            drop(looked);
            if self.discovery().find(group, kind, version).is_some() {
                self.watch(group, kind, version);
                self.ready().await;
                return;
            }
        }
    }

    /// Watches a kind and returns where the keys of all its changed objects come out. Those that
    /// are known already come first.
    pub fn follow(self: &Arc<Self>, group: &str, kind: &str) -> mpsc::UnboundedReceiver<ObjectKey> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut followers = self
            .followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let of_kind = followers.entry((group.into(), kind.into())).or_default();
        of_kind.push(sender.clone());
        drop(followers);
        self.watch(group, kind, "");
        for object in self.list(&ObjectKey::new(group, kind, "", "")) {
            // The receiver is in our hands.
            let _open = sender.send(object.key.clone());
        }
        receiver
    }

    fn tell_follower(&self, store: &Store, key: &ObjectKey) {
        let mut followers = self
            .followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let kind = (store.resource.group.clone(), store.resource.kind.clone());
        if let Some(of_kind) = followers.get_mut(&kind) {
            // An error means that nobody listens any more.
            of_kind.retain(|follower| follower.send(key.clone()).is_ok());
        }
    }

    /// Waits until every watched kind has been listed once.
    pub async fn ready(&self) {
        loop {
            let waiting: Vec<Arc<Store>> = {
                let stores = self.stores.read().unwrap_or_else(PoisonError::into_inner);
                stores
                    .values()
                    .filter(|s| !*s.ready.borrow())
                    .cloned()
                    .collect()
            };
            if waiting.is_empty() {
                return;
            }
            for store in waiting {
                let mut ready = store.ready.subscribe();
                // An error means that the cluster is going away.
                let _gone = ready.wait_for(|ready| *ready).await;
            }
        }
    }

    /// Returns a live object.
    #[must_use]
    pub fn get(&self, key: &ObjectKey) -> Option<Arc<LiveObject>> {
        self.store(&key.group, &key.kind)?.get(key)
    }

    /// Returns the objects of all watched kinds that an application tracks, by key.
    #[must_use]
    pub fn tracked(&self, app: &str) -> Vec<ObjectKey> {
        self.shown(app, |object| object.app.is_some())
    }

    /// Returns the objects of all watched kinds that carry a mark of an application's about another
    /// object, by key.
    #[must_use]
    pub fn copies(&self, app: &str) -> Vec<ObjectKey> {
        self.shown(app, |object| object.app.is_none())
    }

    /// Returns the objects of a watched kind, in the key's namespace or (`""`) in all, by key.
    #[must_use]
    pub fn list(&self, of: &ObjectKey) -> Vec<Arc<LiveObject>> {
        let Some(store) = self.store(&of.group, &of.kind) else {
            return Vec::new();
        };
        let fits =
            |o: &&Arc<LiveObject>| of.namespace.is_empty() || o.key.namespace == of.namespace;
        let mut found: Vec<_> = store
            .read()
            .by_name
            .values()
            .filter(fits)
            .cloned()
            .collect();
        found.sort_by(|a, b| a.key.cmp(&b.key));
        found
    }

    fn shown(&self, app: &str, is_meant: impl Fn(&LiveObject) -> bool) -> Vec<ObjectKey> {
        let mut keys = Vec::new();
        for store in self.all_stores() {
            let objects = store.read();
            for name in objects.by_app.get(app).into_iter().flatten() {
                let object = objects.by_name.get(name).filter(|o| is_meant(o));
                keys.extend(object.map(|o| o.key.clone()));
            }
        }
        keys.sort();
        keys
    }

    /// Returns the objects of all watched kinds in a namespace that belong to no other object.
    #[must_use]
    pub fn top_level(&self, namespace: &str) -> Vec<Arc<LiveObject>> {
        let mut found = Vec::new();
        let stores = self.all_stores();
        for store in stores.iter().filter(|s| s.resource.namespaced) {
            let objects = store.read();
            let from: Name = (namespace.into(), "".into());
            let there = objects.by_name.range(from..);
            let there = there.take_while(|((place, _), _)| **place == *namespace);
            found.extend(
                there
                    .map(|(_, o)| o)
                    .filter(|o| o.owners.is_empty())
                    .cloned(),
            );
        }
        found
    }

    /// Watches every kind that lives in namespaces and that `is_wanted`.
    pub fn watch_all(self: &Arc<Self>, is_wanted: impl Fn(&str, &str) -> bool) {
        let discovery = self.discovery();
        for resource in discovery.preferred() {
            if resource.namespaced
                && resource.watchable
                && is_wanted(&resource.group, &resource.kind)
            {
                self.watch(&resource.group, &resource.kind, &resource.version);
            }
        }
    }

    /// Returns the objects of one kind whose owner is `uid`.
    pub(crate) fn owned(&self, group: &str, kind: &str, uid: &str) -> Vec<Arc<LiveObject>> {
        let Some(store) = self.store(group, kind) else {
            return Vec::new();
        };
        let objects = store.read();
        let names = objects.by_owner.get(uid).into_iter().flatten();
        names
            .filter_map(|name| objects.by_name.get(name).cloned())
            .collect()
    }

    /// Returns the objects of all watched kinds that an object owns, by key.
    #[must_use]
    pub fn owned_by(&self, uid: &str) -> Vec<Arc<LiveObject>> {
        let mut found = Vec::new();
        for store in self.all_stores() {
            let objects = store.read();
            let names = objects.by_owner.get(uid).into_iter().flatten();
            found.extend(names.filter_map(|name| objects.by_name.get(name).cloned()));
        }
        found.sort_by(|a, b| a.key.cmp(&b.key));
        found
    }

    /// Returns since when the API server can't be followed, and why; `None` if all is well.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        let trouble = self.trouble.lock();
        trouble.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes note of how a watch fared.
    pub(crate) fn fared(&self, outcome: Result<(), &ApiError>) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(()) => *trouble = None,
            Err(error) if error.is_unreachable() && trouble.is_none() => {
                *trouble = Some(Trouble {
                    since: SystemTime::now(),
                    why: error.message.clone(),
                });
            }
            Err(_) => {}
        }
    }

    /// Takes an object's newest state: from a watch, or from an answer to a write of ours.
    pub(crate) fn take(&self, store: &Store, object: LiveObject) -> Option<Change> {
        let object = Arc::new(object);
        let old = store.set(Arc::clone(&object))?;
        self.tell_follower(store, &object.key);
        let app = self
            .app_of(&object)
            .or_else(|| old.as_ref().and_then(|o| self.app_of(o)));
        let kind = match &old {
            None => ChangeKind::Created,
            Some(old) if old.owners != object.owners || old.app != object.app => ChangeKind::Moved,
            Some(_) => ChangeKind::Changed,
        };
        if app.is_none() && kind == ChangeKind::Changed {
            return None;
        }
        Some(Change {
            app,
            key: object.key.clone(),
            kind,
            resource_version: object.resource_version,
        })
    }

    /// Takes an object out of the cache.
    pub(crate) fn drop_object(
        &self,
        store: &Store,
        key: &ObjectKey,
        revision: u64,
    ) -> Option<Change> {
        let old = store.delete(key, revision)?;
        self.tell_follower(store, key);
        Some(Change {
            app: self.app_of(&old),
            key: key.clone(),
            kind: ChangeKind::Deleted,
            resource_version: revision,
        })
    }

    pub(crate) async fn tell(&self, change: Change) {
        // An error means that nobody listens any more.
        let _closed = self.changes.send(change).await;
    }

    /// Returns the application of an object, through its owners if need be.
    pub(crate) fn app_of(&self, object: &LiveObject) -> Option<Box<str>> {
        if let Some(app) = object.shown_by() {
            return Some(app.into());
        }
        // Pod -> ReplicaSet -> Deployment is as deep as it gets.
        let mut owners = object.owners.clone();
        for _ in 0..3 {
            let stores = self.stores.read().unwrap_or_else(PoisonError::into_inner);
            let mut next = Vec::new();
            for store in stores.values() {
                let objects = store.read();
                for uid in &owners {
                    let found = objects.by_uid.get(uid).and_then(|n| objects.by_name.get(n));
                    if let Some(owner) = found {
                        if owner.app.is_some() {
                            return owner.app.clone();
                        }
                        next.extend(owner.owners.iter().cloned());
                    }
                }
            }
            owners = next;
        }
        None
    }

    /// Returns how many objects the cache holds, and their bytes.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let stores = self.stores.read().unwrap_or_else(PoisonError::into_inner);
        stores.values().fold((0, 0), |(count, bytes), store| {
            let objects = store.read();
            let own: usize = objects.by_name.values().map(|o| o.raw.len()).sum();
            (count + objects.by_name.len(), bytes + own)
        })
    }
}
