//! A cluster, a Git and a clock for the core.

use engine::{
    AppState, ApplyItem, Config, Dependency, Desired, Directives, Effect, Event, FieldDiff,
    LiveFacts, Match, ObjectKey, Record, Spec, Status, Target, Window, World, argo,
};
use health::{Health, HealthStatus};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use value::{Value, json};

/// One live object: what it holds, and how it is.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) text: String,
    pub(crate) health: Option<HealthStatus>,
    pub(crate) annotations: Vec<(String, String)>,
    pub(crate) tracked: bool,
    pub(crate) deleting: bool,
    pub(crate) held: bool,
    /// Another application that it says it belongs to.
    pub(crate) owner: Option<String>,
}

impl Live {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            health: None,
            annotations: Vec::new(),
            tracked: true,
            deleting: false,
            held: false,
            owner: None,
        }
    }
}

/// The cluster.
#[derive(Default)]
pub(crate) struct Cluster {
    pub(crate) objects: BTreeMap<ObjectKey, Live>,
    /// Health that objects of this text come up with.
    pub(crate) health: BTreeMap<String, HealthStatus>,
    /// Texts that the server refuses, with its words.
    pub(crate) refused: BTreeMap<String, String>,
    pub(crate) unknown_kinds: Vec<String>,
    /// Deleted objects stay until their finalizers are gone.
    pub(crate) lingering: bool,
    /// The API server refuses everything.
    pub(crate) is_down: bool,
    /// What the project says.
    pub(crate) project: Project,
    /// Other applications.
    pub(crate) others: BTreeMap<String, Dependency>,
}

/// The rules of the application's project.
#[derive(Default)]
pub(crate) struct Project {
    pub(crate) objections: Vec<String>,
    pub(crate) forbidden_kinds: Vec<&'static str>,
    pub(crate) closed_until: Option<Timestamp>,
    pub(crate) lets_people: bool,
}

impl Cluster {
    fn owner(&self, key: &ObjectKey) -> Option<Box<str>> {
        let live = self.objects.get(key)?;
        match &live.owner {
            Some(owner) => Some(owner.as_str().into()),
            None => live.tracked.then(|| "app".into()),
        }
    }
}

impl World for Cluster {
    fn facts(&self, desired: &Desired) -> LiveFacts {
        let want = desired.value.str_at(&["text"]);
        let (matches, health) = match self.objects.get(&desired.key) {
            None if self.unknown_kinds.contains(&desired.key.kind.to_string()) => {
                (Match::KindUnknown, None)
            }
            None => (Match::Missing, None),
            Some(live) if live.text == want => (Match::InSync, live.health),
            Some(live) => {
                let field = FieldDiff {
                    path: "text".into(),
                    git: Some(format!("{want:?}")),
                    live: Some(format!("{:?}", live.text)),
                    managers: vec!["somebody".into()],
                    owner: None,
                    pointer: "/text".into(),
                };
                (Match::Drift(vec![field]), live.health)
            }
        };
        LiveFacts {
            matches,
            health: health.map(|status| Health {
                status,
                message: String::new(),
            }),
            version: "v1".into(),
            directives: match self.live(&desired.key) {
                Some(live) => live.directives,
                None => desired.directives.clone(),
            },
            deleting: false,
            owner: self.owner(&desired.key),
        }
    }

    fn live(&self, key: &ObjectKey) -> Option<LiveFacts> {
        let live = self.objects.get(key)?;
        let mut object = json!({"metadata": {}});
        if live.held {
            object.set_at(
                &["metadata", "finalizers"],
                json!([api::names::HOOK_FINALIZER]),
            );
        }
        for (name, text) in &live.annotations {
            object.set_at(&["metadata", "annotations", name], text.as_str());
        }
        Some(LiveFacts {
            matches: Match::InSync,
            health: live.health.map(|status| Health {
                status,
                message: String::new(),
            }),
            version: "v1".into(),
            directives: Directives::of(&object),
            deleting: live.deleting,
            owner: self.owner(key),
        })
    }

    fn tracked(&self) -> Vec<ObjectKey> {
        self.objects
            .iter()
            .filter(|(_, o)| o.tracked)
            .map(|(k, _)| k.clone())
            .collect()
    }

    fn has_namespace(&self, _name: &str) -> bool {
        true
    }

    fn objections(&self, _spec: &Spec) -> Vec<String> {
        self.project.objections.clone()
    }

    fn forbids_kind(&self, key: &ObjectKey) -> Option<String> {
        let kinds = &self.project.forbidden_kinds;
        let forbidden = kinds.iter().any(|k| **k == *key.kind);
        forbidden.then(|| {
            format!(
                "resource {}:{} is not permitted in project p",
                key.group, key.kind
            )
        })
    }

