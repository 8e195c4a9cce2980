//! What an application asks for: the engine's own words, free of any custom resource.

use crate::object::Permission;
use crate::sources::Sources;
use jiff::{SignedDuration, Timestamp};
use std::fmt;
use value::Value;

/// An application's specification.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    /// The project it belongs to.
    pub project: String,
    /// Where its manifests are.
    pub sources: Sources,
    /// Where it is deployed.
    pub destination: Destination,
    /// Its charts may look live objects up.
    pub may_look_up: bool,
    /// What is done without being asked; `None` is "nothing".
    pub automated: Option<Automated>,
    /// Options of every sync.
    pub options: SyncOptions,
    /// How a failed sync is repeated; `None` if nothing was said.
    pub retry: Option<Retry>,
    /// Labels and annotations of the namespace that `CreateNamespace=true` makes.
    pub namespace_metadata: Option<Value>,
    /// `ignoreDifferences` as the user wrote it.
    pub ignore_differences: Value,
    /// Syncs that the history keeps.
    pub history_limit: usize,
    /// `syncPolicy` as the user wrote it, for the operations that automation starts.
    pub policy_raw: Value,
    /// What is wrong with the specification itself, in sentences.
    pub problems: Vec<String>,
}

/// Where an application is deployed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destination {
    /// The API server's URL.
    pub server: String,
    /// The cluster's name.
    pub name: String,
    /// The namespace of objects that name none.
    pub namespace: String,
}

/// What is done without being asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Automated {
    /// Delete what Git no longer has.
    pub prune: bool,
    /// Undo changes that didn't come from Git.
    pub self_heal: bool,
    /// Let a sync delete everything.
    pub allow_empty: bool,
}

/// Options of a sync.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncOptions {
    /// `CreateNamespace=true`.
    pub create_namespace: bool,
    /// `ApplyOutOfSyncOnly=true`.
    pub out_of_sync_only: bool,
    /// `PruneLast=true`.
    pub prune_last: bool,
    /// `Replace=true`.
    pub replace: bool,
    /// `RespectIgnoreDifferences=true`.
    pub respect_ignored: bool,
    /// `FailOnSharedResource=true`.
    pub fail_on_shared: bool,
    /// `SkipDryRunOnMissingResource=true`.
    pub kinds_may_come: bool,
    /// `Prune=false` or `Prune=confirm`, for objects that say nothing.
    pub prune: Option<Permission>,
    /// `Delete=false` or `Delete=confirm`, for objects that say nothing.
    pub delete: Option<Permission>,
    /// `PrunePropagationPolicy`.
    pub propagation: Propagation,
    /// Options that aren't known, as they were written.
    pub unknown: Vec<String>,
}

/// What becomes of an object's dependents when it is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// They go first.
    #[default]
    Foreground,
    /// They go later.
    Background,
    /// They stay.
    Orphan,
}

impl Propagation {
    /// Returns the policy's name in the Kubernetes API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Foreground => "Foreground",
            Self::Background => "Background",
            Self::Orphan => "Orphan",
        }
    }
}

/// Options that say what is so anyway: apply is server-side, takes over what was applied before, and
/// leaves validation to the server.
const HARMLESS: &[&str] = &["ServerSideApply", "Validate", "ClientSideApplyMigration"];

impl SyncOptions {
    /// Reads `syncOptions` as applications spell them.
    pub fn parse<'a>(options: impl IntoIterator<Item = &'a str>) -> Self {
        let mut it = Self::default();
        for option in options {
            if !it.read(option.trim()) {
                it.unknown.push(option.trim().to_owned());
            }
        }
        it
    }

    /// Reads one option. Returns false if it isn't known.
    fn read(&mut self, option: &str) -> bool {
        let Some((name, value)) = option.split_once('=') else {
            return false;
        };
        match name {
            "PrunePropagationPolicy" => match value {
                "foreground" => self.propagation = Propagation::Foreground,
                "background" => self.propagation = Propagation::Background,
                "orphan" => self.propagation = Propagation::Orphan,
                _ => return false,
            },
            "Prune" | "Delete" => {
                let Some(permission) = Permission::parse(value) else {
                    return false;
                };
                match name {
                    "Prune" => self.prune = Some(permission),
                    _ => self.delete = Some(permission),
                }
            }
            _ => {
                let flag = match value {
                    "true" => true,
                    "false" => false,
                    _ => return false,
                };
                match name {
                    "CreateNamespace" => self.create_namespace = flag,
                    "ApplyOutOfSyncOnly" => self.out_of_sync_only = flag,
                    "PruneLast" => self.prune_last = flag,
                    "Replace" => self.replace = flag,
                    "RespectIgnoreDifferences" => self.respect_ignored = flag,
                    "FailOnSharedResource" => self.fail_on_shared = flag,
                    "SkipDryRunOnMissingResource" => self.kinds_may_come = flag,
                    known => return HARMLESS.contains(&known),
                }
            }
        }
        true
    }
}

