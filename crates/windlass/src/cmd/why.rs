//! `windlass why`: state, cause, since when, and what next, in a paragraph.

use crate::cli::Cli;
use crate::cmd::wait::error_condition;
use crate::connect::session;
use crate::failure::NO;
use crate::output::{ago, say, short};
use engine::argo;
use ledger::DriftRecord;
use value::Value;

pub(crate) async fn run(cli: &Cli, name: &str) -> anyhow::Result<u8> {
    let session = session(cli).await?;
    let app = session.application(name).await?;
    let mut drifts = session
        .list(&session.ledger("driftrecords"))
        .await
        .unwrap_or_default();
    drifts.retain(|d| d.str_at(&["spec", "application"]) == name);
    drifts.sort_by_key(|d| d.i64_at(&["spec", "number"]).unwrap_or(0));
    let (text, fine) = explain(name, &app, &drifts);
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
    let open = drifts
        .iter()
        .rev()
        .find(|d| d.str_at(&["outcome", "action"]) == "open");
    let drift = open.or_else(|| drifts.last().filter(|_| sync == "OutOfSync"));
    if let Some((record, at)) = drift.and_then(|d| Some((DriftRecord::from_value(d)?, d))) {
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
        out.push_str(&format!(
            " {what}. Changed by {} ({}) via {} {} ago.",
            record.author.name,
            record.author.grade.letter(),
            record.author.via,
            ago(at.str_at(&["spec", "time"])),
        ));
    }
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
