//! One life: a storm, and what is left after it.

use crate::check::Checks;
use crate::cluster::{Millis, Plane};
use crate::controller::Actor;
use crate::git::Repository;
use crate::objects::{Manifest, PLACE, Shape};
use crate::people;
use crate::random::Random;
use crate::workloads::Workloads;
use engine::{Config, ObjectKey};
use jiff::SignedDuration;
use std::fmt;
use std::sync::Arc;
use value::Value;

/// How often Git is asked without being told.
const POLL: Millis = 120_000;
/// How long everything may take to come to what Git wants once the storm is over: longer than every
/// pause between two attempts, the health gate, and all attempts of an operation.
const SETTLE: Millis = 3 * 3_600_000;
/// Things that may happen in one life: more is a circle.
const EVENTS_MAX: u64 = 50_000;

/// What to simulate.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// Where all chance comes from.
    pub seed: u64,
    /// Whether what the controller does is written down.
    pub is_told: bool,
}

impl Life {
    /// Returns the life of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            is_told: false,
        }
    }
}

/// What a life came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// Things that happened.
    pub events: u64,
    /// Writes that the API server has accepted.
    pub writes: u64,
    /// Simulated time, in seconds.
    pub seconds: u64,
}

/// What must not be.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// The life in which it was seen.
    pub seed: u64,
    /// When, in simulated seconds.
    pub at_seconds: f64,
    /// What it is.
    pub what: String,
    /// What the controller had done, if that was to be told.
    pub story: Vec<String>,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.story {
            writeln!(f, "{line}")?;
        }
        let Self {
            seed,
            at_seconds,
            what,
            ..
        } = self;
        write!(f, "seed {seed}, after {at_seconds:.1} s: {what}")
    }
}

impl std::error::Error for Wrong {}

struct Simulation {
    plane: Plane,
    actors: Vec<Actor>,
    repositories: Vec<Repository>,
    workloads: Workloads,
    checks: Checks,
    poll_at: Millis,
    person_at: Millis,
    work_at: Option<Millis>,
    storm_ends: Millis,
    events: u64,
    is_heal: bool,
}

/// Lives a life.
///
/// # Errors
/// Fails with the first thing that must not be.
pub fn run(life: &Life) -> Result<Report, Wrong> {
    let mut it = Simulation::begin(life);
    let lived = it.live();
    match lived {
        Ok(()) => Ok(Report {
            events: it.events,
            writes: it.plane.registry.revision(),
            seconds: it.plane.now / 1_000,
        }),
        Err(what) => Err(Wrong {
            seed: life.seed,
            at_seconds: Duration(it.plane.now).seconds(),
            what,
            story: it.story(),
        }),
    }
}

struct Duration(Millis);

impl Duration {
    fn seconds(&self) -> f64 {
        // Hours in milliseconds are far below what a double counts exactly.
        SignedDuration::from_millis(i64::try_from(self.0).unwrap_or(0)).as_secs_f64()
    }
}

impl Simulation {
    fn begin(life: &Life) -> Self {
        let mut random = Random::new(life.seed);
        let mut plane = Plane::new(random.next());
        let is_heal = random.chance(85);
        let config = Config {
            health_gate: random.chance(60).then(|| {
                SignedDuration::from_secs(30 + 10 * i64::try_from(random.below(20)).unwrap_or(0))
            }),
            ..Config::default()
        };
        let count = if random.chance(25) { 2 } else { 1 };
        let mut actors = Vec::new();
        let mut repositories = Vec::new();
        for number in 0..count {
            let name = ["one", "two"][number];
            people::prepare(&mut plane, name, is_heal);
            let mut actor = Actor::new(name, config.clone());
            actor.is_logging = life.is_told;
            actors.push(actor);
            repositories.push(Repository::new(number, &mut random));
        }
        Self {
            storm_ends: random.between(20_000, 400_000),
            plane,
            actors,
            repositories,
            workloads: Workloads::default(),
            checks: Checks::default(),
            poll_at: POLL,
            person_at: 3_000,
            work_at: None,
            events: 0,
            is_heal,
        }
    }