    fn window(&self, manual: bool, _since: Option<Timestamp>, now: Timestamp) -> Window {
        match self.project.closed_until {
            Some(until) if now < until && !(manual && self.project.lets_people) => Window::Closed {
                why: "window freeze".into(),
                until: Some(until),
            },
            _ => Window::Open,
        }
    }

    fn dependency(&self, name: &str) -> Option<Dependency> {
        self.others.get(name).cloned()
    }
}

/// Everything around one application.
pub(crate) struct Play {
    pub(crate) state: AppState,
    pub(crate) cluster: Cluster,
    pub(crate) config: Config,
    pub(crate) now: Timestamp,
    pub(crate) application: Value,
    /// Manifests by revision: name, text, annotations.
    pub(crate) git: BTreeMap<String, Vec<Manifest>>,
    pub(crate) head: String,
    pub(crate) applied: Vec<String>,
    pub(crate) deleted: Vec<String>,
    pub(crate) records: Vec<Record>,
    pub(crate) writes: usize,
    pub(crate) released: bool,
    /// The controller dies after the effects of these numbers, counted from 1.
    pub(crate) crashes: Vec<usize>,
    pub(crate) effects: usize,
    /// Hooks that were created, each with the attempt that it belongs to.
    pub(crate) hook_runs: Vec<(String, String)>,
    /// Revisions of which something was applied.
    pub(crate) revisions: Vec<String>,
    /// It waits for the API server to come back.
    pub(crate) is_dead: bool,
    wake_at: Option<Timestamp>,
    seen: Value,
}

/// A manifest of the pretended Git.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    pub(crate) kind: &'static str,
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    pub(crate) annotations: Vec<(&'static str, &'static str)>,
}

pub(crate) fn map(name: &'static str, text: &'static str) -> Manifest {
    Manifest {
        kind: "ConfigMap",
        name,
        text,
        annotations: Vec::new(),
    }
}

impl Manifest {
    pub(crate) fn with(mut self, name: &'static str, text: &'static str) -> Self {
        self.annotations.push((name, text));
        self
    }

    pub(crate) fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }
}

pub(crate) fn key(name: &str) -> ObjectKey {
    ObjectKey::new("", "ConfigMap", "ns", name)
}

impl Play {
    /// Returns a play whose application has this sync policy.
    pub(crate) fn new(policy: Value) -> Self {
        let application = json!({
            "metadata": {"name": "app", "annotations": {}},
            "spec": {
                "project": "default",
                "source": {"repoURL": "https://git/x", "path": "app", "targetRevision": "main"},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": "ns"},
                "syncPolicy": policy,
            },
        });
        Self {
            state: AppState::new(Status::default()),
            cluster: Cluster::default(),
            config: Config {
                wave_delay: SignedDuration::ZERO,
                ..Config::default()
            },
            now: "2026-01-01T00:00:00Z".parse().expect("a time"),
            application,
            git: BTreeMap::new(),
            head: String::new(),
            applied: Vec::new(),
            deleted: Vec::new(),
            records: Vec::new(),
            writes: 0,
            released: false,
            crashes: Vec::new(),
            effects: 0,
            hook_runs: Vec::new(),
            revisions: Vec::new(),
            is_dead: false,
            wake_at: None,
            seen: Value::Null,
        }
    }

    /// Makes a commit and lets the application see it.
    pub(crate) fn push(&mut self, revision: &str, manifests: Vec<Manifest>) {
        self.git.insert(revision.to_owned(), manifests);
        self.head = revision.to_owned();
        self.refresh();
    }

    /// Asks Git again.
    pub(crate) fn refresh(&mut self) {
        self.sync_application();
        self.run(Event::Resolved(Ok(self.head.clone())));
    }

    /// Changes the resource, as a user does, and lets the application see it.
    pub(crate) fn edit(&mut self, path: &[&str], value: impl Into<Value>) {
        self.application.set_at(path, value);
        self.sync_application();
    }

    fn sync_application(&mut self) {
        if self.application != self.seen {
            self.seen = self.application.clone();
            let view = argo::view(&self.application);
            self.run(Event::Application(Box::new(view)));
        }
    }

    /// Changes a live object behind Git's back.
    pub(crate) fn tamper(&mut self, name: &str, text: &str) {
        self.cluster
            .objects
            .get_mut(&key(name))
            .expect("it is there")
            .text = text.into();
        self.run(Event::Look);
    }

