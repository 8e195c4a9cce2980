//! Why a workload isn't getting on: the deepest cause among its children, in a sentence.

use crate::live::LiveObject;
use crate::store::Cluster;
use health::HealthStatus;
use std::sync::Arc;
use value::Value;

type Objects = Vec<Arc<LiveObject>>;

impl Cluster {
    /// Returns why a workload doesn't get on, from its children: `1 of 3 pods failing:
    /// ImagePullBackOff web:broken`, or what keeps pods from being made. `None` if its children say
    /// nothing, or aren't watched.
    #[must_use]
    pub fn cause(&self, workload: &LiveObject) -> Option<String> {
        let (makers, pods) = self.children(workload)?;
        failing(&pods)
            .or_else(|| waiting(&pods))
            .or_else(|| makers.iter().find_map(|maker| refused(&maker.value())))
    }

    /// Returns what makes a workload's pods, beside itself, and the pods.
    fn children(&self, workload: &LiveObject) -> Option<(Objects, Objects)> {
        let makers = match &*workload.key.kind {
            "Deployment" | "Rollout" => self.owned("apps", "ReplicaSet", &workload.uid),
            "CronJob" => self.owned("batch", "Job", &workload.uid),
            "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" => Vec::new(),
            _ => return None,
        };
        let mut pods = self.owned("", "Pod", &workload.uid);
        for maker in &makers {
            pods.extend(self.owned("", "Pod", &maker.uid));
        }
        Some((makers, pods))
    }
}

/// Returns the sentence about pods that fail.
fn failing(pods: &[Arc<LiveObject>]) -> Option<String> {
    let degraded = |p: &&Arc<LiveObject>| {
        p.health
            .as_ref()
            .is_some_and(|h| h.status == HealthStatus::Degraded)
    };
    let failing: Vec<&Arc<LiveObject>> = pods.iter().filter(degraded).collect();
    let first = failing.iter().min_by(|a, b| a.key.cmp(&b.key))?;
    let why = container_reason(&first.value())
        .or_else(|| first.health.as_ref().map(|h| h.message.clone()))
        .unwrap_or_default();
    let (count, all) = (failing.len(), pods.len());
    Some(format!("{count} of {all} pods failing: {why}"))
}

/// Returns the sentence about pods that no node takes.
fn waiting(pods: &[Arc<LiveObject>]) -> Option<String> {
    let unscheduled: Vec<(&Arc<LiveObject>, String)> = pods
        .iter()
        .filter_map(|pod| Some((pod, unscheduled_reason(&pod.value())?)))
        .collect();
    let (_, why) = unscheduled.iter().min_by(|a, b| a.0.key.cmp(&b.0.key))?;
    let (count, all) = (unscheduled.len(), pods.len());
    Some(format!("{count} of {all} pods find no node: {why}"))
}

fn condition<'v>(object: &'v Value, kind: &str) -> Option<&'v Value> {
    let mut conditions = object.array_at(&["status", "conditions"]).iter();
    conditions.find(|c| c.str_at(&["type"]) == kind)
}

fn unscheduled_reason(pod: &Value) -> Option<String> {
    let scheduled = condition(pod, "PodScheduled")?;
    let is_not = scheduled.str_at(&["status"]) == "False";
    is_not.then(|| scheduled.str_at(&["message"]).to_owned())
}

/// Returns why no pods are made: a quota, an admission webhook, a security policy.
fn refused(maker: &Value) -> Option<String> {
    let failure = condition(maker, "ReplicaFailure")?;
    let is_so = failure.str_at(&["status"]) == "True";
    is_so.then(|| format!("no pods can be made: {}", failure.str_at(&["message"])))
}

/// Returns reason and image of the first container that waits for something to be mended, and how
/// it ended last.
fn container_reason(pod: &Value) -> Option<String> {
    for list in ["initContainerStatuses", "containerStatuses"] {
        for status in pod.array_at(&["status", list]) {
            let state = |path: &[&str]| status.str_at(path);
            let waits = match state(&["state", "waiting", "reason"]) {
                "" | "ContainerCreating" | "PodInitializing" => "",
                reason => reason,
            };
            let ended = match state(&["state", "terminated", "reason"]) {
                "Completed" => "",
                reason => reason,
            };
            let image = state(&["image"]);
            let place = match waits {
                "" => "state",
                _ => "lastState",
            };
            match (waits, ended) {
                ("", "") => {}
                ("", reason) => {
                    return Some(format!("{reason} {image}{}", exit(status, place)));
                }
                // What it can't be made of is in the message, what an image can't be had for isn't
                // always.
                (
                    "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError",
                    _,
                ) => {
                    let message = state(&["state", "waiting", "message"]);
                    return Some(format!("{waits} {image}: {message}"));
                }
                (reason, _) => return Some(format!("{reason} {image}{}", exit(status, place))),
            }
        }
    }
    None
}

/// Returns how a container ended: ` (OOMKilled, exit code 137)`.
fn exit(status: &Value, place: &str) -> String {
    let code = status.i64_at(&[place, "terminated", "exitCode"]);
    let reason = status.str_at(&[place, "terminated", "reason"]);
    match (reason, code) {
        (_, None) => String::new(),
        ("OOMKilled", Some(code)) => format!(" (OOMKilled, exit code {code})"),
        (_, Some(code)) => format!(" (exit code {code})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Tracking;
    use value::json;

    fn pods(statuses: &[Value]) -> Vec<Arc<LiveObject>> {
        let pod = |(i, status): (usize, &Value)| {
            let object = json!({
                "apiVersion": "v1", "kind": "Pod", "spec": {"restartPolicy": "Always"},
                "metadata": {"name": format!("p{i}"), "namespace": "ns"}, "status": status.clone(),
            });
            Arc::new(LiveObject::read(&object, &Tracking::default()).unwrap())
        };
        statuses.iter().enumerate().map(pod).collect()
    }

    fn container(state: Value) -> Value {
        let mut container = state;
        container.set_at(&["image"], "web:1");
        json!({"phase": "Running", "containerStatuses": [container]})
    }

    #[test]
    fn the_cause_of_a_failing_pod_is_named() {
        let crash = json!({
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}},
        });
        let config = json!({"state": {"waiting": {
            "reason": "CreateContainerConfigError", "message": "secret \"db\" not found",
        }}});
        let pull = json!({"state": {"waiting": {"reason": "ImagePullBackOff"}}});
        for (state, want) in [
            (
                crash,
                "1 of 1 pods failing: CrashLoopBackOff web:1 (OOMKilled, exit code 137)",
            ),
            (
                config,
                "1 of 1 pods failing: CreateContainerConfigError web:1: secret \"db\" not found",
            ),
            (pull, "1 of 1 pods failing: ImagePullBackOff web:1"),
        ] {
            assert_eq!(failing(&pods(&[container(state)])).as_deref(), Some(want));
        }
    }

    #[test]
    fn pods_without_a_node_and_pods_that_can_not_be_made_say_why() {
        let status = json!({"phase": "Pending", "conditions": [{
            "type": "PodScheduled", "status": "False", "message": "0/3 nodes are available",
        }]});
        let said = waiting(&pods(&[status, json!({"phase": "Running"})]));
        let want = "1 of 2 pods find no node: 0/3 nodes are available";
        assert_eq!(said.as_deref(), Some(want));
        let set = json!({"status": {"conditions": [{
            "type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small",
        }]}});
        let want = "no pods can be made: exceeded quota: small";
        assert_eq!(refused(&set).as_deref(), Some(want));
    }
}
