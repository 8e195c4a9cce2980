//! Sync windows: when applications may sync.
//!
//! A window that denies and is open blocks; otherwise an open one that allows permits; otherwise
//! windows that allow, being closed, block. A person may sync all the same where every window that
//! blocks says so (`manualSync`), and what runs may go on where every one of them says that
//! (`syncOverrun`) and it was permitted when it started.
//!
//! A schedule runs on the clock of its window's zone. (Argo CD shifts it by the zone's present
//! offset, which differs around the days when clocks change.)

use crate::cron::{Schedule, time_zone};
use crate::pattern::fits;
use crate::spec::texts;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::fmt;
use value::Value;

/// What a window does while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowKind {
    /// It permits syncs.
    Allow,
    /// It forbids them.
    Deny,
    /// It is neither, and does nothing.
    Other,
}

/// A window.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// What it does.
    pub kind: WindowKind,
    /// When it opens.
    pub schedule: String,
    /// For how long.
    pub duration: String,
    /// On whose clock.
    pub time_zone: String,
    /// Whom it is for, by application.
    pub applications: Vec<String>,
    /// Whom it is for, by namespace deployed to.
    pub namespaces: Vec<String>,
    /// Whom it is for, by cluster deployed to.
    pub clusters: Vec<String>,
    /// Whether a person may sync all the same.
    pub manual_sync: bool,
    /// Whether all three lists have to fit, and not just one.
    pub all_must_fit: bool,
    /// Whether what runs may go on.
    pub overrun: bool,
    /// Words about it.
    pub description: String,
}

/// Why windows can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// A schedule can't be read.
    #[error("cannot parse schedule '{schedule}': {reason}")]
    Schedule {
        /// The schedule.
        schedule: String,
        /// Why.
        reason: String,
    },
    /// A duration can't be read.
    #[error("cannot parse duration '{duration}': {reason}")]
    Duration {
        /// The duration.
        duration: String,
        /// Why.
        reason: String,
    },
}

/// What windows go by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subject<'a> {
    /// The application's name.
    pub application: &'a str,
    /// The address of the cluster that it deploys to, if it says so.
    pub server: &'a str,
    /// The name of the cluster, if it says so.
    pub cluster: &'a str,
    /// The namespace that it deploys to.
    pub namespace: &'a str,
}

/// Who wants to sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The controller.
    Automatic,
    /// A person.
    Manual,
}

/// Whether a sync may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It may.
    Allowed,
    /// It may not.
    Blocked(Blocked),
}

/// What holds a sync up.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocked {
    /// The window: one that denies, or the next one that allows.
    pub window: Window,
    /// When it changes, as far as the windows tell; nothing if it doesn't.
    pub until: Option<Timestamp>,
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.window.kind {
            WindowKind::Deny => write!(f, "blocked by window {}", self.window)?,
            _ => write!(f, "blocked outside window {}", self.window)?,
        }
        match self.until {
            Some(until) => write!(f, " until {until:.0}"),
            None => f.write_str(" for good"),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            WindowKind::Allow => "allow",
            WindowKind::Deny => "deny",
            WindowKind::Other => "?",
        };
        write!(f, "{kind} {:?} for {}", self.schedule, self.duration)?;
        if !matches!(self.time_zone.as_str(), "" | "UTC") {
            write!(f, " ({})", self.time_zone)?;
        }
        if !self.description.is_empty() {
            write!(f, " ({})", self.description)?;
        }
        Ok(())
    }
}

/// A window that was read: when it is open.
struct Times {
    schedule: Schedule,
    duration: SignedDuration,
    zone: TimeZone,
}

/// Openings that are looked at to find out when a window that opens again and again is closed.
const OPENINGS_MAX: usize = 1_000;

impl Times {
    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        self.schedule.next(after, &self.zone)
    }

    /// Returns when the window that is open now was opened, the latest time.
    fn opened(&self, now: Timestamp) -> Option<Timestamp> {
        // Looks back farther and farther: a window may open every minute for a month.
        let mut back = SignedDuration::from_mins(1).min(self.duration);
        loop {
            let mut found = None;
            let mut after = now.checked_sub(back).ok()?;
            while let Some(next) = self.next(after).filter(|next| *next < now) {
                found = Some(next);
                after = next;
            }
            if found.is_some() || back >= self.duration {
                return found;
            }
            back = back.checked_mul(2)?.min(self.duration);
        }
    }

    fn is_open(&self, now: Timestamp) -> bool {
        now.checked_sub(self.duration)
            .ok()
            .and_then(|start| self.next(start))
            .is_some_and(|next| next < now)
    }

    /// Returns when the window that is open now closes; nothing if it opens again before, time
    /// after time.
    fn closes(&self, now: Timestamp) -> Option<Timestamp> {
        let mut opened = self.opened(now)?;
        let mut end = opened.checked_add(self.duration).ok()?;
        for _ in 0..OPENINGS_MAX {
            match self.next(opened) {
                Some(next) if next <= end => {
                    opened = next;
                    end = next.checked_add(self.duration).ok()?;
                }
                _ => return Some(end),
            }
        }
        None
    }
}

impl Window {
    pub(crate) fn parse(value: &Value) -> Self {
        let text = |name: &str| value.str_at(&[name]).to_owned();
        let flag = |name: &str| value.get(name).and_then(Value::as_bool).unwrap_or_default();
        Self {
            kind: match value.str_at(&["kind"]) {
                "allow" => WindowKind::Allow,
                "deny" => WindowKind::Deny,
                _ => WindowKind::Other,
            },
            schedule: text("schedule"),
            duration: text("duration"),
            time_zone: text("timeZone"),
            applications: texts(value, "applications"),
            namespaces: texts(value, "namespaces"),
            clusters: texts(value, "clusters"),
            manual_sync: flag("manualSync"),
            all_must_fit: flag("andOperator"),
            overrun: flag("syncOverrun"),
            description: text("description"),
        }
    }

