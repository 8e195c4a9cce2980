//! What a person asks of an application, as the patch of the resource that asks for it: every door
//! (command line, API) writes the same.

use crate::gate::Hold;
use crate::spec::format_time;
use crate::{argo, sources};
use api::names;
use jiff::Timestamp;
use value::{Object, Value, json};

/// Why something can't be asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The application has never deployed it.
    #[error("{0} was never deployed")]
    NeverDeployed(String),
    /// It is neither the deployed revision nor a full commit id.
    #[error("{0:?} is neither the deployed commit nor a full commit id")]
    NoRevision(String),
    /// No such revision is held.
    #[error("no such revision is held")]
    NotHeld,
    /// Another operation is asked for or runs.
    #[error("another operation is already in progress")]
    Busy,
    /// No operation runs.
    #[error("no operation is in progress")]
    Idle,
    /// Nothing is paused.
    #[error("it is not paused")]
    NotPaused,
}

/// A sync.
#[derive(Clone, Debug, Default)]
pub struct Sync {
    /// The revision; empty is what the application tracks.
    pub revision: String,
    /// Delete what Git no longer has.
    pub prune: bool,
    /// Change nothing.
    pub dry_run: bool,
    /// Only these objects, as an operation names them.
    pub resources: Vec<Value>,
    /// `syncStrategy`, as an operation has it.
    pub strategy: Option<Value>,
    /// Options instead of the application's own.
    pub options: Option<Vec<Value>>,
    /// `retry`, as an operation has it.
    pub retry: Option<Value>,
    /// Notes for the record.
    pub infos: Vec<Value>,
    /// Go against the project's windows, for this reason.
    pub override_window: Option<String>,
}

/// Reads one object that a sync is limited to: `GROUP/KIND/NAMESPACE/NAME`, or Argo CD's
/// `GROUP:KIND:NAME` and `GROUP:KIND:NAMESPACE/NAME`. Empty parts are left out.
#[must_use]
pub fn selector(text: &str) -> Option<Value> {
    let slashes: Vec<&str> = text.split('/').collect();
    let colons: Vec<&str> = text.split(':').collect();
    let (group, kind, namespace, name) = match (slashes.as_slice(), colons.as_slice()) {
        ([group, kind, namespace, name], _) => (*group, *kind, *namespace, *name),
        (_, [group, kind, name]) => {
            let (namespace, name) = name.split_once('/').unwrap_or(("", name));
            (*group, *kind, namespace, name)
        }
        _ => return None,
    };
    let mut selector = json!({"kind": kind, "name": name});
    for (field, text) in [("group", group), ("namespace", namespace)] {
        if !text.is_empty() {
            selector.set_at(&[field], text);
        }
    }
    Some(selector)
}

/// Asks for a sync by `user`.
///
/// # Errors
/// Fails if another operation was asked for and isn't taken yet.
pub fn sync(app: &Value, ask: &Sync, user: &str) -> Result<Value, AskError> {
    if app.get("operation").is_some() {
        return Err(AskError::Busy);
    }
    let mut sync = Object::new();
    if !ask.revision.is_empty() {
        let is_list = argo::view(app).spec.sources.is_list();
        sources::write_revision(&mut sync, &ask.revision, is_list);
    }
    if ask.prune {
        sync.insert("prune", true);
    }
    if ask.dry_run {
        sync.insert("dryRun", true);
    }
    if !ask.resources.is_empty() {
        sync.insert("resources", ask.resources.clone());
    }
    if let Some(strategy) = &ask.strategy {
        sync.insert("syncStrategy", strategy.clone());
    }
    // The API server of Argo CD copies the application's options in; so do we.
    let own = app.array_at(&["spec", "syncPolicy", "syncOptions"]);
    let options = ask.options.as_deref().unwrap_or(own);
    if !options.is_empty() {
        sync.insert("syncOptions", options.to_vec());
    }
    let mut operation = json!({
        "initiatedBy": {"username": user},
        "sync": Value::Object(sync),
    });
    if let Some(retry) = &ask.retry {
        operation.set_at(&["retry"], retry.clone());
    }
    let mut infos = ask.infos.clone();
    if let Some(reason) = &ask.override_window {
        infos.push(json!({"name": names::OVERRIDE_WINDOW, "value": reason.as_str()}));
    }
    if !infos.is_empty() {
        operation.set_at(&["info"], infos);
    }
    let mut patch = refresh(false);
    patch.set_at(&["operation"], operation);
    Ok(patch)
}

