//! Objects of an application: the tree, what is managed, one object and what can be done to it.

use crate::access::{App, Desk};
use crate::call::{Answer, Call};
use crate::detail;
use crate::masks::Mask;
use crate::refusal::{Code, Refusal};
use actions::{ActionError, Change};
use cluster::LiveObject;
use engine::{Match, ObjectKey};
use jiff::Timestamp;
use rbac::action;
use std::sync::Arc;
use value::{Object, Value, json};

/// By whom the dashboard's changes are.
const MANAGER: &str = "?fieldManager=windlass-dashboard";
/// Objects of which it is asked what they would become.
const ASKED_MAX: usize = 50;
/// Bytes of a patch of one object.
const PATCH_MAX: usize = 512 * 1024;

/// `GET /api/v1/applications/{app}/resource-tree`
pub(crate) async fn tree(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    Ok(tokio::task::spawn_blocking(move || tree_of(&app, &call))
        .await?
        .into())
}

/// Returns the tree as Argo CD has it.
pub(crate) fn tree_of(app: &App, call: &Call) -> Value {
    let is = |name: &str, own: &str| call.param(name).is_empty() || call.param(name) == own;
    let nodes = detail::live_nodes(app);
    let nodes: Vec<Value> = nodes
        .iter()
        .filter(|n| {
            let key = &n.live.key;
            is("namespace", &key.namespace)
                && is("name", &key.name)
                && is("group", &key.group)
                && is("kind", &key.kind)
        })
        .map(node)
        .collect();
    let mut tree = json!({"nodes": nodes});
    let orphans = app.view().orphans(&app.parsed.spec);
    let orphans = orphans.iter().filter_map(|key| {
        let live = app.view().cluster().get(key)?;
        Some(node(&detail::LiveNode::alone(live)))
    });
    let orphans: Vec<Value> = orphans.collect();
    if !orphans.is_empty() {
        tree.set_at(&["orphanedNodes"], orphans);
    }
    tree
}

fn node(node: &detail::LiveNode) -> Value {
    let live = &node.live;
    let value = live.value();
    let mut it = reference(live);
    it.set_at(&["resourceVersion"], live.resource_version.to_string());
    let created = value.str_at(&["metadata", "creationTimestamp"]);
    if !created.is_empty() {
        it.set_at(&["createdAt"], created);
    }
    if let Some(parent) = &node.parent {
        it.set_at(&["parentRefs"], json!([reference(parent)]));
    }
    if let Some(health) = &live.health {
        let mut part = json!({"status": health.status.as_str()});
        if !node.message.is_empty() {
            part.set_at(&["message"], node.message.as_str());
        }
        it.set_at(&["health"], part);
    }
    let images = detail::images(&value);
    if images.as_array().is_some_and(|i| !i.is_empty()) {
        it.set_at(&["images"], images);
    }
    let info = info(&value, live);
    if !info.is_empty() {
        it.set_at(&["info"], info);
    }
    if let Some(network) = network(&value) {
        it.set_at(&["networkingInfo"], network);
    }
    it
}

/// Returns how Argo CD refers to a live object; empty members are left out as Go does.
fn reference(live: &LiveObject) -> Value {
    let mut it = Object::new();
    for (name, text) in [
        ("group", &*live.key.group),
        ("version", live.version()),
        ("kind", &live.key.kind),
        ("namespace", &live.key.namespace),
        ("name", &live.key.name),
        ("uid", &live.uid),
    ] {
        if !text.is_empty() {
            it.insert(name, text);
        }
    }
    Value::Object(it)
}

fn info(value: &Value, live: &LiveObject) -> Vec<Value> {
    let mut info = Vec::new();
    let mut add = |name: &str, value: String| info.push(json!({"name": name, "value": value}));
    match &*live.key.kind {
        "Pod" => {
            let statuses = value.array_at(&["status", "containerStatuses"]);
            let is_ready = |c: &&Value| c.get("ready").and_then(Value::as_bool) == Some(true);
            let ready = statuses.iter().filter(is_ready).count();
            let waiting = statuses.iter().find_map(|c| {
                let reason = c.str_at(&["state", "waiting", "reason"]);
                (!reason.is_empty()).then(|| reason.to_owned())
            });
            let phase = value.str_at(&["status", "phase"]).to_owned();
            add("Status Reason", waiting.unwrap_or(phase));
            let node = value.str_at(&["spec", "nodeName"]);
            if !node.is_empty() {
                add("Node", node.to_owned());
            }
            let wanted = value.array_at(&["spec", "containers"]).len();
            add("Containers", format!("{ready}/{wanted}"));
            let restarts: i64 = statuses
                .iter()
                .filter_map(|c| c.i64_at(&["restartCount"]))
                .sum();
            if restarts > 0 {
                add("Restart Count", restarts.to_string());
            }
        }
        "ReplicaSet" => {
            let path = [
                "metadata",
                "annotations",
                "deployment.kubernetes.io/revision",
            ];
            let revision = value.str_at(&path);
            if !revision.is_empty() {
                add("Revision", format!("Rev:{revision}"));
            }
        }
        _ => {}
    }
    info
}

