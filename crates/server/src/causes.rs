//! How an application stands, with what the ledger knows: which field isn't as in Git, and by whom.

use crate::masks::hides;
use crate::records::Drift;
use cluster::Cluster;
use engine::why::{self, Standing};
use engine::{ObjectKey, pointer_of};
use jiff::Timestamp;
use ledger::{Grade, describe_field};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use value::Value;

/// How the ledger writes what isn't there.
const ABSENT: &str = "-";
/// Letters of a value that a sentence has room for.
const VALUE_MAX: usize = 40;

/// What a row needs besides its resource: its open drifts, newest first, and the objects as they are.
pub(crate) struct Known<'a> {
    pub(crate) open: &'a [Arc<Drift>],
    pub(crate) cluster: &'a Cluster,
}

/// Returns how an application stands.
pub(crate) fn standing(app: &Value, known: Option<&Known>, now: Timestamp) -> Standing {
    let live = |key: &ObjectKey| Some(known?.cluster.get(key)?.value());
    explained(app, known.map_or(&[], |k| k.open), live, now)
}

fn explained(
    app: &Value,
    open: &[Arc<Drift>],
    live: impl Fn(&ObjectKey) -> Option<Value>,
    now: Timestamp,
) -> Standing {
    let mut standing = why::standing(app, now);
    if standing.differs
        && let Some(newest) = open.first()
        && explain_all(app, open)
    {
        standing.cause = sentence(open, newest, live(&newest.record.key).as_ref());
        standing.since = Some(newest.record.at);
    }
    standing
}

/// Returns true if nothing is out of sync but what was changed from outside.
fn explain_all(app: &Value, open: &[Arc<Drift>]) -> bool {
    let known: BTreeSet<[&str; 4]> = open.iter().map(|d| parts(&d.record.key)).collect();
    let resources = app.array_at(&["status", "resources"]).iter();
    let mut differ = resources.filter(|r| r.str_at(&["status"]) == "OutOfSync");
    let is_known = |r: &Value| {
        let text = |field: &str| r.str_at(&[field]);
        known.contains(&[text("group"), text("kind"), text("namespace"), text("name")])
    };
    differ.all(is_known)
}

fn parts(key: &ObjectKey) -> [&str; 4] {
    [&key.group, &key.kind, &key.namespace, &key.name]
}

fn sentence(open: &[Arc<Drift>], newest: &Drift, object: Option<&Value>) -> String {
    let record = &newest.record;
    let mut text = format!("{}/{}", record.key.kind, record.key.name);
    let who = match (record.author.grade, record.author.name.as_str()) {
        (Grade::Unknown, _) | (_, "") => String::new(),
        (Grade::Manager, name) => format!(" through {name}"),
        (_, name) => format!(" by {name}"),
    };
    let Some(field) = record.fields.first() else {
        let _never = write!(text, " was deleted{who}.");
        return text;
    };
    let _never = write!(text, " {}", field.path);
    // It may have been changed again since: what was seen first is in the ledger.
    let present = object.and_then(|object| value_at(&record.key, object, &field.path));
    let live = present.as_deref().unwrap_or(&field.live);
    let _never = match (live, field.git.as_str()) {
        (ABSENT, git) => write!(text, " is gone, Git says {}", short(git)),
        (live, ABSENT) => write!(text, " is {}, Git doesn't set it", short(live)),
        (live, git) => write!(text, " is {}, Git says {}", short(live), short(git)),
    };
    match record.fields.len() - 1 {
        0 => {}
        1 => text.push_str(", and 1 more field"),
        more => {
            let _never = write!(text, ", and {more} more fields");
        }
    }
    if !who.is_empty() {
        let first = if live == field.live { "" } else { "first " };
        let _never = write!(text, "; {first}changed{who}");
    }
    text.push('.');
    let objects: BTreeSet<[&str; 4]> = open.iter().map(|d| parts(&d.record.key)).collect();
    match objects.len() - 1 {
        0 => {}
        1 => text.push_str(" 1 more object differs."),
        more => {
            let _never = write!(text, " {more} more objects differ.");
        }
    }
    text
}

