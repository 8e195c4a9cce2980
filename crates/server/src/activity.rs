//! What happened: drifts, the trail, an application's timeline and its deployments.

use crate::access::{App, Desk};
use crate::apps::masked;
use crate::call::{Answer, Call};
use crate::records::{Audit, Drift};
use crate::refusal::Refusal;
use crate::wire;
use engine::{argo, format_time, parse_time};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use value::{Value, json};

/// Entries of one page.
const PAGE: usize = 100;
const PAGE_MAX: usize = 1_000;

/// Returns the moment that `since` names: a time, or so long ago (`24h`).
fn since(call: &Call) -> Result<Option<Timestamp>, Refusal> {
    let text = call.param("since");
    if text.is_empty() {
        return Ok(None);
    }
    if let Some(time) = parse_time(text) {
        return Ok(Some(time));
    }
    let ago = engine::parse_duration(text).map_err(|_| {
        Refusal::invalid(format!("since: {text:?} is neither a time nor a duration"))
    })?;
    Ok(Timestamp::now().checked_sub(ago).ok())
}

/// Remembers which applications somebody may see.
struct Seen<'d> {
    desk: &'d Desk,
    call: &'d Call,
    known: HashMap<String, bool>,
}

impl Seen<'_> {
    fn sees(&mut self, app: &str) -> bool {
        if let Some(known) = self.known.get(app) {
            return *known;
        }
        let sees = self
            .desk
            .board
            .sees(&self.call.caller, self.desk.namespace(), app);
        self.known.insert(app.to_owned(), sees);
        sees
    }
}

fn seen<'d>(desk: &'d Desk, call: &'d Call) -> Seen<'d> {
    Seen {
        desk,
        call,
        known: HashMap::new(),
    }
}

fn has(wanted: &str, text: &str) -> bool {
    wanted.is_empty() || text.to_lowercase().contains(&wanted.to_lowercase())
}

/// `GET /api/v1/drift`
pub(crate) async fn drift(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let since = since(&call)?;
    let limit = call.number("limit", PAGE, PAGE_MAX);
    let before: Option<i64> = call.param("before").trim_start_matches("d-").parse().ok();
    let mut seen = seen(&desk, &call);
    let (mut events, mut next) = (Vec::new(), None);
    let (mut actors, mut open) = (BTreeSet::new(), 0);
    for drift in desk.records.drifts() {
        let record = &drift.record;
        let is = |name: &str, own: &str| call.param(name).is_empty() || call.param(name) == own;
        let wanted = since.is_none_or(|since| record.at >= since)
            && has(call.param("actor"), &record.author.name)
            && is("kind", &record.key.kind)
            && is("action", drift.action())
            && is("cluster", api::names::IN_CLUSTER_NAME)
            && app_is(call.param("app"), &record.app)
            && (call.param("field").is_empty()
                || record
                    .fields
                    .iter()
                    .any(|f| has(call.param("field"), &f.path)));
        if !wanted || !seen.sees(&record.app) {
            continue;
        }
        actors.insert(record.author.name.clone());
        open += i64::from(drift.is_open());
        if before.is_some_and(|before| drift.number >= before) {
            continue;
        }
        if events.len() >= limit {
            next = next.or_else(|| events.last().map(|e: &Value| e.str_at(&["id"]).to_owned()));
            continue;
        }
        events.push(drift.to_value(desk.namespace()));
    }
    let mut answer = json!({"events": events, "actors": actors.len(), "open": open});
    if let Some(next) = next {
        answer.set_at(&["next"], next);
    }
    Ok(masked(answer, &call).into())
}

/// Returns true if an application is meant: by its name, or by namespace and name.
fn app_is(wanted: &str, name: &str) -> bool {
    wanted.is_empty() || wanted.rsplit('/').next() == Some(name)
}

/// `GET /api/v1/audit`
pub(crate) async fn audit(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let since = since(&call)?;
    let limit = call.number("limit", PAGE, PAGE_MAX);
    let before: Option<i64> = call.param("before").parse().ok();
    let mut seen = seen(&desk, &call);
    let (mut entries, mut next) = (Vec::new(), None);
    for audit in desk.records.audits() {
        let entry = &audit.entry;
        let wanted = since.is_none_or(|since| entry.at >= since)
            && has(call.param("actor"), &entry.author.name)
            && (call.param("action").is_empty() || call.param("action") == entry.action)
            && app_is(call.param("app"), &entry.app)
            && before.is_none_or(|before| audit.number < before);
        if !wanted || !seen.sees(&entry.app) {
            continue;
        }
        if entries.len() >= limit {
            next = entries.last().and_then(|e: &Value| e.i64_at(&["seq"]));
            break;
        }
        entries.push(audit.to_value(desk.namespace()));
    }
    let mut answer = json!({"entries": entries});
    if let Some(next) = next {
        answer.set_at(&["next"], next.to_string());
    }
    Ok(masked(answer, &call).into())
}

