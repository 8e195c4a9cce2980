//! What the node writes into a pod's status.

use sha2::{Digest as _, Sha256};
use value::{Value, json};

use super::{Run, Stage};
use crate::faults::Fault;

/// The node's own address.
pub(super) const HOST: &str = "192.168.49.2";

/// Returns the status of a pod at a stage.
pub(super) fn status(pod: &Value, run: &Run, now: &str) -> Value {
    let mut status = pod.get("status").cloned().unwrap_or_else(Value::object);
    let fault_of = |c: &Value| Fault::of_container(pod, c);
    let containers = pod.array_at(&["spec", "containers"]);
    let failed = containers.iter().any(|c| fault_of(c).is_some());
    let phase = match run.stage {
        Stage::Creating | Stage::PullFailed | Stage::PullBackOff => "Pending",
        Stage::Finished if failed => "Failed",
        Stage::Finished => "Succeeded",
        _ => "Running",
    };
    status.set_at(&["phase"], phase);
    status.set_at(&["hostIP"], HOST);
    status.set_at(&["hostIPs"], json!([{"ip": HOST}]));
    if status.at(&["startTime"]).is_none() {
        status.set_at(&["startTime"], now);
    }
    if run.stage != Stage::Creating && !run.address.is_empty() {
        status.set_at(&["podIP"], run.address.as_str());
        status.set_at(&["podIPs"], json!([{"ip": run.address.as_str()}]));
    }
    let started_before = !pod.array_at(&["status", "containerStatuses"]).is_empty();
    let list: Vec<Value> = containers
        .iter()
        .map(|c| {
            let name = c.str_at(&["name"]);
            let known = pod.array_at(&["status", "containerStatuses"]);
            let known = known.iter().find(|k| k.str_at(&["name"]) == name);
            container(pod, c, known, run, fault_of(c), now)
        })
        .collect();
    let ready = run.stage == Stage::Ready;
    status.set_at(&["containerStatuses"], list);
    let first = pod.array_at(&["spec", "initContainers"]);
    if !first.is_empty() {
        let done: Vec<Value> = first.iter().map(|c| init_container(c, run, now)).collect();
        status.set_at(&["initContainerStatuses"], done);
    }
    conditions(pod, &mut status, run, ready, started_before, now);
    status
}

fn conditions(pod: &Value, status: &mut Value, run: &Run, ready: bool, _known: bool, now: &str) {
    let names: Vec<&str> = pod
        .array_at(&["spec", "containers"])
        .iter()
        .map(|c| c.str_at(&["name"]))
        .collect();
    let unready = format!("containers with unready status: [{}]", names.join(" "));
    let finished = run.stage == Stage::Finished;
    let completed = finished && status.str_at(&["phase"]) == "Succeeded";
    let mut list: Vec<Value> = Vec::new();
    let mut add = |kind: &str, holds: bool, reason: &str, message: &str| {
        let holds_text = if holds { "True" } else { "False" };
        let known = pod
            .array_at(&["status", "conditions"])
            .iter()
            .find(|c| c.str_at(&["type"]) == kind);
        let since = known
            .filter(|k| k.str_at(&["status"]) == holds_text)
            .map_or(now, |k| k.str_at(&["lastTransitionTime"]));
        let mut condition = json!({
            "type": kind, "status": holds_text, "lastProbeTime": null, "lastTransitionTime": since,
        });
        if !holds {
            condition.set_at(&["reason"], reason);
            if !message.is_empty() {
                condition.set_at(&["message"], message);
            }
        }
        list.push(condition);
    };
    let reason = if completed {
        "PodCompleted"
    } else {
        "ContainersNotReady"
    };
    let message = if completed { "" } else { unready.as_str() };
    add(
        "PodReadyToStartContainers",
        run.stage != Stage::Creating && !finished,
        "",
        "",
    );
    add("Initialized", true, "", "");
    add("Ready", ready, reason, message);
    add("ContainersReady", ready, reason, message);
    add("PodScheduled", true, "", "");
    status.set_at(&["conditions"], list);
}

fn identity(image: &str) -> (String, String) {
    let digest: String = Sha256::digest(image.as_bytes())
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    (format!("{image}@sha256:{digest}"), digest)
}

