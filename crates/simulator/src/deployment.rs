//! Deployments: a ReplicaSet for every template, rolled over within surge and unavailability.

use crate::context::{CONTROLLER_MANAGER, Context, Result, Work, condition, controlled_by};
use controlplane::Object;
use std::sync::Arc;
use std::time::Duration;
use value::{Value, json};

const REVISION: &str = "deployment.kubernetes.io/revision";
/// The characters of template hashes: no vowels, nothing that looks like something else.
const HASH_ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The numbers of a ReplicaSet that a rollout looks at.
struct Set {
    object: Arc<Object>,
    wanted: i64,
    have: i64,
    ready: i64,
    available: i64,
}

impl Set {
    fn new(object: Arc<Object>) -> Self {
        let number = |path: &[&str]| object.value.i64_at(path).unwrap_or(0);
        Self {
            wanted: object.value.i64_at(&["spec", "replicas"]).unwrap_or(1),
            have: number(&["status", "replicas"]),
            ready: number(&["status", "readyReplicas"]),
            available: number(&["status", "availableReplicas"]),
            object,
        }
    }
}

impl Context {
    pub(crate) async fn deployment(&self, deployment: &Object) -> Result<()> {
        if deployment.deleting() {
            return Ok(());
        }
        let spec = |path: &[&str]| {
            let mut full = vec!["spec"];
            full.extend_from_slice(path);
            deployment.value.at(&full).cloned()
        };
        let hash = template_hash(&spec(&["template"]).unwrap_or_default());
        let wanted = spec(&["replicas"]).and_then(|v| v.as_i64()).unwrap_or(1);
        let sets = self.owned("replicasets", deployment).await?;
        let (new, old): (Vec<_>, Vec<_>) = sets.into_iter().partition(|s| {
            s.value.str_at(&["metadata", "labels", "pod-template-hash"]) == hash
        });
        let old: Vec<Set> = old.into_iter().map(Set::new).collect();
        let paused = spec(&["paused"]).and_then(|v| v.as_bool()) == Some(true);
        let recreate = deployment.value.str_at(&["spec", "strategy", "type"]) == "Recreate";
        let Some(new) = new.into_iter().next().map(Set::new) else {
            if paused {
                return self.deployment_status(deployment, None, &old, wanted).await;
            }
            if recreate && old.iter().any(|s| s.have > 0 || s.wanted > 0) {
                for set in old.iter().filter(|s| s.wanted > 0) {
                    self.scale(set, 0).await?;
                }
                return self.deployment_status(deployment, None, &old, wanted).await;
            }
            return self.new_replica_set(deployment, &hash, &old, wanted, recreate).await;
        };
        self.mark_revision(deployment, &new, &old).await?;
        if paused {
            return self.deployment_status(deployment, Some(&new), &old, wanted).await;
        }
        let scaled = if recreate {
            self.scale_if(&new, wanted).await?
        } else {
            self.roll(deployment, &new, &old, wanted).await?
        };
        if !scaled {
            self.clean_up(deployment, &new, &old).await?;
        }
        self.deployment_status(deployment, Some(&new), &old, wanted).await
    }

