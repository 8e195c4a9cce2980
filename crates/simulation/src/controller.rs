//! One application's task: what `controller` does with the core's effects, in simulated time.

use crate::cluster::{Millis, Plane, Refusal};
use crate::git::Repository;
use api::names;
use cluster::{LiveObject, Prepared};
use controlplane::registry::{DeleteOptions, PatchType, WriteOptions};
use engine::argo::{self, Known, Reading};
use engine::{
    AppState, ApplyItem, Config, Desired, Effect, Event, Ignore, LiveFacts, Match, ObjectKey,
    Outcome, Propagation, Target, World,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;
use std::sync::Arc;
use value::Value;

/// The namespace of applications.
pub(crate) const CONTROL: &str = "argocd";
const APPLICATION: &str = "argoproj.io/v1alpha1";
/// Steps that one piece of news may take: more is a circle.
const STEPS_MAX: usize = 500;

/// A request to the API server that makes the task forget everything.
struct Forget;

/// What a task remembers between two failures.
struct Life {
    state: AppState,
    prepared: Arc<Prepared>,
    known: Known,
    wake_at: Option<Timestamp>,
    queue: VecDeque<Event>,
}

/// One application's task.
pub(crate) struct Actor {
    pub(crate) key: ObjectKey,
    pub(crate) config: Config,
    life: Option<Life>,
    /// When it begins again after a failure.
    restart_at: Option<Millis>,
    /// It begins again after a failed request, not as a new process.
    has_failed: bool,
    /// When it wakes up by itself.
    pub(crate) wake: Option<Millis>,
    /// How much of the news it has heard.
    heard: usize,
    /// Something that must not be.
    pub(crate) wrong: Option<String>,
    /// What it did, for people who look for a mistake.
    pub(crate) log: Vec<String>,
    pub(crate) is_logging: bool,
}

struct CacheWorld<'a> {
    plane: &'a Plane,
    app: &'a str,
    prepared: &'a Prepared,
}

impl CacheWorld<'_> {
    fn describe(live: &LiveObject, matches: Match) -> LiveFacts {
        LiveFacts {
            matches,
            health: live.health.clone(),
            version: live.version().into(),
            directives: live.directives.clone(),
            deleting: live.deleting,
            owner: live.app.clone(),
        }
    }
}

impl World for CacheWorld<'_> {
    fn facts(&self, desired: &Desired) -> LiveFacts {
        match self.plane.cache.get(&desired.key) {
            Some(live) => Self::describe(live, self.prepared.compare(live)),
            None => LiveFacts {
                matches: Match::Missing,
                health: None,
                version: desired.version().into(),
                directives: desired.directives.clone(),
                deleting: false,
                owner: None,
            },
        }
    }

    fn live(&self, key: &ObjectKey) -> Option<LiveFacts> {
        let live = self.plane.cache.get(key)?;
        Some(Self::describe(live, Match::InSync))
    }

    fn tracked(&self) -> Vec<ObjectKey> {
        let cache = self.plane.cache.values();
        let own = cache.filter(|live| live.app.as_deref() == Some(self.app));
        own.map(|live| live.key.clone()).collect()
    }

    fn has_namespace(&self, name: &str) -> bool {
        let key = ObjectKey::new("", "Namespace", "", name);
        self.plane.cache.contains_key(&key)
    }
}

impl Actor {
    pub(crate) fn new(name: &str, config: Config) -> Self {
        Self {
            key: ObjectKey::new(names::ARGO_GROUP, "Application", CONTROL, name),
            config,
            life: None,
            restart_at: None,
            has_failed: false,
            wake: None,
            heard: 0,
            wrong: None,
            log: Vec::new(),
            is_logging: false,
        }
    }

    fn say(&mut self, plane: &Plane, what: impl FnOnce() -> String) {
        if self.is_logging {
            let line = format!("{:>8} {}: {}", plane.now, self.key.name, what());
            self.log.push(line);
        }
    }

    /// Returns when it has something to do by itself.
    pub(crate) fn next(&self) -> Option<Millis> {
        match self.life {
            None => self.restart_at,
            Some(_) => self.wake,
        }
    }

    /// A request came to nothing: everything is begun anew.
    fn fail(&mut self, plane: &Plane) {
        self.crash(plane);
        self.has_failed = true;
    }

    /// The process ends, whatever it was doing.
    pub(crate) fn crash(&mut self, plane: &Plane) {
        self.has_failed = false;
        self.life = None;
        self.wake = None;
        self.restart_at = Some(plane.now + 500);
    }

