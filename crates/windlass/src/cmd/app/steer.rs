//! What a person says about automation: not now, go on, stop, yes.

use super::change::patch;
use crate::connect::{Session, user};
use crate::failure::{Failure, NOT_FOUND};
use crate::output::say;
use engine::ask;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Stops automation, for some time or until it is resumed.
pub(super) async fn pause(
    session: &Session,
    name: &str,
    wait: Option<Duration>,
    reason: &str,
) -> anyhow::Result<u8> {
    let now = Timestamp::now();
    let until = wait.and_then(|wait| {
        let wait = SignedDuration::try_from(wait).ok()?;
        now.checked_add(wait).ok()
    });
    let change = ask::pause(reason, &user(), until, now);
    patch(session, name, &change).await?;
    say(&format!("{name}: nothing is synced automatically any more"));
    Ok(0)
}

/// Lets automation go on.
pub(super) async fn resume(session: &Session, name: &str) -> anyhow::Result<u8> {
    let app = session.application(name).await?;
    let Ok(change) = ask::resume(&app) else {
        return Err(Failure::new(NOT_FOUND, format!("{name} is not paused")).into());
    };
    patch(session, name, &change).await?;
    say(&format!("{name}: resumed"));
    Ok(0)
}

/// Asks for the end of the operation that runs.
pub(super) async fn terminate(session: &Session, name: &str) -> anyhow::Result<u8> {
    let app = session.application(name).await?;
    let Ok(change) = ask::terminate(&app) else {
        return Err(Failure::new(NOT_FOUND, format!("{name}: no operation runs")).into());
    };
    patch(session, name, &change).await?;
    say(&format!("{name}: the operation is being stopped"));
    Ok(0)
}

/// Approves the deletions that ask for it (`Prune=confirm`, `Delete=confirm`).
pub(super) async fn approve(session: &Session, name: &str) -> anyhow::Result<u8> {
    patch(session, name, &ask::approve(Timestamp::now())).await?;
    say(&format!("{name}: deletions are approved"));
    Ok(0)
}
