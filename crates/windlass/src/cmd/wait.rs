//! Waiting for an application, and saying what is waited for.

use crate::cli::WaitFor;
use crate::connect::Session;
use crate::failure::{Failure, NO, NOT_FOUND, TIMEOUT};
use crate::output::{complain, short};
use engine::argo;
use engine::why::{error_condition, gate_open};
use std::time::{Duration, Instant};
use value::Value;

/// How often the application is looked at: often enough to feel immediate, cheap for any server.
const EVERY: Duration = Duration::from_millis(150);

/// How an application stands with regard to what is waited for.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Reached,
    /// Not yet, because.
    Waiting(String),
    /// It will not get there by itself.
    Failed(String),
}

/// Waits until an application has reached a state; returns it as it is then.
pub(crate) async fn wait(
    session: &Session,
    name: &str,
    state: WaitFor,
    timeout: Duration,
) -> Result<Value, Failure> {
    let deadline = Instant::now() + timeout;
    let mut said = String::new();
    loop {
        let application = match session.client.get(&session.applications(name)).await {
            Ok(application) => application,
            Err(error) if error.is_not_found() && state == WaitFor::Deleted => {
                return Ok(Value::Null);
            }
            Err(error) if error.is_not_found() => {
                return Err(Failure::new(
                    NOT_FOUND,
                    format!("there is no application {name:?}"),
                ));
            }
            Err(error) if error.is_unreachable() && Instant::now() < deadline => {
                tokio::time::sleep(EVERY).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        match standing(&application, state) {
            Standing::Reached => return Ok(application),
            Standing::Failed(why) => return Err(Failure::new(NO, format!("{name}: {why}"))),
            Standing::Waiting(why) => {
                if Instant::now() >= deadline {
                    return Err(Failure::new(
                        TIMEOUT,
                        format!("{name}: still waiting after {timeout:?}: {why}"),
                    )
                    .hint(format!("windlass why {name}")));
                }
                if why != said {
                    complain(&format!("  {name}: {why}"));
                    said = why;
                }
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn standing(application: &Value, state: WaitFor) -> Standing {
    let text = |path: &[&str]| application.str_at(path);
    let phase = text(&["status", "operationState", "phase"]);
    let message = text(&["status", "operationState", "message"]);
    let running = application.get("operation").is_some() || phase == "Running";
    let (sync, health) = (
        text(&["status", "sync", "status"]),
        text(&["status", "health", "status"]),
    );
    let why_health = text(&["status", "health", "message"]);
    if state == WaitFor::Deleted {
        return Standing::Waiting("being deleted".into());
    }
    if running {
        let what = if message.is_empty() {
            "the operation runs"
        } else {
            message
        };
        return Standing::Waiting(what.to_owned());
    }
    if let Some(condition) = error_condition(application) {
        return Standing::Failed(condition);
    }
    match state {
        WaitFor::Synced if sync == "Synced" => Standing::Reached,
        WaitFor::Healthy if sync == "Synced" && health == "Healthy" => Standing::Reached,
        WaitFor::Operation if !gate_open(application) => Standing::Reached,
        WaitFor::Operation => Standing::Waiting(format!(
            "health gate open for {}: {health} {why_health}",
            short(&argo::deployed_revision(application))
        )),
        _ => Standing::Waiting(
            format!("{sync}, {health} {why_health}")
                .trim_end()
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    #[test]
    fn waiting_ends_at_the_state_and_at_errors() {
        let app = |sync: &str, health: &str, phase: &str| {
            json!({"status": {
                "sync": {"status": sync}, "health": {"status": health},
                "operationState": {"phase": phase, "message": "busy"},
            }})
        };
        let healthy = app("Synced", "Healthy", "Succeeded");
        assert_eq!(standing(&healthy, WaitFor::Healthy), Standing::Reached);
        let running = app("Synced", "Healthy", "Running");
        assert_eq!(
            standing(&running, WaitFor::Healthy),
            Standing::Waiting("busy".into())
        );
        let progressing = app("Synced", "Progressing", "Succeeded");
        assert_eq!(standing(&progressing, WaitFor::Synced), Standing::Reached);
        assert!(matches!(
            standing(&progressing, WaitFor::Healthy),
            Standing::Waiting(_)
        ));
        let mut broken = progressing;
        let conditions = json!([{"type": "ComparisonError", "message": "x"}]);
        broken.set_at(&["status", "conditions"], conditions);
        let failed = Standing::Failed("ComparisonError: x".into());
        assert_eq!(standing(&broken, WaitFor::Healthy), failed);
    }
}
