//! ReplicaSets, StatefulSets and DaemonSets: as many Pods as are wanted.

use crate::context::{CONTROLLER_MANAGER, Context, Result, controlled_by, is_true};
use controlplane::Object;
use std::sync::Arc;
use value::{Value, json};

/// The one node that is simulated.
pub(crate) const NODE: &str = "simulated-node";

/// Returns true for a Pod that counts: neither over nor on its way out.
fn active(pod: &Arc<Object>) -> bool {
    !pod.deleting() && !matches!(pod.value.str_at(&["status", "phase"]), "Succeeded" | "Failed")
}

fn ready(pod: &Arc<Object>) -> bool {
    is_true(&pod.value, "Ready")
}

fn count(pods: &[Arc<Object>], which: impl Fn(&Arc<Object>) -> bool) -> i64 {
    i64::try_from(pods.iter().filter(|p| which(p)).count()).unwrap_or(i64::MAX)
}

/// Returns a Pod from an owner's template. With a name it is called that, else the owner's name
/// and a suffix.
fn pod_of(owner: &Object, name: Option<&str>) -> Value {
    let template = owner.value.at(&["spec", "template"]).cloned().unwrap_or_default();
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod"});
    let mut metadata = template.get("metadata").cloned().unwrap_or_else(Value::object);
    metadata.remove_at(&["creationTimestamp"]);
    match name {
        Some(name) => metadata.set_at(&["name"], name),
        None => metadata.set_at(&["generateName"], format!("{}-", owner.name())),
    }
    metadata.set_at(&["ownerReferences"], controlled_by(owner));
    pod.set_at(&["metadata"], metadata);
    pod.set_at(&["spec"], template.get("spec").cloned().unwrap_or_default());
    pod
}

impl Context {
    pub(crate) async fn replica_set(&self, set: &Object) -> Result<()> {
        let pods = self.owned("pods", set).await?;
        let wanted = set.value.i64_at(&["spec", "replicas"]).unwrap_or(1);
        if !set.deleting() {
            self.adjust(set, &pods, wanted).await?;
        }
        // The numbers that follow are those after the change.
        let pods = self.owned("pods", set).await?;
        let live: Vec<Arc<Object>> = pods.into_iter().filter(active).collect();
        let mut status = json!({
            "replicas": live.len(),
            "observedGeneration": set.value.i64_at(&["metadata", "generation"]).unwrap_or(1),
        });
        let labelled = live.len();
        let (is_ready, available) = (count(&live, ready), count(&live, ready));
        for (name, count) in [
            ("fullyLabeledReplicas", i64::try_from(labelled).unwrap_or(i64::MAX)),
            ("readyReplicas", is_ready),
            ("availableReplicas", available),
        ] {
            if count > 0 {
                status.set_at(&[name], count);
            }
        }
        self.set_status("replicasets", set, CONTROLLER_MANAGER, status).await
    }

    /// Makes or deletes Pods until there are as many as wanted; those that aren't ready go first.
    async fn adjust(&self, owner: &Object, pods: &[Arc<Object>], wanted: i64) -> Result<()> {
        let mut live: Vec<&Arc<Object>> = pods.iter().filter(|p| active(p)).collect();
        let have = i64::try_from(live.len()).unwrap_or(i64::MAX);
        for _ in have..wanted {
            self.create("pods", owner.namespace(), pod_of(owner, None)).await?;
        }
        if have > wanted {
            live.sort_by_key(|p| (ready(p), std::cmp::Reverse(p.revision)));
            let extra = usize::try_from(have - wanted).unwrap_or(0);
            for pod in live.into_iter().take(extra) {
                self.delete("pods", pod, CONTROLLER_MANAGER, None).await?;
            }
        }
        Ok(())
    }

