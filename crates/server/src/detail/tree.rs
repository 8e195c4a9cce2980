//! The tree of an application's objects: what is wrong first, what is fine folded, laid out here so
//! that two thousand objects cost the browser nothing.

use crate::access::{App, Desk};
use crate::call::{Answer, Call};
use crate::refusal::Refusal;
use crate::wire;
use cluster::{Cluster, LiveObject};
use engine::ObjectKey;
use health::HealthStatus;
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use value::{Value, json};

/// Objects that are looked at; beyond that nobody sees anything in a tree.
const NODES_MAX: usize = 5_000;
/// Nodes that are drawn.
const DRAWN_MAX: usize = 300;
/// A tree of so many nodes is drawn as it is.
const SMALL: usize = 60;
/// Owners of owners that are followed.
const DEPTH_MAX: usize = 6;
/// Between two columns and two rows, in pixels.
const COLUMN: i64 = 260;
const ROW: i64 = 56;

/// Kinds that objects of an application own without Git knowing them.
const CHILDREN: [(&str, &str); 3] = [
    ("batch", "Job"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("apps", "ControllerRevision"),
];

pub(super) struct Node {
    pub(super) id: String,
    pub(super) key: ObjectKey,
    pub(super) parent: Option<usize>,
    pub(super) depth: usize,
    wave: i64,
    hook: String,
    sync: String,
    health: String,
    message: String,
    since: String,
    live: Option<Arc<LiveObject>>,
    version: String,
    drift: u32,
    /// What it is worth to be seen: of itself and all below.
    severity: u8,
    /// So many nodes that it stands for.
    folded: usize,
    is_hidden: bool,
    x: i64,
    y: i64,
}

/// A live object of an application's tree.
pub(crate) struct LiveNode {
    pub(crate) live: Arc<LiveObject>,
    pub(crate) parent: Option<Arc<LiveObject>>,
    pub(crate) message: String,
}

impl LiveNode {
    /// Returns a node without parents.
    pub(crate) fn alone(live: Arc<LiveObject>) -> Self {
        Self {
            live,
            parent: None,
            message: String::new(),
        }
    }
}

/// Returns the live objects of an application's tree.
pub(crate) fn live_nodes(app: &App) -> Vec<LiveNode> {
    let nodes = nodes(app);
    let live = |at: usize| nodes[at].live.clone();
    nodes
        .iter()
        .filter_map(|node| {
            Some(LiveNode {
                live: node.live.clone()?,
                parent: node.parent.and_then(live),
                message: node.message.clone(),
            })
        })
        .collect()
}

/// `GET /api/v1/applications/{app}/tree`
pub(crate) async fn tree(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let all = call.flag("all");
    // Every object is read.
    Ok(tokio::task::spawn_blocking(move || tree_of(&app, all))
        .await?
        .into())
}

fn tree_of(app: &App, all: bool) -> Value {
    let mut nodes = nodes(app);
    let total = nodes.len();
    if !all {
        fold(&mut nodes);
    }
    let (width, height) = lay_out(&mut nodes);
    let shown = nodes.iter().filter(|n| !n.is_hidden);
    let drawn: Vec<Value> = shown.map(|n| n.to_value(&nodes)).collect();
    let count = drawn.len();
    json!({
        "nodes": drawn, "width": width, "height": height, "total": total, "drawn": count,
    })
}

/// Returns an application's objects and what they own, parents before children.
pub(super) fn nodes(app: &App) -> Vec<Node> {
    let cluster = app.view().cluster();
    for (group, kind) in CHILDREN {
        cluster.watch(group, kind, "");
    }
    let drifts = app.desk().records.by_object(app.name(), Timestamp::now());
    let mut roots: Vec<Node> = app
        .value
        .array_at(&["status", "resources"])
        .iter()
        .take(NODES_MAX)
        .map(|resource| Node::root(resource, cluster, &drifts))
        .collect();
    roots.sort_by(|a, b| a.order().cmp(&b.order()));
    let known: HashSet<ObjectKey> = roots.iter().map(|n| n.key.clone()).collect();
    let mut nodes = Vec::with_capacity(roots.len() * 3);
    for root in roots {
        let at = nodes.len();
        nodes.push(root);
        children(at, cluster, &known, &mut nodes);
    }
    for at in (0..nodes.len()).rev() {
        if let Some(parent) = nodes[at].parent {
            nodes[parent].severity = nodes[parent].severity.max(nodes[at].severity);
        }
    }
    nodes
}

fn children(at: usize, cluster: &Cluster, known: &HashSet<ObjectKey>, nodes: &mut Vec<Node>) {
    let (depth, live) = (nodes[at].depth, nodes[at].live.clone());
    let Some(live) = live.filter(|live| depth < DEPTH_MAX && !live.uid.is_empty()) else {
        return;
    };
    let mut owned = cluster.owned_by(&live.uid);
    owned.retain(|o| !known.contains(&o.key));
    owned.sort_by(|a, b| (&a.key.kind, &a.key).cmp(&(&b.key.kind, &b.key)));
    for child in owned {
        if nodes.len() >= NODES_MAX {
            return;
        }
        let next = nodes.len();
        nodes.push(Node::child(at, depth + 1, &child, cluster));
        children(next, cluster, known, nodes);
    }
}

fn id_of(key: &ObjectKey) -> String {
    format!("{}/{}/{}/{}", key.group, key.kind, key.namespace, key.name)
}

fn severity(sync: &str, health: &str, drift: u32) -> u8 {
    let by_health = match health {
        "Degraded" => 6,
        "Missing" => 5,
        "Progressing" => 3,
        "Suspended" => 2,
        "Unknown" => 1,
        _ => 0,
    };
    let by_sync = if sync == "OutOfSync" { 4 } else { 0 };
    by_health.max(by_sync).max(u8::from(drift > 0))
}

impl Node {
    fn root(resource: &Value, cluster: &Cluster, drifts: &HashMap<ObjectKey, u32>) -> Self {
        let key = wire::key_of(resource);
        let live = cluster.get(&key);
        let text = |path: &[&str]| resource.str_at(path).to_owned();
        let is_hook = resource.get("hook").and_then(Value::as_bool) == Some(true);
        let drift = drifts.get(&key).copied().unwrap_or(0);
        let mut health = text(&["health", "status"]);
        let mut message = text(&["health", "message"]);
        if live.is_none() && health.is_empty() {
            health = "Missing".to_owned();
            message = "it is not in the cluster".to_owned();
        }
        if resource.get("requiresPruning").is_some() {
            message = "not in Git: prune removes it".to_owned();
        }
        let sync = text(&["status"]);
        Self {
            id: id_of(&key),
            parent: None,
            depth: 0,
            wave: resource.i64_at(&["syncWave"]).unwrap_or(0),
            hook: if is_hook {
                hooks_of(live.as_deref())
            } else {
                String::new()
            },
            severity: severity(&sync, &health, drift),
            sync,
            health,
            message,
            since: live.as_deref().map(created).unwrap_or_default(),
            version: text(&["version"]),
            live,
            drift,
            folded: 0,
            is_hidden: false,
            key,
            x: 0,
            y: 0,
        }
    }

    fn child(parent: usize, depth: usize, live: &Arc<LiveObject>, cluster: &Cluster) -> Self {
        let health = live.health.clone();
        let status = health.as_ref().map_or("", |h| h.status.as_str()).to_owned();
        let is_bad = health.as_ref().is_some_and(|h| {
            matches!(h.status, HealthStatus::Degraded | HealthStatus::Progressing)
        });
        let message = is_bad.then(|| cluster.cause(live)).flatten();
        let message = message
            .or_else(|| health.map(|h| h.message))
            .unwrap_or_default();
        Self {
            id: id_of(&live.key),
            key: live.key.clone(),
            parent: Some(parent),
            depth,
            wave: 0,
            hook: String::new(),
            sync: String::new(),
            severity: severity("", &status, 0),
            health: status,
            message,
            since: created(live),
            version: live.version().to_owned(),
            live: Some(Arc::clone(live)),
            drift: 0,
            folded: 0,
            is_hidden: false,
            x: 0,
            y: 0,
        }
    }

    fn order(&self) -> (i64, &str, &ObjectKey) {
        (self.wave, &self.key.kind, &self.key)
    }

    fn to_value(&self, nodes: &[Self]) -> Value {
        let mut reference = wire::reference(&self.key);
        reference.set_at(&["version"], self.version.as_str());
        let mut it = json!({
            "id": self.id.as_str(), "ref": reference, "wave": self.wave,
            "sync": self.sync.as_str(), "health": self.health.as_str(),
            "message": self.message.as_str(), "images": [], "drift": self.drift,
            "x": self.x, "y": self.y,
        });
        if let Some(parent) = self.parent {
            it.set_at(&["parent"], nodes[parent].id.as_str());
        }
        for (name, text) in [("hook", &self.hook), ("since", &self.since)] {
            if !text.is_empty() {
                it.set_at(&[name], text.as_str());
            }
        }
        if self.folded > 0 {
            it.set_at(&["folded"], self.folded);
            return it;
        }
        let Some(live) = &self.live else { return it };
        let value = live.value();
        it.set_at(&["images"], images(&value));
        if let Some(ready) = ready(&value) {
            it.set_at(&["ready"], ready);
        }
        it
    }
}

fn hooks_of(live: Option<&LiveObject>) -> String {
    let hooks = live.map(|live| &live.directives.hooks);
    let names: Vec<&str> = hooks
        .into_iter()
        .flatten()
        .map(|phase| phase.as_str())
        .collect();
    match names.as_slice() {
        [] => "Hook".to_owned(),
        names => names.join(","),
    }
}

fn created(live: &LiveObject) -> String {
    live.value()
        .str_at(&["metadata", "creationTimestamp"])
        .to_owned()
}

/// Returns the images of an object's containers.
pub(crate) fn images(value: &Value) -> Value {
    let spec = match value.str_at(&["kind"]) {
        "Pod" => value.get("spec"),
        "CronJob" => value.at(&["spec", "jobTemplate", "spec", "template", "spec"]),
        _ => value.at(&["spec", "template", "spec"]),
    };
    let containers = spec.map_or(&[][..], |spec| spec.array_at(&["containers"]));
    containers
        .iter()
        .map(|c| c.str_at(&["image"]))
        .filter(|i| !i.is_empty())
        .collect()
}

/// Returns how many of those that it wants are ready: `2/3`.
fn ready(value: &Value) -> Option<String> {
    let number = |path: &[&str]| value.i64_at(path).unwrap_or(0);
    let (ready, wanted) = match value.str_at(&["kind"]) {
        "Deployment" | "ReplicaSet" | "StatefulSet" | "Rollout" => (
            number(&["status", "readyReplicas"]),
            value.i64_at(&["spec", "replicas"])?,
        ),
        "DaemonSet" => (
            number(&["status", "numberReady"]),
            number(&["status", "desiredNumberScheduled"]),
        ),
        "Pod" => {
            let all = value.array_at(&["status", "containerStatuses"]);
            let is_ready = |c: &&Value| c.get("ready").and_then(Value::as_bool) == Some(true);
            let ready = all.iter().filter(is_ready).count();
            (i64::try_from(ready).ok()?, i64::try_from(all.len()).ok()?)
        }
        "Job" => (
            number(&["status", "succeeded"]),
            value.i64_at(&["spec", "completions"])?,
        ),
        _ => return None,
    };
    Some(format!("{ready}/{wanted}"))
}

/// Returns true for a ReplicaSet of an earlier revision.
fn is_past(node: &Node) -> bool {
    &*node.key.kind == "ReplicaSet"
        && node.parent.is_some()
        && node
            .live
            .as_ref()
            .is_some_and(|live| live.value().i64_at(&["spec", "replicas"]) == Some(0))
}

/// Folds what is fine: replica sets of the past always, healthy siblings of one kind as soon as the
/// tree isn't small, and the least urgent if it is still too large.
fn fold(nodes: &mut Vec<Node>) {
    let past: Vec<bool> = nodes.iter().map(is_past).collect();
    fold_groups(nodes, |at, _| past[at]);
    if shown(nodes) > SMALL {
        fold_groups(nodes, |_, node| node.severity == 0 && node.depth > 0);
    }
    if shown(nodes) > SMALL {
        fold_groups(nodes, |_, node| node.severity == 0);
    }
    for level in 1..=6 {
        if shown(nodes) <= DRAWN_MAX {
            break;
        }
        fold_groups(nodes, |_, node| node.severity <= level && node.depth > 0);
        if shown(nodes) > DRAWN_MAX {
            fold_groups(nodes, |_, node| node.severity <= level);
        }
    }
}

fn shown(nodes: &[Node]) -> usize {
    nodes.iter().filter(|n| !n.is_hidden).count()
}

/// Puts one node in the place of all siblings of one kind that may be folded.
fn fold_groups(nodes: &mut Vec<Node>, may: impl Fn(usize, &Node) -> bool) {
    let mut groups: Vec<(Option<usize>, Box<str>, Vec<usize>)> = Vec::new();
    let mut places: HashMap<(Option<usize>, Box<str>), usize> = HashMap::new();
    for (at, node) in nodes.iter().enumerate() {
        if node.is_hidden || node.folded > 0 || !may(at, node) {
            continue;
        }
        let key = (node.parent, node.key.kind.clone());
        let place = *places.entry(key.clone()).or_insert_with(|| {
            groups.push((key.0, key.1, Vec::new()));
            groups.len() - 1
        });
        groups[place].2.push(at);
    }
    for (parent, kind, members) in groups {
        // One stands for itself.
        if members.len() < 2 {
            continue;
        }
        let first = &nodes[members[0]];
        let worst = members
            .iter()
            .map(|at| nodes[*at].severity)
            .max()
            .unwrap_or(0);
        let worst_at = members.iter().find(|at| nodes[**at].severity == worst);
        let health = worst_at.map_or(String::new(), |at| nodes[*at].health.clone());
        let parent_id = parent.map_or("", |p| nodes[p].id.as_str());
        let stands = Node {
            id: format!("fold:{parent_id}:{kind}:{}", first.key.name),
            key: ObjectKey::new(&first.key.group, &kind, "", ""),
            parent,
            depth: first.depth,
            wave: first.wave,
            hook: String::new(),
            sync: first.sync.clone(),
            health,
            message: String::new(),
            since: String::new(),
            live: None,
            version: first.version.clone(),
            drift: 0,
            severity: worst,
            folded: members.len(),
            is_hidden: false,
            x: 0,
            y: 0,
        };
        for at in members {
            hide(at, nodes);
        }
        nodes.push(stands);
    }
}

/// Hides a node and all below it.
fn hide(at: usize, nodes: &mut [Node]) {
    let mut hidden: HashSet<usize> = HashSet::from([at]);
    nodes[at].is_hidden = true;
    // Parents come before their children.
    for (i, node) in nodes.iter_mut().enumerate().skip(at + 1) {
        if node.parent.is_some_and(|p| hidden.contains(&p)) {
            node.is_hidden = true;
            hidden.insert(i);
        }
    }
}

/// Gives every shown node its place: a column for each depth, parents in the middle of their
/// children. Returns the size of the whole.
fn lay_out(nodes: &mut [Node]) -> (i64, i64) {
    let mut below: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
    for (at, node) in nodes.iter().enumerate().filter(|(_, n)| !n.is_hidden) {
        below.entry(node.parent).or_default().push(at);
    }
    for siblings in below.values_mut() {
        siblings.sort_by(|a, b| {
            let order = |at: usize| {
                let n = &nodes[at];
                (n.wave, n.key.kind.clone(), n.folded > 0, n.key.clone())
            };
            order(*a).cmp(&order(*b))
        });
    }
    let mut next_row = 0;
    let roots = below.get(&None).cloned().unwrap_or_default();
    for root in roots {
        place(root, &below, nodes, &mut next_row);
    }
    let depth = nodes.iter().filter(|n| !n.is_hidden).map(|n| n.depth).max();
    let columns = depth.map_or(0, |d| i64::try_from(d).unwrap_or(0) + 1);
    (columns * COLUMN, next_row * ROW)
}

fn place(
    at: usize,
    below: &HashMap<Option<usize>, Vec<usize>>,
    nodes: &mut [Node],
    next_row: &mut i64,
) {
    nodes[at].x = i64::try_from(nodes[at].depth).unwrap_or(0) * COLUMN;
    let children = below.get(&Some(at)).map_or(&[][..], Vec::as_slice);
    let (Some(first), Some(last)) = (children.first(), children.last()) else {
        nodes[at].y = *next_row * ROW;
        *next_row += 1;
        return;
    };
    for child in children {
        place(*child, below, nodes, next_row);
    }
    nodes[at].y = i64::midpoint(nodes[*first].y, nodes[*last].y);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(kind: &str, name: &str, parent: Option<usize>, depth: usize, health: &str) -> Node {
        let resource = json!({
            "kind": kind, "name": name, "status": "Synced", "health": {"status": health},
        });
        let key = wire::key_of(&resource);
        Node {
            id: id_of(&key),
            key,
            parent,
            depth,
            wave: 0,
            hook: String::new(),
            sync: "Synced".into(),
            health: health.into(),
            message: String::new(),
            since: String::new(),
            live: None,
            version: "v1".into(),
            drift: 0,
            severity: severity("Synced", health, 0),
            folded: 0,
            is_hidden: false,
            x: 0,
            y: 0,
        }
    }

    #[test]
    fn two_thousand_objects_stay_readable_and_what_is_wrong_is_seen() {
        let mut nodes: Vec<Node> = (0..2_000)
            .map(|i| node("ConfigMap", &format!("c{i:04}"), None, 0, "Healthy"))
            .collect();
        nodes.push(node("Deployment", "web", None, 0, "Degraded"));
        for i in 0..50 {
            let health = if i == 7 { "Degraded" } else { "Healthy" };
            nodes.push(node("Pod", &format!("web-{i}"), Some(2_000), 1, health));
        }
        fold(&mut nodes);
        lay_out(&mut nodes);
        let seen: Vec<&Node> = nodes.iter().filter(|n| !n.is_hidden).collect();
        assert!(seen.len() <= DRAWN_MAX);
        let folds: Vec<usize> = seen.iter().map(|n| n.folded).filter(|f| *f > 0).collect();
        assert_eq!(folds, [49, 2_000]);
        assert!(seen.iter().any(|n| &*n.key.name == "web-7"));
    }

    #[test]
    fn parents_stand_amid_their_children() {
        let mut nodes = vec![
            node("Deployment", "a", None, 0, "Healthy"),
            node("Pod", "p1", Some(0), 1, "Healthy"),
            node("Pod", "p2", Some(0), 1, "Healthy"),
            node("Service", "s", None, 0, "Healthy"),
        ];
        let (width, height) = lay_out(&mut nodes);
        assert_eq!((width, height), (2 * COLUMN, 3 * ROW));
        assert_eq!((nodes[0].x, nodes[0].y), (0, ROW / 2));
        assert_eq!((nodes[2].x, nodes[2].y), (COLUMN, ROW));
        assert_eq!(nodes[3].y, 2 * ROW);
    }
}