/// Asks for a look at Git; a hard one forgets what was rendered.
#[must_use]
pub fn refresh(hard: bool) -> Value {
    annotation(names::REFRESH, if hard { "hard" } else { "normal" })
}

/// A rollback: where to, and from where.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollback {
    /// The patch that asks for it.
    pub patch: Value,
    /// The revision that is deployed again.
    pub back_to: String,
    /// The revision that is held.
    pub from: String,
}

/// Asks for a rollback to an entry of the history: by its number, or by how its revision begins;
/// without either, to the last other one. What is deployed now is held.
///
/// # Errors
/// Fails if there is no such entry.
pub fn rollback(
    app: &Value,
    target: Option<&str>,
    reason: &str,
    user: &str,
    now: Timestamp,
) -> Result<Rollback, AskError> {
    let from = argo::deployed_revision(app);
    let matches = |entry: &&Value| {
        let revision = argo::revision_of(entry);
        match target {
            None => revision != from,
            Some(t) => {
                revision.starts_with(t)
                    || entry.i64_at(&["id"]).is_some_and(|id| id.to_string() == t)
            }
        }
    };
    let history = app.array_at(&["status", "history"]);
    let Some(entry) = history.iter().rev().find(matches) else {
        let what = target.unwrap_or("an earlier revision");
        return Err(AskError::NeverDeployed(what.to_owned()));
    };
    let back_to = argo::revision_of(entry);
    let mut holds = holds(app);
    holds.push(Hold {
        revision: from.clone(),
        back_to: back_to.clone(),
        message: match reason {
            "" => "rolled back".to_owned(),
            reason => reason.to_owned(),
        },
        by: user.to_owned(),
        since: Some(now),
    });
    let mut patch = holds_patch(&holds);
    if app.at(&["spec", "syncPolicy", "automated"]).is_none() {
        let mut sync = Object::new();
        sources::write_revision(&mut sync, &back_to, entry.get("revisions").is_some());
        let operation = json!({"initiatedBy": {"username": user}, "sync": Value::Object(sync)});
        patch.set_at(&["operation"], operation);
    }
    Ok(Rollback {
        patch,
        back_to,
        from,
    })
}

/// Returns the revisions that are held.
#[must_use]
pub fn holds(app: &Value) -> Vec<Hold> {
    Hold::parse_list(app.str_at(&["metadata", "annotations", names::HOLDS]))
}

/// Asks that a revision isn't deployed; returns the patch and the revision in full.
///
/// # Errors
/// Fails if `revision` is neither how the deployed one begins nor a full commit id.
pub fn hold(
    app: &Value,
    revision: &str,
    reason: &str,
    user: &str,
    now: Timestamp,
) -> Result<(Value, String), AskError> {
    let current = argo::deployed_revision(app);
    let full = match !revision.is_empty() && current.starts_with(revision) {
        true => current.as_str(),
        false => revision,
    };
    if full != current && full.len() != 40 {
        return Err(AskError::NoRevision(revision.to_owned()));
    }
    let mut holds = holds(app);
    holds.retain(|h| h.revision != full);
    holds.push(Hold {
        revision: full.to_owned(),
        back_to: String::new(),
        message: reason.to_owned(),
        by: user.to_owned(),
        since: Some(now),
    });
    Ok((holds_patch(&holds), full.to_owned()))
}

/// Lets a held revision go, or all; returns the patch and how many.
///
/// # Errors
/// Fails if no such revision is held.
pub fn unhold(app: &Value, revision: Option<&str>) -> Result<(Value, usize), AskError> {
    let mut holds = holds(app);
    let before = holds.len();
    holds.retain(|h| revision.is_some_and(|r| !h.revision.starts_with(r)));
    match before - holds.len() {
        0 => Err(AskError::NotHeld),
        gone => Ok((holds_patch(&holds), gone)),
    }
}

fn holds_patch(holds: &[Hold]) -> Value {
    match holds {
        [] => annotation(names::HOLDS, Value::Null),
        holds => annotation(names::HOLDS, Hold::format_list(holds)),
    }
}

