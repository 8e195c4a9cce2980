//! The cluster: the control plane's registry behind a network that fails, and watches that lag.

use crate::random::Random;
use cluster::LiveObject;
use controlplane::clock::Clock;
use controlplane::failure::Failure;
use controlplane::registry::{
    Changes, DeleteOptions, PatchType, Propagation, Target, WriteOptions,
};
use controlplane::{Change, Event, Object as StoredObject, Registry};
use engine::{ObjectKey, Tracking};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use value::Value;

/// Time that never goes back, in milliseconds since the beginning.
pub(crate) type Millis = u64;

/// When everything begins, in milliseconds since 1970.
const BEGINNING: i64 = 1_767_225_600_000;

/// The clock on the wall, which may be set.
#[derive(Debug, Default)]
pub(crate) struct WallClock(AtomicI64);

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let millis = BEGINNING + self.0.load(Ordering::Relaxed);
        Timestamp::from_millisecond(millis).expect("a simulation takes no centuries")
    }
}

/// Why a request of the controller's came to nothing, or seems to have.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) message: String,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self {
            code: failure.code,
            message: failure.message,
        }
    }
}

/// One kind's watch.
#[derive(Default)]
struct Stream {
    queue: VecDeque<(Millis, Arc<Event>)>,
    /// The connection is broken until then; what happens meanwhile is found by a list.
    broken_until: Option<Millis>,
}

/// The API server, and what the controller knows of it.
pub(crate) struct Plane {
    pub(crate) registry: Registry,
    wall: Arc<WallClock>,
    /// Real time.
    pub(crate) now: Millis,
    changes: Changes,
    streams: BTreeMap<(String, String), Stream>,
    pub(crate) cache: BTreeMap<ObjectKey, Arc<LiveObject>>,
    pub(crate) tracking: Tracking,
    /// The network and the server do what they shouldn't.
    pub(crate) is_stormy: bool,
    pub(crate) random: Random,
    /// What the controller has heard of, in order: each of its tasks has its own place in it.
    pub(crate) news: Vec<ObjectKey>,
    /// Everything that the API server did, in order, for the invariants.
    pub(crate) history: Vec<Arc<Event>>,
}

impl Plane {
    pub(crate) fn new(seed: u64) -> Self {
        let wall = Arc::new(WallClock::default());
        let registry = Registry::in_memory(wall.clone());
        let (_, changes) = registry.observe();
        Self {
            registry,
            wall,
            now: 0,
            changes,
            streams: BTreeMap::new(),
            cache: BTreeMap::new(),
            tracking: Tracking::default(),
            is_stormy: true,
            random: Random::new(seed),
            news: Vec::new(),
            history: Vec::new(),
        }
    }

    pub(crate) fn wall(&self) -> Timestamp {
        self.wall.now()
    }

    /// Lets time pass.
    pub(crate) fn pass_to(&mut self, time: Millis) {
        let passed = time.saturating_sub(self.now);
        self.now += passed;
        let passed = i64::try_from(passed).unwrap_or(0);
        self.wall.0.fetch_add(passed, Ordering::Relaxed);
    }

    /// Somebody sets the clock.
    pub(crate) fn jump(&self, by: SignedDuration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(0);
        self.wall.0.fetch_add(millis, Ordering::Relaxed);
    }

    pub(crate) fn target(&self, key: &ObjectKey, api_version: &str) -> Target {
        let kinds = self.registry.kinds();
        let kind = kinds.of_object(api_version, &key.kind);
        let kind = kind.expect("the simulation has only kinds that there are");
        Target::object(&kind, &key.namespace, &key.name)
    }

    /// Sends one request of the controller's: it takes time, and may be refused, or carried out
    /// without an answer.
    pub(crate) fn request<T>(
        &mut self,
        carry_out: impl FnOnce(&Registry) -> Result<T, Failure>,
    ) -> Result<T, Refusal> {
        let latency = self.random.between(1, 30);
        self.pass_to(self.now + latency);
        let refuse = |code: u16, message: &str| {
            Err(Refusal {
                code,
                message: message.to_owned(),
            })
        };
        if self.is_stormy {
            match self.random.below(100) {
                0..3 => return refuse(500, "an internal error occurred"),
                3..6 => return refuse(429, "too many requests"),
                6..8 => return refuse(409, "the object has been modified"),
                8..10 => {
                    self.pass_to(self.now + 10_000);
                    return refuse(0, "the connection timed out");
                }
                10..13 => {
                    let _unheard = carry_out(&self.registry);
                    self.pass_to(self.now + 10_000);
                    return refuse(0, "the connection timed out");
                }
                _ => {}
            }
        }
        Ok(carry_out(&self.registry)?)
    }

    /// Takes an object that a request has answered with into the cache.
    pub(crate) fn learn(&mut self, value: &Value) {
        if let Some(live) = LiveObject::read(value, &self.tracking) {
            self.take(live);
        }
    }

    fn take(&mut self, live: LiveObject) -> bool {
        let known = self.cache.get(&live.key);
        if known.is_some_and(|known| known.resource_version >= live.resource_version) {
            return false;
        }
        self.cache.insert(live.key.clone(), Arc::new(live));
        true
    }

