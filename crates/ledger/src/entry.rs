//! The entries and how they are written as resources.

use crate::identity::{Author, Grade};
use api::names;
use engine::{ObjectKey, format_time, parse_time};
use jiff::Timestamp;
use value::{Value, json};

/// What was done about a drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is being undone.
    Healing,
    /// It was undone.
    Healed,
    /// Nothing: the application doesn't heal itself.
    Open,
    /// It went away by itself, or Git has adopted it.
    Resolved,
}

impl Action {
    /// Returns the action's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healing => "healing",
            Self::Healed => "healed",
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }
}

/// One field of a drift, as JSON texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The path: `spec.replicas`.
    pub path: String,
    /// What Git says.
    pub git: String,
    /// What the cluster had.
    pub live: String,
}

/// A change that didn't come from Git.
#[derive(Clone, Debug)]
pub struct DriftRecord {
    /// The application.
    pub app: String,
    /// The object.
    pub key: ObjectKey,
    /// The fields; empty if the object was deleted.
    pub fields: Vec<FieldChange>,
    /// Who.
    pub author: Author,
    /// When it was seen.
    pub at: Timestamp,
    /// What is done about it.
    pub action: Action,
}

/// Something that was done.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// The application.
    pub app: String,
    /// What: `sync`, `heal`, `rollback`, `drift`, `prune`, `hold`.
    pub action: String,
    /// Who.
    pub author: Author,
    /// The commit before.
    pub from: String,
    /// The commit after.
    pub to: String,
    /// The rest, in words.
    pub message: String,
    /// Objects that it had to do with, if it is a sync.
    pub objects: Option<usize>,
    /// When.
    pub at: Timestamp,
}

/// Returns one side of a field as people read it: strings without quotes, nothing as `-`.
#[must_use]
pub fn describe_field(json: Option<&str>) -> String {
    let Some(text) = json else { return "-".into() };
    match Value::parse(text.as_bytes()) {
        Ok(Value::String(s)) => s.into(),
        _ => text.to_owned(),
    }
}

fn author_value(author: &Author) -> Value {
    json!({
        "name": author.name.as_str(),
        "via": author.via.as_str(),
        "grade": author.grade.letter(),
    })
}

fn author_from(value: &Value) -> Author {
    let grade = match value.str_at(&["author", "grade"]) {
        "V" => Grade::Verified,
        "M" => Grade::Manager,
        _ => Grade::Unknown,
    };
    Author {
        name: value.str_at(&["author", "name"]).to_owned(),
        via: value.str_at(&["author", "via"]).to_owned(),
        grade,
    }
}

impl DriftRecord {
    /// Returns the record as a resource.
    #[must_use]
    pub fn to_value(&self, namespace: &str, number: u64) -> Value {
        let fields = self.fields.iter().map(
            |f| json!({"path": f.path.as_str(), "git": f.git.as_str(), "live": f.live.as_str()}),
        );
        json!({
            "apiVersion": names::API_VERSION,
            "kind": "DriftRecord",
            "metadata": {"name": format!("d-{number}"), "namespace": namespace},
            "spec": {
                "number": number,
                "application": self.app.as_str(),
                "object": {
                    "group": &*self.key.group,
                    "kind": &*self.key.kind,
                    "namespace": &*self.key.namespace,
                    "name": &*self.key.name,
                },
                "fields": fields.collect::<Value>(),
                "author": author_value(&self.author),
                "time": self.at.to_string(),
            },
            "outcome": {"action": self.action.as_str()},
        })
    }

    /// Reads a resource. `None` if it is no drift record.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let spec = value.get("spec")?;
        let text = |path: &[&str]| spec.str_at(path);
        Some(Self {
            app: text(&["application"]).to_owned(),
            key: ObjectKey::new(
                text(&["object", "group"]),
                text(&["object", "kind"]),
                text(&["object", "namespace"]),
                text(&["object", "name"]),
            ),
            fields: spec
                .array_at(&["fields"])
                .iter()
                .map(|f| FieldChange {
                    path: f.str_at(&["path"]).to_owned(),
                    git: f.str_at(&["git"]).to_owned(),
                    live: f.str_at(&["live"]).to_owned(),
                })
                .collect(),
            author: author_from(spec),
            at: parse_time(text(&["time"]))?,
            action: match value.str_at(&["outcome", "action"]) {
                "healed" => Action::Healed,
                "healing" => Action::Healing,
                "resolved" => Action::Resolved,
                _ => Action::Open,
            },
        })
    }
}

impl AuditEntry {
    /// Returns the entry as a resource.
    #[must_use]
    pub fn to_value(&self, namespace: &str, number: u64) -> Value {
        let mut it = json!({
            "apiVersion": names::API_VERSION,
            "kind": "AuditEntry",
            "metadata": {"name": format!("a-{number}"), "namespace": namespace},
            "spec": {
                "number": number,
                "application": self.app.as_str(),
                "action": self.action.as_str(),
                "author": author_value(&self.author),
                "from": self.from.as_str(),
                "to": self.to.as_str(),
                "message": self.message.as_str(),
                "time": format_time(self.at),
            },
        });
        if let Some(objects) = self.objects {
            it.set_at(&["spec", "objects"], objects);
        }
        it
    }

    /// Reads a resource. `None` if it is no audit entry.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let spec = value.get("spec")?;
        let text = |name: &str| spec.str_at(&[name]).to_owned();
        Some(Self {
            app: text("application"),
            action: text("action"),
            author: author_from(spec),
            from: text("from"),
            to: text("to"),
            message: text("message"),
            objects: spec.i64_at(&["objects"]).and_then(|n| n.try_into().ok()),
            at: parse_time(spec.str_at(&["time"]))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_being_written() {
        let record = DriftRecord {
            app: "shop".into(),
            key: ObjectKey::new("apps", "Deployment", "shop", "web"),
            fields: vec![FieldChange {
                path: "spec.replicas".into(),
                git: "3".into(),
                live: "9".into(),
            }],
            author: Author {
                name: "alice".into(),
                via: "kubectl scale".into(),
                grade: Grade::Verified,
            },
            at: parse_time("2026-01-02T03:04:05.678Z").unwrap(),
            action: Action::Healed,
        };
        let back = DriftRecord::from_value(&record.to_value("argocd", 7)).unwrap();
        assert_eq!((&back.key, &back.fields), (&record.key, &record.fields));
        assert_eq!(
            (&back.author, back.at, back.action),
            (&record.author, record.at, record.action)
        );
    }
}