/// Asks for no automation, for some time or until it is resumed.
#[must_use]
pub fn pause(reason: &str, user: &str, until: Option<Timestamp>, now: Timestamp) -> Value {
    let mut pause = json!({"reason": reason, "by": user, "since": format_time(now)});
    if let Some(until) = until {
        pause.set_at(&["until"], format_time(until));
    }
    annotation(names::PAUSED, pause.to_json())
}

/// Lets automation go on.
///
/// # Errors
/// Fails if it isn't paused.
pub fn resume(app: &Value) -> Result<Value, AskError> {
    match app.at(&["metadata", "annotations", names::PAUSED]) {
        None => Err(AskError::NotPaused),
        Some(_) => Ok(annotation(names::PAUSED, Value::Null)),
    }
}

/// Asks for the end of the operation that runs.
///
/// # Errors
/// Fails if none runs.
pub fn terminate(app: &Value) -> Result<Value, AskError> {
    if app.str_at(&["status", "operationState", "phase"]) != "Running" {
        return Err(AskError::Idle);
    }
    let mut patch = Value::object();
    patch.set_at(&["status", "operationState", "phase"], "Terminating");
    Ok(patch)
}

/// Approves the deletions that ask for it (`Prune=confirm`, `Delete=confirm`).
#[must_use]
pub fn approve(now: Timestamp) -> Value {
    annotation(names::DELETION_APPROVED, format_time(now))
}

fn annotation(name: &str, value: impl Into<Value>) -> Value {
    let mut patch = Value::object();
    patch.set_at(&["metadata", "annotations", name], value);
    patch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pause;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn objects_are_named_in_two_ways() {
        for (text, wanted) in [
            (
                "apps/Deployment/shop/web",
                Some(
                    json!({"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web"}),
                ),
            ),
            (
                "apps:Deployment:shop/web",
                Some(
                    json!({"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web"}),
                ),
            ),
            (
                ":ConfigMap:a",
                Some(json!({"kind": "ConfigMap", "name": "a"})),
            ),
            (
                "/ConfigMap//a",
                Some(json!({"kind": "ConfigMap", "name": "a"})),
            ),
            ("web", None),
        ] {
            assert_eq!(selector(text), wanted, "{text}");
        }
    }

    #[test]
    fn the_engine_reads_the_pause_that_is_written() {
        let path = ["metadata", "annotations", names::PAUSED];
        let until = "2026-01-01T01:00:00Z".parse().ok();
        let written = pause("incident 7", "alice", until, now());
        let read = Pause::parse(written.str_at(&path)).unwrap();
        assert_eq!(
            (read.reason.as_str(), read.by.as_str()),
            ("incident 7", "alice")
        );
        assert_eq!(read.until, until);
        let written = pause("x", "alice", None, now());
        assert_eq!(Pause::parse(written.str_at(&path)).unwrap().until, None);
    }

    #[test]
    fn a_rollback_holds_what_is_deployed() {
        let app = json!({"status": {
            "sync": {"revision": "bbb"},
            "history": [{"id": 1, "revision": "aaa"}, {"id": 2, "revision": "bbb"}],
        }});
        let back = rollback(&app, None, "", "alice", now()).unwrap();
        assert_eq!((back.from.as_str(), back.back_to.as_str()), ("bbb", "aaa"));
        assert_eq!(
            back.patch.str_at(&["operation", "sync", "revision"]),
            "aaa",
            "without automation nobody else would"
        );
        assert_eq!(
            rollback(&app, Some("7"), "", "alice", now()),
            Err(AskError::NeverDeployed("7".into()))
        );
    }

    #[test]
    fn a_revision_is_held_once_and_let_go() {
        let mut app = json!({"status": {"sync": {"revision": "abcdef"}}});
        let (patch, full) = hold(&app, "abc", "bad", "alice", now()).unwrap();
        assert_eq!(full, "abcdef");
        app.merge_patch(&patch);
        assert_eq!(holds(&app).len(), 1);
        assert_eq!(
            hold(&app, "zzz", "", "a", now()),
            Err(AskError::NoRevision("zzz".into()))
        );
        let (patch, gone) = unhold(&app, None).unwrap();
        app.merge_patch(&patch);
        assert_eq!((gone, holds(&app).len()), (1, 0));
        assert_eq!(unhold(&app, None), Err(AskError::NotHeld));
    }
}
