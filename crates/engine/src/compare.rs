//! What Git wants against what the cluster has.

use crate::object::{Desired, Directives, ObjectKey, Permission};
use crate::rules::{Dependency, Window};
use crate::spec::Spec;
use crate::status::SyncStatus;
use crate::step::Target;
use health::{Health, HealthStatus};
use jiff::Timestamp;
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
    /// Who owns it instead of us, through what and since when, if anybody is known to.
    pub owner: Option<String>,
    /// Where it is, as `ignoreDifferences` would name it; empty if that is no stable name.
    pub pointer: String,
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
    /// The application that it says it belongs to.
    pub owner: Option<Box<str>>,
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
    /// Returns the objects that carry a tracking id of the application's about another object:
    /// somebody copied it along.
    fn copies(&self) -> Vec<ObjectKey> {
        Vec::new()
    }
    /// Returns what the application's project has against its specification, in sentences.
    fn objections(&self, _spec: &Spec) -> Vec<String> {
        Vec::new()
    }
    /// Returns why the application's project doesn't permit objects of a kind or name, if it
    /// doesn't.
    fn forbids_kind(&self, _key: &ObjectKey) -> Option<String> {
        None
    }
    /// Returns why the application's project doesn't permit objects in a namespace, if it doesn't.
    fn forbids_place(&self, _key: &ObjectKey) -> Option<String> {
        None
    }
    /// Returns whether the project's windows let it be synced. `since` is when the operation began,
    /// if one goes on.
    fn window(&self, _manual: bool, _since: Option<Timestamp>, _now: Timestamp) -> Window {
        Window::Open
    }
    /// Returns another application.
    fn dependency(&self, _name: &str) -> Option<Dependency> {
        None
    }
    /// Returns why nothing may be written for the application at all, if nothing may.
    fn forbids_writing(&self) -> Option<String> {
        None
    }
    /// Returns the number of objects in the destination that belong to no application, if the
    /// project wants to know.
    fn orphans(&self) -> Option<usize> {
        None
    }
    /// Returns true if the cluster serves a version of a group.
    fn has_group_version(&self, _api_version: &str) -> bool {
        false
    }
    /// Returns the version in which the cluster serves a kind.
    fn served_version(&self, _group: &str, _kind: &str) -> Option<String> {
        None
    }
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
    /// Its deletion needs a person's approval.
    pub requires_confirmation: bool,
    /// It may never be pruned.
    pub is_kept: bool,
    /// Its health is a part of the application's.
    pub counts: bool,
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
    /// Objects that Git wants and that belong to another application: object and application.
    pub shared: Vec<(ObjectKey, Box<str>)>,
}

impl Comparison {
    /// Returns the object called `key`.
    #[must_use]
    pub fn get(&self, key: &ObjectKey) -> Option<&ResourceState> {
        self.resources.iter().find(|r| r.key == *key)
    }
}

/// What is compared, besides objects.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The application's name.
    pub name: &'a str,
    /// The application's namespace.
    pub namespace: &'a str,
    /// What it asks for.
    pub spec: &'a Spec,
}