    /// Pods by number, one after the other.
    pub(crate) async fn stateful_set(&self, set: &Object) -> Result<()> {
        let pods = self.owned("pods", set).await?;
        let wanted = set.value.i64_at(&["spec", "replicas"]).unwrap_or(1);
        let revision = format!(
            "{}-{}",
            set.name(),
            crate::deployment::template_hash(set.value.at(&["spec", "template"]).unwrap_or(&Value::Null))
        );
        let label = "controller-revision-hash";
        let current = |p: &Arc<Object>| p.value.str_at(&["metadata", "labels", label]) == revision;
        if !set.deleting() {
            self.order_pods(set, &pods, wanted, &revision, &current).await?;
        }
        let live: Vec<Arc<Object>> = pods.iter().filter(|p| active(p)).cloned().collect();
        let updated = count(&live, current);
        let before = set.value.str_at(&["status", "currentRevision"]);
        let done = updated >= wanted && count(&live, ready) >= wanted;
        let current_revision = if done || before.is_empty() { revision.as_str() } else { before };
        let mut status = json!({
            "replicas": live.len(),
            "availableReplicas": count(&live, ready),
            "collisionCount": 0,
            "currentRevision": current_revision,
            "updateRevision": revision.as_str(),
            "observedGeneration": set.value.i64_at(&["metadata", "generation"]).unwrap_or(1),
        });
        for (name, count) in [
            ("readyReplicas", count(&live, ready)),
            ("updatedReplicas", updated),
            ("currentReplicas", if current_revision == revision { updated } else { 0 }),
        ] {
            if count > 0 {
                status.set_at(&[name], count);
            }
        }
        self.set_status("statefulsets", set, CONTROLLER_MANAGER, status).await
    }

    async fn order_pods(
        &self,
        set: &Object,
        pods: &[Arc<Object>],
        wanted: i64,
        revision: &str,
        current: &(dyn Fn(&Arc<Object>) -> bool + Send + Sync),
    ) -> Result<()> {
        let parallel = set.value.str_at(&["spec", "podManagementPolicy"]) == "Parallel";
        for ordinal in 0..wanted {
            let name = format!("{}-{ordinal}", set.name());
            match pods.iter().find(|p| p.name() == name) {
                None => {
                    let mut pod = pod_of(set, Some(&name));
                    pod.set_at(&["metadata", "labels", "controller-revision-hash"], revision);
                    pod.set_at(
                        &["metadata", "labels", "statefulset.kubernetes.io/pod-name"],
                        name.as_str(),
                    );
                    self.create("pods", set.namespace(), pod).await?;
                    if !parallel {
                        return Ok(());
                    }
                }
                Some(pod) if !parallel && !ready(pod) && current(pod) => return Ok(()),
                Some(_) => {}
            }
        }
        for pod in pods.iter().filter(|p| !p.deleting()).rev() {
            let ordinal = pod.name().rsplit('-').next().and_then(|n| n.parse::<i64>().ok());
            let extra = ordinal.is_none_or(|o| o >= wanted);
            let on_delete = set.value.str_at(&["spec", "updateStrategy", "type"]) == "OnDelete";
            if extra || (!current(pod) && !on_delete) {
                return self.delete("pods", pod, CONTROLLER_MANAGER, None).await;
            }
        }
        Ok(())
    }

    /// One Pod on the one node.
    pub(crate) async fn daemon_set(&self, set: &Object) -> Result<()> {
        let pods = self.owned("pods", set).await?;
        let hash = crate::deployment::template_hash(
            set.value.at(&["spec", "template"]).unwrap_or(&Value::Null),
        );
        let label = "controller-revision-hash";
        let current = |p: &Arc<Object>| p.value.str_at(&["metadata", "labels", label]) == hash;
        let live: Vec<Arc<Object>> = pods.iter().filter(|p| active(p)).cloned().collect();
        let nodes = i64::from(self.mode == crate::Mode::Workloads);
        if !set.deleting() && nodes > 0 {
            if live.is_empty() {
                let mut pod = pod_of(set, None);
                pod.set_at(&["metadata", "labels", label], hash.as_str());
                self.create("pods", set.namespace(), pod).await?;
            } else if let Some(old) = live.iter().find(|p| !current(p)) {
                self.delete("pods", old, CONTROLLER_MANAGER, None).await?;
            }
        }
        let (have, is_ready) = (count(&live, |_| true), count(&live, ready));
        let mut status = json!({
            "currentNumberScheduled": have,
            "desiredNumberScheduled": nodes,
            "numberMisscheduled": 0,
            "numberReady": is_ready,
            "observedGeneration": set.value.i64_at(&["metadata", "generation"]).unwrap_or(1),
        });
        for (name, count) in [
            ("updatedNumberScheduled", count(&live, current)),
            ("numberAvailable", is_ready),
            ("numberUnavailable", nodes - is_ready),
        ] {
            if count > 0 {
                status.set_at(&[name], count);
            }
        }
        self.set_status("daemonsets", set, CONTROLLER_MANAGER, status).await
    }
}
