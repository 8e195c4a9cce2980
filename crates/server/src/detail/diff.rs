//! Any two of: what is in the cluster, what was deployed last, a revision.

use super::{commit, deployed, question};
use crate::access::{App, Desk};
use crate::call::{Answer, Call};
use crate::masks::{Mask, hides};
use crate::refusal::{Code, Refusal};
use crate::wire;
use bytes::Bytes;
use cluster::{LiveObject, Prepared};
use engine::{Desired, FieldDiff, Match, ObjectKey, Target, pointer_of};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use value::{Value, json};

/// Objects of which it is asked what they would become; beyond that Git's own text is shown.
const ASKED_MAX: usize = 50;
/// Objects that are compared before others have their turn on the thread.
const OBJECTS_AT_ONCE: usize = 32;
/// Fields whose line in Git is looked up.
const LINES_MAX: usize = 60;
/// Bytes of the texts of one object; what is larger is cut.
const TEXT_MAX: usize = 256 * 1024;
/// Members of `metadata` that say nothing in a comparison.
const NOISE: [&str; 6] = [
    "managedFields",
    "resourceVersion",
    "generation",
    "uid",
    "creationTimestamp",
    "selfLink",
];

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Live,
    /// A revision; empty is what the application tracks.
    Git(String),
}

impl Side {
    fn parse(app: &App, text: &str, default: Self) -> Self {
        match text {
            "" => default,
            "live" => Self::Live,
            "git" => Self::Git(String::new()),
            "deployed" => Self::Git(deployed(app)),
            revision => Self::Git(revision.to_owned()),
        }
    }
}

/// `GET /api/v1/applications/{app}/diff`
pub(crate) async fn diff(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let from = Side::parse(&app, call.param("from"), Side::Live);
    let to = Side::parse(&app, call.param("to"), Side::Git(String::new()));
    let all = call.flag("all");
    let key = question(
        &app,
        &[
            "diff",
            call.param("from"),
            call.param("to"),
            call.param("all"),
        ],
    );
    if let Some(known) = desk.plans.get(key) {
        return Ok(Answer::text("application/json", known));
    }
    let answer = match (&from, &to) {
        (Side::Live, Side::Live) => {
            return Err(Refusal::invalid("the cluster is as it is").hint("compare it with git"));
        }
        (Side::Live, Side::Git(revision)) => {
            let target = render(&app, revision).await?;
            live_with(&app, &target, all, Order::LiveFirst).await?
        }
        (Side::Git(revision), Side::Live) => {
            let target = render(&app, revision).await?;
            live_with(&app, &target, all, Order::GitFirst).await?
        }
        (Side::Git(a), Side::Git(b)) => {
            let (a, b) = (render(&app, a).await?, render(&app, b).await?);
            revisions(&app, &a, &b, all)
        }
    };
    let bytes = Bytes::from(answer.to_vec());
    desk.plans.put(key, &bytes);
    Ok(Answer::text("application/json", bytes))
}

/// Renders a revision, or what the application tracks.
pub(crate) async fn render(app: &App, revision: &str) -> Result<Arc<Target>, Refusal> {
    let revision = Some(revision).filter(|r| !r.is_empty());
    Ok(app.view().inspector().render(&app.value, revision).await?)
}

/// Returns true for objects that are compared: hooks and what is skipped aren't.
pub(crate) fn is_compared(desired: &Desired) -> bool {
    !desired.directives.is_hook && !desired.directives.is_skipped
}

/// How one live object compares.
pub(crate) struct Compared<'t> {
    pub(crate) desired: &'t Desired,
    pub(crate) live: Option<Arc<LiveObject>>,
    pub(crate) verdict: Match,
}

