//! How an application is, why, since when, and what next.

use super::{commit, deployed};
use crate::access::{App, Desk};
use crate::call::{Answer, Call};
use crate::refusal::Refusal;
use crate::wire;
use engine::{argo, ask, format_time, parse_time, why};
use jiff::Timestamp;
use rbac::action;
use std::sync::Arc;
use value::{Value, json};

/// `GET /api/v1/applications/{app}/overview`
pub(crate) async fn overview(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    // What is held isn't compared with: Git is asked what it points at, as far as is known here.
    let target = app.view().inspector().target(&app.value).await.ok();
    // Commits are read from disk.
    let answer = tokio::task::spawn_blocking(move || of(&app, target.as_deref())).await;
    answer
        .map(Answer::from)
        .map_err(|e| Refusal::new(crate::refusal::Code::Internal, e.to_string()))
}

fn of(app: &App, target: Option<&str>) -> Value {
    let now = Timestamp::now();
    let value = &app.value;
    let text = |path: &[&str]| value.str_at(path);
    let row = crate::board::Row::of(value, crate::board::Counts::default(), None, now);
    let spec = &app.parsed.spec;
    let compared = argo::deployed_revision(value);
    let sources = spec
        .sources
        .with_revisions(&compared)
        .map(|(source, revision)| {
            json!({
                "repo": source.repo_url.as_str(), "path": source.path.as_str(),
                "chart": source.chart.as_str(), "targetRevision": source.target_revision.as_str(),
                "revision": revision,
            })
        });
    let automated = spec.automated;
    let mut it = json!({
        "uid": text(&["metadata", "uid"]),
        "ns": &*row.ns, "name": &*row.name, "project": &*row.project,
        "cluster": &*row.cluster, "server": &*row.server, "destNs": &*row.dest_ns,
        "labels": value.at(&["metadata", "labels"]).cloned().unwrap_or_else(Value::object),
        "state": state(app, now),
        "revision": commit(app, &deployed(app)),
        "wants": commit(app, target.unwrap_or(&compared)),
        "sources": sources.collect::<Value>(),
        "auto": {
            "enabled": automated.is_some(),
            "prune": automated.is_some_and(|a| a.prune),
            "selfHeal": automated.is_some_and(|a| a.self_heal),
        },
        "holds": holds(value),
        "conditions": conditions(value),
        "counts": counts(app),
        "windows": windows(app, now),
        "can": can(app),
        "links": crate::argo::links::shown(app),
    });
    if let Some(pause) = app.parsed.pause.as_ref().filter(|p| p.lasts(now)) {
        let mut paused = json!({
            "by": wire::named(&pause.by, "pause"), "reason": pause.reason.as_str(),
        });
        if let Some(until) = pause.until {
            paused.set_at(&["until"], format_time(until));
        }
        it.set_at(&["paused"], paused);
    }
    if let Some(operation) = operation(app) {
        it.set_at(&["operation"], operation);
    }
    if why::gate_open(value) {
        it.set_at(&["gate"], gate(app));
    }
    if let Some(trouble) = app.desk().trouble() {
        let since = Timestamp::try_from(trouble.since).map_or_else(|_| String::new(), format_time);
        it.set_at(
            &["stale"],
            json!({"since": since, "why": trouble.why.as_str()}),
        );
    }
    it
}

/// Returns a state with its cause and what next.
pub(crate) fn state(app: &App, now: Timestamp) -> Value {
    let open = app.desk().records.open(app.name());
    let known = crate::causes::Known {
        open: &open,
        cluster: app.view().cluster(),
    };
    let standing = crate::causes::standing(&app.value, Some(&known), now);
    json!({
        "sync": standing.sync.as_str(), "health": standing.health.as_str(),
        "since": standing.since.map(format_time).unwrap_or_default(),
        "cause": standing.cause.as_str(), "next": standing.next.as_str(),
    })
}

