//! One scenario's cluster, repository and controller.

use crate::scenarios::compare::{Comparison, Deliberate, is_ahead, matches, sort_results};
use cluster::{Client, Discovery};
use controller::{Controller, GitPoll, Options};
use controlplane::{ControlPlane, Token};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use testkit::{GitServer, GitServerOptions};
use value::{Value, json};

const TOKEN: &str = "scenario-token-scenario-token-scenario";
/// How long what is awaited may take to settle, besides the step's own time.
const SETTLE: Duration = Duration::from_secs(4);
const LOOK_EVERY: Duration = Duration::from_millis(50);
const NAMESPACE: &str = "argocd";
/// Kinds whose objects are compared, with their groups; others are named by the scenario.
const KINDS: [(&str, &str); 9] = [
    ("", "ConfigMap"),
    ("", "Secret"),
    ("", "Service"),
    ("", "PersistentVolumeClaim"),
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("batch", "Job"),
    ("networking.k8s.io", "Ingress"),
];

pub(crate) struct World {
    names: Vec<(&'static str, String)>,
    pub(crate) client: Client,
    discovery: Discovery,
    git: GitServer,
    commits: usize,
    watched: Vec<Value>,
    _controller: Controller,
    _plane: ControlPlane,
    _dir: tempfile::TempDir,
}

impl World {
    /// Makes repository, namespace, project and objects, then the application.
    pub(crate) async fn start(scenario: &Value) -> Self {
        Self::start_by(scenario, async |client| client).await
    }

    /// Does the same, with a controller that reaches the API server by another way.
    pub(crate) async fn start_by(
        scenario: &Value,
        way: impl AsyncFnOnce(Client) -> Client,
    ) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let plane = ControlPlane::start(controlplane::Options {
            tokens: vec![Token::admin(TOKEN)],
            ..controlplane::Options::default()
        })
        .await
        .expect("a control plane");
        let kubeconfig = dir.path().join("kubeconfig");
        std::fs::write(&kubeconfig, plane.kubeconfig(TOKEN, "admin")).expect("a kubeconfig");
        let connect = || async { Client::connect(Some(&kubeconfig)).await.expect("a client") };
        let client = connect().await;
        let git = GitServer::start(GitServerOptions::default());
        let names = vec![
            ("{app2}", "second".to_owned()),
            ("{app}", "first".to_owned()),
            ("{ns2}", "other-place".to_owned()),
            ("{ns}", "place".to_owned()),
            ("{project}", "project".to_owned()),
            ("{repo}", git.url("desired")),
        ];
        let mut world = Self {
            names,
            discovery: Discovery::fetch(&client).await.expect("kinds"),
            client,
            git,
            commits: 0,
            watched: Vec::new(),
            _controller: {
                let mut options = Options::new(NAMESPACE, dir.path().join("mirrors"));
                options.poll = Some(GitPoll {
                    every: Some(Duration::from_secs(60)),
                    jitter: Duration::ZERO,
                });
                options.config.health_gate = None;
                let admin = connect().await;
                namespace(&admin, NAMESPACE).await;
                if let Some(data) = scenario.get("argocd_cm") {
                    let metadata = json!({"name": "argocd-cm"});
                    let settings = json!({"metadata": metadata, "data": data.clone()});
                    let path = format!("/api/v1/namespaces/{NAMESPACE}/configmaps");
                    admin.create(&path, &settings).await.expect("settings");
                }
                Controller::start(way(connect().await).await, options)
                    .await
                    .expect("a controller")
            },
            _plane: plane,
            _dir: dir,
        };
        world.prepare(scenario).await;
        world
    }