/// Compares what Git wants with the cluster.
#[must_use]
pub fn compare(target: &Target, subject: Subject<'_>, world: &dyn World) -> Comparison {
    let mut it = Comparison {
        sync: SyncStatus::Synced,
        ..Comparison::default()
    };
    let mut wanted = BTreeSet::new();
    for desired in &target.objects {
        wanted.insert(&desired.key);
        let facts = world.facts(desired);
        if let Some(owner) = facts.owner.as_deref().filter(|o| *o != subject.name) {
            it.shared.push((desired.key.clone(), owner.into()));
        }
        let state = wanted_state(desired, facts, subject, &mut it.unknown);
        // A hook that doesn't exist is nothing that anyone waits for.
        if !state.hook || state.exists {
            it.resources.push(state);
        }
    }
    for key in world.tracked() {
        if wanted.contains(&key) {
            continue;
        }
        // What the project doesn't permit is none of the application's business.
        let is_foreign = world.forbids_kind(&key).is_some() || world.forbids_place(&key).is_some();
        if let Some(facts) = world.live(&key).filter(|_| !is_foreign) {
            it.resources.push(extra_state(key, facts, subject));
        }
    }
    for key in world.copies() {
        if wanted.contains(&key) {
            continue;
        }
        if let Some(facts) = world.live(&key) {
            it.resources.push(copied_state(key, facts, subject));
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
    for resource in it.resources.iter_mut().filter(|r| r.counts) {
        if world.forbids_kind(&resource.key).is_some() {
            resource.sync = Some(SyncStatus::Unknown);
        }
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
    subject: Subject<'_>,
    unknown: &mut Vec<ObjectKey>,
) -> ResourceState {
    let exists = !matches!(facts.matches, Match::Missing | Match::KindUnknown);
    let own = &desired.directives;
    let (sync, fields) = match facts.matches {
        _ if own.is_hook || own.is_skipped => (None, Vec::new()),
        Match::InSync => (Some(SyncStatus::Synced), Vec::new()),
        Match::Drift(fields) => (Some(SyncStatus::OutOfSync), fields),
        Match::Missing | Match::KindUnknown => (Some(SyncStatus::OutOfSync), Vec::new()),
        Match::Unknown => {
            unknown.push(desired.key.clone());
            (Some(SyncStatus::OutOfSync), Vec::new())
        }
    };
    let confirms = |directives: &Directives| requires_confirmation(directives, subject.spec);
    let is_ours = facts.owner.as_deref() == Some(subject.name);
    ResourceState {
        counts: !own.is_hook && !own.is_skipped && !is_itself(&desired.key, subject),
        requires_confirmation: confirms(own) || (exists && confirms(&facts.directives)),
        is_kept: false,
        key: desired.key.clone(),
        version: desired.version().into(),
        sync,
        health: facts.health.filter(|_| exists && !own.ignore_health),
        // Argo CD counts a hook that is there among what Git doesn't have.
        requires_pruning: own.is_hook && exists && is_ours,
        hook: own.is_hook,
        wave: own.wave,
        exists,
        deleting: facts.deleting,
        fields,
    }
}

fn extra_state(key: ObjectKey, facts: LiveFacts, subject: Subject<'_>) -> ResourceState {
    let hook = facts.directives.is_hook;
    ResourceState {
        counts: !hook && !is_itself(&key, subject),
        requires_confirmation: requires_confirmation(&facts.directives, subject.spec),
        is_kept: facts.directives.prune.or(subject.spec.options.prune) == Some(Permission::No),
        key,
        version: facts.version,
        sync: (!hook).then_some(SyncStatus::OutOfSync),
        health: facts.health.filter(|_| !facts.directives.ignore_health),
        requires_pruning: true,
        hook,
        wave: 0,
        exists: true,
        deleting: facts.deleting,
        fields: Vec::new(),
    }
}

/// Returns the state of an object that carries somebody else's tracking id: it is shown, and that is
/// all.
fn copied_state(key: ObjectKey, facts: LiveFacts, subject: Subject<'_>) -> ResourceState {
    let mut it = extra_state(key, facts, subject);
    it.sync = None;
    it.requires_pruning = false;
    it
}

fn requires_confirmation(directives: &Directives, spec: &Spec) -> bool {
    let confirm = Some(Permission::Confirm);
    let options = &spec.options;
    directives.delete.or(options.delete) == confirm || directives.prune.or(options.prune) == confirm
}

/// Returns true if an object is the application itself, deployed by itself.
pub(crate) fn is_itself(key: &ObjectKey, subject: Subject<'_>) -> bool {
    is_application(key) && *key.name == *subject.name && *key.namespace == *subject.namespace
}

fn is_application(key: &ObjectKey) -> bool {
    &*key.group == api::names::ARGO_GROUP && &*key.kind == "Application"
}

/// Returns the health of an application: the worst of its live objects; `Missing` only if it has
/// objects and none of them is live (Argo CD's code, against its documentation).
fn overall_health(resources: &[ResourceState]) -> Health {
    let plain = || resources.iter().filter(|r| r.counts);
    if plain().next().is_some() && plain().all(|r| !r.exists) {
        return Health {
            status: HealthStatus::Missing,
            message: String::new(),
        };
    }
    let mut status = HealthStatus::Healthy;
    let mut causes: Vec<&ResourceState> = Vec::new();
    for resource in plain().filter(|r| r.exists) {
        let Some(health) = &resource.health else {
            continue;
        };
        // An application that isn't known yet says nothing about its parent.
        let says_nothing = is_application(&resource.key)
            && matches!(health.status, HealthStatus::Missing | HealthStatus::Unknown);
        if health.status > status && !says_nothing {
            status = health.status;
            causes.clear();
        }
        if health.status == status && status != HealthStatus::Healthy {
            causes.push(resource);
        }
    }
    let shown = causes.iter().take(CAUSES_MAX).map(|r| cause(r));
    let mut message = shown.collect::<Vec<_>>().join("; ");
    if causes.len() > CAUSES_MAX {
        message.push_str(&format!("; and {} more", causes.len() - CAUSES_MAX));
    }
    Health { status, message }
}

/// Objects that the message of an application's health names.
const CAUSES_MAX: usize = 3;

fn cause(resource: &ResourceState) -> String {
    let (key, health) = (&resource.key, resource.health.as_ref());
    match health.map(|h| (h.status, h.message.as_str())) {
        Some((status, "")) => format!("{key} is {}", status.as_str()),
        Some((_, why)) => format!("{key}: {why}"),
        None => key.to_string(),
    }
}
