//! What controllers know about pods.

use std::sync::Arc;

use controlplane::Object;
use controlplane::failure::Result;
use controlplane::kinds::Kind;
use jiff::Timestamp;
use value::{Object as Members, Value, json};

use crate::world::{World, reference};

/// Returns true if a pod can take requests.
pub(crate) fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready").is_some_and(|c| c.str_at(&["status"]) == "True")
}

/// Returns true if a pod has been ready for `seconds`.
pub(crate) fn is_available(pod: &Value, seconds: i64, now: Timestamp) -> bool {
    let Some(ready) = condition(pod, "Ready").filter(|c| c.str_at(&["status"]) == "True") else {
        return false;
    };
    if seconds == 0 {
        return true;
    }
    let since = ready.str_at(&["lastTransitionTime"]).parse::<Timestamp>();
    since.is_ok_and(|since| now.duration_since(since).as_secs() >= seconds)
}

fn condition<'a>(pod: &'a Value, kind: &str) -> Option<&'a Value> {
    pod.array_at(&["status", "conditions"])
        .iter()
        .find(|c| c.str_at(&["type"]) == kind)
}

/// Returns true if a pod has ended, well or not.
pub(crate) fn is_finished(pod: &Value) -> bool {
    matches!(pod.str_at(&["status", "phase"]), "Succeeded" | "Failed")
}

/// Returns true if a pod counts: it has not ended, and is not about to.
pub(crate) fn is_active(pod: &Object) -> bool {
    !pod.deleting() && !is_finished(&pod.value)
}

/// Returns the pod that a template makes for an owner.
pub(crate) fn from_template(kind: &Kind, owner: &Object, template: &Value) -> Value {
    let mut metadata = Members::new();
    for name in ["labels", "annotations", "finalizers"] {
        if let Some(value) = template.at(&["metadata", name]).filter(|v| !v.is_empty()) {
            metadata.insert(name, value.clone());
        }
    }
    metadata.insert("generateName", format!("{}-", owner.name()));
    metadata.insert("ownerReferences", json!([reference(kind, owner)]));
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
        "spec": template.at(&["spec"]).cloned().unwrap_or_else(Value::object),
    })
}

/// Makes `count` pods.
pub(crate) fn create(
    world: &World,
    kind: &Kind,
    owner: &Object,
    template: &Value,
    count: i64,
) -> Result<()> {
    let pods = world.kind("", "v1", "pods")?;
    for _ in 0..count {
        world.create(
            &pods,
            owner.namespace(),
            from_template(kind, owner, template),
        )?;
    }
    Ok(())
}

/// Deletes `count` of some pods: those that do least first.
pub(crate) fn delete_surplus(world: &World, pods: &[Arc<Object>], count: usize) -> Result<()> {
    let kind = world.kind("", "v1", "pods")?;
    let mut order: Vec<&Arc<Object>> = pods.iter().collect();
    order.sort_by_key(|pod| {
        let scheduled = !pod.value.str_at(&["spec", "nodeName"]).is_empty();
        let running = match pod.value.str_at(&["status", "phase"]) {
            "Pending" => 0,
            "Unknown" => 1,
            _ => 2,
        };
        (
            scheduled,
            running,
            is_ready(&pod.value),
            std::cmp::Reverse(pod.revision),
        )
    });
    for pod in order.into_iter().take(count) {
        world.delete(&kind, pod, None)?;
    }
    Ok(())
}
