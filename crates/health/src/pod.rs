//! The rule of pods.

use crate::{Health, HealthStatus, condition};
use value::Value;

const IGNORE_RESTART_POLICY: &str = "argocd.argoproj.io/ignore-restart-policy";
const HOOKS: [&str; 2] = ["argocd.argoproj.io/hook", "helm.sh/hook"];

pub(crate) fn pod(object: &Value) -> Health {
    let message = object.str_at(&["status", "message"]);
    let restarts = object.str_at(&["spec", "restartPolicy"]);
    // A hook's pod that waits for its image must not fail the hook: the image may still come, and
    // the hook would run after the sync.
    if (restarts == "Always" || ignores_restart_policy(object))
        && let Some(health) = stuck(object)
    {
        return health;
    }
    let status = match (object.str_at(&["status", "phase"]), restarts) {
        ("Pending", _) | ("Running", "OnFailure" | "Never") => HealthStatus::Progressing,
        ("Succeeded", _) => HealthStatus::Healthy,
        ("Failed", _) => return failed(object, message),
        ("Running", "Always") => running(object),
        _ => HealthStatus::Unknown,
    };
    Health::new(status, message)
}

fn ignores_restart_policy(object: &Value) -> bool {
    let annotation = |name| object.str_at(&["metadata", "annotations", name]);
    annotation(IGNORE_RESTART_POLICY) == "true"
        && HOOKS.iter().all(|hook| annotation(hook).is_empty())
}

fn containers<'a>(object: &'a Value, field: &str) -> &'a [Value] {
    object.array_at(&["status", field])
}

/// Returns why containers can't start, if that is so.
fn stuck(object: &Value) -> Option<Health> {
    let messages: Vec<&str> = containers(object, "containerStatuses")
        .iter()
        .filter_map(|c| c.at(&["state", "waiting"]))
        .filter(|waiting| {
            let reason = waiting.str_at(&["reason"]);
            reason.starts_with("Err") || reason.ends_with("Error") || reason.ends_with("BackOff")
        })
        .map(|waiting| waiting.str_at(&["message"]))
        .collect();
    (!messages.is_empty()).then(|| Health::new(HealthStatus::Degraded, messages.join(", ")))
}

fn failed(object: &Value, message: &str) -> Health {
    let containers = containers(object, "initContainerStatuses")
        .iter()
        .chain(containers(object, "containerStatuses"));
    let message = if message.is_empty() {
        containers.filter_map(end).next().unwrap_or_default()
    } else {
        message.to_owned()
    };
    Health::new(HealthStatus::Degraded, message)
}

/// Returns how a container ended, if it ended badly.
fn end(container: &Value) -> Option<String> {
    let terminated = container.at(&["state", "terminated"])?;
    let message = terminated.str_at(&["message"]);
    if !message.is_empty() {
        return Some(message.to_owned());
    }
    if terminated.str_at(&["reason"]) == "OOMKilled" {
        return Some("OOMKilled".to_owned());
    }
    let code = terminated.i64_at(&["exitCode"]).filter(|code| *code != 0)?;
    let name = container.str_at(&["name"]);
    Some(format!("container \"{name}\" failed with exit code {code}"))
}

fn running(object: &Value) -> HealthStatus {
    if condition::find(object, "Ready").is_some_and(condition::is_true) {
        return HealthStatus::Healthy;
    }
    let restarted = containers(object, "containerStatuses").iter().any(|c| {
        c.at(&["lastState", "terminated"])
            .is_some_and(|t| !t.is_null())
    });
    if restarted {
        HealthStatus::Degraded
    } else {
        HealthStatus::Progressing
    }
}