    async fn new_replica_set(
        &self,
        deployment: &Object,
        hash: &str,
        old: &[Set],
        wanted: i64,
        recreate: bool,
    ) -> Result<()> {
        let total: i64 = old.iter().map(|s| s.wanted).sum();
        let surge = surge(&deployment.value, wanted);
        let replicas = if recreate || old.is_empty() {
            wanted
        } else {
            (wanted + surge - total).clamp(0, wanted)
        };
        let mut template = deployment.value.at(&["spec", "template"]).cloned().unwrap_or_default();
        template.set_at(&["metadata", "labels", "pod-template-hash"], hash);
        let mut selector = deployment.value.at(&["spec", "selector"]).cloned().unwrap_or_default();
        selector.set_at(&["matchLabels", "pod-template-hash"], hash);
        let labels = template.at(&["metadata", "labels"]).cloned().unwrap_or_default();
        let mut annotations = deployment
            .value
            .at(&["metadata", "annotations"])
            .cloned()
            .unwrap_or_else(Value::object);
        if let Some(object) = annotations.as_object_mut() {
            // What tracks the deployment doesn't track its ReplicaSets.
            object.retain(|name, _| {
                name != "kubectl.kubernetes.io/last-applied-configuration"
                    && !name.starts_with("argocd.argoproj.io/")
            });
            object.insert(REVISION, next_revision(old).to_string());
            object.insert("deployment.kubernetes.io/desired-replicas", wanted.to_string());
            let max = (wanted + surge).to_string();
            object.insert("deployment.kubernetes.io/max-replicas", max);
        }
        let set = json!({
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": format!("{}-{hash}", deployment.name()),
                "labels": labels,
                "annotations": annotations,
                "ownerReferences": controlled_by(deployment),
            },
            "spec": {"replicas": replicas, "selector": selector, "template": template},
        });
        self.create("replicasets", deployment.namespace(), set).await
    }

    /// Numbers a template that is rolled out again, and says the number on the deployment.
    async fn mark_revision(&self, deployment: &Object, new: &Set, old: &[Set]) -> Result<()> {
        let revision = |o: &Object| -> i64 {
            o.value.str_at(&["metadata", "annotations", REVISION]).parse().unwrap_or(0)
        };
        let newest = old.iter().map(|s| revision(&s.object)).max().unwrap_or(0);
        let mut own = revision(&new.object);
        if own <= newest {
            own = newest + 1;
            self.modify("replicasets", &new.object, CONTROLLER_MANAGER, |v| {
                v.set_at(&["metadata", "annotations", REVISION], own.to_string());
            })
            .await?;
        }
        if revision(deployment) != own {
            self.modify("deployments", deployment, CONTROLLER_MANAGER, |v| {
                v.set_at(&["metadata", "annotations", REVISION], own.to_string());
            })
            .await?;
        }
        Ok(())
    }

    /// One step of a rolling update. Returns true if something was scaled.
    async fn roll(&self, deployment: &Object, new: &Set, old: &[Set], wanted: i64) -> Result<bool> {
        let old_total: i64 = old.iter().map(|s| s.wanted).sum();
        if old_total == 0 || new.wanted > wanted {
            return self.scale_if(new, wanted).await;
        }
        let (surge, unavailable) =
            (surge(&deployment.value, wanted), unavailable(&deployment.value, wanted));
        let room = wanted + surge - old_total - new.wanted;
        let mut scaled = false;
        if room > 0 && new.wanted < wanted {
            self.scale(new, (new.wanted + room).min(wanted)).await?;
            scaled = true;
        }
        // Pods of the old that aren't available may go first; of the others only as many as the
        // new ones have made superfluous.
        let available: i64 = new.available + old.iter().map(|s| s.available).sum::<i64>();
        let mut spare = available - (wanted - unavailable);
        for set in old.iter().filter(|s| s.wanted > 0) {
            let broken = (set.wanted - set.available).max(0);
            let sound = set.available.min(spare.max(0));
            spare -= sound;
            let down = (broken + sound).min(set.wanted);
            if down > 0 {
                self.scale(set, set.wanted - down).await?;
                scaled = true;
            }
        }
        Ok(scaled)
    }

    async fn scale_if(&self, set: &Set, replicas: i64) -> Result<bool> {
        if set.wanted == replicas {
            return Ok(false);
        }
        self.scale(set, replicas).await.map(|()| true)
    }

    async fn scale(&self, set: &Set, replicas: i64) -> Result<()> {
        self.modify("replicasets", &set.object, CONTROLLER_MANAGER, |v| {
            v.set_at(&["spec", "replicas"], replicas);
        })
        .await
    }

    /// Throws away old ReplicaSets beyond the limit of the history.
    async fn clean_up(&self, deployment: &Object, new: &Set, old: &[Set]) -> Result<()> {
        let limit = deployment.value.i64_at(&["spec", "revisionHistoryLimit"]).unwrap_or(10);
        let mut idle: Vec<&Set> =
            old.iter().filter(|s| s.wanted == 0 && s.have == 0).collect();
        let keep = usize::try_from(limit).unwrap_or(0);
        let _ = new;
        if idle.len() <= keep {
            return Ok(());
        }
        idle.sort_by_key(|s| s.object.revision);
        let extra = idle.len() - keep;
        for set in idle.into_iter().take(extra) {
            self.delete("replicasets", &set.object, CONTROLLER_MANAGER, None).await?;
        }
        Ok(())
    }

    async fn deployment_status(
        &self,
        deployment: &Object,
        new: Option<&Set>,
        old: &[Set],
        wanted: i64,
    ) -> Result<()> {
        let all = || new.into_iter().chain(old);
        let replicas: i64 = all().map(|s| s.have).sum();
        let ready: i64 = all().map(|s| s.ready).sum();
        let available: i64 = all().map(|s| s.available).sum();
        let updated = new.map_or(0, |s| s.have);
        let now = self.stamp();
        let live = &deployment.value;
        let mut status = json!({
            "observedGeneration": live.i64_at(&["metadata", "generation"]).unwrap_or(1),
        });
        for (name, count) in [
            ("replicas", replicas),
            ("updatedReplicas", updated),
            ("readyReplicas", ready),
            ("availableReplicas", available),
            ("unavailableReplicas", (all().map(|s| s.wanted).sum::<i64>() - available).max(0)),
        ] {
            if count > 0 {
                status.set_at(&[name], count);
            }
        }
        let enough = available >= wanted - unavailable(live, wanted);
        let (reason, message) = if enough {
            ("MinimumReplicasAvailable", "Deployment has minimum availability.")
        } else {
            ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        };
        let mut is_available = condition(live, "Available", enough, reason, message, &now);
        is_available.set_at(&["lastUpdateTime"], is_available.str_at(&["lastTransitionTime"]).to_owned());
        let complete = new.is_some()
            && updated == wanted
            && replicas == wanted
            && available == wanted;
        let progressing = self.progressing(deployment, new, complete, &status, &now);
        status.set_at(&["conditions"], json!([is_available, progressing]));
        self.set_status("deployments", deployment, CONTROLLER_MANAGER, status).await
    }

    /// Returns the condition that says whether a rollout gets on.
    fn progressing(
        &self,
        deployment: &Object,
        new: Option<&Set>,
        complete: bool,
        status: &Value,
        now: &str,
    ) -> Value {
        let live = &deployment.value;
        let name = new.map_or_else(|| deployment.name().to_owned(), |s| s.object.name().to_owned());
        let old = live.array_at(&["status", "conditions"]);
        let old = old.iter().find(|c| c.str_at(&["type"]) == "Progressing");
        let counts = ["updatedReplicas", "readyReplicas", "availableReplicas"];
        let moved = counts
            .iter()
            .any(|c| status.i64_at(&[c]) != live.i64_at(&["status", c]));
        let before = old.map_or("", |c| c.str_at(&["reason"]));
        let since = old.map_or("", |c| c.str_at(&["lastUpdateTime"]));
        let generation = live.i64_at(&["metadata", "generation"]);
        let newer = live.i64_at(&["status", "observedGeneration"]) != generation;
        let (state, reason, message) = if complete {
            let text = format!("ReplicaSet \"{name}\" has successfully progressed.");
            (true, "NewReplicaSetAvailable", text)
        } else if old.is_none() {
            (true, "NewReplicaSetCreated", format!("Created new replica set \"{name}\""))
        } else if moved || newer || before == "NewReplicaSetAvailable" {
            (true, "ReplicaSetUpdated", format!("ReplicaSet \"{name}\" is progressing."))
        } else {
            let deadline = live.i64_at(&["spec", "progressDeadlineSeconds"]).unwrap_or(600);
            let waited = since
                .parse::<jiff::Timestamp>()
                .map_or(0, |at| self.now().duration_since(at).as_secs());
            if waited >= deadline {
                let text = format!("ReplicaSet \"{name}\" has timed out progressing.");
                (false, "ProgressDeadlineExceeded", text)
            } else {
                let left = u64::try_from(deadline - waited).unwrap_or(0) + 1;
                let work = Work::new("deployments", deployment.namespace(), deployment.name());
                self.later(work, Duration::from_secs(left));
                return old.cloned().unwrap_or_default();
            }
        };
        let mut it = condition(live, "Progressing", state, reason, &message, now);
        let same = before == reason && !moved && !newer;
        it.set_at(&["lastUpdateTime"], if same { since } else { now });
        it
    }
}

