//! Why a workload isn't getting on: its failing pods, in a sentence.

use crate::live::LiveObject;
use crate::store::Cluster;
use health::HealthStatus;
use std::sync::Arc;
use value::Value;

impl Cluster {
    /// Returns a sentence about the failing pods of a workload: `1 of 3 pods failing:
    /// ImagePullBackOff web:broken`. `None` if none fails, or its pods aren't watched.
    #[must_use]
    pub fn failing_pods(&self, workload: &LiveObject) -> Option<String> {
        let pods = match &*workload.key.kind {
            "Deployment" => {
                let sets = self.owned("apps", "ReplicaSet", &workload.uid);
                sets.iter()
                    .flat_map(|s| self.owned("", "Pod", &s.uid))
                    .collect()
            }
            "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" => {
                self.owned("", "Pod", &workload.uid)
            }
            _ => return None,
        };
        describe(&pods)
    }
}

fn describe(pods: &[Arc<LiveObject>]) -> Option<String> {
    let degraded = |p: &&Arc<LiveObject>| {
        p.health
            .as_ref()
            .is_some_and(|h| h.status == HealthStatus::Degraded)
    };
    let failing: Vec<&Arc<LiveObject>> = pods.iter().filter(degraded).collect();
    let first = failing.iter().min_by(|a, b| a.key.cmp(&b.key))?;
    let why = waiting_reason(&first.value())
        .or_else(|| first.health.as_ref().map(|h| h.message.clone()))
        .unwrap_or_default();
    Some(format!(
        "{} of {} pods failing: {why}",
        failing.len(),
        pods.len()
    ))
}

/// Returns reason and image of the first container that waits for something to be mended.
fn waiting_reason(pod: &Value) -> Option<String> {
    for list in ["initContainerStatuses", "containerStatuses"] {
        for status in pod.array_at(&["status", list]) {
            let reason = match status.str_at(&["state", "waiting", "reason"]) {
                "" | "ContainerCreating" | "PodInitializing" => {
                    status.str_at(&["state", "terminated", "reason"])
                }
                reason => reason,
            };
            if !reason.is_empty() && reason != "Completed" {
                return Some(format!("{reason} {}", status.str_at(&["image"])));
            }
        }
    }
    None
}