/// How a failed sync is repeated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// Repetitions; 0 is none, below 0 without end.
    pub limit: i64,
    /// Time before the first repetition.
    pub duration: SignedDuration,
    /// By what the time grows.
    pub factor: i64,
    /// The longest time.
    pub max: SignedDuration,
    /// Deploy what the application tracks by then, not what it tracked at first.
    pub refresh: bool,
}

impl Default for Retry {
    /// Argo CD's defaults: no repetition; 5 s, doubled, at most 3 minutes.
    fn default() -> Self {
        Self {
            limit: 0,
            duration: SignedDuration::from_secs(5),
            factor: 2,
            max: SignedDuration::from_mins(3),
            refresh: false,
        }
    }
}

/// Repetitions of an automated sync whose application says nothing about it.
pub(crate) const AUTOMATED_RETRY_LIMIT: i64 = 5;

impl Retry {
    /// Returns the time to wait before repetition `count` (from 1).
    #[must_use]
    pub fn delay(&self, count: i64) -> SignedDuration {
        let mut delay = self.duration;
        for _ in 1..count {
            if delay >= self.max {
                break;
            }
            delay = delay.saturating_mul(i32::try_from(self.factor).unwrap_or(i32::MAX));
        }
        delay.min(self.max)
    }
}

/// A duration that can't be read.
#[derive(Debug, PartialEq, Eq)]
pub struct DurationError(String);

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a duration like 30s, 5m or 1h30m", self.0)
    }
}

/// Reads a Go duration (`1h30m`, `500ms`); a bare number is seconds, as Argo CD has it.
///
/// # Errors
/// Fails if the text is neither.
pub fn parse_duration(text: &str) -> Result<SignedDuration, DurationError> {
    let bad = || DurationError(text.to_owned());
    if let Ok(seconds) = text.parse::<i64>() {
        return Ok(SignedDuration::from_secs(seconds));
    }
    let mut rest = text.strip_prefix('-').unwrap_or(text);
    if rest.is_empty() {
        return Err(bad());
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(bad)?;
        let number: f64 = rest[..digits].parse().map_err(|_| bad())?;
        rest = &rest[digits..];
        let unit = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let seconds = match &rest[..unit] {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(bad()),
        };
        total += number * seconds;
        rest = &rest[unit..];
    }
    let total = if text.starts_with('-') { -total } else { total };
    SignedDuration::try_from_secs_f64(total).map_err(|_| bad())
}

/// Returns a time as the Kubernetes API writes it: UTC, whole seconds.
#[must_use]
pub fn format_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads a time as the Kubernetes API writes it.
#[must_use]
pub fn parse_time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_go_durations_or_bare_seconds() {
        for (text, want) in [
            ("5", Some(5_000)),
            ("5s", Some(5_000)),
            ("1h30m", Some(5_400_000)),
            ("1.5s", Some(1_500)),
            ("500ms", Some(500)),
            ("3m0s", Some(180_000)),
            ("", None),
            ("5x", None),
            ("s", None),
        ] {
            let got = parse_duration(text).ok().map(|d| d.as_millis());
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn retries_wait_5_10_20_and_never_longer_than_the_maximum() {
        let retry = Retry {
            limit: 9,
            ..Retry::default()
        };
        let waits: Vec<i64> = (1..=8).map(|n| retry.delay(n).as_secs()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 180, 180]);
    }

    #[test]
    fn unknown_options_are_kept_to_be_reported() {
        let it = SyncOptions::parse([
            "CreateNamespace=true",
            "Prunelast=true",
            "Validate=false",
            "Replace",
            "Prune=maybe",
            "PruneLast=yes",
            "Delete=confirm",
        ]);
        assert!(it.create_namespace);
        assert_eq!(it.delete, Some(Permission::Confirm));
        let unknown = ["Prunelast=true", "Replace", "Prune=maybe", "PruneLast=yes"];
        assert_eq!(it.unknown, unknown);
    }
}
