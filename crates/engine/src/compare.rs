//! What Git wants against what the cluster has.

use crate::object::{Desired, Directives, ObjectKey};
use crate::status::SyncStatus;
use crate::step::Target;
use health::{Health, HealthStatus};
use std::collections::BTreeSet;

/// One field that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldDiff {
    /// The path as people write it: `spec.replicas`.
    pub path: String,
    /// What Git says, as JSON; `None` if Git doesn't have the field.
    pub git: Option<String>,
    /// What the cluster has, as JSON; `None` if it doesn't have the field.
    pub live: Option<String>,
    /// The field managers that own the field now, most recent first.
    pub managers: Vec<String>,
}

/// How a live object compares with what Git wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Match {
    /// Applying would change nothing, proved or confirmed by the server.
    InSync,
    /// These fields differ.
    Drift(Vec<FieldDiff>),
    /// There is no such object.
    Missing,
    /// It can't be told without asking the server; [`Effect::Confirm`](crate::Effect) does.
    Unknown,
    /// The cluster has no such kind.
    KindUnknown,
}

/// What is known of one object in the cluster.
#[derive(Clone, Debug)]
pub struct LiveFacts {
    /// How it compares with what Git wants.
    pub matches: Match,
    /// Its health; `None` for kinds that have none, and for missing objects.
    pub health: Option<Health>,
    /// The version of its group that it is watched in.
    pub version: Box<str>,
    /// What its live annotations ask for.
    pub directives: Directives,
    /// True if it is being deleted.
    pub deleting: bool,
}

/// The live cluster, as far as one application is concerned.
pub trait World {
    /// Returns how an object that Git wants compares with the cluster.
    fn facts(&self, desired: &Desired) -> LiveFacts;
    /// Returns an object that Git doesn't want, if it is there.
    fn live(&self, key: &ObjectKey) -> Option<LiveFacts>;
    /// Returns the objects that carry the application's tracking id for exactly themselves.
    fn tracked(&self) -> Vec<ObjectKey>;
    /// Returns true if a namespace exists.
    fn has_namespace(&self, name: &str) -> bool;
}

/// One object of an application, compared.
#[derive(Clone, Debug)]
pub struct ResourceState {
    /// What it is called.
    pub key: ObjectKey,
    /// The version of its group.
    pub version: Box<str>,
    /// Synced or not; `None` for hooks.
    pub sync: Option<SyncStatus>,
    /// Its health, if its kind has one and it exists.
    pub health: Option<Health>,
    /// True if it is only in the cluster.
    pub requires_pruning: bool,
    /// True for a hook.
    pub hook: bool,
    /// Its wave.
    pub wave: i32,
    /// True if it exists.
    pub exists: bool,
    /// True if it is being deleted.
    pub deleting: bool,
    /// The fields that differ.
    pub fields: Vec<FieldDiff>,
}

/// An application, compared.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Its objects by key.
    pub resources: Vec<ResourceState>,
    /// Whether all of them are as Git wants them.
    pub sync: SyncStatus,
    /// The worst health of them.
    pub health: Option<Health>,
    /// Objects that the server must be asked about.
    pub unknown: Vec<ObjectKey>,
}

impl Comparison {
    /// Returns the object called `key`.
    #[must_use]
    pub fn get(&self, key: &ObjectKey) -> Option<&ResourceState> {
        self.resources.iter().find(|r| r.key == *key)
    }
}

/// Compares what Git wants with the cluster.
#[must_use]
pub fn compare(target: &Target, world: &dyn World) -> Comparison {
    let mut it = Comparison {
        sync: SyncStatus::Synced,
        ..Comparison::default()
    };
    let mut wanted = BTreeSet::new();
    for desired in &target.objects {
        wanted.insert(&desired.key);
        let facts = world.facts(desired);
        let state = wanted_state(desired, facts, &mut it.unknown);
        // A hook that doesn't exist is nothing that anyone waits for.
        if !state.hook || state.exists {
            it.resources.push(state);
        }
    }
    for key in world.tracked() {
        if wanted.contains(&key) {
            continue;
        }
        if let Some(facts) = world.live(&key) {
            it.resources.push(extra_state(key, facts));
        }
    }
    it.resources.sort_by(|a, b| a.key.cmp(&b.key));
    // An extra object that says so is OutOfSync itself but leaves the application Synced.
    let out_of_sync = it.resources.iter().any(|r| {
        r.sync == Some(SyncStatus::OutOfSync)
            && !(r.requires_pruning && ignored_extra(&r.key, world))
    });
    if out_of_sync {
        it.sync = SyncStatus::OutOfSync;
    }
    it.health = Some(overall_health(&it.resources));
    it
}

fn ignored_extra(key: &ObjectKey, world: &dyn World) -> bool {
    world
        .live(key)
        .is_some_and(|facts| facts.directives.ignore_extraneous)
}

fn wanted_state(
    desired: &Desired,
    facts: LiveFacts,
    unknown: &mut Vec<ObjectKey>,
) -> ResourceState {
    let exists = !matches!(facts.matches, Match::Missing | Match::KindUnknown);
    let hook = desired.directives.is_hook;
    let (sync, fields) = match facts.matches {
        _ if hook => (None, Vec::new()),
        Match::InSync => (Some(SyncStatus::Synced), Vec::new()),
        Match::Drift(fields) => (Some(SyncStatus::OutOfSync), fields),
        Match::Missing | Match::KindUnknown => (Some(SyncStatus::OutOfSync), Vec::new()),
        Match::Unknown => {
            unknown.push(desired.key.clone());
            (Some(SyncStatus::OutOfSync), Vec::new())
        }
    };
    ResourceState {
        key: desired.key.clone(),
        version: desired.version().into(),
        sync,
        health: facts
            .health
            .filter(|_| exists && !desired.directives.ignore_health),
        requires_pruning: false,
        hook,
        wave: desired.directives.wave,
        exists,
        deleting: facts.deleting,
        fields,
    }
}

fn extra_state(key: ObjectKey, facts: LiveFacts) -> ResourceState {
    let hook = facts.directives.is_hook;
    ResourceState {
        key,
        version: facts.version,
        sync: (!hook).then_some(SyncStatus::OutOfSync),
        health: facts.health.filter(|_| !facts.directives.ignore_health),
        requires_pruning: !hook,
        hook,
        wave: facts.directives.wave,
        exists: true,
        deleting: facts.deleting,
        fields: Vec::new(),
    }
}

/// Returns the health of an application: the worst of its live objects; `Missing` only if it has
/// objects and none of them is live (Argo CD's code, against its documentation).
fn overall_health(resources: &[ResourceState]) -> Health {
    let plain = || resources.iter().filter(|r| !r.hook);
    if plain().next().is_some() && plain().all(|r| !r.exists) {
        return Health {
            status: HealthStatus::Missing,
            message: String::new(),
        };
    }
    let mut worst = Health {
        status: HealthStatus::Healthy,
        message: String::new(),
    };
    for resource in plain().filter(|r| r.exists) {
        let Some(health) = &resource.health else {
            continue;
        };
        if health.status > worst.status {
            worst.status = health.status;
            let (key, why) = (&resource.key, &health.message);
            worst.message = match why.as_str() {
                "" => format!("{key} is {}", health.status.as_str()),
                why => format!("{key}: {why}"),
            };
        }
    }
    worst
}