fn network(value: &Value) -> Option<Value> {
    let labels = value.at(&["metadata", "labels"]).cloned();
    match value.str_at(&["kind"]) {
        "Pod" => Some(json!({"labels": labels?})),
        "Service" => {
            let mut it = json!({});
            if let Some(selector) = value.at(&["spec", "selector"]) {
                it.set_at(&["targetLabels"], selector.clone());
            }
            let ingress = value.array_at(&["status", "loadBalancer", "ingress"]);
            if !ingress.is_empty() {
                it.set_at(&["ingress"], ingress.to_vec());
            }
            (!it.is_empty()).then_some(it)
        }
        "Ingress" => {
            let rules = value.array_at(&["spec", "rules"]);
            let hosts = rules
                .iter()
                .map(|r| r.str_at(&["host"]))
                .filter(|h| !h.is_empty());
            let tls = !value.array_at(&["spec", "tls"]).is_empty();
            let scheme = if tls { "https" } else { "http" };
            let urls: Value = hosts.map(|h| format!("{scheme}://{h}/")).collect();
            Some(json!({"externalURLs": urls}))
        }
        _ => None,
    }
}

/// `GET /api/v1/applications/{app}/managed-resources`
pub(crate) async fn managed(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let is = |name: &str, own: &str| call.param(name).is_empty() || call.param(name) == own;
    let wanted = |key: &ObjectKey| {
        is("namespace", &key.namespace)
            && is("name", &key.name)
            && is("group", &key.group)
            && is("kind", &key.kind)
    };
    let target = detail::render(&app, "").await?;
    let mask = Mask::new();
    let text = |value: Option<&Value>| {
        value.map_or_else(
            || "null".to_owned(),
            |value| {
                let mut value = value.clone();
                value.remove_at(&["metadata", "managedFields"]);
                mask.object(&mut value);
                value.to_json()
            },
        )
    };
    let mut items = Vec::new();
    let mut asked = 0;
    for it in detail::compare(&app, &target).await {
        let key = &it.desired.key;
        if !wanted(key) {
            continue;
        }
        let live = it.live.as_ref().map(|live| live.value());
        let differs = it.verdict != Match::InSync;
        let mut predicted = None;
        if live.is_some() && differs && asked < ASKED_MAX {
            asked += 1;
            if let Ok(resource) = app.resource(key, it.desired.version()) {
                let path = resource.object_path(key);
                let client = app.client(app.permit());
                predicted = cluster::dry_run(client, &path, &it.desired.value)
                    .await
                    .ok();
            }
        }
        let after = match (&predicted, differs) {
            (Some(after), _) => Some(after),
            (None, false) => live.as_ref(),
            (None, true) => Some(it.desired.value.as_ref()),
        };
        let mut item = described(key);
        item.set_at(&["targetState"], text(Some(&it.desired.value)));
        item.set_at(&["liveState"], text(live.as_ref()));
        item.set_at(&["normalizedLiveState"], text(live.as_ref()));
        item.set_at(&["predictedLiveState"], text(after));
        let version = it.live.as_ref().map_or(0, |l| l.resource_version);
        item.set_at(&["resourceVersion"], version.to_string());
        if differs {
            item.set_at(&["modified"], true);
        }
        items.push(item);
    }
    for live in detail::extra(&app, &target)
        .iter()
        .filter(|l| wanted(&l.key))
    {
        let value = live.value();
        let mut item = described(&live.key);
        item.set_at(&["targetState"], "null");
        item.set_at(&["liveState"], text(Some(&value)));
        item.set_at(&["normalizedLiveState"], text(Some(&value)));
        item.set_at(&["predictedLiveState"], "null");
        item.set_at(&["resourceVersion"], live.resource_version.to_string());
        item.set_at(&["modified"], true);
        items.push(item);
    }
    Ok(json!({"items": items}).into())
}

