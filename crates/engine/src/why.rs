//! How an application stands, in words: state, cause, since when, what next. Every door says the
//! same.

use crate::argo;
use crate::rules::Pause;
use crate::spec::parse_time;
use api::names;
use jiff::Timestamp;
use value::Value;

/// Resources that a cause names; the rest is counted.
const NAMED_MAX: usize = 3;

/// A state with its cause, and what to do about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// `Synced`, `OutOfSync` or `Unknown`.
    pub sync: String,
    /// The health's name.
    pub health: String,
    /// Since when it is so, as far as that is known.
    pub since: Option<Timestamp>,
    /// Why, in a sentence; empty if all is fine.
    pub cause: String,
    /// What to do; empty if nothing.
    pub next: String,
    /// Whether the cause is that objects are not as in Git: who knows which fields, and whose, can
    /// say more.
    pub differs: bool,
}

/// Returns how an application stands.
#[must_use]
pub fn standing(app: &Value, now: Timestamp) -> Standing {
    let text = |path: &[&str]| app.str_at(path);
    let or = |word: &str| if word.is_empty() { "Unknown" } else { word }.to_owned();
    let sync = or(text(&["status", "sync", "status"]));
    let health = or(text(&["status", "health", "status"]));
    let (cause, next) = cause(app, &sync, &health, now);
    let differs = sync == "OutOfSync" && cause == out_of_sync(app);
    Standing {
        differs,
        since: since(app),
        sync,
        health,
        cause,
        next,
    }
}

/// Returns since when an application is as it is: the last of its transitions.
#[must_use]
pub fn since(app: &Value) -> Option<Timestamp> {
    let time = |path: &[&str]| parse_time(app.str_at(path));
    let health = time(&["status", "health", "lastTransitionTime"]);
    let operation = time(&["status", "operationState", "finishedAt"])
        .or_else(|| time(&["status", "operationState", "startedAt"]));
    let known = health.into_iter().chain(operation).max();
    known.or_else(|| time(&["metadata", "creationTimestamp"]))
}

fn cause(app: &Value, sync: &str, health: &str, now: Timestamp) -> (String, String) {
    let text = |path: &[&str]| app.str_at(path);
    let message = text(&["status", "operationState", "message"]);
    let phase = text(&["status", "operationState", "phase"]);
    let sentence = |cause: String, next: &str| (cause, next.to_owned());
    if app.at(&["metadata", "deletionTimestamp"]).is_some() {
        return sentence(
            match error_condition(app) {
                Some(condition) => format!("It is being deleted, but {condition}"),
                None => "It is being deleted.".to_owned(),
            },
            "",
        );
    }
    if let Some(condition) = error_condition(app) {
        return sentence(
            stop(&condition),
            "Mend what it names and push; then refresh.",
        );
    }
    if matches!(phase, "Running" | "Terminating") {
        return sentence(stop(&format!("A sync is running: {message}")), "");
    }
    let why = text(&["status", "health", "message"]);
    if health == "Degraded" {
        let cause = match (why, worst(app)) {
            ("", None) => "Something that it deployed is degraded.".to_owned(),
            ("", Some(worst)) => stop(&worst),
            (why, _) => stop(why),
        };
        return sentence(
            cause,
            "Look at the degraded resource, then push a fix or roll back.",
        );
    }
    if let Some(hold) = argo::view(app).holds.last()
        && has_condition(app, "RevisionHeld")
    {
        let short: String = hold.revision.chars().take(7).collect();
        return sentence(
            stop(&format!("{short} is held by {}: {}", hold.by, hold.message)),
            "Push a fix, or let the revision go.",
        );
    }
    if matches!(phase, "Failed" | "Error") && sync != "Synced" {
        return sentence(
            stop(&format!("The last sync failed: {message}")),
            "Look at the failed resource, mend it and sync again.",
        );
    }
    if sync == "OutOfSync" {
        return sentence(out_of_sync(app), next_of_out_of_sync(app, now));
    }
    match health {
        "Progressing" | "Missing" | "Suspended" => {
            let cause = match why {
                "" => format!("It is {}.", health.to_lowercase()),
                why => stop(why),
            };
            let next = match health {
                "Progressing" => "Wait, or look at what it waits for.",
                "Missing" => "Sync it to create what is missing.",
                _ => "Resume what is suspended.",
            };
            sentence(cause, next)
        }
        _ if sync == "Unknown" || health == "Unknown" => match why {
            "" => sentence("It was not compared with Git yet.".to_owned(), ""),
            why => sentence(stop(why), "Refresh it."),
        },
        _ => (String::new(), String::new()),
    }
}