fn container(
    pod: &Value,
    container: &Value,
    known: Option<&Value>,
    run: &Run,
    fault: Option<Fault>,
    now: &str,
) -> Value {
    let image = container.str_at(&["image"]);
    let (image_id, digest) = identity(image);
    let id = format!("simulated://{digest}");
    let waiting = |reason: &str, message: &str| {
        let mut waiting = json!({"reason": reason});
        if !message.is_empty() {
            waiting.set_at(&["message"], message);
        }
        json!({"waiting": waiting})
    };
    let since = known.map_or("", |k| k.str_at(&["state", "running", "startedAt"]));
    let since = if since.is_empty() { now } else { since };
    let failed = fault.is_some();
    let terminated = |code: i64, reason: &str| {
        json!({"terminated": {
            "exitCode": code, "reason": reason, "startedAt": since, "finishedAt": now,
            "containerID": id.as_str(),
        }})
    };
    let crash = match fault {
        Some(Fault::OutOfMemory) => (137, "OOMKilled"),
        _ => (1, "Error"),
    };
    let name = format!(
        "{}_{}({})",
        pod.str_at(&["metadata", "name"]),
        pod.str_at(&["metadata", "namespace"]),
        pod.str_at(&["metadata", "uid"])
    );
    // Only what a fault is about fails; its neighbours run on.
    let stage = match (run.stage, failed) {
        (Stage::PullFailed | Stage::PullBackOff | Stage::Crashed | Stage::CrashBackOff, false) => {
            Stage::Ready
        }
        (stage, _) => stage,
    };
    let state = match stage {
        Stage::Creating => waiting("ContainerCreating", ""),
        Stage::PullFailed => waiting(
            "ErrImagePull",
            &format!(
                "failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": not found"
            ),
        ),
        Stage::PullBackOff => waiting(
            "ImagePullBackOff",
            &format!(
                "Back-off pulling image \"{image}\": ErrImagePull: failed to resolve reference \"{image}\": not found"
            ),
        ),
        Stage::Crashed => terminated(crash.0, crash.1),
        Stage::CrashBackOff => waiting(
            "CrashLoopBackOff",
            &format!(
                "back-off restarting failed container={} pod={name}",
                container.str_at(&["name"])
            ),
        ),
        Stage::Finished if failed => terminated(crash.0, crash.1),
        Stage::Finished => terminated(0, "Completed"),
        Stage::Starting | Stage::Ready | Stage::Stopping => {
            json!({"running": {"startedAt": since}})
        }
    };
    let running = state.get("running").is_some();
    let unknown = matches!(
        stage,
        Stage::Creating | Stage::PullFailed | Stage::PullBackOff
    );
    let restarts = if failed && !unknown {
        i64::from(run.restarts)
    } else {
        0
    };
    let mut last = known
        .and_then(|k| k.get("lastState"))
        .cloned()
        .unwrap_or_else(Value::object);
    if stage == Stage::CrashBackOff
        && let Some(ended) = known.and_then(|k| k.at(&["state", "terminated"]))
    {
        last = json!({"terminated": ended});
    }
    let mut status = json!({
        "name": container.str_at(&["name"]), "image": image,
        "imageID": if unknown { "" } else { image_id.as_str() },
        "ready": stage == Stage::Ready, "restartCount": restarts, "started": running,
        "state": state, "lastState": last,
    });
    if !unknown {
        status.set_at(&["containerID"], id);
    }
    status
}

fn init_container(container: &Value, run: &Run, now: &str) -> Value {
    let image = container.str_at(&["image"]);
    let (image_id, digest) = identity(image);
    let done = run.stage != Stage::Creating;
    let state = if done {
        json!({"terminated": {
            "exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now,
            "containerID": format!("simulated://{digest}"),
        }})
    } else {
        json!({"waiting": {"reason": "PodInitializing"}})
    };
    json!({
        "name": container.str_at(&["name"]), "image": image,
        "imageID": if done { image_id.as_str() } else { "" },
        "ready": done, "restartCount": 0, "started": false, "state": state, "lastState": {},
    })
}