fn described(key: &ObjectKey) -> Value {
    let mut it = Object::new();
    for (name, text) in [
        ("group", &key.group),
        ("kind", &key.kind),
        ("namespace", &key.namespace),
        ("name", &key.name),
    ] {
        if !text.is_empty() {
            it.insert(name, &**text);
        }
    }
    Value::Object(it)
}

/// `GET /api/v1/applications/{app}/manifests`
pub(crate) async fn manifests(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let target = detail::render(&app, call.param("revision")).await?;
    let mask = Mask::new();
    let manifests: Value = target
        .objects
        .iter()
        .map(|desired| {
            let mut value = desired.value.as_ref().clone();
            mask.object(&mut value);
            value.to_json()
        })
        .collect();
    let spec = &app.parsed.spec;
    Ok(json!({
        "manifests": manifests,
        "namespace": spec.destination.namespace.as_str(),
        "server": spec.destination.server.as_str(),
        "revision": target.revision.as_str(),
        "sourceType": target.source_types.first().copied().unwrap_or_default(),
    })
    .into())
}

/// Which object of an application a request is about, if it is one of its.
pub(crate) fn object(app: &App, call: &Call, body: &Value) -> Result<Arc<LiveObject>, Refusal> {
    let or = |name: &str, own: &str| match call.param(name) {
        "" => body.str_at(&[own]).to_owned(),
        given => given.to_owned(),
    };
    let name = or("resourceName", "resourceName");
    let (group, kind) = (or("group", "group"), or("kind", "kind"));
    let namespace = or("namespace", "namespace");
    let key = ObjectKey::new(&group, &kind, &namespace, &name);
    let nodes = detail::live_nodes(app);
    let found = nodes.into_iter().find(|n| n.live.key == key);
    let missing = || {
        Refusal::invalid(format!(
            "{kind} {group} {name} not found as part of application {}",
            app.name()
        ))
    };
    found.map(|n| n.live).ok_or_else(missing)
}

/// `GET /api/v1/applications/{app}/resource`
pub(crate) async fn get(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let live = object(&app, &call, &Value::Null)?;
    let mut value = live.value();
    Mask::new().object(&mut value);
    Ok(json!({"manifest": value.to_json()}).into())
}

/// `POST /api/v1/applications/{app}/resource`
pub(crate) async fn patch(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let body = call.json()?;
    let live = object(&app, &call, &Value::Null)?;
    let permit = permit_on(&app, action::UPDATE, &live.key)?;
    let text = match &body {
        Value::String(text) => text.to_string(),
        body => body.to_json(),
    };
    if text.len() > PATCH_MAX {
        return Err(Refusal::too_large("the patch"));
    }
    let content_type = match call.param("patchType") {
        "" | "application/merge-patch+json" => "application/merge-patch+json",
        "application/json-patch+json" => "application/json-patch+json",
        "application/strategic-merge-patch+json" => "application/strategic-merge-patch+json",
        other => {
            return Err(Refusal::invalid(format!(
                "patchType {other:?} is not known"
            )));
        }
    };
    let path = path_of(&app, &live.key, live.version())?;
    let path = format!("{path}?fieldManager=windlass-dashboard");
    let client = app.acting_client(&permit)?;
    let changed = client
        .send(http::Method::PATCH, &path, content_type, text.into_bytes())
        .await?;
    let mut changed =
        Value::parse(&changed).map_err(|e| Refusal::new(Code::Internal, e.to_string()))?;
    app.audit("update", format!("{} was changed", live.key));
    Mask::new().object(&mut changed);
    Ok(json!({"manifest": changed.to_json()}).into())
}

/// `DELETE /api/v1/applications/{app}/resource`
pub(crate) async fn delete(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let live = object(&app, &call, &Value::Null)?;
    let permit = permit_on(&app, action::DELETE, &live.key)?;
    let mut options = json!({"propagationPolicy": "Foreground"});
    if call.flag("orphan") {
        options = json!({"propagationPolicy": "Orphan"});
    } else if call.flag("force") {
        options = json!({"propagationPolicy": "Background", "gracePeriodSeconds": 0});
    }
    // What has been made anew since it was looked at stays.
    options.set_at(&["preconditions", "uid"], &*live.uid);
    let path = path_of(&app, &live.key, live.version())?;
    app.acting_client(&permit)?.delete(&path, &options).await?;
    app.audit("delete-resource", format!("{} was deleted", live.key));
    Ok(json!({}).into())
}

fn path_of(app: &App, key: &ObjectKey, version: &str) -> Result<String, Refusal> {
    Ok(app.resource(key, version)?.object_path(key))
}