    async fn prepare(&mut self, scenario: &Value) {
        if scenario.get("no_namespace").is_none() {
            namespace(&self.client, "place").await;
        }
        namespace(&self.client, "other-place").await;
        if let Some(spec) = scenario.get("project") {
            let project = json!({
                "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "spec": spec.clone(),
                "metadata": {"name": "{project}", "namespace": NAMESPACE},
            });
            self.make(&self.real(&project)).await;
        }
        // There may be applications among the objects: what they track must be there.
        self.commit(scenario.get("files"), &[]);
        for object in scenario.array_at(&["before"]) {
            self.make(&self.real(object)).await;
        }
        self.watched = scenario
            .array_at(&["watch"])
            .iter()
            .map(|w| self.real(w))
            .collect();
        let mut metadata = scenario
            .get("metadata")
            .cloned()
            .unwrap_or_else(Value::object);
        metadata.set_at(&["name"], "{app}");
        metadata.set_at(&["namespace"], NAMESPACE);
        let application = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata,
            "spec": scenario.get("application").cloned().unwrap_or_else(Value::object),
        });
        self.make(&self.real(&application)).await;
    }

    /// Makes the Secret of a repository that alice may read.
    pub(crate) async fn secret(&self, name: &str, kind: &str, url: &str, password: &str) {
        let secret = json!({
            "metadata": {"name": name, "labels": {"argocd.argoproj.io/secret-type": kind}},
            "stringData": {"url": url, "username": "alice", "password": password},
        });
        let path = format!("/api/v1/namespaces/{NAMESPACE}/secrets");
        self.client.create(&path, &secret).await.expect("a Secret");
    }

    fn commit(&mut self, files: Option<&Value>, gone: &[Value]) {
        let files: Vec<(String, String)> = files
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(value::Object::iter)
            .map(|(path, text)| (path.to_string(), self.text(text.as_str().expect("a file"))))
            .collect();
        let mut changes: Vec<(&str, Option<&str>)> = files
            .iter()
            .map(|(path, text)| (path.as_str(), Some(text.as_str())))
            .collect();
        changes.extend(
            gone.iter()
                .filter_map(Value::as_str)
                .map(|path| (path, None)),
        );
        self.commits += 1;
        let id = self.git.commit("desired", &changes, "a commit");
        let (name, short): (&'static str, &'static str) = [
            ("<rev1>", "<rev1:7>"),
            ("<rev2>", "<rev2:7>"),
            ("<rev3>", "<rev3:7>"),
            ("<rev4>", "<rev4:7>"),
        ][self.commits - 1];
        let id = id.to_string();
        self.names.push((short, id[..7].to_owned()));
        self.names.push((name, id));
    }

    /// Puts real names in for `{app}` and the like.
    fn text(&self, text: &str) -> String {
        let names = self.names.iter();
        names.fold(text.to_owned(), |text, (name, real)| {
            text.replace(name, real)
        })
    }

    fn real(&self, value: &Value) -> Value {
        Value::parse(self.text(&value.to_json()).as_bytes()).expect("still JSON")
    }

    fn path(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> String {
        let (group, version) = engine::split_api_version(api_version);
        let resource = self
            .discovery
            .find(group, kind, version)
            .unwrap_or_else(|| panic!("no kind {kind} in {api_version}"));
        let collection = resource.collection_path(namespace);
        if name.is_empty() {
            collection
        } else {
            format!("{collection}/{name}")
        }
    }

    async fn make(&self, object: &Value) {
        let text = |path: &[&str]| object.str_at(path).to_owned();
        let path = self.path(
            &text(&["apiVersion"]),
            &text(&["kind"]),
            &text(&["metadata", "namespace"]),
            "",
        );
        self.client
            .create(&path, object)
            .await
            .unwrap_or_else(|e| panic!("{}: {e}", object.to_json()));
    }

    fn application(&self) -> String {
        format!("/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications/first")
    }

    /// Does what a step says.
    pub(crate) async fn act(&mut self, step: &Value) -> Result<(), String> {
        let object = |world: &Self| {
            let text = |name: &str| step.str_at(&["object", name]).to_owned();
            let kind = text("kind");
            let group = KINDS.iter().find(|(_, k)| *k == kind).map_or("", |k| k.0);
            let resource = world
                .discovery
                .find(group, &kind, "")
                .expect("a known kind");
            let name = world.text(&text("name"));
            format!("{}/{name}", resource.collection_path("place"))
        };
        let part = |name: &str| step.get(name).cloned().unwrap_or(Value::Null);
        let none = Value::object();
        let answer = match step.str_at(&["do"]) {
            "commit" => {
                self.commit(step.get("files"), step.array_at(&["delete"]));
                return Ok(());
            }
            "app" => {
                let patch = self.real(&part("patch"));
                self.client.merge_patch(&self.application(), &patch).await
            }
            "refresh" => {
                let kind = step.str_at(&["kind"]);
                let patch =
                    json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": kind}}});
                self.client.merge_patch(&self.application(), &patch).await
            }
            "patch" => {
                let patch = self.real(&part("patch"));
                self.client.merge_patch(&object(self), &patch).await
            }
            "set-status" => {
                let patch = json!({"status": self.real(&part("status"))});
                let path = format!("{}/status", object(self));
                self.client.merge_patch(&path, &patch).await
            }
            "remove" => self.client.delete(&object(self), &none).await,
            "create" => {
                self.make(&self.real(&part("object"))).await;
                return Ok(());
            }
            "delete-app" => self.client.delete(&self.application(), &none).await,
            other => return Err(format!("unknown step {other:?}")),
        };
        answer.map(drop).map_err(|e| format!("{step:?}: {e}"))
    }

    /// Waits until a step's conditions hold.
    pub(crate) async fn reach(&self, until: &Value) {
        let wanted = until.as_object().expect("conditions");
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let application = self.client.get(&self.application()).await.ok();
            let objects = BTreeMap::new();
            let is_reached = wanted
                .iter()
                .all(|(what, wanted)| holds(what, wanted, application.as_ref(), &objects));
            if is_reached {
                return;
            }
            assert!(Instant::now() < deadline, "{application:?}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits, and compares what there is then; what is still settling is looked at again.
    pub(crate) async fn check(
        &mut self,
        (name, index): (&str, usize),
        step: &Value,
        deliberate: &Deliberate,
    ) -> Vec<String> {
        let seconds = |part: &str| step.get(part).and_then(Value::as_f64).unwrap_or(0.0);
        if step.str_at(&["do"]) == "pause" {
            tokio::time::sleep(Duration::from_secs_f64(seconds("seconds"))).await;
        }
        let until = self.real(&step.get("until").cloned().unwrap_or_else(Value::object));
        let deadline = Instant::now() + Duration::from_secs_f64(seconds("timeout"));
        let mut settled_by = None;
        loop {
            let application = self.client.get(&self.application()).await.ok();
            let objects = self.objects().await;
            let reached = until
                .as_object()
                .into_iter()
                .flat_map(value::Object::iter)
                .all(|(what, wanted)| holds(what, wanted, application.as_ref(), &objects));
            let differences = if reached {
                settled_by.get_or_insert_with(|| Instant::now() + SETTLE);
                self.differences((name, index), step, deliberate, application, &objects)
            } else {
                let status = application.as_ref().and_then(|a| a.get("status"));
                let ours = status.map_or("absent".to_owned(), Value::to_json);
                vec![format!("never {}; status {ours}", until.to_json())]
            };
            let over = Instant::now() > settled_by.unwrap_or(deadline);
            if over || (reached && differences.is_empty()) {
                return differences;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Returns the live objects that count, by kind and name.
    async fn objects(&self) -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        for (group, kind) in KINDS {
            let Some(resource) = self.discovery.find(group, kind, "") else {
                continue;
            };
            let list = self.client.get(&resource.collection_path("place")).await;
            for object in list.iter().flat_map(|l| l.array_at(&["items"])) {
                let name = object.str_at(&["metadata", "name"]);
                if name != "kube-root-ca.crt" {
                    let mut object = object.clone();
                    object.set_at(&["kind"], kind);
                    found.insert(format!("{kind}/{name}"), object);
                }
            }
        }
        for watched in &self.watched {
            let text = |name: &str| watched.str_at(&[name]);
            let path = match (text("kind"), text("plural")) {
                ("Namespace", _) => format!("/api/v1/namespaces/{}", text("name")),
                ("Application", _) => self.application().replace("first", text("name")),
                ("CustomResourceDefinition", _) => format!(
                    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}",
                    text("name")
                ),
                (_, plural) => {
                    let (version, name) = (text("apiVersion"), text("name"));
                    format!("/apis/{version}/namespaces/place/{plural}/{name}")
                }
            };
            if let Ok(object) = self.client.get(&path).await {
                found.insert(format!("{}/{}", text("kind"), text("name")), object);
            }
        }
        found
    }

    fn differences(
        &self,
        (name, index): (&str, usize),
        step: &Value,
        deliberate: &Deliberate,
        application: Option<Value>,
        objects: &BTreeMap<String, Value>,
    ) -> Vec<String> {
        let recorded = self.real(step);
        let mut comparison = Comparison {
            scenario: name,
            step: index,
            deliberate,
            unstable: recorded
                .array_at(&["unstable"])
                .iter()
                .filter_map(|p| p.as_str().map(str::to_owned))
                .collect(),
            differences: Vec::new(),
        };
        let is_gone = recorded.get("gone").is_some() || recorded.at(&["until", "gone"]).is_some();
        if let Some(mut application) = application {
            if is_gone {
                comparison
                    .differences
                    .push("the application is still there".to_owned());
            }
            let mut status = application
                .get("status")
                .cloned()
                .unwrap_or_else(Value::object);
            sort_results(&mut status);
            let mut wanted = recorded
                .get("status")
                .cloned()
                .unwrap_or_else(Value::object);
            sort_results(&mut wanted);
            if is_ahead(&wanted, &status) {
                for part in ["message", "syncResult"] {
                    wanted.remove_at(&["operationState", part]);
                    status.remove_at(&["operationState", part]);
                }
            }
            comparison.compare("/status", Some(&wanted), Some(&status));
            comparison.compare(
                "/operation",
                recorded.get("operation"),
                application.get("operation"),
            );
            let mut ours = Value::object();
            for part in ["annotations", "labels", "finalizers"] {
                let mut value = application.at(&["metadata", part]).cloned();
                if let Some(Value::Object(own)) = &mut value {
                    // What only we keep there.
                    own.remove(api::names::LAST_HEALTHY);
                    own.remove(api::names::HOLDS);
                }
                if let Some(value) = value {
                    ours.set_at(&[part], value);
                }
            }
            application = ours;
            comparison.compare("/metadata", recorded.get("metadata"), Some(&application));
        } else if !is_gone {
            comparison
                .differences
                .push("the application is gone".to_owned());
        }
        let mut wanted: BTreeMap<String, Value> = BTreeMap::new();
        for object in recorded.array_at(&["objects"]) {
            let name = object.str_at(&["metadata", "name"]);
            wanted.insert(
                format!("{}/{name}", object.str_at(&["kind"])),
                object.clone(),
            );
        }
        let mut ours: BTreeMap<&str, Value> =
            objects.iter().map(|(k, o)| (k.as_str(), seen(o))).collect();
        for (key, wanted) in &wanted {
            // A generated name has a time in it.
            let ours = match ours.remove(key.as_str()) {
                None => {
                    let found = ours.keys().copied().find(|k| matches(key, k));
                    found.and_then(|k| ours.remove(k))
                }
                found => found,
            };
            let pointer = format!("/objects/{key}");
            comparison.compare(&pointer, Some(wanted), ours.as_ref());
        }
        for (key, object) in ours {
            comparison.compare(&format!("/objects/{key}"), None, Some(&object));
        }
        comparison.differences
    }
}

/// Returns the parts of an object that are recorded.
fn seen(object: &Value) -> Value {
    let mut seen = Value::object();
    let metadata = object.get("metadata").and_then(Value::as_object);
    for (name, value) in metadata.into_iter().flat_map(value::Object::iter) {
        if [
            "name",
            "generateName",
            "namespace",
            "labels",
            "annotations",
            "finalizers",
            "ownerReferences",
        ]
        .contains(&name.as_str())
        {
            seen.set_at(&["metadata", name], value.clone());
        }
    }
    for (name, value) in object.as_object().into_iter().flat_map(value::Object::iter) {
        let is_empty = value.as_object().is_some_and(value::Object::is_empty);
        if !["metadata", "apiVersion"].contains(&name.as_str()) && !is_empty {
            seen.set_at(&[name], value.clone());
        }
    }
    // Of another application only this is recorded.
    if object.str_at(&["kind"]) == "Application" {
        let mut status = Value::object();
        for part in ["health", "sync"] {
            if let Some(value) = object.get("status").and_then(|s| s.get(part)) {
                status.set_at(&[part], value.clone());
            }
        }
        seen.set_at(&["status"], status);
    }
    // What the server picks is not recorded.
    for name in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        seen.remove_at(&["spec", name]);
    }
    if let Some(Value::Array(ports)) = seen.pointer_mut("/spec/ports") {
        for port in ports.iter_mut() {
            port.remove_at(&["nodePort"]);
        }
    }
    let managers = object.array_at(&["metadata", "managedFields"]).iter();
    let managers: Value = managers
        .map(|m| format!("{}/{}", m.str_at(&["manager"]), m.str_at(&["operation"])))
        .collect();
    seen.set_at(&["managers"], managers);
    seen
}

/// Returns true if an awaited thing is so.
fn holds(
    what: &str,
    wanted: &Value,
    application: Option<&Value>,
    objects: &BTreeMap<String, Value>,
) -> bool {
    if what == "gone" {
        return application.is_none();
    }
    if let Some(key) = what.strip_prefix("object ") {
        let there = objects.keys().any(|k| matches(key, k));
        return there == wanted.get("present").is_some();
    }
    let found: Vec<&Value> = match (what.split_once("/*"), application) {
        (_, None) => Vec::new(),
        (None, Some(a)) => a.pointer(what).into_iter().collect(),
        (Some((list, below)), Some(a)) => {
            let items = a.pointer(list).and_then(Value::as_array).unwrap_or(&[]);
            items.iter().filter_map(|i| i.pointer(below)).collect()
        }
    };
    if wanted.get("absent").is_some() {
        return found.is_empty();
    }
    found.iter().any(|ours| {
        if wanted.get("present").is_some() {
            true
        } else if let Some(part) = wanted.get("has").and_then(Value::as_str) {
            ours.as_str().is_some_and(|t| t.contains(part))
        } else if let Some(any) = wanted.get("in").and_then(Value::as_array) {
            any.contains(ours)
        } else {
            *ours == wanted
        }
    })
}

async fn namespace(client: &Client, name: &str) {
    let it = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    client
        .create("/api/v1/namespaces", &it)
        .await
        .expect("a namespace");
}