/// Compares what Git wants with what is in the cluster, asking the server where it must.
pub(crate) async fn compare<'t>(app: &App, target: &'t Target) -> Vec<Compared<'t>> {
    let cluster = app.view().cluster();
    let ignore = app.view().ignore(&app.parsed.spec.ignore_differences);
    let objects = target.objects.iter().filter(|d| is_compared(d));
    let objects: Vec<&Desired> = objects.collect();
    let prepared = Prepared::new(objects.iter().map(|d| (&d.key, &d.value)), ignore);
    let mut asked = 0;
    let mut compared = Vec::with_capacity(objects.len());
    for (at, desired) in objects.into_iter().enumerate() {
        if at % OBJECTS_AT_ONCE == OBJECTS_AT_ONCE - 1 {
            tokio::task::yield_now().await;
        }
        let (group, _) = engine::split_api_version(&desired.api_version);
        cluster.watch(group, &desired.key.kind, desired.version());
        let Some(live) = cluster.get(&desired.key) else {
            compared.push(Compared {
                desired,
                live: None,
                verdict: Match::Missing,
            });
            continue;
        };
        let mut verdict = prepared.compare(&live);
        if verdict == Match::Unknown && asked < ASKED_MAX {
            asked += 1;
            prepared.confirm(cluster, &live).await;
            verdict = prepared.compare(&live);
        }
        compared.push(Compared {
            desired,
            live: Some(live),
            verdict,
        });
    }
    compared
}

/// Returns the objects that the application has in the cluster and that Git no longer has.
pub(crate) fn extra(app: &App, target: &Target) -> Vec<Arc<LiveObject>> {
    let cluster = app.view().cluster();
    let wanted: std::collections::BTreeSet<&ObjectKey> =
        target.objects.iter().map(|d| &d.key).collect();
    let tracked = cluster.tracked(app.name()).into_iter();
    let live = tracked
        .filter(|key| !wanted.contains(key))
        .filter_map(|key| cluster.get(&key));
    live.filter(|live| live.owners.is_empty() && !live.directives.is_hook)
        .collect()
}

/// Which side is on the left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    LiveFirst,
    GitFirst,
}

async fn live_with(app: &App, target: &Target, all: bool, order: Order) -> Result<Value, Refusal> {
    let mask = Mask::new();
    let compared = compare(app, target).await;
    let lines = lines(app, target, &compared).await;
    let drifts = app.desk().records.drifts();
    let ignored = app.view().ignore(&app.parsed.spec.ignore_differences);
    let (mut objects, mut same, mut asked) = (Vec::new(), 0, 0);
    for it in &compared {
        let key = &it.desired.key;
        let mut wanted = it.desired.value.as_ref().clone();
        if it.live.is_some() && it.verdict == Match::InSync && !all {
            same += 1;
            continue;
        }
        let (verdict, fields) = match &it.verdict {
            Match::InSync => ("same", &[][..]),
            Match::Missing => ("missing", &[][..]),
            Match::Drift(fields) => ("changed", fields.as_slice()),
            Match::Unknown | Match::KindUnknown => ("changed", &[][..]),
        };
        let mut left = it.live.as_ref().map(|live| live.value());
        if it.live.is_some() && verdict == "changed" && asked < ASKED_MAX {
            asked += 1;
            let resource = app.resource(key, it.desired.version());
            if let Ok(resource) = resource {
                let path = resource.object_path(key);
                let client = app.client(app.permit());
                if let Ok(after) = cluster::dry_run(client, &path, &it.desired.value).await {
                    wanted = after;
                }
            }
        }
        let rules = ignored.of(key).map_or(Vec::new(), |_| {
            vec![json!({"path": "", "rule": "ignoreDifferences"})]
        });
        let shown: Vec<Value> = fields
            .iter()
            .map(|field| {
                let line = lines.get(&(key.clone(), field.path.clone()));
                let own = || object_line(app, target, it.desired);
                let line = line.cloned().unwrap_or_else(own);
                let owner = owner(key, field, &drifts);
                one_field(key, field, owner, line, order)
            })
            .collect();
        let mut right = Some(wanted);
        if order == Order::GitFirst {
            std::mem::swap(&mut left, &mut right);
        }
        objects.push(json!({
            "ref": versioned(key, it.desired.version()),
            "verdict": verdict, "fields": shown, "ignored": rules,
            "leftText": text(left, &mask), "rightText": text(right, &mask),
            "origin": object_line(app, target, it.desired),
        }));
    }
    for live in extra(app, target) {
        let (left, right) = match order {
            Order::LiveFirst => (text(Some(live.value()), &mask), String::new()),
            Order::GitFirst => (String::new(), text(Some(live.value()), &mask)),
        };
        objects.push(json!({
            "ref": wire::live_reference(&live), "verdict": "extra", "fields": [], "ignored": [],
            "leftText": left, "rightText": right,
        }));
    }
    let git = commit(app, &target.revision);
    let (from, to) = match order {
        Order::LiveFirst => (Value::Null, git),
        Order::GitFirst => (git, Value::Null),
    };
    Ok(json!({"from": from, "to": to, "objects": objects, "hiddenSame": same}))
}