    /// Takes news of objects.
    pub(crate) fn hear(&mut self, plane: &mut Plane, git: &Repository) {
        if self.heard < plane.news.len() {
            self.listen(plane);
            self.work(plane, git);
        }
    }

    fn listen(&mut self, plane: &mut Plane) {
        let new = plane.news[self.heard..].to_vec();
        self.heard = plane.news.len();
        if new.contains(&self.key) {
            self.take_application(plane);
        }
        if new.iter().any(|key| *key != self.key)
            && let Some(life) = &mut self.life
        {
            life.queue.push_back(Event::Look);
        }
    }

    /// Git is asked now and then.
    pub(crate) fn poll(&mut self, plane: &mut Plane, git: &Repository) {
        let result = git.resolve();
        if let Some(life) = &mut self.life
            && let Some(app) = &life.state.app
            && !app.skip
            && !app.deleting
            && app.spec.problems.is_empty()
            && life.state.resolved.as_ref() != Some(&result)
        {
            life.queue.push_back(Event::Resolved(result));
        }
        self.work(plane, git);
    }

    /// Goes on at a time that it asked for.
    pub(crate) fn go_on(&mut self, plane: &mut Plane, git: &Repository) {
        match &mut self.life {
            None if self.restart_at.is_some_and(|at| at <= plane.now) => {
                self.restart_at = None;
                self.take_application(plane);
            }
            None => {}
            Some(life) => life.queue.push_back(Event::Look),
        }
        self.work(plane, git);
    }

    fn take_application(&mut self, plane: &mut Plane) {
        let Some(live) = plane.cache.get(&self.key).cloned() else {
            self.life = None;
            return;
        };
        let version = live.resource_version;
        if let Some(life) = &self.life
            && life.known.is_newer_than(version)
        {
            return;
        }
        let mut application = live.value();
        let mut version = live.resource_version;
        if self.life.is_none() && self.has_failed {
            // As the controller does it: after a failure, what the API server has counts.
            let target = plane.target(&self.key, APPLICATION);
            let Ok(newest) = plane.request(|r| r.find(&target)) else {
                self.restart_at = Some(plane.now + 500);
                return;
            };
            application = newest.value.clone();
            version = newest.revision;
        }
        let view = argo::view(&application);
        let life = self.life.get_or_insert_with(|| Life {
            state: AppState::new(argo::status_from(&application)),
            prepared: Arc::new(Prepared::new([], Ignore::default())),
            known: Known::of(&application),
            wake_at: None,
            queue: VecDeque::new(),
        });
        let from = match self.has_failed {
            false => Reading::Watch,
            true => Reading::Server,
        };
        life.known.read(&application, &view, version, from);
        life.queue.push_back(Event::Application(Box::new(view)));
    }

    /// Lets the core work until there is nothing left to do now.
    fn work(&mut self, plane: &mut Plane, git: &Repository) {
        let mut steps = 0;
        while let Some(life) = &mut self.life {
            let Some(event) = life.queue.pop_front() else {
                self.has_failed = false;
                break;
            };
            steps += 1;
            if steps > STEPS_MAX {
                self.wrong = Some("the core goes round in circles".to_owned());
                return;
            }
            if let Event::Loaded {
                result: Ok(target), ..
            } = &event
            {
                let objects = target.objects.iter().map(|d| (&d.key, &d.value));
                life.prepared = Arc::new(Prepared::new(objects, Ignore::default()));
            }
            if matches!(&event, Event::Application(view) if life.known.is_newer_than(view.version))
            {
                continue;
            }
            life.wake_at = None;
            let world = CacheWorld {
                plane,
                app: &self.key.name,
                prepared: &life.prepared,
            };
            let effects = life.state.step(event, &world, &self.config, plane.wall());
            for effect in effects {
                // The process may end before and after any of them.
                if plane.is_stormy && plane.random.below(1_000) < 8 {
                    self.say(plane, || {
                        format!("crash before {effect:?}")
                            .chars()
                            .take(90)
                            .collect()
                    });
                    plane.restart();
                    self.crash(plane);
                    return;
                }
                self.say(plane, || short(&effect));
                let done = self.carry_out(plane, git, effect);
                if done.is_err() {
                    self.say(plane, || "starts anew".to_owned());
                    self.fail(plane);
                    return;
                }
                if self.life.is_none() {
                    return;
                }
            }
            // What has happened meanwhile.
            plane.deliver();
            self.listen(plane);
        }
        let wall = plane.wall();
        self.wake = self.life.as_ref().and_then(|life| life.wake_at).map(|at| {
            let wait = at.duration_since(wall).max(SignedDuration::ZERO);
            plane.now + u64::try_from(wait.as_millis()).unwrap_or(0) + 1
        });
    }