    fn times(&self) -> Result<Times, WindowError> {
        let schedule = Schedule::parse(&self.schedule).map_err(|error| WindowError::Schedule {
            schedule: self.schedule.clone(),
            reason: error.to_string(),
        })?;
        let nanoseconds = gotemplate::parse_duration(self.duration.as_bytes());
        let nanoseconds = nanoseconds.map_err(|reason| WindowError::Duration {
            duration: self.duration.clone(),
            reason,
        })?;
        Ok(Times {
            schedule,
            duration: SignedDuration::from_nanos(nanoseconds),
            // Argo CD takes UTC for a zone that it doesn't know.
            zone: time_zone(&self.time_zone).unwrap_or(TimeZone::UTC),
        })
    }

    /// Returns nothing if the window can be used.
    ///
    /// # Errors
    /// Fails if its schedule or its duration can't be read.
    pub fn check(&self) -> Result<(), WindowError> {
        self.times().map(|_| ())
    }

    /// Returns true if the window is open.
    ///
    /// # Errors
    /// Fails if the window can't be used.
    pub fn is_open(&self, now: Timestamp) -> Result<bool, WindowError> {
        Ok(self.times()?.is_open(now))
    }

    /// Returns true if the window is for an application.
    #[must_use]
    pub fn is_for(&self, subject: &Subject<'_>) -> bool {
        let any = |patterns: &[String], text: &str| {
            !text.is_empty() && patterns.iter().any(|pattern| fits(pattern, text, &[]))
        };
        let by_application = any(&self.applications, subject.application);
        let by_cluster =
            any(&self.clusters, subject.cluster) || any(&self.clusters, subject.server);
        let by_namespace = self
            .namespaces
            .iter()
            .any(|pattern| fits(pattern, subject.namespace, &[]));
        if !self.all_must_fit {
            return by_application || by_cluster || by_namespace;
        }
        let asked = [
            (&self.applications, by_application),
            (&self.clusters, by_cluster),
            (&self.namespaces, by_namespace),
        ];
        let mut asked = asked
            .iter()
            .filter(|(patterns, _)| !patterns.is_empty())
            .peekable();
        asked.peek().is_some() && asked.all(|(_, fits)| *fits)
    }
}

/// The windows of a project, or those of them that are for one application.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Windows(Vec<Window>);

impl Windows {
    /// Returns these windows.
    #[must_use]
    pub const fn new(windows: Vec<Window>) -> Self {
        Self(windows)
    }

    /// Returns the windows one by one.
    pub fn iter(&self) -> impl Iterator<Item = &Window> {
        self.0.iter()
    }

    /// Returns true if there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the windows that are for an application.
    #[must_use]
    pub fn of(&self, subject: &Subject<'_>) -> Self {
        Self(
            self.iter()
                .filter(|window| window.is_for(subject))
                .cloned()
                .collect(),
        )
    }

    /// Returns whether a sync may be, by these windows. `started` is when it was, if it runs.
    ///
    /// # Errors
    /// Fails if a window can't be used; then nothing may sync.
    pub fn can_sync(
        &self,
        trigger: Trigger,
        started: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Verdict, WindowError> {
        let all: Vec<(&Window, Times)> = self
            .iter()
            .map(|window| Ok((window, window.times()?)))
            .collect::<Result<_, WindowError>>()?;
        let blocking = blocking(&all, now);
        let permitted = |blocking: &[&(&Window, Times)]| {
            blocking.is_empty()
                || (trigger == Trigger::Manual && blocking.iter().all(|(w, _)| w.manual_sync))
        };
        if permitted(&blocking) {
            return Ok(Verdict::Allowed);
        }
        if let Some(started) = started
            && blocking.iter().all(|(window, _)| window.overrun)
            && permitted(&self::blocking(&all, started))
        {
            return Ok(Verdict::Allowed);
        }
        Ok(blocked(&blocking, now).map_or(Verdict::Allowed, Verdict::Blocked))
    }
}

/// Returns the windows that block: the open ones that deny, or else those that allow if all are
/// closed.
fn blocking<'a>(all: &'a [(&'a Window, Times)], now: Timestamp) -> Vec<&'a (&'a Window, Times)> {
    let of_kind = |kind: WindowKind| all.iter().filter(move |(window, _)| window.kind == kind);
    let denying: Vec<_> = of_kind(WindowKind::Deny)
        .filter(|(_, times)| times.is_open(now))
        .collect();
    if !denying.is_empty() {
        return denying;
    }
    if of_kind(WindowKind::Allow).any(|(_, times)| times.is_open(now)) {
        return Vec::new();
    }
    of_kind(WindowKind::Allow).collect()
}

/// Of windows that deny, the one that closes last; of those that allow, the one that opens first.
fn blocked(blocking: &[&(&Window, Times)], now: Timestamp) -> Option<Blocked> {
    let mut found: Option<Blocked> = None;
    for (window, times) in blocking {
        let denies = window.kind == WindowKind::Deny;
        let until = if denies {
            times.closes(now)
        } else {
            times.next(now)
        };
        let is_better = found
            .as_ref()
            .is_none_or(|found| match (until, found.until) {
                (Some(until), Some(known)) if denies => until > known,
                (Some(until), Some(known)) => until < known,
                // Something that never ends outlasts, something that never begins doesn't count.
                (until, _) => until.is_none() == denies,
            });
        if is_better {
            found = Some(Blocked {
                window: (*window).clone(),
                until,
            });
        }
    }
    found
}
