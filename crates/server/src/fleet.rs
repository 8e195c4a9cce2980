//! The fleet as a whole: rows, numbers, what needs somebody, and looking across applications.

use crate::access::{App, Caller, Desk};
use crate::activity;
use crate::apps::masked;
use crate::board::{Row, flag};
use crate::call::{Answer, Call, Content};
use crate::detail;
use crate::index::Entry;
use crate::refusal::Refusal;
use crate::wire;
use api::names;
use engine::{argo, ask, format_time, parse_time, why};
use http::{HeaderValue, StatusCode, header};
use jiff::{Timestamp, ToSpan as _};
use std::collections::BTreeMap;
use std::sync::Arc;
use value::{Value, json};

/// Applications that are shown as needing somebody.
const NEEDS_MAX: usize = 50;
/// Events of the fleet's page.
const ACTIVITY: usize = 20;
/// Rollouts that are shown.
const ROLLOUTS_MAX: usize = 200;
/// Answers to a search.
const FOUND_MAX: usize = 20;
/// Rows of one page of resources.
const RESOURCES_MAX: usize = 1_000;

/// `GET /api/v1/board`
pub(crate) async fn board(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let accepted = call.header(&header::ACCEPT_ENCODING);
    let gzip = accepted
        .split(',')
        .any(|c| c.trim().split(';').next() == Some("gzip"));
    let (board, caller) = (Arc::clone(&desk.board), Arc::clone(&call.caller));
    // Tens of milliseconds for a large fleet: not on a thread that others wait for.
    let (seq, bytes) = tokio::task::spawn_blocking(move || board.snapshot(&caller, gzip)).await?;
    let tag = format!("\"{seq}{}\"", if gzip { "-gz" } else { "" });
    let tag_value = HeaderValue::from_str(&tag).expect("a number is a header");
    let tagged = |answer: Answer| {
        answer
            .with(header::ETAG, tag_value.clone())
            .with(
                header::CACHE_CONTROL,
                HeaderValue::from_static("private, no-cache"),
            )
            .with(
                header::VARY,
                HeaderValue::from_static("accept-encoding, cookie, authorization"),
            )
    };
    if call.header(&header::IF_NONE_MATCH) == tag {
        return Ok(tagged(Answer::status(StatusCode::NOT_MODIFIED)));
    }
    let mut answer = Answer::text("application/json", bytes.clone());
    if gzip {
        answer.content = Content::Encoded(bytes);
        answer = answer.with(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(tagged(answer))
}

/// Why an application needs somebody, worst first; `None` if it doesn't.
fn need(row: &Row) -> Option<(u8, &'static str)> {
    let need = if &*row.health == "Degraded" || &*row.health == "Missing" {
        (0, "degraded")
    } else if row.has(flag::FAILED) && &*row.sync != "Synced" {
        (1, "failed")
    } else if row.has(flag::ROLLED_BACK) {
        (2, "rolledBack")
    } else if row.has(flag::HELD) {
        (3, "held")
    } else if row.has(flag::DRIFT_OPEN) {
        (4, "drift")
    } else if row.has(flag::PAUSED) {
        (6, "paused")
    } else if &*row.sync == "OutOfSync" && !row.has(flag::RUNNING) {
        (5, "outOfSync")
    } else if &*row.sync == "Unknown" && !row.cause.is_empty() {
        (1, "failed")
    } else {
        return None;
    };
    Some(need)
}

/// `GET /api/v1/fleet`
pub(crate) async fn fleet(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let answer = tokio::task::spawn_blocking(move || fleet_of(&desk, &call.caller)).await?;
    Ok(answer.into())
}

#[derive(Default)]
struct ClusterCount {
    server: String,
    apps: u32,
    degraded: u32,
    out_of_sync: u32,
    drift: u32,
}

fn fleet_of(desk: &Arc<Desk>, caller: &Arc<Caller>) -> Value {
    let now = Timestamp::now();
    let rows = desk.board.visible(caller);
    let mut clusters: BTreeMap<&str, ClusterCount> = BTreeMap::new();
    let (mut by_sync, mut by_health) = (BTreeMap::new(), BTreeMap::new());
    let mut needs: Vec<(u8, &'static str, &Arc<Row>)> = Vec::new();
    for row in &rows {
        let count = clusters.entry(&row.cluster).or_default();
        row.server.as_ref().clone_into(&mut count.server);
        count.apps += 1;
        count.degraded += u32::from(&*row.health == "Degraded");
        count.out_of_sync += u32::from(&*row.sync == "OutOfSync");
        count.drift += u32::from(row.has(flag::DRIFT_OPEN));
        *by_sync.entry(row.sync.to_string()).or_insert(0i64) += 1;
        *by_health.entry(row.health.to_string()).or_insert(0i64) += 1;
        needs.extend(need(row).map(|(rank, kind)| (rank, kind, row)));
    }
    needs.sort_by_key(|(rank, _, row)| (*rank, row.since, row.name.clone()));
    let needs: Vec<Value> = needs
        .into_iter()
        .take(NEEDS_MAX)
        .map(|(_, kind, row)| needs_you(desk, kind, row))
        .collect();
    let trouble = desk.trouble();
    let clusters: Vec<Value> = clusters
        .into_iter()
        .map(|(name, count)| {
            let own = name == names::IN_CLUSTER_NAME;
            let trouble = trouble.as_ref().filter(|_| own);
            json!({
                "name": name, "server": count.server, "apps": count.apps,
                "degraded": count.degraded, "outOfSync": count.out_of_sync, "drift": count.drift,
                "connected": trouble.is_none(),
                "message": trouble.map_or("", |t| t.why.as_str()),
                "version": if own { desk.server_version() } else { String::new() },
                "cacheAge": trouble.map_or(0, |t| {
                    t.since.elapsed().map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(0))
                }),
            })
        })
        .collect();
    let mut seen = BTreeMap::new();
    let mut sees = |name: &str| {
        let ns = desk.namespace();
        *seen
            .entry(name.to_owned())
            .or_insert_with(|| desk.board.sees(caller, ns, name))
    };
    let (day, hours) = hours(desk, now, &mut sees);
    json!({
        "seq": desk.board.seq(),
        "apps": rows.len(),
        "clusters": clusters,
        "bySync": by_sync.into_iter().map(|(k, n)| (k, Value::from(n))).collect::<value::Object>(),
        "byHealth": by_health.into_iter().map(|(k, n)| (k, Value::from(n))).collect::<value::Object>(),
        "needsYou": needs,
        "day": day,
        "hours": hours,
        "activity": activity::newest(desk, ACTIVITY, &mut sees),
    })
}

fn needs_you(desk: &Desk, kind: &str, row: &Row) -> Value {
    let mut it = json!({
        "app": {
            "ns": &*row.ns, "name": &*row.name, "project": &*row.project, "cluster": &*row.cluster,
        },
        "state": {
            "sync": &*row.sync, "health": &*row.health,
            "since": wire::time_of(row.since), "cause": &*row.cause, "next": &*row.next,
        },
        "kind": kind,
    });
    if matches!(kind, "held" | "rolledBack" | "degraded" | "failed")
        && let Some(actor) = actor_of(desk, kind, row)
    {
        it.set_at(&["actor"], actor);
    }
    if matches!(kind, "drift" | "outOfSync") {
        let drifts = desk.records.drifts();
        let last = drifts
            .iter()
            .find(|d| d.record.app == *row.name && d.is_open());
        if let Some(drift) = last {
            it.set_at(&["actor"], wire::actor(&drift.record.author));
            if row.cause.is_empty() {
                let field = drift.record.fields.first();
                let what = field.map_or_else(
                    || format!("{} was deleted by hand.", drift.record.key),
                    |f| {
                        format!(
                            "{} {} is {}, Git says {}.",
                            drift.record.key, f.path, f.live, f.git
                        )
                    },
                );
                it.set_at(&["state", "cause"], what);
                it.set_at(
                    &["state", "next"],
                    "Look at the difference: sync it away, or adopt it in Git.",
                );
            }
        }
    }
    it
}

/// Returns who is behind the state of an application: who holds its revision, or whose sync was the
/// last.
fn actor_of(desk: &Desk, kind: &str, row: &Row) -> Option<Value> {
    if matches!(kind, "held") {
        let holds = desk.holds(row);
        let by = &holds.last()?.by;
        return Some(wire::named(by, "hold"));
    }
    // Of a rollback: whose revision it was that is held now.
    let audits = desk.records.audits();
    let is_sync =
        |a: &&Arc<crate::records::Audit>| a.entry.app == *row.name && a.entry.action == "sync";
    let last = audits.iter().find(is_sync)?;
    Some(wire::actor(&last.entry.author))
}

/// Counts the last day, in all and by the hour.
fn hours(desk: &Desk, now: Timestamp, sees: &mut impl FnMut(&str) -> bool) -> (Value, Value) {
    #[derive(Clone, Copy, Default)]
    struct Hour {
        syncs: i64,
        drift: i64,
        rollbacks: i64,
        failures: i64,
    }
    let this = now.as_second() / 3600;
    let mut by_hour = [Hour::default(); 24];
    let at = |time: Timestamp| -> Option<usize> {
        let ago = this - time.as_second() / 3600;
        usize::try_from(ago)
            .ok()
            .filter(|ago| *ago < 24)
            .map(|ago| 23 - ago)
    };
    for audit in desk.records.audits() {
        let entry = &audit.entry;
        let Some(place) = at(entry.at).filter(|_| sees(&entry.app)) else {
            continue;
        };
        let failed = ["Failed", "Error"]
            .iter()
            .any(|w| entry.message.starts_with(w));
        match entry.action.as_str() {
            "sync" if failed => by_hour[place].failures += 1,
            "sync" => by_hour[place].syncs += 1,
            "rollback" => by_hour[place].rollbacks += 1,
            _ => {}
        }
    }
    for drift in desk.records.drifts() {
        if let Some(place) = at(drift.record.at).filter(|_| sees(&drift.record.app)) {
            by_hour[place].drift += 1;
        }
    }
    let begin = Timestamp::from_second(this * 3600).unwrap_or(now);
    let hours: Value = by_hour
        .iter()
        .enumerate()
        .map(|(i, h)| {
            let back = i64::try_from(23 - i).unwrap_or(0);
            let at = begin.checked_sub(back.hours()).unwrap_or(begin);
            json!({
                "at": format_time(at), "syncs": h.syncs, "drift": h.drift, "rollbacks": h.rollbacks,
            })
        })
        .collect();
    let sum = |part: fn(&Hour) -> i64| by_hour.iter().map(part).sum::<i64>();
    let day = json!({
        "syncs": sum(|h| h.syncs), "drift": sum(|h| h.drift),
        "rollbacks": sum(|h| h.rollbacks), "failures": sum(|h| h.failures),
    });
    (day, hours)
}

/// `GET /api/v1/rollouts`
pub(crate) async fn rollouts(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let answer = tokio::task::spawn_blocking(move || {
        let now = Timestamp::now();
        let rows = desk.board.visible(&call.caller);
        let mut found: Vec<(i64, Value)> = Vec::new();
        let is_news = |row: &Arc<Row>| now.as_second() - row.since < 24 * 3600;
        let is_urgent =
            |row: &Arc<Row>| row.has(flag::RUNNING | flag::HELD | flag::ROLLED_BACK | flag::FAILED);
        let mut rows = rows;
        rows.retain(|row| is_urgent(row) || is_news(row));
        rows.sort_by_key(|row| (!is_urgent(row), std::cmp::Reverse(row.since)));
        for row in rows.into_iter().take(ROLLOUTS_MAX) {
            if let Ok(app) = desk.app_named(&call.caller, &row.ns, &row.name, "")
                && let Some(rollout) = rollout(&app, &row)
            {
                found.push((row.since, rollout));
            }
        }
        let rank = |v: &Value| match v.str_at(&["phase"]) {
            "rolling" | "gate" => 0,
            "failed" => 1,
            "rolledBack" | "held" => 2,
            _ => 3,
        };
        found.sort_by_key(|(since, value)| (rank(value), std::cmp::Reverse(*since)));
        let found = found.into_iter().map(|(_, value)| value);
        masked(found.collect(), &call)
    });
    Ok(answer.await?.into())
}

fn rollout(app: &App, row: &Row) -> Option<Value> {
    let value = &app.value;
    let state = value.at(&["status", "operationState"]);
    let history = value.array_at(&["status", "history"]);
    let phase_word = state.map_or("", |s| s.str_at(&["phase"]));
    let hold = ask::holds(value).pop();
    let gate = why::gate_open(value);
    let phase = if row.has(flag::RUNNING) {
        "rolling"
    } else if gate {
        "gate"
    } else if row.has(flag::ROLLED_BACK) {
        "rolledBack"
    } else if row.has(flag::HELD) {
        "held"
    } else if row.has(flag::FAILED) {
        "failed"
    } else if history.is_empty() {
        return None;
    } else {
        "done"
    };
    let deployed = history.last().map(argo::revision_of).unwrap_or_default();
    let target = state
        .and_then(|s| s.get("syncResult"))
        .map(argo::revision_of);
    let revision = match (&hold, phase) {
        (Some(hold), "rolledBack" | "held") => hold.revision.clone(),
        _ => target
            .filter(|r| !r.is_empty())
            .unwrap_or_else(|| deployed.clone()),
    };
    let previous = match (&hold, phase) {
        (Some(hold), "rolledBack") => hold.back_to.clone(),
        _ => {
            let earlier = history.iter().rev().map(argo::revision_of);
            earlier
                .into_iter()
                .find(|r| *r != revision)
                .unwrap_or_default()
        }
    };
    let why = match (&hold, phase) {
        (Some(hold), "rolledBack" | "held") => format!("{} ({})", hold.message, hold.by),
        (_, "failed" | "rolling") => state.map_or("", |s| s.str_at(&["message"])).to_owned(),
        _ => row.cause.to_string(),
    };
    Some(json!({
        "app": {"ns": &*row.ns, "name": &*row.name},
        "project": &*row.project, "cluster": &*row.cluster,
        "revision": detail::commit(app, &revision),
        "previous": detail::commit(app, &previous),
        "phase": phase,
        "stages": stages(app, phase, phase_word, &row.health, hold.as_ref()),
        "why": why,
        "can": detail::can(app),
    }))
}

fn stages(
    app: &App,
    phase: &str,
    operation: &str,
    health: &str,
    hold: Option<&engine::Hold>,
) -> Value {
    let state = app.value.at(&["status", "operationState"]);
    let time = |name: &str| state.and_then(|s| parse_time(s.str_at(&[name])));
    let took = time("startedAt").zip(time("finishedAt"));
    let took = took.map(|(from, to)| to.duration_since(from).as_millis());
    let sync = match operation {
        "Running" | "Terminating" => "run",
        "Failed" | "Error" => "bad",
        "" => "wait",
        _ => "ok",
    };
    let gate = match (phase, sync, health) {
        ("rolledBack", ..) => "bad",
        (_, "run" | "wait", _) => "wait",
        (_, _, "Healthy") => "ok",
        (_, _, "Degraded") => "bad",
        _ => "run",
    };
    let message = state.map_or("", |s| s.str_at(&["message"]));
    let mut apply = json!({"name": "sync", "state": sync, "detail": message});
    if let Some(took) = took.and_then(|t| i64::try_from(t).ok()) {
        apply.set_at(&["tookMs"], took);
    }
    let detail = match (phase, hold) {
        ("rolledBack", Some(hold)) => hold.message.as_str(),
        _ => health,
    };
    json!([apply, {"name": "health gate", "state": gate, "detail": detail}])
}

/// `GET /api/v1/resources`
pub(crate) async fn resources(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let answer = tokio::task::spawn_blocking(move || masked(resources_of(&desk, &call), &call));
    Ok(answer.await?.into())
}

fn resources_of(desk: &Desk, call: &Call) -> Value {
    let limit = call.number("limit", 100, RESOURCES_MAX);
    let q = call.param("q").trim().to_lowercase();
    let is = |name: &str, own: &str| {
        let wanted = call.param(name);
        wanted.is_empty() || wanted.split(',').any(|w| w.eq_ignore_ascii_case(own))
    };
    let after = call.param("after");
    let rows = desk.board.visible(&call.caller);
    let objects = desk.index.of(desk, &rows);
    let mut found: Vec<(String, &Row, &Entry)> = Vec::new();
    let mut total: usize = 0;
    for (row, objects) in rows.iter().zip(&objects) {
        if !is("cluster", &row.cluster) {
            continue;
        }
        for entry in &objects.entries {
            let key = &entry.key;
            if !is("kind", &key.kind) || !is("health", &entry.health) || !entry.has(&q) {
                continue;
            }
            total += 1;
            let place = format!("{}/{}/{}/{}", row.name, key.kind, key.namespace, key.name);
            if *place > *after {
                found.push((place, row, entry));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let next = (found.len() > limit).then(|| found[limit - 1].0.clone());
    found.truncate(limit);
    let shown: Value = found
        .iter()
        .map(|(_, row, entry)| {
            let mut reference = wire::reference(&entry.key);
            reference.set_at(&["version"], &*entry.version);
            json!({
                "app": {"ns": &*row.ns, "name": &*row.name},
                "ref": reference, "cluster": &*row.cluster,
                "sync": &*entry.sync, "health": &*entry.health, "message": &*entry.message,
                "images": desk.images_of(row, &entry.key),
            })
        })
        .collect();
    let mut answer = json!({"rows": shown, "total": total});
    if let Some(next) = next {
        answer.set_at(&["next"], next);
    }
    answer
}

/// Pages that a search finds.
const PAGES: [(&str, &str); 11] = [
    ("Fleet", "/"),
    ("Applications", "/apps"),
    ("Drift ledger", "/drift"),
    ("Rollouts and holds", "/rollouts"),
    ("Resources", "/resources"),
    ("Audit", "/audit"),
    ("Clusters", "/clusters"),
    ("Projects", "/projects"),
    ("Settings", "/settings"),
    ("Keys", "/help/keys"),
    ("Log in", "/login"),
];

/// `GET /api/v1/search`
pub(crate) async fn search(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let answer = tokio::task::spawn_blocking(move || {
        let q = call.param("q").trim().to_lowercase();
        let mut found: Vec<Value> = Vec::new();
        if q.is_empty() {
            return Value::Array(found);
        }
        let hit = |kind: &str, title: &str, detail: &str, href: String| json!({"kind": kind, "title": title, "detail": detail, "href": href});
        for (title, href) in PAGES {
            if title.to_lowercase().starts_with(&q) {
                found.push(hit("page", title, "", href.to_owned()));
            }
        }
        let rows = desk.board.visible(&call.caller);
        let mut apps: Vec<&Arc<Row>> = rows
            .iter()
            .filter(|r| r.name.to_lowercase().contains(&q))
            .collect();
        // What begins so comes before what only contains it.
        apps.sort_by_key(|r| (!r.name.to_lowercase().starts_with(&q), r.name.clone()));
        let page = |row: &Row, rest: &str| format!("/apps/{}/{}{rest}", row.ns, row.name);
        for row in apps.iter().take(FOUND_MAX / 2) {
            let detail = format!("{} · {}", row.sync, row.health);
            found.push(hit("app", &row.name, &detail, page(row, "")));
        }
        for row in rows
            .iter()
            .filter(|r| q.len() >= 4 && r.rev.starts_with(&q))
            .take(3)
        {
            found.push(hit("commit", &row.rev, &row.name, page(row, "/history")));
        }
        let mut people: Vec<String> = Vec::new();
        for drift in desk.records.drifts() {
            let author = &drift.record.author;
            if author.name.to_lowercase().contains(&q) && !people.contains(&author.name) {
                people.push(author.name.clone());
            }
        }
        for name in people.iter().take(3) {
            found.push(hit("person", name, "drift", format!("/drift?actor={name}")));
        }
        let objects = desk.index.of(&desk, &rows);
        let each = || rows.iter().zip(&objects);
        for (row, objects) in each() {
            for image in objects
                .images
                .iter()
                .filter(|i| i.to_lowercase().contains(&q))
            {
                if found.len() < FOUND_MAX * 3 / 4 {
                    found.push(hit("image", image, &row.name, page(row, "/tree")));
                }
            }
        }
        let named =
            each().flat_map(|(row, objects)| objects.entries.iter().map(move |entry| (row, entry)));
        let named = named.filter(|(_, e)| e.key.name.to_lowercase().contains(&q));
        for (row, entry) in named.take(FOUND_MAX.saturating_sub(found.len())) {
            let title = format!("{}/{}", entry.key.kind, entry.key.name);
            found.push(hit("resource", &title, &row.name, page(row, "/tree")));
        }
        found.truncate(FOUND_MAX);
        Value::Array(found)
    });
    Ok(answer.await?.into())
}