    /// Brings what happened on its way to the controller.
    pub(crate) fn collect(&mut self) {
        while let Some(observation) = self.changes.try_next() {
            self.history.push(Arc::clone(&observation.event));
            let stream = self
                .streams
                .entry((observation.group, observation.plural))
                .or_default();
            if stream.broken_until.is_some() {
                continue;
            }
            let mut lag = self.random.between(1, 20);
            if self.is_stormy {
                match self.random.below(100) {
                    0..2 => {
                        let end = self.now + self.random.between(100, 30_000);
                        stream.broken_until = Some(end);
                        stream.queue.clear();
                        continue;
                    }
                    2..8 => lag += self.random.between(100, 8_000),
                    _ => {}
                }
            }
            let after = stream.queue.back().map_or(0, |(due, _)| *due);
            let due = after.max(self.now + lag);
            if self.is_stormy && self.random.chance(3) {
                stream
                    .queue
                    .push_back((due, Arc::clone(&observation.event)));
            }
            stream.queue.push_back((due, observation.event));
        }
    }

    /// Returns when the next news reach the controller.
    pub(crate) fn next_news(&self) -> Option<Millis> {
        let due = self.streams.values().filter_map(|stream| {
            let broken = stream.broken_until;
            broken.or_else(|| stream.queue.front().map(|(due, _)| *due))
        });
        due.min()
    }

    /// Gives the controller the news that have reached it.
    pub(crate) fn deliver(&mut self) {
        self.collect();
        let mut due = Vec::new();
        let mut listed = Vec::new();
        for (kind, stream) in &mut self.streams {
            if stream.broken_until.is_some_and(|until| until <= self.now) {
                stream.broken_until = None;
                listed.push(kind.clone());
            }
            while stream.queue.front().is_some_and(|(at, _)| *at <= self.now) {
                due.extend(stream.queue.pop_front().map(|(_, event)| event));
            }
        }
        let mut changed = Vec::new();
        for event in due {
            let value = &event.object.value;
            match event.change {
                Change::Deleted => {
                    let key = ObjectKey::of(value);
                    let known = self.cache.get(&key);
                    if known.is_some_and(|known| known.resource_version <= event.revision) {
                        self.cache.remove(&key);
                        changed.push(key);
                    }
                }
                Change::Created | Change::Updated => {
                    let Some(live) = LiveObject::read(value, &self.tracking) else {
                        continue;
                    };
                    let key = live.key.clone();
                    if self.take(live) {
                        changed.push(key);
                    }
                }
            }
        }
        for (group, plural) in listed {
            changed.extend(self.list(&group, &plural));
        }
        self.news.extend(changed);
    }

    /// Lists a kind whose watch was broken.
    fn list(&mut self, group: &str, plural: &str) -> Vec<ObjectKey> {
        let Some(kind) = self.registry.kinds().storage(group, plural) else {
            return Vec::new();
        };
        let there = self.objects(&kind.api_version(), &kind.kind);
        let mut changed = Vec::new();
        let gone: Vec<ObjectKey> = self
            .cache
            .keys()
            .filter(|key| *key.group == *group && *key.kind == *kind.kind)
            .filter(|key| !there.iter().any(|o| ObjectKey::of(&o.value) == **key))
            .cloned()
            .collect();
        for key in gone {
            self.cache.remove(&key);
            changed.push(key);
        }
        for object in there {
            if let Some(live) = LiveObject::read(&object.value, &self.tracking) {
                let key = live.key.clone();
                if self.take(live) {
                    changed.push(key);
                }
            }
        }
        changed
    }

    /// Forgets everything and lists anew, as a process that has just started.
    pub(crate) fn restart(&mut self) {
        self.cache.clear();
        let mut kinds: Vec<(String, String)> = self.streams.keys().cloned().collect();
        kinds.sort();
        for stream in self.streams.values_mut() {
            stream.queue.clear();
            stream.broken_until = None;
        }
        for (group, plural) in kinds {
            let changed = self.list(&group, &plural);
            self.news.extend(changed);
        }
    }

    /// Returns all objects of a kind, as they are.
    pub(crate) fn objects(&self, api_version: &str, kind: &str) -> Vec<Arc<StoredObject>> {
        let kinds = self.registry.kinds();
        let Some(kind) = kinds.of_object(api_version, kind) else {
            return Vec::new();
        };
        let target = Target::collection(&kind, "");
        let listing = self.registry.list_now(&target, &Default::default());
        listing.map(|l| l.objects).unwrap_or_default()
    }

    /// Returns an object as it is.
    pub(crate) fn find(&self, key: &ObjectKey, api_version: &str) -> Option<Arc<StoredObject>> {
        let target = self.target(key, api_version);
        self.registry.find(&target).ok()
    }

    /// Changes an object as somebody who isn't the controller.
    pub(crate) fn patch_as(&self, who: &str, target: &Target, patch: &Value) {
        let options = WriteOptions::system(who);
        // What is gone can't be changed, and nobody minds.
        let _refused = self
            .registry
            .patch_now(target, PatchType::Merge, patch, &options);
    }

    /// Deletes an object as somebody who isn't the controller.
    pub(crate) fn delete_as(&self, who: &str, target: &Target) {
        let options = DeleteOptions {
            propagation: Some(Propagation::Background),
            write: WriteOptions::system(who),
            ..DeleteOptions::default()
        };
        // It may be gone already.
        let _refused = self.registry.delete_now(target, &options);
    }
}