    pub(crate) fn set_health(&mut self, object: &ObjectKey, status: HealthStatus) {
        self.cluster
            .objects
            .get_mut(object)
            .expect("it is there")
            .health = Some(status);
        self.run(Event::Look);
    }

    /// Lets time pass, waking the application when it asked for it.
    pub(crate) fn pass(&mut self, time: SignedDuration) {
        let end = self.now + time;
        while let Some(at) = self.wake_at.filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.wake_at = None;
            self.run(Event::Look);
        }
        self.now = end;
        self.run(Event::Look);
    }

    /// Forgets everything but the resource and the cluster, as a restart does.
    pub(crate) fn restart(&mut self) {
        self.state = AppState::new(argo::status_from(&self.application));
        self.wake_at = None;
        self.seen = Value::Null;
    }

    /// Goes on after the API server was down.
    pub(crate) fn revive(&mut self) {
        self.cluster.is_down = false;
        if std::mem::take(&mut self.is_dead) {
            self.restart();
            self.refresh();
        }
    }

    pub(crate) fn run(&mut self, event: Event) {
        if self.is_dead {
            return;
        }
        let mut queue = VecDeque::from([event]);
        let mut steps = 0;
        while let Some(event) = queue.pop_front() {
            steps += 1;
            assert!(steps < 1_000, "the core doesn't come to rest");
            let effects = self
                .state
                .step(event, &self.cluster, &self.config, self.now);
            for effect in effects {
                self.carry_out(effect, &mut queue);
                self.effects += 1;
                if self.is_dead {
                    return;
                }
                if self.crashes.contains(&self.effects) {
                    self.restart();
                    queue.clear();
                    break;
                }
            }
            if queue.is_empty() && self.application != self.seen {
                self.seen = self.application.clone();
                let view = argo::view(&self.application);
                queue.push_back(Event::Application(Box::new(view)));
            }
        }
    }

    fn carry_out(&mut self, effect: Effect, queue: &mut VecDeque<Event>) {
        match effect {
            Effect::Resolve { .. } => {
                if !self.head.is_empty() {
                    queue.push_back(Event::Resolved(Ok(self.head.clone())));
                }
            }
            Effect::Load { revision } => {
                let target = self.target(&revision);
                queue.push_back(Event::Loaded {
                    revision,
                    result: Ok(Arc::new(target)),
                });
            }
            Effect::Write { .. } | Effect::LetGo { .. } | Effect::Finalize(_)
                if self.cluster.is_down =>
            {
                // Whoever can't say what he does begins anew, later.
                self.is_dead = true;
            }
            Effect::Write {
                clear_operation,
                clear_refresh,
            } => {
                self.write(clear_operation, clear_refresh);
            }
            Effect::Apply {
                target,
                items,
                dry_run,
            } => {
                self.revisions.push(target.revision.clone());
                for item in items {
                    let desired = target.objects[item.index].named(&item.key).into_owned();
                    let text = desired.value.str_at(&["text"]).to_owned();
                    self.applied.push(desired.key.name.to_string());
                    let outcome = match self.cluster.refused.get(&text) {
                        _ if self.cluster.is_down => Err("the server is unavailable".into()),
                        Some(words) => Err(words.clone()),
                        None => Ok(format!("configmap/{} serverside-applied", desired.key.name)),
                    };
                    if outcome.is_ok() && !dry_run {
                        self.put(&desired, &item);
                    }
                    queue.push_back(Event::Answered {
                        key: desired.key.clone(),
                        outcome,
                    });
                }
            }
            Effect::Delete { key, .. } if self.cluster.is_down => {
                let outcome = Err("the server is unavailable".into());
                queue.push_back(Event::Answered { key, outcome });
            }
            Effect::Delete { key, .. } => {
                self.deleted.push(key.name.to_string());
                match self.cluster.objects.get_mut(&key) {
                    Some(live) if self.cluster.lingering => live.deleting = true,
                    _ => drop(self.cluster.objects.remove(&key)),
                }
                queue.push_back(Event::Answered {
                    key,
                    outcome: Ok("pruned".into()),
                });
                queue.push_back(Event::Look);
            }
            Effect::LetGo { key } => {
                if let Some(live) = self.cluster.objects.get_mut(&key) {
                    live.held = false;
                }
            }
            Effect::CreateNamespace { name, .. } => {
                let key = ObjectKey::new("", "Namespace", "", &name);
                let outcome = Ok(format!("namespace/{name} serverside-applied"));
                queue.push_back(Event::Answered { key, outcome });
            }
            Effect::Confirm(keys) => panic!("nothing is unknown here: {keys:?}"),
            Effect::Record(record) => self.records.push(record),
            Effect::Finalize(left) => {
                self.released = left.is_empty();
                let left: Value = left.into_iter().collect();
                self.application.set_at(&["metadata", "finalizers"], left);
            }
            Effect::WakeAt(at) => {
                self.wake_at = Some(self.wake_at.map_or(at, |before| before.min(at)));
            }
        }
    }

    fn put(&mut self, desired: &Desired, item: &ApplyItem) {
        let object = desired.to_apply(&item.key.name, item.hook_run.as_deref());
        if let Some(run) = &item.hook_run {
            let name = item.key.name.to_string();
            self.hook_runs.push((name, run.to_string()));
        }
        let text = desired.value.str_at(&["text"]).to_owned();
        let health = match &*desired.key.kind {
            "ConfigMap" => None,
            _ => Some(HealthStatus::Healthy),
        };
        let health = self.cluster.health.get(&text).copied().or(health);
        let annotations = object.at(&["metadata", "annotations"]);
        let annotations = annotations
            .and_then(Value::as_object)
            .map_or(Vec::new(), |o| {
                o.iter()
                    .map(|(k, v)| (k.to_string(), v.as_str().unwrap_or("").to_owned()))
                    .collect()
            });
        let live = Live {
            health,
            annotations,
            held: !object.array_at(&["metadata", "finalizers"]).is_empty(),
            ..Live::new(&text)
        };
        self.cluster.objects.insert(desired.key.clone(), live);
    }

    fn write(&mut self, clear_operation: bool, clear_refresh: bool) {
        let before = self.application.clone();
        let status = argo::status_value(&self.state, "argocd");
        self.application.set_at(&["status"], status);
        if let Some(finalizers) = self.state.finalizers_to_write() {
            let list: Value = finalizers.iter().cloned().collect();
            self.application.set_at(&["metadata", "finalizers"], list);
            self.state.finalizers_written(finalizers);
        }
        if clear_operation {
            self.application.remove_at(&["operation"]);
        }
        if clear_refresh {
            let path = ["metadata", "annotations", api::names::REFRESH];
            self.application.remove_at(&path);
        }
        let holds = match self.state.holds.as_slice() {
            [] => Value::Null,
            holds => Value::from(engine::Hold::format_list(holds)),
        };
        self.application
            .set_at(&["metadata", "annotations", api::names::HOLDS], holds);
        let healthy = self.state.last_healthy.as_str();
        self.application.set_at(
            &["metadata", "annotations", api::names::LAST_HEALTHY],
            healthy,
        );
        if self.application != before {
            self.writes += 1;
        }
    }

    fn target(&self, revision: &str) -> Target {
        let manifests = self.git.get(revision).cloned().unwrap_or_default();
        let mut objects: Vec<Desired> = manifests
            .iter()
            .map(|m| {
                let mut value = json!({
                    "apiVersion": "v1", "kind": m.kind, "text": m.text,
                    "metadata": {"name": m.name, "namespace": "ns"},
                });
                for (name, text) in &m.annotations {
                    value.set_at(&["metadata", "annotations", name], *text);
                }
                Desired {
                    key: ObjectKey::of(&value),
                    api_version: "v1".into(),
                    directives: Directives::of(&value),
                    value: Arc::new(value),
                    file: format!("{}.yaml", m.name).into(),
                    line: 1,
                }
            })
            .collect();
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        let notes = Vec::new();
        Target {
            revision: revision.to_owned(),
            objects,
            notes,
            source_types: vec!["Directory"],
        }
    }

    pub(crate) fn status(&self, path: &str) -> String {
        let value = self.application.pointer(&format!("/status{path}"));
        match value {
            None => String::new(),
            Some(value) => value
                .as_str()
                .map_or_else(|| value.to_json(), str::to_owned),
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.cluster.objects.get(&key(name)).map(|o| o.text.clone())
    }

    /// Asserts the sync and the health status.
    pub(crate) fn expect(&self, sync: &str, health: &str) {
        let got = (self.status("/sync/status"), self.status("/health/status"));
        assert_eq!(
            (got.0.as_str(), got.1.as_str()),
            (sync, health),
            "{}",
            self.status("")
        );
    }

    pub(crate) fn condition(&self, kind: &str) -> Option<String> {
        let conditions = self
            .application
            .array_at(&["status", "conditions"])
            .to_vec();
        let found = conditions
            .into_iter()
            .find(|c| c.str_at(&["type"]) == kind)?;
        Some(found.str_at(&["message"]).to_owned())
    }
}