    fn push(&mut self, event: Event) {
        if let Some(life) = &mut self.life {
            life.queue.push_back(event);
        }
    }

    fn carry_out(
        &mut self,
        plane: &mut Plane,
        git: &Repository,
        effect: Effect,
    ) -> Result<(), Forget> {
        match effect {
            Effect::Resolve { .. } => {
                plane.pass_to(plane.now + 20);
                self.push(Event::Resolved(git.resolve()));
            }
            Effect::Load { revision } => {
                plane.pass_to(plane.now + 20);
                let result = git.load(&revision, &self.key.name, &plane.tracking);
                self.push(Event::Loaded { revision, result });
            }
            Effect::Write {
                clear_operation,
                clear_refresh,
            } => self.write(plane, clear_operation, clear_refresh)?,
            Effect::Apply {
                target,
                items,
                dry_run,
            } => self.apply(plane, &target, &items, dry_run),
            Effect::Delete {
                key,
                propagation,
                dry_run,
            } => self.delete(plane, key, propagation, dry_run),
            Effect::CreateNamespace { .. } => {
                self.wrong = Some("nobody asked for a namespace".to_owned());
            }
            Effect::Confirm(keys) => {
                self.confirm(plane, &keys);
                self.push(Event::Look);
            }
            Effect::Record(_) => {}
            Effect::LetGo { key } => self.let_go(plane, &key)?,
            Effect::Finalize(finalizers) => {
                let patch = argo::finalizers_patch(&finalizers);
                if self.patch_application(plane, &patch)?.is_some()
                    && let Some(life) = &mut self.life
                {
                    life.state.finalizers_written(finalizers);
                    life.queue.push_back(Event::Look);
                }
            }
            Effect::WakeAt(at) => {
                if let Some(life) = &mut self.life {
                    life.wake_at = Some(life.wake_at.map_or(at, |before| before.min(at)));
                }
            }
        }
        Ok(())
    }

    /// Patches the application; `None` if it is gone.
    fn patch_application(
        &mut self,
        plane: &mut Plane,
        patch: &Value,
    ) -> Result<Option<u64>, Forget> {
        let target = plane.target(&self.key, APPLICATION);
        let options = controller();
        let answer = plane.request(|r| r.patch_now(&target, PatchType::Merge, patch, &options));
        match answer {
            Ok(written) => Ok(Some(written.object.revision)),
            Err(refusal) if refusal.code == 404 => {
                self.life = None;
                Ok(None)
            }
            Err(_) => Err(Forget),
        }
    }

    fn write(
        &mut self,
        plane: &mut Plane,
        clear_operation: bool,
        clear_refresh: bool,
    ) -> Result<(), Forget> {
        let Some(life) = &self.life else {
            return Ok(());
        };
        let clear = argo::Clear {
            operation: clear_operation,
            refresh: clear_refresh,
        };
        let Some(writing) = life.known.writing(&life.state, CONTROL, clear) else {
            return Ok(());
        };
        let revision = self.patch_application(plane, &writing.patch)?;
        if let (Some(revision), Some(life)) = (revision, &mut self.life) {
            life.known.written(writing, &mut life.state, Some(revision));
        }
        Ok(())
    }

    fn apply(&mut self, plane: &mut Plane, target: &Target, items: &[ApplyItem], dry_run: bool) {
        let Some(life) = &self.life else { return };
        let asked_by = |life: &Life| {
            let operation = life.state.operation.as_ref()?;
            let by = operation.request.raw.str_at(&["initiatedBy", "username"]);
            (!by.is_empty()).then(|| by.to_owned())
        };
        let is_held = life
            .state
            .holds
            .iter()
            .any(|h| h.revision == target.revision);
        if is_held && !dry_run && asked_by(life).is_none() {
            self.wrong = Some(format!("the held revision {} is applied", target.revision));
        }
        let mut answers = Vec::new();
        for item in items {
            let desired = &target.objects[item.index];
            let object = desired.to_apply(&item.key.name, item.hook_run.as_deref());
            let place = plane.target(&item.key, &desired.api_version);
            let options = WriteOptions {
                dry_run,
                force: true,
                ..controller()
            };
            let answer = if item.replace && plane.find(&item.key, &desired.api_version).is_some() {
                plane.request(|r| {
                    let change = |live: &mut Value| {
                        for part in ["data", "spec"] {
                            if let Some(wanted) = object.get(part) {
                                live.set_at(&[part], wanted.clone());
                            }
                        }
                        for part in ["labels", "annotations"] {
                            let wanted = object.at(&["metadata", part]);
                            let wanted = wanted.cloned().unwrap_or_else(Value::object);
                            live.set_at(&["metadata", part], wanted);
                        }
                        Ok(())
                    };
                    r.modify_now(&place, &options, change)
                })
            } else {
                plane.request(|r| r.patch_now(&place, PatchType::Apply, &object, &options))
            };
            let outcome: Outcome = match answer {
                Ok(written) => {
                    if !dry_run {
                        plane.learn(&written.object.value);
                    }
                    Ok(format!("{} applied", item.key.name))
                }
                Err(Refusal { message, .. }) => Err(message),
            };
            answers.push((item.key.clone(), outcome));
        }
        for (key, outcome) in answers {
            if outcome.is_ok()
                && !dry_run
                && let (Some(live), Some(life)) = (plane.cache.get(&key), &self.life)
            {
                life.prepared.applied(live);
            }
            self.push(Event::Answered { key, outcome });
        }
    }

