//! `windlass why`: state, cause, since when, and what next, in a paragraph.

use crate::cli::Cli;
use crate::connect::session;
use crate::failure::{Failure, NO, NOT_FOUND};
use crate::output::{ago, say, short};
use engine::argo;
use engine::why::error_condition;
use ledger::DriftRecord;
use value::Value;

pub(crate) async fn run(cli: &Cli, name: &str, resource: Option<&str>) -> anyhow::Result<u8> {
    let session = session(cli).await?;
    let app = session.application(name).await?;
    let mut drifts = session
        .list(&session.ledger("driftrecords"))
        .await
        .unwrap_or_default();
    drifts.retain(|d| d.str_at(&["spec", "application"]) == name);
    drifts.sort_by_key(|d| d.i64_at(&["spec", "number"]).unwrap_or(0));
    let (text, fine) = match resource {
        None => explain(name, &app, &drifts),
        Some(resource) => explain_resource(name, &app, resource, &drifts)?,
    };
    say(&text);
    Ok(if fine { 0 } else { NO })
}

fn explain(name: &str, app: &Value, drifts: &[Value]) -> (String, bool) {
    let text = |path: &[&str]| app.str_at(path);
    let (sync, health) = (
        text(&["status", "sync", "status"]),
        text(&["status", "health", "status"]),
    );
    let revision = short(&argo::deployed_revision(app));
    let since = ago(text(&["status", "health", "lastTransitionTime"]));
    let fine = sync == "Synced" && health == "Healthy";
    let mut out = format!(
        "{name} is {} and {} at {revision} ({since}).",
        or(sync),
        or(health)
    );
    if let Some(message) = Some(text(&["status", "health", "message"])).filter(|m| !m.is_empty()) {
        out.push_str(&format!(" Cause: {message}."));
    }
    if let Some(condition) = error_condition(app) {
        out.push_str(&format!(" {condition}."));
    }
    for condition in app.array_at(&["status", "conditions"]) {
        if condition.str_at(&["type"]) == "RevisionHeld" {
            out.push_str(&format!(" Note: {}.", condition.str_at(&["message"])));
        }
    }
    if text(&["status", "operationState", "phase"]) == "Running" {
        let message = text(&["status", "operationState", "message"]);
        out.push_str(&format!(" A sync is running: {message}."));
    }
    let drifts: Vec<&Value> = drifts.iter().collect();
    out.push_str(&changed_by(&drifts, sync));
    let out_of_sync: Vec<String> = app
        .array_at(&["status", "resources"])
        .iter()
        .filter(|r| r.str_at(&["status"]) == "OutOfSync")
        .map(|r| format!("{}/{}", r.str_at(&["kind"]), r.str_at(&["name"])))
        .collect();
    if !out_of_sync.is_empty() {
        out.push_str(&format!(" Not as in Git: {}.", out_of_sync.join(", ")));
    }
    if !fine {
        out.push_str(&format!(" Next: {}", next(name, app, sync, health)));
    }
    (out, fine)
}