    /// Returns what the controller did, and how everything is now.
    fn story(&self) -> Vec<String> {
        let mut story: Vec<String> = Vec::new();
        for actor in self.actors.iter().filter(|a| a.is_logging) {
            story.extend(actor.log.iter().cloned());
            let app = self.plane.find(&actor.key, api::names::ARGO_API_VERSION);
            story.extend(app.iter().map(|a| a.value.to_json()));
        }
        if !story.is_empty() {
            for (api_version, kind) in [
                ("batch/v1", "Job"),
                ("apps/v1", "Deployment"),
                ("v1", "ConfigMap"),
            ] {
                let there = self.plane.objects(api_version, kind);
                story.extend(there.iter().map(|o| o.value.to_json()));
            }
        }
        story
    }

    fn live(&mut self) -> Result<(), String> {
        while self.plane.now < self.storm_ends {
            self.step()?;
        }
        // The storm is over: everything works again, and whoever is responsible mends Git.
        self.plane.is_stormy = false;
        for (number, repository) in self.repositories.iter_mut().enumerate() {
            repository.mend(number);
        }
        self.poll_at = self.plane.now;
        let end = self.plane.now + SETTLE;
        let mut last = String::new();
        let mut quiet_since: Option<Millis> = None;
        // How it was looked at last: by the state of the cluster.
        let mut looked = (0, None);
        while self.plane.now < end {
            self.step()?;
            let revision = self.plane.registry.revision();
            if looked.0 != revision {
                looked = (revision, self.unsettled());
            }
            match &looked.1 {
                Some(what) => {
                    last.clone_from(what);
                    quiet_since = None;
                }
                // What is so must stay so.
                None => {
                    let since = *quiet_since.get_or_insert(self.plane.now);
                    if self.plane.now > since + 2 * POLL {
                        return Ok(());
                    }
                }
            }
        }
        Err(format!("it never comes to rest: {last}"))
    }

    /// Lets the next thing happen.
    fn step(&mut self) -> Result<(), String> {
        self.events += 1;
        if self.events > EVENTS_MAX {
            return Err("too much happens".to_owned());
        }
        self.plane.collect();
        self.work_at = self.workloads.work(&mut self.plane);
        self.plane.collect();
        let people = self.plane.is_stormy.then_some(self.person_at);
        let actors = self.actors.iter().filter_map(Actor::next);
        let next = actors
            .chain(self.plane.next_news())
            .chain(self.work_at)
            .chain(people)
            .chain([self.poll_at])
            .min()
            .unwrap_or(self.poll_at);
        self.plane.pass_to(next);
        let now = self.plane.now;
        if people.is_some_and(|at| at <= now) {
            self.act();
            self.person_at = now + self.plane.random.between(100, 15_000);
        }
        self.plane.deliver();
        let polled = self.poll_at <= now;
        if polled {
            self.poll_at = now + POLL;
        }
        for (actor, git) in self.actors.iter_mut().zip(&self.repositories) {
            actor.hear(&mut self.plane, git);
            if polled {
                actor.poll(&mut self.plane, git);
            }
            if actor.next().is_some_and(|at| at <= self.plane.now) {
                actor.go_on(&mut self.plane, git);
            }
            if let Some(wrong) = actor.wrong.take() {
                return Err(wrong);
            }
        }
        self.plane.collect();
        self.checks.look(&self.plane)
    }

    /// Somebody does something.
    fn act(&mut self) {
        let count = self.actors.len() as u64;
        let at = usize::try_from(self.plane.random.below(count)).unwrap_or(0);
        let mut random = Random::new(self.plane.random.next());
        match random.below(20) {
            0..7 => self.repositories[at].change(at, &mut random),
            7 => self.repositories[at].is_down ^= true,
            8 => {
                self.plane.restart();
                for actor in &mut self.actors {
                    actor.crash(&self.plane);
                }
            }
            9 if random.chance(30) => {
                let minutes = i64::try_from(random.below(70)).unwrap_or(0) - 10;
                self.plane.jump(SignedDuration::from_mins(minutes));
            }
            _ => {
                let key = self.actors[at].key.clone();
                people::act(&mut self.plane, &key, &self.repositories[at]);
            }
        }
    }

