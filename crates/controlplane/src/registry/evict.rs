//! Evictions: deletions of pods that disruption budgets have a say in.

use value::selector::LabelSelector;
use value::{Value, json};

use super::{DeleteOptions, Deleted, Registry, Result, Target};
use crate::failure::Failure;

impl Registry {
    /// Deletes a pod, if no disruption budget forbids it.
    ///
    /// # Errors
    /// Fails with code 429 if a budget forbids it, and as [`Registry::delete`] does.
    pub async fn evict(&self, pod: &Target, options: &DeleteOptions) -> Result<Deleted> {
        let object = self.find(pod)?;
        let phase = object.value.str_at(&["status", "phase"]);
        let free = matches!(phase, "Pending" | "Succeeded" | "Failed") || object.deleting();
        if !free {
            self.spend_budget(pod, &object.value, options)?;
        }
        if !object.deleting() {
            self.tell_why(pod, options)?;
        }
        self.delete(pod, options).await
    }

    /// Writes down in the pod why it goes.
    fn tell_why(&self, pod: &Target, options: &DeleteOptions) -> Result<()> {
        let now = crate::clock::seconds(self.now());
        let condition = json!({
            "type": "DisruptionTarget", "status": "True", "lastProbeTime": null,
            "lastTransitionTime": now, "reason": "EvictionByEvictionAPI",
            "message": "Eviction API: evicting",
        });
        let mut write = options.write.clone();
        write.manager.clear();
        self.modify_now(&pod.clone().sub("eviction"), &write, |pod| {
            let mut conditions = pod.array_at(&["status", "conditions"]).to_vec();
            conditions.retain(|c| c.str_at(&["type"]) != "DisruptionTarget");
            conditions.push(condition.clone());
            pod.set_at(&["status", "conditions"], conditions);
            Ok(())
        })?;
        Ok(())
    }

    fn spend_budget(&self, pod: &Target, object: &Value, options: &DeleteOptions) -> Result<()> {
        let kind = self.kind("policy", "v1", "poddisruptionbudgets")?;
        let target = Target::collection(&kind, &pod.namespace);
        let labels = object
            .at(&["metadata", "labels"])
            .cloned()
            .unwrap_or_default();
        let listing = self.list_now(&target, &super::ListOptions::default())?;
        let mut matching = listing.objects.iter().filter(|budget| {
            let selector = budget.value.at(&["spec", "selector"]);
            selector.is_some_and(|s| LabelSelector::from_value(s).is_ok_and(|s| s.matches(&labels)))
        });
        let Some(budget) = matching.next() else {
            return Ok(());
        };
        if matching.next().is_some() {
            return Err(Failure::unexplained(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource \
                 does not support.",
            ));
        }
        let status = |name: &str| budget.value.i64_at(&["status", name]).unwrap_or(0);
        if status("disruptionsAllowed") <= 0 {
            let message = format!(
                "The disruption budget {} needs {} healthy pods and has {} currently",
                budget.name(),
                status("desiredHealthy"),
                status("currentHealthy")
            );
            return Err(Failure::new(
                429,
                "TooManyRequests",
                "Cannot evict pod as it would violate the pod's disruption budget.",
            )
            .with_details(
                json!({"causes": [{"reason": "DisruptionBudget", "message": message}]}),
            ));
        }
        let mut write = options.write.clone();
        write.manager.clear();
        let target = Target::object(&kind, budget.namespace(), budget.name()).sub("status");
        let name = pod.name.clone();
        let now = crate::clock::seconds(self.now());
        self.modify_now(&target, &write, |budget| {
            let left = budget
                .i64_at(&["status", "disruptionsAllowed"])
                .unwrap_or(0);
            budget.set_at(&["status", "disruptionsAllowed"], left - 1);
            budget.set_at(&["status", "disruptedPods", name.as_str()], now.as_str());
            Ok(())
        })?;
        Ok(())
    }
}