/// Something that happened, with the time that it is sorted by.
type Event = (Timestamp, Value);

/// Returns a drift as events: when it was seen.
pub(crate) fn drift_event(drift: &Drift, namespace: &str) -> Event {
    let record = &drift.record;
    let detail = match record.fields.as_slice() {
        [] => "it was deleted".to_owned(),
        [first, rest @ ..] => {
            let more = match rest.len() {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            format!("{} {} -> {}{more}", first.path, first.git, first.live)
        }
    };
    let took = drift
        .took_ms
        .map_or_else(String::new, |ms| format!(" after {ms} ms"));
    let (kind, severity, ending) = match drift.action() {
        "healed" => ("heal", "good", format!("; healed{took}")),
        "open" => ("drift", "warn", "; open".to_owned()),
        _ => ("drift", "info", "; adopted".to_owned()),
    };
    let event = json!({
        "at": record.at.to_string(),
        "kind": kind,
        "app": {"ns": namespace, "name": record.app.as_str()},
        "actor": wire::actor(&record.author),
        "title": format!("{} was changed by hand", record.key),
        "detail": format!("{detail}{ending}"),
        "ref": wire::reference(&record.key),
        "severity": severity,
        "id": drift.name.as_str(),
    });
    (record.at, event)
}

/// Returns an entry of the trail as an event; `None` for what the drift itself tells.
pub(crate) fn audit_event(audit: &Audit, namespace: &str) -> Option<Event> {
    let entry = &audit.entry;
    let short = wire::short;
    let failed = ["Failed", "Error"]
        .iter()
        .any(|word| entry.message.starts_with(word));
    let to = short(&entry.to);
    let (kind, severity, title) = match entry.action.as_str() {
        "drift" | "heal" => return None,
        "sync" if failed => ("sync", "bad", format!("Sync to {to} failed")),
        "sync" => ("sync", "good", format!("Synced to {to}")),
        "rollback" if failed => ("rollback", "bad", format!("Rollback to {to} failed")),
        "rollback" => ("rollback", "warn", format!("Rolled back to {to}")),
        "hold" if entry.to.is_empty() => ("held", "warn", "Revision held".to_owned()),
        "hold" => (
            "held",
            "bad",
            format!("{} held, back to {to}", short(&entry.from)),
        ),
        "unhold" => ("unheld", "info", "Revision let go".to_owned()),
        "pause" => ("pause", "warn", "Automation paused".to_owned()),
        "resume" => ("resume", "info", "Automation resumed".to_owned()),
        "refused" => ("refused", "warn", "Refused".to_owned()),
        "sync-asked" => ("sync", "info", "Sync asked for".to_owned()),
        "rollback-asked" => ("rollback", "info", "Rollback asked for".to_owned()),
        "terminate" => ("sync", "warn", "Operation ended".to_owned()),
        "action" => ("event", "info", "Action run".to_owned()),
        "delete-resource" => ("event", "warn", "Resource deleted".to_owned()),
        "approve" => ("settings", "warn", "Deletions approved".to_owned()),
        "create" => ("settings", "info", "Application made".to_owned()),
        "update" => ("settings", "info", "Changed".to_owned()),
        "delete" => ("settings", "warn", "Deletion asked for".to_owned()),
        other => ("settings", "info", other.to_owned()),
    };
    let mut event = json!({
        "at": format_time(entry.at),
        "kind": kind,
        "app": {"ns": namespace, "name": entry.app.as_str()},
        "actor": wire::actor(&entry.author),
        "title": title,
        "detail": entry.message.as_str(),
        "severity": severity,
        "id": format!("a-{}", audit.number),
    });
    if !entry.to.is_empty() {
        event.set_at(&["revision"], entry.to.as_str());
    }
    Some((entry.at, event))
}

/// Returns the newest events of applications that `sees`.
pub(crate) fn newest(desk: &Desk, limit: usize, mut sees: impl FnMut(&str) -> bool) -> Vec<Value> {
    let ns = desk.namespace();
    let mut events: Vec<Event> = Vec::new();
    let audits = desk.records.audits();
    let audits = audits
        .iter()
        .filter(|a| sees(&a.entry.app))
        .collect::<Vec<_>>();
    events.extend(audits.iter().filter_map(|a| audit_event(a, ns)).take(limit));
    let drifts = desk.records.drifts();
    let drifts = drifts.iter().filter(|d| sees(&d.record.app)).take(limit);
    events.extend(drifts.map(|d| drift_event(d, ns)));
    events.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    events.truncate(limit);
    events.into_iter().map(|(_, event)| event).collect()
}

/// `GET /api/v1/applications/{app}/timeline`
pub(crate) async fn timeline(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let limit = call.number("limit", PAGE, PAGE_MAX);
    let before = parse_time(call.param("before"));
    let ns = desk.namespace();
    let mut events: Vec<Event> = Vec::new();
    let own = |name: &str| name == app.name();
    let audits = desk.records.audits();
    events.extend(
        audits
            .iter()
            .filter(|a| own(&a.entry.app))
            .filter_map(|a| audit_event(a, ns)),
    );
    let drifts = desk.records.drifts();
    events.extend(
        drifts
            .iter()
            .filter(|d| own(&d.record.app))
            .map(|d| drift_event(d, ns)),
    );
    events.extend(state_events(&app));
    events.retain(|(at, _)| before.is_none_or(|before| *at < before));
    events.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    events.truncate(limit);
    let events: Value = events.into_iter().map(|(_, event)| event).collect();
    Ok(masked(events, &call).into())
}

/// Returns what the resource itself tells: since when its health is as it is, the operation that
/// runs, the commits of its history.
fn state_events(app: &App) -> Vec<Event> {
    let text = |path: &[&str]| app.value.str_at(path);
    let ours = || json!({"name": "windlass", "via": "", "grade": "-"});
    let about = || json!({"ns": &*app.key.namespace, "name": app.name()});
    let mut events = Vec::new();
    if let Some(at) = parse_time(text(&["status", "health", "lastTransitionTime"])) {
        let health = text(&["status", "health", "status"]);
        let severity = match health {
            "Healthy" => "good",
            "Degraded" | "Missing" => "bad",
            _ => "info",
        };
        events.push((
            at,
            json!({
                "at": format_time(at), "kind": "health", "app": about(), "actor": ours(),
                "title": format!("Became {health}"),
                "detail": text(&["status", "health", "message"]), "severity": severity,
            }),
        ));
    }
    if text(&["status", "operationState", "phase"]) == "Running"
        && let Some(at) = parse_time(text(&["status", "operationState", "startedAt"]))
    {
        let by = text(&[
            "status",
            "operationState",
            "operation",
            "initiatedBy",
            "username",
        ]);
        let actor = if by.is_empty() {
            ours()
        } else {
            wire::named(by, "operation")
        };
        events.push((
            at,
            json!({
                "at": format_time(at), "kind": "sync", "app": about(), "actor": actor,
                "title": "Sync began", "detail": text(&["status", "operationState", "message"]),
                "severity": "info",
            }),
        ));
    }
    let history = app.value.array_at(&["status", "history"]);
    let revisions: BTreeSet<String> = history.iter().map(argo::revision_of).collect();
    for revision in revisions {
        let Some(info) = crate::detail::commit_info(app, &revision) else {
            continue;
        };
        let Ok(at) = Timestamp::from_second(info.seconds) else {
            continue;
        };
        events.push((
            at,
            json!({
                "at": format_time(at), "kind": "commit", "app": about(),
                "actor": {"name": info.author.as_str(), "via": "git commit", "grade": "-"},
                "title": info.subject.as_str(), "detail": "",
                "revision": revision, "severity": "info",
            }),
        ));
    }
    events
}

/// `GET /api/v1/applications/{app}/attempts`
pub(crate) async fn attempts(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let current = crate::detail::deployed(&app);
    let history = app.value.array_at(&["status", "history"]);
    let last = history.last().and_then(|entry| entry.i64_at(&["id"]));
    let holds = engine::ask::holds(&app.value);
    let commit = |revision: &str| crate::detail::commit(&app, revision);
    let mut attempts: Vec<Event> = Vec::new();
    let audits = desk.records.audits();
    for entry in history {
        let revision = argo::revision_of(entry);
        let Some(at) = parse_time(entry.str_at(&["deployedAt"])) else {
            continue;
        };
        let by = entry.str_at(&["initiatedBy", "username"]);
        let automated = entry
            .at(&["initiatedBy", "automated"])
            .and_then(Value::as_bool);
        let automated = automated == Some(true) || by.is_empty();
        let is_current = entry.i64_at(&["id"]) == last;
        let hold = holds.iter().find(|h| h.revision == revision);
        let started = entry.str_at(&["deployStartedAt"]);
        attempts.push((
            at,
            json!({
                "id": entry.i64_at(&["id"]).unwrap_or(0).to_string(),
                "revision": commit(&revision),
                "startedAt": if started.is_empty() { entry.str_at(&["deployedAt"]) } else { started },
                "finishedAt": entry.str_at(&["deployedAt"]),
                "phase": "Succeeded", "message": hold.map_or("", |h| h.message.as_str()),
                "held": hold.is_some(),
                "by": if automated { json!({"name": "windlass", "via": "automated sync", "grade": "-"}) } else { wire::named(by, "operation") },
                "automated": automated, "reason": "",
                "resources": objects_of(&audits, app.name(), &revision, at),
                "isCurrent": is_current,
                "canRollBack": revision != current && hold.is_none(),
            }),
        ));
    }
    // What came to nothing is in the trail alone.
    for audit in audits {
        let entry = &audit.entry;
        let phase = entry.message.split(':').next().unwrap_or_default();
        let failed = matches!(phase, "Failed" | "Error");
        if entry.app != app.name() || !failed || !matches!(&*entry.action, "sync" | "rollback") {
            continue;
        }
        let at = format_time(entry.at);
        attempts.push((
            entry.at,
            json!({
                "id": format!("a-{}", audit.number),
                "revision": commit(&entry.to),
                "startedAt": at.as_str(), "finishedAt": at.as_str(),
                "phase": phase, "message": entry.message.as_str(),
                "by": wire::actor(&entry.author),
                "automated": entry.author.name == "windlass", "reason": entry.action.as_str(),
                "resources": entry.objects.unwrap_or(0), "isCurrent": false, "canRollBack": false,
            }),
        ));
    }
    running(&app, &mut attempts);
    attempts.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let attempts: Value = attempts.into_iter().map(|(_, attempt)| attempt).collect();
    Ok(masked(attempts, &call).into())
}

/// Returns how many objects the deployment of a revision had to do with, as the trail says it.
fn objects_of(audits: &[Arc<Audit>], app: &str, revision: &str, at: Timestamp) -> usize {
    /// The history and the trail are written one after the other.
    const APART: SignedDuration = SignedDuration::from_secs(10);
    let apart = |audit: &Arc<Audit>| audit.entry.at.duration_since(at).abs();
    audits
        .iter()
        .filter(|audit| {
            let entry = &audit.entry;
            entry.app == app && entry.to == revision && entry.objects.is_some()
        })
        .filter(|audit| apart(audit) <= APART)
        .min_by_key(|audit| apart(audit))
        .and_then(|audit| audit.entry.objects)
        .unwrap_or(0)
}

/// Adds the operation that runs now.
fn running(app: &App, attempts: &mut Vec<Event>) {
    let Some(state) = app.value.at(&["status", "operationState"]) else {
        return;
    };
    let text = |path: &[&str]| state.str_at(path);
    let Some(at) = parse_time(text(&["startedAt"])) else {
        return;
    };
    if !matches!(text(&["phase"]), "Running" | "Terminating") {
        return;
    }
    let revision = state
        .get("syncResult")
        .map(argo::revision_of)
        .unwrap_or_default();
    let by = text(&["operation", "initiatedBy", "username"]);
    attempts.push((
        at,
        json!({
            "id": "running", "revision": crate::detail::commit(app, &revision),
            "startedAt": format_time(at), "phase": text(&["phase"]),
            "message": text(&["message"]),
            "by": if by.is_empty() { json!({"name": "windlass", "via": "automated sync", "grade": "-"}) } else { wire::named(by, "operation") },
            "automated": by.is_empty(), "reason": "",
            "resources": state.array_at(&["syncResult", "resources"]).len(),
            "isCurrent": false, "canRollBack": false,
        }),
    ));
}
