//! What a person says about automation: not now, go on, stop, yes.

use super::change::patch;
use crate::connect::{Session, user};
use crate::failure::{Failure, NOT_FOUND};
use crate::output::say;
use api::names;
use engine::format_time;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use value::{Value, json};

/// Returns what is written on an application that is paused.
fn pause_annotation(reason: &str, by: &str, wait: Option<Duration>, now: Timestamp) -> Value {
    let mut pause = json!({"reason": reason, "by": by, "since": format_time(now)});
    let until = wait.and_then(|wait| {
        let wait = SignedDuration::try_from(wait).ok()?;
        now.checked_add(wait).ok()
    });
    if let Some(until) = until {
        pause.set_at(&["until"], format_time(until));
    }
    Value::from(pause.to_json())
}

fn annotation(name: &str, value: impl Into<Value>) -> Value {
    let mut patch = Value::object();
    patch.set_at(&["metadata", "annotations", name], value);
    patch
}

/// Stops automation, for some time or until it is resumed.
pub(super) async fn pause(
    session: &Session,
    name: &str,
    wait: Option<Duration>,
    reason: &str,
) -> anyhow::Result<u8> {
    let pause = pause_annotation(reason, &user(), wait, Timestamp::now());
    patch(session, name, &annotation(names::PAUSED, pause)).await?;
    say(&format!("{name}: nothing is synced automatically any more"));
    Ok(0)
}

/// Lets automation go on.
pub(super) async fn resume(session: &Session, name: &str) -> anyhow::Result<u8> {
    let app = session.application(name).await?;
    let path = ["metadata", "annotations", names::PAUSED];
    if app.at(&path).is_none() {
        return Err(Failure::new(NOT_FOUND, format!("{name} is not paused")).into());
    }
    patch(session, name, &annotation(names::PAUSED, Value::Null)).await?;
    say(&format!("{name}: resumed"));
    Ok(0)
}

/// Asks for the end of the operation that runs.
pub(super) async fn terminate(session: &Session, name: &str) -> anyhow::Result<u8> {
    let app = session.application(name).await?;
    let phase = ["status", "operationState", "phase"];
    if app.str_at(&phase) != "Running" {
        return Err(Failure::new(NOT_FOUND, format!("{name}: no operation runs")).into());
    }
    let mut terminate = Value::object();
    terminate.set_at(&phase, "Terminating");
    patch(session, name, &terminate).await?;
    say(&format!("{name}: the operation is being stopped"));
    Ok(0)
}

/// Approves the deletions that ask for it (`Prune=confirm`, `Delete=confirm`).
pub(super) async fn approve(session: &Session, name: &str) -> anyhow::Result<u8> {
    let now = format_time(Timestamp::now());
    patch(session, name, &annotation(names::DELETION_APPROVED, now)).await?;
    say(&format!("{name}: deletions are approved"));
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Pause;

    #[test]
    fn the_engine_reads_what_is_written() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let hour = Some(Duration::from_secs(3600));
        let written = pause_annotation("incident 7", "alice", hour, now);
        let pause = Pause::parse(written.as_str().unwrap()).unwrap();
        assert_eq!(
            (pause.reason.as_str(), pause.by.as_str()),
            ("incident 7", "alice")
        );
        assert_eq!(
            pause.until.map(format_time).as_deref(),
            Some("2026-01-01T01:00:00Z")
        );
        let written = pause_annotation("x", "alice", None, now);
        assert_eq!(Pause::parse(written.as_str().unwrap()).unwrap().until, None);
    }
}