/// Asks for a permit to change or delete one object: Argo CD's `update/apps/Deployment/ns/name`.
fn permit_on(app: &App, verb: &str, key: &ObjectKey) -> Result<rbac::Permit, Refusal> {
    app.permit_to(&action::on_resource(
        verb,
        &key.group,
        &key.kind,
        &key.namespace,
        &key.name,
    ))
}

/// `GET /api/v1/applications/{app}/resource/actions`
pub(crate) async fn actions(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let live = object(&app, &call, &Value::Null)?;
    let value = live.value();
    let installation = app.installation();
    let found = blocking(move || installation.actions.available(&value)).await?;
    let shown = |a: &actions::Action| {
        let may = app.may(&action::run(&live.key.group, &live.key.kind, &a.name));
        let mut shown = json!({"name": a.name.as_ref()});
        if a.disabled || !may {
            shown.set_at(&["disabled"], true);
        }
        for (field, text) in [
            ("iconClass", &a.icon_class),
            ("displayName", &a.display_name),
        ] {
            if !text.is_empty() {
                shown.set_at(&[field], text.as_ref());
            }
        }
        if !a.params.is_empty() {
            let params = a.params.iter();
            let params = params.map(|p| {
                let mut it = json!({"name": p.name.as_str()});
                if !p.default.is_empty() {
                    it.set_at(&["default"], p.default.as_str());
                }
                it
            });
            shown.set_at(&["params"], params.collect::<Value>());
        }
        shown
    };
    let shown: Value = found.iter().map(shown).collect();
    Ok(json!({"actions": shown}).into())
}

/// Asks for actions away from the threads that others wait for: they may be users' scripts.
async fn blocking<T: Send + 'static>(
    ask: impl FnOnce() -> Result<T, ActionError> + Send + 'static,
) -> Result<T, Refusal> {
    let answer = tokio::task::spawn_blocking(ask).await?;
    answer.map_err(|error| Refusal::invalid(error.to_string()))
}

/// Makes an object what an action says: its status apart, where the kind has it apart.
async fn become_it(
    app: &App,
    permit: &rbac::Permit,
    live: &LiveObject,
    before: &Value,
    after: &Value,
) -> Result<(), Refusal> {
    let client = app.acting_client(permit)?;
    let path = path_of(app, &live.key, live.version())?;
    let mut patch = value::create_merge_patch(before, after);
    let status = patch.remove_at(&["status"]);
    let whole = format!("{path}{MANAGER}");
    if !patch.is_empty() {
        client.merge_patch(&whole, &patch).await?;
    }
    let Some(status) = status else { return Ok(()) };
    let patch = json!({"status": status});
    let by_status = format!("{path}/status{MANAGER}");
    match client.merge_patch(&by_status, &patch).await {
        // Not every kind has such a path.
        Err(error) if error.is_not_found() => client.merge_patch(&whole, &patch).await?,
        answer => answer?,
    };
    Ok(())
}

/// `POST /api/v1/applications/{app}/resource/actions` and `.../v2`
pub(crate) async fn run_action(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let body = call.json()?;
    let live = object(&app, &call, &body)?;
    let name = match &body {
        Value::String(name) => name.to_string(),
        body => match body.str_at(&["action"]) {
            "" => call.param("action").to_owned(),
            name => name.to_owned(),
        },
    };
    let permit = app.permit_to(&action::run(&live.key.group, &live.key.kind, &name))?;
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.to_string(),
        other => other.map(Value::to_json).unwrap_or_default(),
    };
    let params = body.array_at(&["resourceActionParameters"]).iter();
    let params: Vec<(String, String)> = params
        .map(|p| (p.str_at(&["name"]).to_owned(), text(p.get("value"))))
        .collect();
    let (installation, value) = (app.installation(), live.value());
    let (before, asked) = (value.clone(), name.clone());
    let changes = blocking(move || {
        let all = &installation.actions;
        let offered = all.available(&value)?;
        if offered.iter().any(|a| a.name == asked && a.disabled) {
            return Err(ActionError::Refused(format!("{asked} makes no sense now")));
        }
        all.run(&value, &asked, &params, Timestamp::now())
    })
    .await?;
    for change in changes {
        match change {
            Change::Patch(after) => become_it(&app, &permit, &live, &before, &after).await?,
            Change::Create(object) => {
                let key = ObjectKey::of(&object);
                let resource = app.resource(&key, "")?;
                let path = resource.collection_path(&key.namespace);
                let path = format!("{path}{MANAGER}");
                app.acting_client(&permit)?.create(&path, &object).await?;
            }
        }
    }
    app.audit("action", format!("{name} on {}", live.key));
    Ok(json!({}).into())
}
