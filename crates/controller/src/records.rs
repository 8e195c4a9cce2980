//! The core's records as entries of the ledger.

use crate::actor::Actor;
use engine::{FieldDiff, ObjectKey, OperationPhase, Record};
use ledger::{
    Action, AuditEntry, Author, DriftRecord, FieldChange, Grade, Receipt, author_from_managers,
    describe_field,
};
use value::Value;

/// Entries that an application waits for at a time; of more, the newest.
const RECEIPTS_MAX: usize = 64;

impl Actor {
    /// Takes note of what the core tells. What tells of it in the status waits for that.
    pub(crate) fn record(&mut self, record: Record) {
        let now = Self::now();
        let app = self.key.name.to_string();
        match record {
            Record::Drift { key, fields, heals } => {
                let author = self.author(&key, &fields);
                let message = describe(&key, &fields);
                let receipt = self.shared.ledger.drift(DriftRecord {
                    app: app.clone(),
                    fields: fields.iter().map(change).collect(),
                    author: author.clone(),
                    at: now,
                    action: if heals { Action::Healing } else { Action::Open },
                    key,
                });
                self.await_before_telling(receipt);
                self.audit(
                    app,
                    "drift",
                    author,
                    (String::new(), String::new()),
                    message,
                    None,
                );
            }
            Record::Healed { key, by_us } => {
                let action = if by_us {
                    Action::Healed
                } else {
                    Action::Resolved
                };
                self.shared.ledger.settle(&app, &key, action, now);
            }
            Record::Synced {
                from,
                to,
                request,
                objects,
                phase,
                message,
                heal,
                override_window,
                rollback,
                pruned,
            } => {
                let action = match (heal, rollback.is_some()) {
                    (true, _) => "heal",
                    (_, true) => "rollback",
                    _ => "sync",
                };
                let author = self.initiator(&request, heal, rollback.as_deref(), &to);
                let mut text = match phase {
                    OperationPhase::Succeeded => "succeeded".to_owned(),
                    phase => format!("{}: {message}", phase.as_str()),
                };
                if let Some(reason) = override_window {
                    text.push_str(&format!("; against the project's windows: {reason}"));
                }
                if !pruned.is_empty() {
                    let names: Vec<String> = pruned.iter().map(ToString::to_string).collect();
                    text.push_str(&format!("; pruned {}", names.join(", ")));
                }
                self.audit(app, action, author, (from, to), text, Some(objects));
            }
            Record::RolledBack { from, to, message } => {
                let author = windlass("health gate");
                self.audit(app, "hold", author, (from, to), message, None);
            }
        }
    }

    fn audit(
        &mut self,
        app: String,
        action: &str,
        author: Author,
        (from, to): (String, String),
        message: String,
        objects: Option<usize>,
    ) {
        let receipt = self.shared.ledger.audit(AuditEntry {
            app,
            action: action.to_owned(),
            author,
            from,
            to,
            message,
            objects,
            at: Self::now(),
        });
        self.await_before_telling(receipt);
    }

    fn await_before_telling(&mut self, receipt: Receipt) {
        if self.receipts.len() == RECEIPTS_MAX {
            self.receipts.pop_front();
        }
        self.receipts.push_back(receipt);
    }

    /// Waits until the ledger has what the status is about to tell: after a crash nobody would know
    /// that an entry is missing.
    pub(crate) async fn await_ledger(&mut self) {
        for receipt in std::mem::take(&mut self.receipts) {
            receipt.written().await;
        }
    }

    /// Returns who changed an object: authenticated if anybody can tell, else by field manager.
    fn author(&self, key: &ObjectKey, fields: &[FieldDiff]) -> Author {
        self.shared.identity.who(key).unwrap_or_else(|| {
            author_from_managers(
                fields
                    .iter()
                    .flat_map(|f| f.managers.iter().map(String::as_str)),
            )
        })
    }

    /// Returns who is behind a sync: a person who asked for it, the author of the commit, or us.
    fn initiator(&self, request: &Value, heal: bool, rollback: Option<&str>, to: &str) -> Author {
        match request.str_at(&["initiatedBy", "username"]) {
            "" if heal => windlass("self-heal"),
            "" if rollback == Some("health gate") => windlass("health gate"),
            "" if rollback.is_some() => Author {
                name: rollback.unwrap_or_default().to_owned(),
                via: "app rollback".into(),
                grade: Grade::Manager,
            },
            "" => self
                .commit_author(to)
                .unwrap_or_else(|| windlass("automated sync")),
            user if self.shared.vouches.take(&self.key.name, user, request) => Author {
                name: user.to_owned(),
                via: "dashboard".into(),
                grade: Grade::Verified,
            },
            user => Author {
                name: user.to_owned(),
                via: "operation".into(),
                grade: Grade::Manager,
            },
        }
    }

    fn commit_author(&self, revision: &str) -> Option<Author> {
        let app = self.life.as_ref()?.state.app.clone()?;
        let info = self.shared.git.commit_info(&app.spec, revision)?;
        Some(Author {
            name: info.author,
            via: format!("git commit {:?}", info.subject),
            grade: Grade::Manager,
        })
    }
}

fn windlass(via: &str) -> Author {
    Author {
        name: "windlass".into(),
        via: via.into(),
        grade: Grade::Verified,
    }
}

fn change(field: &FieldDiff) -> FieldChange {
    FieldChange {
        path: field.path.clone(),
        git: describe_field(field.git.as_deref()),
        live: describe_field(field.live.as_deref()),
    }
}

fn describe(key: &ObjectKey, fields: &[FieldDiff]) -> String {
    let Some(first) = fields.first() else {
        return format!("{key} was deleted");
    };
    let it = change(first);
    let more = match fields.len() {
        1 => String::new(),
        n => format!(" and {} more fields", n - 1),
    };
    format!("{key} {} {} -> {}{more}", it.path, it.git, it.live)
}