fn next_revision(old: &[Set]) -> i64 {
    let number = |s: &Set| -> i64 {
        s.object.value.str_at(&["metadata", "annotations", REVISION]).parse().unwrap_or(0)
    };
    old.iter().map(number).max().unwrap_or(0) + 1
}

/// Returns how many Pods a rollout may add: an amount, or a percentage rounded up.
fn surge(deployment: &Value, wanted: i64) -> i64 {
    let it = deployment.at(&["spec", "strategy", "rollingUpdate", "maxSurge"]);
    amount(it, wanted, Rounding::Up)
}

/// Returns how many Pods may be missing during a rollout: an amount, or a percentage rounded down.
/// Never both nothing to add and nothing to miss.
fn unavailable(deployment: &Value, wanted: i64) -> i64 {
    if deployment.str_at(&["spec", "strategy", "type"]) == "Recreate" {
        return 0;
    }
    let it = deployment.at(&["spec", "strategy", "rollingUpdate", "maxUnavailable"]);
    let missing = amount(it, wanted, Rounding::Down);
    if missing == 0 && surge(deployment, wanted) == 0 { 1 } else { missing.min(wanted) }
}

#[derive(Clone, Copy)]
enum Rounding {
    Up,
    Down,
}

fn amount(value: Option<&Value>, of: i64, rounding: Rounding) -> i64 {
    let percent = match value {
        Some(Value::String(text)) => text.trim_end_matches('%').parse().unwrap_or(25),
        Some(number) => return number.as_i64().unwrap_or(0),
        None => 25,
    };
    match rounding {
        Rounding::Up => (of * percent + 99) / 100,
        Rounding::Down => of * percent / 100,
    }
}

/// Returns a short name for a template: equal templates, equal names.
pub(crate) fn template_hash(template: &Value) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in template.to_json().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let base = HASH_ALPHABET.len() as u64;
    let mut text = String::new();
    for _ in 0..10 {
        text.push(char::from(HASH_ALPHABET[usize::try_from(hash % base).unwrap_or(0)]));
        hash /= base;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surge_rounds_up_and_unavailability_down() {
        let d = |surge: Value, missing: Value| {
            let rolling = json!({"maxSurge": surge, "maxUnavailable": missing});
            json!({"spec": {"strategy": {"rollingUpdate": rolling}}})
        };
        let quarter = d("25%".into(), "25%".into());
        assert_eq!((super::surge(&quarter, 3), super::unavailable(&quarter, 3)), (1, 0));
        let zero = d(0.into(), 0.into());
        assert_eq!((super::surge(&zero, 3), super::unavailable(&zero, 3)), (0, 1));
        assert_eq!(super::unavailable(&d(1.into(), 5.into()), 3), 3);
    }
}
