//! The health gate: a revision that doesn't become healthy in time is rolled back and held.

use crate::spec::{Spec, format_time, parse_time};
use crate::status::Status;
use health::HealthStatus;
use jiff::{SignedDuration, Timestamp};
use value::{Value, json};

/// Holds that an application keeps; the oldest goes first. Enough to see a bad day.
const HOLDS_MAX: usize = 10;

/// Why a revision is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldReason {
    /// It didn't become healthy in time.
    HealthGate,
    /// A person said so.
    Person,
}

/// A revision that is not to be deployed.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// The commit that is held.
    pub revision: String,
    /// The commit that is deployed in its stead; empty to stay with what is deployed.
    pub back_to: String,
    /// Why.
    pub message: String,
    /// Who holds it: `health gate`, or a person.
    pub by: String,
    /// Since when.
    pub since: Option<Timestamp>,
}

impl Hold {
    /// Reads the holds that an annotation lists; what can't be read is no hold.
    #[must_use]
    pub fn parse_list(annotation: &str) -> Vec<Self> {
        let Ok(list) = Value::parse(annotation.as_bytes()) else {
            return Vec::new();
        };
        let text = |v: &Value, name: &str| v.str_at(&[name]).to_owned();
        list.as_array()
            .unwrap_or(&[])
            .iter()
            .filter(|v| !v.str_at(&["revision"]).is_empty())
            .map(|v| Self {
                revision: text(v, "revision"),
                back_to: text(v, "backTo"),
                message: text(v, "reason"),
                by: text(v, "by"),
                since: parse_time(v.str_at(&["since"])),
            })
            .collect()
    }

    /// Returns the annotation that lists `holds`, the newest last and at most ten.
    #[must_use]
    pub fn format_list(holds: &[Self]) -> String {
        let newest = &holds[holds.len().saturating_sub(HOLDS_MAX)..];
        let list: Value = newest
            .iter()
            .map(|h| {
                json!({
                    "revision": h.revision.as_str(),
                    "backTo": h.back_to.as_str(),
                    "reason": h.message.as_str(),
                    "by": h.by.as_str(),
                    "since": h.since.map(format_time).unwrap_or_default(),
                })
            })
            .collect();
        list.to_json()
    }

    /// Returns true if no person holds it.
    #[must_use]
    pub fn reason(&self) -> HoldReason {
        if self.by == GATE {
            HoldReason::HealthGate
        } else {
            HoldReason::Person
        }
    }
}

/// Who holds a revision that failed the gate.
pub(crate) const GATE: &str = "health gate";

/// When a new revision is rolled back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RollbackOn {
    /// When it isn't healthy in time.
    #[default]
    Timeout,
    /// As soon as it is Degraded, too.
    Degraded,
    /// Never.
    Never,
}

/// What the gate says about the deployed revision.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// There is nothing to judge.
    Idle,
    /// It is healthy, for the first time.
    Healthy,
    /// It isn't healthy yet; judged at this time.
    Open(Timestamp),
    /// It isn't healthy and time is up.
    Failed,
}

/// Returns the revision whose health counts, and since when it does: that of the last operation, but
/// partial and dry runs deploy no revision. Nothing while an operation goes on.
pub(crate) fn deployed(status: &Status) -> Option<(&str, Timestamp)> {
    let operation = status.operation.as_ref()?;
    let finished = operation.finished_at?;
    if operation.revision.is_empty() {
        return None;
    }
    let sync = |name: &str| operation.operation.at(&["sync", name]);
    if sync("resources").is_none() && sync("dryRun").is_none() {
        return Some((&operation.revision, finished));
    }
    let last = status.history.last()?;
    Some((&last.revision, last.deployed_at))
}

/// Judges the deployed revision.
pub(crate) fn judge(
    spec: &Spec,
    status: &Status,
    last_healthy: &str,
    (on, gate): (RollbackOn, Option<SignedDuration>),
    now: Timestamp,
) -> Verdict {
    let Some((deployed, since)) = deployed(status) else {
        return Verdict::Idle;
    };
    if deployed.is_empty() || deployed == last_healthy {
        return Verdict::Idle;
    }
    let succeeded = status
        .history
        .last()
        .is_some_and(|h| h.revision == deployed);
    let healthy = status
        .health
        .as_ref()
        .is_some_and(|h| h.status == HealthStatus::Healthy);
    if healthy {
        return if succeeded {
            Verdict::Healthy
        } else {
            Verdict::Idle
        };
    }
    let (Some(gate), true, false) = (gate, spec.automated.is_some(), last_healthy.is_empty())
    else {
        return Verdict::Idle;
    };
    let status = status.health.as_ref().map(|h| h.status);
    match on {
        RollbackOn::Never => return Verdict::Idle,
        RollbackOn::Degraded if status == Some(HealthStatus::Degraded) => return Verdict::Failed,
        _ => {}
    }
    let deadline = since.saturating_add(gate).unwrap_or(now);
    if now < deadline {
        Verdict::Open(deadline)
    } else {
        Verdict::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_survive_the_annotation_and_rubbish_is_no_hold() {
        let hold = Hold {
            revision: "9f8e".into(),
            back_to: "1a2b".into(),
            message: "ImagePullBackOff".into(),
            by: GATE.into(),
            since: parse_time("2026-01-02T03:04:05Z"),
        };
        let list = std::slice::from_ref(&hold);
        assert_eq!(Hold::parse_list(&Hold::format_list(list)), list);
        assert_eq!(hold.reason(), HoldReason::HealthGate);
        for rubbish in ["", "x", "{}", "[1]", r#"[{"by":"x"}]"#] {
            assert!(Hold::parse_list(rubbish).is_empty(), "{rubbish}");
        }
        let many: Vec<Hold> = (0..20)
            .map(|i| Hold {
                revision: i.to_string(),
                ..hold.clone()
            })
            .collect();
        let kept = Hold::parse_list(&Hold::format_list(&many));
        assert_eq!((kept.len(), kept[9].revision.as_str()), (10, "19"));
    }
}
