//! `windlass app`: applications.

mod change;
mod diff;
mod show;
mod steer;

use crate::cli::{App, Cli};
use crate::connect::{Session, session};
use crate::output::say;

/// Runs one of the commands; returns the exit code.
pub(crate) async fn run(cli: &Cli, command: &App) -> anyhow::Result<u8> {
    let session = session(cli).await?;
    match command {
        App::List { output } => show::list(&session, &output.format).await,
        App::Get {
            name,
            refresh,
            output,
        } => {
            if *refresh {
                change::refresh(&session, name).await?;
            }
            show::get(&session, name, &output.format).await
        }
        App::Create(create) => change::create(&session, create).await,
        App::Set { name, fields } => change::set(&session, name, fields).await,
        App::Delete {
            name,
            orphan,
            yes,
            no_wait,
            timeout,
        } => {
            let wait = (!no_wait).then_some(*timeout);
            change::delete(&session, name, *orphan, *yes, wait).await
        }
        App::Sync(sync) => change::sync(&session, sync).await,
        App::Wait {
            names,
            state,
            timeout,
        } => wait(&session, names, *state, *timeout).await,
        App::Diff { name, revision } => diff::diff(&session, name, revision.as_deref()).await,
        App::History { name, output } => show::history(&session, name, &output.format).await,
        App::Rollback {
            name,
            target,
            reason,
        } => change::rollback(&session, name, target.as_deref(), reason).await,
        App::Hold {
            name,
            revision,
            reason,
        } => change::hold(&session, name, revision, reason).await,
        App::Pause { name, wait, reason } => steer::pause(&session, name, *wait, reason).await,
        App::Resume { name } => steer::resume(&session, name).await,
        App::Terminate { name } => steer::terminate(&session, name).await,
        App::Approve { name } => steer::approve(&session, name).await,
        App::Unhold { name, revision } => change::unhold(&session, name, revision.as_deref()).await,
        App::Manifests { name, revision } => {
            diff::manifests(&session, name, revision.as_deref()).await
        }
    }
}

async fn wait(
    session: &Session,
    names: &[String],
    state: crate::cli::WaitFor,
    timeout: std::time::Duration,
) -> anyhow::Result<u8> {
    for name in names {
        let application = super::wait::wait(session, name, state, timeout).await?;
        say(&show::summary(name, &application));
    }
    Ok(0)
}