/// Says what is wrong with one resource of an application.
fn explain_resource(
    name: &str,
    app: &Value,
    wanted: &str,
    drifts: &[Value],
) -> anyhow::Result<(String, bool)> {
    let (kind, object) = wanted.split_once('/').unwrap_or(("", wanted));
    let resources = app.array_at(&["status", "resources"]).iter();
    let found = resources.clone().find(|r| {
        r.str_at(&["name"]) == object
            && (kind.is_empty() || r.str_at(&["kind"]).eq_ignore_ascii_case(kind))
    });
    let Some(resource) = found else {
        let wrong = format!("{name} has no resource {wanted:?}");
        let hint = format!("windlass app get {name}");
        return Err(Failure::new(NOT_FOUND, wrong).hint(hint).into());
    };
    let text = |path: &[&str]| resource.str_at(path);
    let (sync, health) = (text(&["status"]), text(&["health", "status"]));
    let fine = matches!(sync, "Synced" | "") && matches!(health, "Healthy" | "");
    let (kind, object) = (text(&["kind"]), text(&["name"]));
    let mut out = format!("{kind}/{object} of {name} is {}", or(sync));
    if !health.is_empty() {
        out.push_str(&format!(" and {health}"));
    }
    out.push('.');
    if !text(&["health", "message"]).is_empty() {
        out.push_str(&format!(" Cause: {}.", text(&["health", "message"])));
    }
    let results = app.array_at(&["status", "operationState", "syncResult", "resources"]);
    let result = results
        .iter()
        .find(|r| r.str_at(&["kind"]) == kind && r.str_at(&["name"]) == object);
    if let Some(result) = result.filter(|r| !fine || r.str_at(&["status"]) == "SyncFailed") {
        let message = result.str_at(&["message"]);
        out.push_str(&format!(" Last sync: {message}."));
    }
    if resource.get("requiresPruning").is_some() {
        out.push_str(" Git has no such object: it would be pruned.");
    }
    let about = |d: &&Value| {
        d.str_at(&["spec", "object", "kind"]) == kind
            && d.str_at(&["spec", "object", "name"]) == object
    };
    let drifts: Vec<&Value> = drifts.iter().filter(about).collect();
    out.push_str(&changed_by(&drifts, sync));
    if !fine {
        out.push_str(&format!(
            " Next: windlass blame {kind}/{object} | windlass app diff {name}"
        ));
    }
    Ok((out, fine))
}

/// Says what was changed beside Git, and by whom: what is open, or what came last if that may be why
/// something isn't in sync.
fn changed_by(drifts: &[&Value], sync: &str) -> String {
    let open = drifts
        .iter()
        .rev()
        .find(|d| d.str_at(&["outcome", "action"]) == "open");
    let drift = open.or_else(|| drifts.last().filter(|_| sync == "OutOfSync"));
    let Some((record, at)) = drift.and_then(|d| Some((DriftRecord::from_value(d)?, d))) else {
        return String::new();
    };
    let fields: Vec<String> = record
        .fields
        .iter()
        .map(|f| {
            format!(
                "{} {} is {}, Git says {}",
                record.key, f.path, f.live, f.git
            )
        })
        .collect();
    let what = if fields.is_empty() {
        format!("{} was deleted", record.key)
    } else {
        fields.join("; ")
    };
    format!(
        " {what}. Changed by {} ({}) via {} {} ago.",
        record.author.name,
        record.author.grade.letter(),
        record.author.via,
        ago(at.str_at(&["spec", "time"])),
    )
}

fn or(word: &str) -> &str {
    if word.is_empty() { "Unknown" } else { word }
}

fn next(name: &str, app: &Value, sync: &str, health: &str) -> String {
    if error_condition(app).is_some() {
        return format!(
            "mend what the condition names and push, then: windlass app get {name} --refresh"
        );
    }
    match (sync, health) {
        ("OutOfSync", _) => format!("windlass app diff {name} | windlass app sync {name}"),
        (_, "Degraded" | "Progressing") => {
            format!("windlass app get {name} | windlass app rollback {name}")
        }
        _ => format!("windlass app get {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    #[test]
    fn it_names_state_cause_person_and_next_step() {
        let app = json!({"status": {
            "sync": {"status": "OutOfSync", "revision": "4f2c1aa0000"},
            "health": {"status": "Healthy"},
            "resources": [{"kind": "Deployment", "name": "web", "status": "OutOfSync"}],
        }});
        let drift = json!({"spec": {
            "application": "web", "time": "2026-01-02T03:04:05Z",
            "object": {"kind": "Deployment", "name": "web"},
            "fields": [{"path": "spec.replicas", "git": "3", "live": "9"}],
            "author": {"name": "alice", "via": "kubectl scale", "grade": "V"},
        }, "outcome": {"action": "open"}});
        let (text, fine) = explain("web", &app, &[drift]);
        assert!(!fine);
        for part in [
            "web is OutOfSync and Healthy at 4f2c1aa",
            "Deployment/web spec.replicas is 9, Git says 3",
            "alice (V) via kubectl scale",
            "Next: windlass app diff web",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