fn versioned(key: &ObjectKey, version: &str) -> Value {
    let mut it = wire::reference(key);
    it.set_at(&["version"], version);
    it
}

/// Returns where an object is from.
pub(crate) fn object_line(app: &App, target: &Target, desired: &Desired) -> Value {
    let source = app.parsed.spec.sources.iter().next();
    let repo = source.map_or("", |s| s.repo_url.as_str());
    json!({
        "repo": repo, "file": &*desired.file, "line": desired.line,
        "commit": target.revision.as_str(), "what": "file",
    })
}

fn one_field(
    key: &ObjectKey,
    field: &FieldDiff,
    owner: Option<Value>,
    line: Value,
    order: Order,
) -> Value {
    let is_hidden = hides(key, &field.path) || hides(key, &field.pointer);
    let side = |json: &Option<String>| match json {
        None => Value::Null,
        Some(_) if is_hidden => Value::from("(hidden)"),
        Some(text) => Value::parse(text.as_bytes()).unwrap_or_else(|_| Value::from(text.as_str())),
    };
    let (live, git) = (side(&field.live), side(&field.git));
    let (left, right) = match order {
        Order::LiveFirst => (live, git),
        Order::GitFirst => (git, live),
    };
    let mut it = json!({
        "path": field.path.as_str(), "left": left, "right": right, "line": line,
    });
    if is_hidden {
        it.set_at(&["masked"], true);
    }
    if !field.pointer.is_empty() {
        it.set_at(&["pointer"], field.pointer.as_str());
    }
    if let Some(owner) = owner {
        it.set_at(&["owner"], owner);
    }
    it
}

/// Returns who set a field that differs: as the ledger knows them while the drift is open, else by
/// field manager. What nobody else owns is as we have applied it: from an earlier revision.
fn owner(
    key: &ObjectKey,
    field: &FieldDiff,
    drifts: &[Arc<crate::records::Drift>],
) -> Option<Value> {
    let known = drifts.iter().find(|drift| {
        let record = &drift.record;
        drift.is_open() && record.key == *key && record.fields.iter().any(|f| f.path == field.path)
    });
    if let Some(drift) = known {
        let mut actor = wire::actor(&drift.record.author);
        actor.set_at(&["at"], drift.record.at.to_string());
        return Some(actor);
    }
    match &field.owner {
        Some(words) => {
            let manager = words.split(" through ").next().unwrap_or(words);
            let manager = manager.split(" since ").next().unwrap_or(manager);
            let mut actor = wire::named(manager, words);
            if let Some((_, time)) = words.split_once(" since ") {
                actor.set_at(&["at"], time);
            }
            Some(actor)
        }
        None => field
            .live
            .as_ref()
            .map(|_| json!({"name": "windlass", "via": "apply", "grade": "-"})),
    }
}

/// Lines of Git by object and path.
type Lines = HashMap<(ObjectKey, String), Value>;

