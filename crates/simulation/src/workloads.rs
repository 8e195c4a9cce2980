//! What the rest of the cluster does: Deployments get ready, Jobs end, owners wait for nobody.

use crate::cluster::{Millis, Plane};
use controlplane::registry::{Target, WriteOptions};
use engine::ObjectKey;
use std::collections::BTreeMap;
use value::{Value, json};

/// When something has been going on for how long it takes.
#[derive(Default)]
pub(crate) struct Workloads {
    /// By object and generation.
    due: BTreeMap<(ObjectKey, i64), Millis>,
    /// The state of the cluster that was looked at last, and when to look again.
    seen: Option<(u64, Option<Millis>)>,
}

impl Workloads {
    /// Looks at everything once; returns when to look again.
    pub(crate) fn work(&mut self, plane: &mut Plane) -> Option<Millis> {
        let revision = plane.registry.revision();
        if let Some((seen, next)) = self.seen
            && seen == revision
            && next.is_none_or(|at| at > plane.now)
        {
            return next;
        }
        let next = self.look(plane);
        self.seen = Some((revision, next));
        next
    }

    fn look(&mut self, plane: &mut Plane) -> Option<Millis> {
        let mut next: Option<Millis> = None;
        let mut soon = |at: Millis| next = Some(next.map_or(at, |n| n.min(at)));
        for (api_version, kind) in [("apps/v1", "Deployment"), ("batch/v1", "Job")] {
            for stored in plane.objects(api_version, kind) {
                let object = &stored.value;
                let key = ObjectKey::of(object);
                let target = plane.target(&key, api_version);
                if is_only_waiting(object) {
                    let change = |live: &mut Value| {
                        live.remove_at(&["metadata", "finalizers"]);
                        Ok(())
                    };
                    let options = WriteOptions::system("garbage-collector");
                    let _gone = plane.registry.modify_now(&target, &options, change);
                    continue;
                }
                if is_done(object) || object.at(&["metadata", "deletionTimestamp"]).is_some() {
                    continue;
                }
                let generation = object.i64_at(&["metadata", "generation"]).unwrap_or(0);
                let begun = (key, generation);
                let due = match self.due.get(&begun) {
                    Some(due) => *due,
                    None => {
                        let due = plane.now + plane.random.between(200, 15_000);
                        self.due.insert(begun, due);
                        due
                    }
                };
                if due <= plane.now {
                    finish(plane, &target, object);
                } else {
                    soon(due);
                }
            }
        }
        for stored in plane.objects("v1", "ConfigMap") {
            if is_only_waiting(&stored.value) {
                let target = plane.target(&ObjectKey::of(&stored.value), "v1");
                let change = |live: &mut Value| {
                    live.remove_at(&["metadata", "finalizers"]);
                    Ok(())
                };
                let options = WriteOptions::system("garbage-collector");
                let _gone = plane.registry.modify_now(&target, &options, change);
            }
        }
        next
    }
}

/// Returns true if an object waits for dependents only, of which there are none here.
fn is_only_waiting(object: &Value) -> bool {
    object.at(&["metadata", "deletionTimestamp"]).is_some()
        && matches!(
            object.array_at(&["metadata", "finalizers"]),
            [one] if one.as_str() == Some("foregroundDeletion")
        )
}

fn is_done(object: &Value) -> bool {
    let seen = object.i64_at(&["status", "observedGeneration"]);
    let conditions = object.array_at(&["status", "conditions"]);
    if object.str_at(&["kind"]) == "Job" {
        return !conditions.is_empty();
    }
    seen == object.i64_at(&["metadata", "generation"])
}

fn finish(plane: &Plane, target: &Target, object: &Value) {
    let containers = object.array_at(&["spec", "template", "spec", "containers"]);
    let is_bad = containers[0].str_at(&["image"]).starts_with("bad");
    let now = engine::format_time(plane.wall());
    let status = if object.str_at(&["kind"]) == "Job" {
        let kind = if is_bad { "Failed" } else { "Complete" };
        let mut conditions = vec![json!({
            "type": kind, "status": "True", "lastProbeTime": now.as_str(),
            "lastTransitionTime": now.as_str(), "reason": "Simulated", "message": "it has ended",
        })];
        if !is_bad {
            let mut criteria = conditions[0].clone();
            criteria.set_at(&["type"], "SuccessCriteriaMet");
            conditions.insert(0, criteria);
        } else {
            let mut target = conditions[0].clone();
            target.set_at(&["type"], "FailureTarget");
            conditions.insert(0, target);
        }
        let mut status = json!({
            "conditions": conditions.into_iter().collect::<Value>(),
            "startTime": now.as_str(),
            "uncountedTerminatedPods": {},
        });
        if !is_bad {
            status.set_at(&["completionTime"], now.as_str());
            status.set_at(&["succeeded"], 1);
        } else {
            status.set_at(&["failed"], 1);
        }
        status
    } else {
        let replicas = object.i64_at(&["spec", "replicas"]).unwrap_or(1);
        let ready = if is_bad { 0 } else { replicas };
        let (reason, progress) = match is_bad {
            true => ("ProgressDeadlineExceeded", "False"),
            false => ("NewReplicaSetAvailable", "True"),
        };
        json!({
            "observedGeneration": object.i64_at(&["metadata", "generation"]).unwrap_or(0),
            "replicas": replicas, "updatedReplicas": replicas, "readyReplicas": ready,
            "availableReplicas": ready, "unavailableReplicas": replicas - ready,
            "conditions": [{
                "type": "Progressing", "status": progress, "reason": reason,
                "lastUpdateTime": now.as_str(), "lastTransitionTime": now.as_str(),
                "message": "as the simulation wants it",
            }],
        })
    };
    let options = WriteOptions::system("kube-controller-manager");
    let target = target.clone().sub("status");
    let change = |live: &mut Value| {
        live.set_at(&["status"], status.clone());
        Ok(())
    };
    let written = plane.registry.modify_now(&target, &options, change);
    debug_assert!(written.is_ok(), "{written:?}");
}