/// Returns what an object has at a path, as the ledger writes it; `None` where that isn't shown.
fn value_at(key: &ObjectKey, object: &Value, path: &str) -> Option<String> {
    let pointer = pointer_of(object, path)?;
    if hides(key, &pointer) {
        return None;
    }
    let text = object.pointer(&pointer).map(Value::to_json);
    Some(describe_field(text.as_deref()))
}

fn short(value: &str) -> String {
    let line = value.lines().next().unwrap_or_default();
    let cut: String = line.chars().take(VALUE_MAX).collect();
    if cut.len() < value.len() {
        format!("{cut}…")
    } else if cut.is_empty() {
        "empty".to_owned()
    } else {
        cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::{Action, Author, DriftRecord, FieldChange};
    use value::json;

    fn drift(kind: &str, fields: &[(&str, &str, &str)], grade: Grade) -> Arc<Drift> {
        let field = |(path, git, live): &(&str, &str, &str)| FieldChange {
            path: (*path).into(),
            git: (*git).into(),
            live: (*live).into(),
        };
        Arc::new(Drift {
            number: 1,
            name: "d-1".into(),
            took_ms: None,
            record: DriftRecord {
                app: "shop".into(),
                key: ObjectKey::new("apps", kind, "shop", "web"),
                fields: fields.iter().map(field).collect(),
                author: Author {
                    name: "alice".into(),
                    via: "kubectl scale".into(),
                    grade,
                },
                at: Timestamp::UNIX_EPOCH,
                action: Action::Open,
            },
        })
    }

    fn app(kinds: &[&str]) -> Value {
        let resource = |kind: &&str| json!({"group": "apps", "kind": *kind, "namespace": "shop", "name": "web", "status": "OutOfSync"});
        let resources: Value = kinds.iter().map(resource).collect();
        json!({"status": {
            "sync": {"status": "OutOfSync"}, "health": {"status": "Healthy"}, "resources": resources,
        }})
    }

    fn cause(app: &Value, open: &[Arc<Drift>]) -> String {
        explained(app, open, |_| None, Timestamp::UNIX_EPOCH).cause
    }

    #[test]
    fn a_drift_is_told_with_its_field_and_who() {
        let app = app(&["Deployment"]);
        let replicas = ("spec.replicas", "3", "9");
        assert_eq!(
            cause(&app, &[drift("Deployment", &[replicas], Grade::Verified)]),
            "Deployment/web spec.replicas is 9, Git says 3; changed by alice."
        );
        let paused = ("spec.paused", ABSENT, "true");
        assert_eq!(
            cause(
                &app,
                &[drift("Deployment", &[paused, replicas], Grade::Manager)]
            ),
            "Deployment/web spec.paused is true, Git doesn't set it, and 1 more field; changed through alice."
        );
        assert_eq!(
            cause(&app, &[drift("Deployment", &[], Grade::Unknown)]),
            "Deployment/web was deleted."
        );
    }

    #[test]
    fn what_was_changed_again_is_told_as_it_is() {
        let app = app(&["Deployment"]);
        let open = [drift(
            "Deployment",
            &[("spec.replicas", "3", "9")],
            Grade::Verified,
        )];
        let live = |_: &ObjectKey| Some(json!({"spec": {"replicas": 12}}));
        assert_eq!(
            explained(&app, &open, live, Timestamp::UNIX_EPOCH).cause,
            "Deployment/web spec.replicas is 12, Git says 3; first changed by alice."
        );
    }

    #[test]
    fn what_git_has_changed_is_not_put_down_to_a_drift() {
        let app = app(&["Deployment", "StatefulSet"]);
        let open = [drift("Deployment", &[("a", "b", "c")], Grade::Verified)];
        assert_eq!(
            cause(&app, &open),
            "Deployment/web, StatefulSet/web are not as in Git."
        );
        assert_eq!(cause(&app, &[]), cause(&app, &open));
    }
}