fn holds(value: &Value) -> Value {
    let hold = |hold: engine::Hold| {
        json!({
            "revision": hold.revision.as_str(),
            "by": wire::named(&hold.by, "hold"),
            "reason": hold.message.as_str(),
            "at": hold.since.map(format_time).unwrap_or_default(),
            "backTo": hold.back_to.as_str(),
        })
    };
    ask::holds(value).into_iter().map(hold).collect()
}

fn conditions(value: &Value) -> Value {
    let conditions = value.array_at(&["status", "conditions"]).iter();
    conditions
        .map(|c| {
            json!({
                "type": c.str_at(&["type"]), "message": c.str_at(&["message"]),
                "since": c.str_at(&["lastTransitionTime"]),
            })
        })
        .collect()
}

fn counts(app: &App) -> Value {
    let resources = app.value.array_at(&["status", "resources"]);
    let count =
        |path: &[&str], word: &str| resources.iter().filter(|r| r.str_at(path) == word).count();
    json!({
        "resources": resources.len(),
        "outOfSync": count(&["status"], "OutOfSync"),
        "degraded": count(&["health", "status"], "Degraded"),
        "missing": count(&["health", "status"], "Missing"),
        "orphaned": app.view().orphans(&app.parsed.spec).len(),
    })
}

fn operation(app: &App) -> Option<Value> {
    let state = app.value.at(&["status", "operationState"])?;
    let text = |path: &[&str]| state.str_at(path);
    let results = state.array_at(&["syncResult", "resources"]);
    let is_over = |r: &&Value| {
        let hook = r.str_at(&["hookPhase"]);
        !r.str_at(&["status"]).is_empty() && !matches!(hook, "Running")
    };
    let done = results.iter().filter(is_over).count();
    let total = results
        .len()
        .max(app.value.array_at(&["status", "resources"]).len());
    let is_running = matches!(text(&["phase"]), "Running" | "Terminating");
    let by = text(&["operation", "initiatedBy", "username"]);
    let mut it = json!({
        "phase": text(&["phase"]), "message": text(&["message"]),
        "startedAt": text(&["startedAt"]),
        "by": match by {
            "" => json!({"name": "windlass", "via": "automated sync", "grade": "-"}),
            by => wire::named(by, "operation"),
        },
        "revision": state.get("syncResult").map(argo::revision_of).unwrap_or_default(),
        "done": if is_running { done } else { total },
        "total": total,
        "waitingFor": if is_running { waiting_for(text(&["message"])) } else { "" },
    });
    if !text(&["finishedAt"]).is_empty() {
        it.set_at(&["finishedAt"], text(&["finishedAt"]));
    }
    Some(it)
}

/// Returns what the sentence about an operation says that it waits for.
fn waiting_for(message: &str) -> &str {
    message
        .split_once("waiting for ")
        .map_or("", |(_, what)| what)
}

fn gate(app: &App) -> Value {
    let health = app.value.str_at(&["status", "health", "status"]);
    let began = app.value.array_at(&["status", "history"]).last();
    let began = began.and_then(|entry| parse_time(entry.str_at(&["deployedAt"])));
    let length = app.parsed.health_gate.unwrap_or(app.view().health_gate());
    let until = began
        .zip(length)
        .and_then(|(at, length)| at.checked_add(length).ok());
    json!({
        "until": until.map(format_time).unwrap_or_default(),
        "message": format!("the health gate is open: {health}"),
    })
}

fn windows(app: &App, now: Timestamp) -> Value {
    let windows = app.view().windows(app.name(), &app.parsed.spec);
    windows
        .iter()
        .map(|window| json!({"text": window.to_string(), "active": window.is_open(now).unwrap_or(false)}))
        .collect()
}

/// Returns what the one who asks may do.
pub(crate) fn can(app: &App) -> Value {
    json!({
        "sync": app.may(action::SYNC),
        "rollback": app.may(action::SYNC),
        "override": app.may(action::OVERRIDE),
        "update": app.may(action::UPDATE),
        "delete": app.may(action::DELETE),
        "action": app.may("action/*"),
        "logs": app.may_read_logs(),
    })
}