/// Returns the lines of Git that want the fields that differ.
async fn lines(app: &App, target: &Target, compared: &[Compared<'_>]) -> Lines {
    let (mut questions, mut paths) = (Vec::new(), Vec::new());
    for it in compared {
        let Match::Drift(fields) = &it.verdict else {
            continue;
        };
        for field in fields.iter().filter(|f| f.git.is_some()) {
            let pointer = pointer_of(&it.desired.value, &field.path);
            if let Some(pointer) = pointer.filter(|_| questions.len() < LINES_MAX) {
                paths.push(field.path.clone());
                questions.push((it.desired.key.clone(), pointer));
            }
        }
    }
    if questions.is_empty() {
        return Lines::new();
    }
    let inspector = app.view().inspector();
    let revision = Some(target.revision.as_str());
    let answers = inspector
        .explain_all(&app.value, revision, questions.clone())
        .await;
    let Ok(answers) = answers else {
        // The comparison is worth more than the lines.
        return Lines::new();
    };
    let last = |explanation: Option<controller::Explanation>| explanation?.steps.pop();
    let keys = questions.into_iter().map(|(key, _)| key).zip(paths);
    let pairs = keys.zip(answers);
    pairs
        .filter_map(|(field, answer)| Some((field, step(&last(answer)?))))
        .collect()
}

/// Returns one of those who had a hand in a field.
pub(crate) fn step(step: &controller::Step) -> Value {
    let mut it = json!({
        "repo": step.repo_url.as_str(), "file": step.file.as_str(), "line": step.line,
        "what": step.what.as_str(),
    });
    if let Some(info) = &step.commit {
        it.set_at(&["commit"], info.id.to_string());
        it.set_at(&["author"], info.author.as_str());
        it.set_at(&["date"], wire::time_of(info.seconds));
        it.set_at(&["message"], info.subject.as_str());
    }
    it
}

/// Returns an object as YAML for people: without noise, without secrets.
pub(crate) fn text(object: Option<Value>, mask: &Mask) -> String {
    let Some(mut object) = object else {
        return String::new();
    };
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| !NOISE.contains(&name.as_str()));
    }
    object.remove_at(&["status"]);
    mask.object(&mut object);
    let mut text = yaml::to_yaml(&object);
    if text.len() > TEXT_MAX {
        let end = (0..=TEXT_MAX)
            .rev()
            .find(|i| text.is_char_boundary(*i))
            .unwrap_or(0);
        text.truncate(end);
        text.push_str("\n# ... cut here: the rest is too long to show\n");
    }
    text
}

fn revisions(app: &App, a: &Target, b: &Target, all: bool) -> Value {
    let mask = Mask::new();
    let by_key = |target: &'_ Target| -> BTreeMap<ObjectKey, Desired> {
        target
            .objects
            .iter()
            .map(|d| (d.key.clone(), d.clone()))
            .collect()
    };
    let (left, right) = (by_key(a), by_key(b));
    let mut keys: Vec<&ObjectKey> = left.keys().chain(right.keys()).collect();
    keys.sort();
    keys.dedup();
    let (mut objects, mut same) = (Vec::new(), 0);
    for key in keys {
        let (l, r) = (left.get(key), right.get(key));
        let fields = match (l, r) {
            (Some(l), Some(r)) => cluster::difference(&l.value, &r.value),
            _ => Vec::new(),
        };
        let verdict = match (l, r) {
            (None, _) => "missing",
            (_, None) => "extra",
            _ if fields.is_empty() => "same",
            _ => "changed",
        };
        if verdict == "same" && !all {
            same += 1;
            continue;
        }
        let (target, desired) = match (l, r) {
            (_, Some(r)) => (b, r),
            (Some(l), None) => (a, l),
            (None, None) => continue,
        };
        let line = object_line(app, target, desired);
        let shown: Vec<Value> = fields
            .iter()
            .map(|f| one_field(key, f, None, line.clone(), Order::LiveFirst))
            .collect();
        let value = |d: Option<&Desired>| d.map(|d| d.value.as_ref().clone());
        objects.push(json!({
            "ref": versioned(key, desired.version()),
            "verdict": verdict, "fields": shown, "ignored": [],
            "leftText": text(value(l), &mask), "rightText": text(value(r), &mask),
            "origin": line,
        }));
    }
    json!({
        "from": commit(app, &a.revision), "to": commit(app, &b.revision),
        "objects": objects, "hiddenSame": same,
    })
}

impl From<tokio::task::JoinError> for Refusal {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::new(Code::Internal, error.to_string())
    }
}