    fn delete(
        &mut self,
        plane: &mut Plane,
        key: ObjectKey,
        propagation: Propagation,
        dry_run: bool,
    ) {
        let live = plane.cache.get(&key).cloned();
        let api_version = live.as_ref().map(|l| l.api_version.to_string());
        let api_version = api_version.unwrap_or_else(|| version_of(&key).to_owned());
        let target = plane.target(&key, &api_version);
        let options = DeleteOptions {
            propagation: Some(match propagation {
                Propagation::Foreground => controlplane::registry::Propagation::Foreground,
                Propagation::Background => controlplane::registry::Propagation::Background,
                Propagation::Orphan => controlplane::registry::Propagation::Orphan,
            }),
            uid: live.map(|l| l.uid.to_string()),
            write: WriteOptions {
                dry_run,
                ..controller()
            },
            ..DeleteOptions::default()
        };
        let answer = plane.request(|r| r.delete_now(&target, &options));
        let outcome = match answer {
            Ok(_) => Ok("pruned".to_owned()),
            Err(refusal) if refusal.code == 404 => Ok("pruned".to_owned()),
            Err(refusal) => Err(refusal.message),
        };
        self.push(Event::Answered { key, outcome });
    }

    fn let_go(&mut self, plane: &mut Plane, key: &ObjectKey) -> Result<(), Forget> {
        let target = plane.target(key, version_of(key));
        let options = controller();
        let answer = plane.request(|r| {
            r.modify_now(&target, &options, |live| {
                let left = live.array_at(&["metadata", "finalizers"]).iter();
                let left = left.filter(|f| f.as_str() != Some(names::HOOK_FINALIZER));
                let left: Value = left.cloned().collect();
                live.set_at(&["metadata", "finalizers"], left);
                Ok(())
            })
        });
        match answer {
            Ok(written) => {
                plane.learn(&written.object.value);
                Ok(())
            }
            Err(refusal) if refusal.code == 404 => Ok(()),
            Err(_) => Err(Forget),
        }
    }

    fn confirm(&mut self, plane: &mut Plane, keys: &[ObjectKey]) {
        let Some(life) = &self.life else { return };
        let prepared = Arc::clone(&life.prepared);
        for key in keys {
            let Some(live) = plane.cache.get(key).cloned() else {
                continue;
            };
            let Some(wanted) = life.state.target().and_then(|target| {
                let mut objects = target.objects.iter();
                objects
                    .find(|d| d.key == *key)
                    .map(|d| Arc::clone(&d.value))
            }) else {
                continue;
            };
            let place = plane.target(key, &live.api_version);
            let options = WriteOptions {
                dry_run: true,
                force: true,
                ..controller()
            };
            let answer =
                plane.request(|r| r.patch_now(&place, PatchType::Apply, &wanted, &options));
            match answer {
                Ok(written) => prepared.told(&live, Some(&written.object.value)),
                Err(refusal) if refusal.code == 0 => {}
                Err(_) => prepared.told(&live, None),
            }
        }
    }
}

fn controller() -> WriteOptions {
    WriteOptions::system(names::FIELD_MANAGER)
}

fn version_of(key: &ObjectKey) -> &'static str {
    match &*key.kind {
        "Deployment" => "apps/v1",
        "Job" => "batch/v1",
        _ => "v1",
    }
}

fn short(effect: &Effect) -> String {
    match effect {
        Effect::Apply {
            target,
            items,
            dry_run,
        } => {
            let names: Vec<&str> = items.iter().map(|i| &*i.key.name).collect();
            let end = target.revision.len().min(40);
            format!(
                "apply {names:?} of {} dry {dry_run}",
                &target.revision[30..end]
            )
        }
        effect => format!("{effect:?}").chars().take(140).collect(),
    }
}