    /// Returns what isn't yet as Git wants it.
    fn unsettled(&self) -> Option<String> {
        for (actor, git) in self.actors.iter().zip(&self.repositories) {
            let api_version = api::names::ARGO_API_VERSION;
            let name = &actor.key.name;
            let Some(app) = self.plane.find(&actor.key, api_version) else {
                return Some(format!("{name} is gone"));
            };
            let app = &app.value;
            let text = |path: &[&str]| app.str_at(path);
            let phase = text(&["status", "operationState", "phase"]);
            if phase == "Running" || app.get("operation").is_some() {
                return Some(format!("{name}: an operation is running"));
            }
            // Without self-heal, a failed sync or a change by hand stays.
            if !self.is_heal {
                continue;
            }
            let (sync, health) = (
                text(&["status", "sync", "status"]),
                text(&["status", "health", "status"]),
            );
            let is_kept = ["kept", "other-kept"].into_iter().any(|kept| {
                let there = self.find(kept, "v1", "ConfigMap");
                there.is_some_and(|o| is_of(&o.value, name))
                    && git.wanted().iter().all(|m| m.full_name() != kept)
            });
            if sync != "Synced" && !(is_kept && sync == "OutOfSync") {
                return Some(format!("{name} is {sync} {}", conditions(app)));
            }
            if health != "Healthy" {
                return Some(format!("{name} is {health}"));
            }
            if text(&["status", "sync", "revision"]) != git.head() {
                return Some(format!("{name} isn't at the newest commit {}", git.head()));
            }
            if let Some(what) = self.differs(git.wanted()) {
                return Some(format!("{name}: {what}, and it says {sync}"));
            }
            if let Some(extra) = self.extra(name, git.wanted()) {
                return Some(format!("{name}: {extra} is there still"));
            }
        }
        None
    }

    fn find(&self, name: &str, api_version: &str, kind: &str) -> Option<Arc<controlplane::Object>> {
        let (group, _) = engine::split_api_version(api_version);
        let key = ObjectKey::new(group, kind, PLACE, name);
        self.plane.find(&key, api_version)
    }

    /// Returns what of the manifests isn't in the cluster.
    fn differs(&self, manifests: &[Manifest]) -> Option<String> {
        for manifest in manifests {
            let wanted = manifest.object();
            let (api_version, kind) = (wanted.str_at(&["apiVersion"]), wanted.str_at(&["kind"]));
            if matches!(manifest.shape, Shape::Hook(..)) {
                continue;
            }
            let Some(live) = self.find(&manifest.full_name(), api_version, kind) else {
                return Some(format!("{} isn't there", manifest.name));
            };
            for pointer in [
                "/data/value",
                "/spec/replicas",
                "/spec/template/spec/containers/0/image",
            ] {
                if let Some(value) = wanted.pointer(pointer)
                    && live.value.pointer(pointer) != Some(value)
                {
                    return Some(format!("{}{pointer} differs", manifest.name));
                }
            }
        }
        None
    }

    /// Returns an object of the application that no manifest wants.
    fn extra(&self, app: &str, manifests: &[Manifest]) -> Option<String> {
        for (api_version, kind) in [("v1", "ConfigMap"), ("apps/v1", "Deployment")] {
            for stored in self.plane.objects(api_version, kind) {
                let object = &stored.value;
                let name = object.str_at(&["metadata", "name"]);
                let is_wanted = manifests.iter().any(|m| m.full_name() == name);
                if is_of(object, app) && !is_wanted && !name.ends_with("kept") {
                    return Some(name.to_owned());
                }
            }
        }
        None
    }
}

fn is_of(object: &Value, app: &str) -> bool {
    let tracking = engine::Tracking::default();
    tracking.owner(&ObjectKey::of(object), object) == Some(app)
}

fn conditions(app: &Value) -> String {
    let conditions = app.array_at(&["status", "conditions"]);
    conditions.iter().map(Value::to_json).collect()
}
