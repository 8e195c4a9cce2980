//! What is told about an application.

use crate::operation::{OperationPhase, ResourceResult};
use crate::spec::Spec;
use health::Health;
use jiff::Timestamp;
use value::Value;

/// Whether an application is as Git wants it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncStatus {
    /// It can't be told.
    #[default]
    Unknown,
    /// It is.
    Synced,
    /// It is not.
    OutOfSync,
}

impl SyncStatus {
    /// Returns the status's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::Synced => "Synced",
            Self::OutOfSync => "OutOfSync",
        }
    }

    /// Reads a status's name.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "Synced" => Self::Synced,
            "OutOfSync" => Self::OutOfSync,
            _ => Self::Unknown,
        }
    }
}

/// Something that a person should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its type: `ComparisonError`, `SyncError`, `RevisionHeld`, ...
    pub kind: String,
    /// The sentence.
    pub message: String,
    /// Since when it is so.
    pub since: Timestamp,
}

/// A deployment that was completed.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    /// Its number, growing.
    pub id: i64,
    /// The commit.
    pub revision: String,
    /// The source as it was then.
    pub source: Value,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub deployed_at: Timestamp,
    /// Who asked for it, as `initiatedBy` is written.
    pub initiated_by: Value,
}

/// The last operation, running or over.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationState {
    /// The operation as it was asked for.
    pub operation: Value,
    /// How it stands.
    pub phase: OperationPhase,
    /// The sentence.
    pub message: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Repetitions so far.
    pub retry_count: i64,
    /// The commit that it deploys; empty until it is known.
    pub revision: String,
    /// What became of each object.
    pub results: Vec<ResourceResult>,
    /// Labels and annotations of the namespace that it made or would have made.
    pub namespace_metadata: Option<Value>,
}

impl OperationState {
    /// Returns how often self-heal had tried when this operation began.
    #[must_use]
    pub fn heal_attempts(&self) -> i64 {
        self.operation
            .i64_at(&["sync", "autoHealAttemptsCount"])
            .unwrap_or(0)
    }
}

/// What is told about an application: everything in it survives a restart.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// Whether it is as Git wants it.
    pub sync: SyncStatus,
    /// The commit that it was compared with.
    pub revision: String,
    /// Its health.
    pub health: Option<Health>,
    /// Since when the health's status is what it is.
    pub health_since: Option<Timestamp>,
    /// What a person should know.
    pub conditions: Vec<Condition>,
    /// Completed deployments, oldest first.
    pub history: Vec<HistoryEntry>,
    /// The last operation.
    pub operation: Option<OperationState>,
    /// `Directory`, `Kustomize` or `Helm`, for each source, once known.
    pub source_types: Vec<&'static str>,
    /// When it was last compared at somebody's request or with news from Git.
    pub reconciled_at: Option<Timestamp>,
}

impl Status {
    /// Sets the conditions, keeping since when each has been so.
    pub fn set_conditions(&mut self, conditions: Vec<(String, String)>, now: Timestamp) {
        let before = std::mem::take(&mut self.conditions);
        self.conditions = conditions
            .into_iter()
            .map(|(kind, message)| {
                let same = before
                    .iter()
                    .find(|c| c.kind == kind && c.message == message);
                let since = same.map_or(now, |c| c.since);
                Condition {
                    kind,
                    message,
                    since,
                }
            })
            .collect();
    }

    /// Returns true if the last operation gave the namespace other labels and annotations than an
    /// application asks for.
    #[must_use]
    pub fn has_other_namespace_metadata(&self, spec: &Spec) -> bool {
        let operation = self.operation.as_ref();
        // One that hasn't come so far as to have a revision says nothing about it.
        let operation = operation.filter(|o| !o.revision.is_empty());
        operation.is_some_and(|o| {
            spec.namespace_metadata.is_some() && o.namespace_metadata != spec.namespace_metadata
        })
    }

    /// Sets the health, keeping since when its status is what it is.
    pub fn set_health(&mut self, health: Health, now: Timestamp) {
        let changed = self
            .health
            .as_ref()
            .is_none_or(|h| h.status != health.status);
        if changed || self.health_since.is_none() {
            self.health_since = Some(now);
        }
        self.health = Some(health);
    }
}
