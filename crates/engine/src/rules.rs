//! What may keep an application from being synced: windows of its project, a pause, applications
//! that it depends on.

use crate::compare::World;
use crate::spec::{format_time, parse_time};
use crate::status::SyncStatus;
use crate::step::AppView;
use health::HealthStatus;
use jiff::Timestamp;
use value::Value;

/// Applications on the way of one dependency to the next that are looked at.
const DEPENDENCIES_MAX: usize = 1_000;

/// Whether a project's windows let an application be synced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Window {
    /// They do.
    Open,
    /// They don't.
    Closed {
        /// Which window, in words.
        why: String,
        /// When it is worth asking again, if that is known.
        until: Option<Timestamp>,
    },
}

/// An application that others depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependency {
    /// Whether it is as Git wants it.
    pub sync: SyncStatus,
    /// Its health; `None` if nobody has looked yet.
    pub health: Option<HealthStatus>,
    /// True while an operation runs.
    pub is_busy: bool,
    /// Its repositories and what it tracks of them.
    pub tracks: String,
    /// The revision that it was compared with last.
    pub revision: String,
    /// What it depends on itself.
    pub depends_on: Vec<String>,
}

/// A time without automation: `windlass.dev/paused`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pause {
    /// Why.
    pub reason: String,
    /// Who said so; empty if nobody knows.
    pub by: String,
    /// Until when; `None` is until somebody takes it back.
    pub until: Option<Timestamp>,
}

impl Pause {
    /// Reads the annotation: JSON with `reason`, `by` and `until`, or just the reason.
    #[must_use]
    pub fn parse(annotation: &str) -> Option<Self> {
        if annotation.is_empty() {
            return None;
        }
        let Ok(Value::Object(fields)) = Value::parse(annotation.as_bytes()) else {
            return Some(Self {
                reason: annotation.to_owned(),
                ..Self::default()
            });
        };
        let fields = Value::Object(fields);
        let text = |name: &str| fields.str_at(&[name]).to_owned();
        Some(Self {
            reason: text("reason"),
            by: text("by"),
            until: parse_time(fields.str_at(&["until"])),
        })
    }

    /// Returns true if it still lasts.
    #[must_use]
    pub fn lasts(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// Returns the sentence about it.
    #[must_use]
    pub fn sentence(&self) -> String {
        let mut text = "nothing is synced automatically: paused".to_owned();
        if !self.by.is_empty() {
            text.push_str(&format!(" by {}", self.by));
        }
        match self.until {
            Some(until) => text.push_str(&format!(" until {}", format_time(until))),
            None => text.push_str(" until it is resumed"),
        }
        if !self.reason.is_empty() {
            text.push_str(&format!(" ({})", self.reason));
        }
        text
    }
}

/// Reads `windlass.dev/depends-on`: names with commas between.
pub(crate) fn parse_names(annotation: &str) -> Vec<String> {
    let names = annotation.split(',').map(str::trim);
    names.filter(|n| !n.is_empty()).map(str::to_owned).collect()
}

/// Returns why an application that wants to deploy `revision` has to wait for others, if it has.
pub(crate) fn blocked_by(app: &AppView, revision: &str, world: &dyn World) -> Option<String> {
    if let Some(way) = cycle(app, world) {
        return Some(format!(
            "it depends on itself ({}): {} must change",
            way.join(" -> "),
            api::names::DEPENDS_ON
        ));
    }
    app.depends_on.iter().find_map(|name| {
        let Some(other) = world.dependency(name) else {
            return Some(format!("it depends on {name}, which does not exist"));
        };
        // A commit to both reaches the one before the other: what the other says is about before.
        let follows = other.tracks == app.spec.sources.tracks();
        let why = match (other.sync, other.health) {
            _ if follows && other.revision != revision => "has not yet seen this revision",
            _ if other.is_busy => "is being synced",
            (SyncStatus::Synced, Some(HealthStatus::Healthy)) => return None,
            (SyncStatus::Synced, Some(health)) => health.as_str(),
            (SyncStatus::Synced, None) => "has no health yet",
            (sync, _) => sync.as_str(),
        };
        Some(match why.contains(' ') {
            true => format!("{name} {why}"),
            false => format!("{name} is {why}"),
        })
    })
}

/// Returns a way from an application over its dependencies back to itself.
fn cycle(app: &AppView, world: &dyn World) -> Option<Vec<String>> {
    let own: &str = &app.name;
    let mut ways: Vec<Vec<String>> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    let first = |name: &String| vec![own.to_owned(), name.clone()];
    ways.extend(app.depends_on.iter().map(first));
    while let Some(way) = ways.pop() {
        let name = way.last().expect("a way has a beginning").clone();
        if name == own {
            return Some(way);
        }
        if seen.contains(&name) || seen.len() >= DEPENDENCIES_MAX {
            continue;
        }
        for next in world.dependency(&name).unwrap_or_default().depends_on {
            let mut longer = way.clone();
            longer.push(next);
            ways.push(longer);
        }
        seen.push(name);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_json_or_just_a_reason() {
        let until = parse_time("2026-01-02T03:04:05Z");
        let json = r#"{"reason":"incident 7","by":"alice","until":"2026-01-02T03:04:05Z"}"#;
        let pause = Pause::parse(json).unwrap();
        let want = Pause {
            reason: "incident 7".into(),
            by: "alice".into(),
            until,
        };
        assert_eq!(pause, want);
        let sentence = "nothing is synced automatically: paused by alice until \
                        2026-01-02T03:04:05Z (incident 7)";
        assert_eq!(pause.sentence(), sentence);
        assert!(!pause.lasts(until.unwrap()));
        assert_eq!(Pause::parse("frozen").unwrap().reason, "frozen");
        assert_eq!(Pause::parse(""), None);
    }
}