fn next_of_out_of_sync(app: &Value, now: Timestamp) -> &'static str {
    let pause = Pause::parse(app.str_at(&["metadata", "annotations", names::PAUSED]));
    if pause.is_some_and(|p| p.lasts(now)) {
        return "It is paused: resume it, or sync it by hand.";
    }
    match app.at(&["spec", "syncPolicy", "automated"]) {
        Some(_) => "Look at the differences; automation will sync it unless something holds it up.",
        None => "Look at the differences, then sync.",
    }
}

/// Names the worst resource: `Deployment/web: 1 of 3 pods failing`.
fn worst(app: &Value) -> Option<String> {
    let resources = app.array_at(&["status", "resources"]).iter();
    let mut bad = resources.filter(|r| r.str_at(&["health", "status"]) == "Degraded");
    let first = bad.next()?;
    let mut text = name_of(first);
    match first.str_at(&["health", "message"]) {
        "" => text.push_str(" is degraded"),
        why => text.push_str(&format!(": {why}")),
    }
    match bad.count() {
        0 => {}
        more => text.push_str(&format!(" (and {more} more)")),
    }
    Some(text)
}

fn out_of_sync(app: &Value) -> String {
    let resources = app.array_at(&["status", "resources"]).iter();
    let differ: Vec<&Value> = resources
        .filter(|r| r.str_at(&["status"]) == "OutOfSync")
        .collect();
    let named: Vec<String> = differ.iter().take(NAMED_MAX).map(|r| name_of(r)).collect();
    match (differ.len(), named.join(", ")) {
        (0, _) => "The cluster is not as Git wants it.".to_owned(),
        (1, name) => format!("{name} is not as in Git."),
        (n, names) if n <= NAMED_MAX => format!("{names} are not as in Git."),
        (n, names) => format!("{names} and {} more are not as in Git.", n - NAMED_MAX),
    }
}

fn name_of(resource: &Value) -> String {
    format!(
        "{}/{}",
        resource.str_at(&["kind"]),
        resource.str_at(&["name"])
    )
}

fn stop(sentence: &str) -> String {
    let sentence = sentence.trim();
    let ends = sentence.ends_with(['.', '!', '?']) || sentence.is_empty();
    format!("{sentence}{}", if ends { "" } else { "." })
}

fn has_condition(app: &Value, kind: &str) -> bool {
    let conditions = app.array_at(&["status", "conditions"]);
    conditions.iter().any(|c| c.str_at(&["type"]) == kind)
}

/// Returns the sentence of the first condition that says that something is wrong.
#[must_use]
pub fn error_condition(app: &Value) -> Option<String> {
    let conditions = app.array_at(&["status", "conditions"]);
    conditions
        .iter()
        .find(|c| c.str_at(&["type"]).ends_with("Error"))
        .map(|c| format!("{}: {}", c.str_at(&["type"]), c.str_at(&["message"])))
}

/// Returns true while an automated deployment isn't judged by the health gate yet.
#[must_use]
pub fn gate_open(app: &Value) -> bool {
    let Some(last) = app.array_at(&["status", "history"]).last() else {
        return false;
    };
    let healthy = app.str_at(&["metadata", "annotations", names::LAST_HEALTHY]);
    app.at(&["spec", "syncPolicy", "automated"]).is_some()
        && !healthy.is_empty()
        && argo::revision_of(last) != healthy
        && app.str_at(&["status", "health", "status"]) != "Healthy"
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn what_is_fine_has_no_cause() {
        let app = json!({"status": {
            "sync": {"status": "Synced"},
            "health": {"status": "Healthy", "lastTransitionTime": "2025-12-31T23:00:00Z"},
        }});
        let it = standing(&app, now());
        assert_eq!((it.cause.as_str(), it.next.as_str()), ("", ""));
        assert_eq!(it.since, "2025-12-31T23:00:00Z".parse().ok());
    }

    #[test]
    fn what_is_not_says_why_and_what_next() {
        let resource =
            |name: &str| json!({"kind": "ConfigMap", "name": name, "status": "OutOfSync"});
        let app = json!({"status": {
            "sync": {"status": "OutOfSync"}, "health": {"status": "Healthy"},
            "resources": [resource("a"), resource("b"), resource("c"), resource("d")],
        }});
        let it = standing(&app, now());
        assert_eq!(
            it.cause,
            "ConfigMap/a, ConfigMap/b, ConfigMap/c and 1 more are not as in Git."
        );
        assert!(it.next.contains("sync"));
        let app = json!({"status": {
            "sync": {"status": "Synced"}, "health": {"status": "Degraded"},
            "resources": [{"kind": "Deployment", "name": "web",
                "health": {"status": "Degraded", "message": "1 of 3 pods failing"}}],
        }});
        let it = standing(&app, now());
        assert_eq!(it.cause, "Deployment/web: 1 of 3 pods failing.");
        let app = json!({"status": {"conditions": [{"type": "ComparisonError", "message": "no such path"}]}});
        assert_eq!(
            standing(&app, now()).cause,
            "ComparisonError: no such path."
        );
    }
}
