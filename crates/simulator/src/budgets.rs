//! Disruption budgets: how many pods may be missing.

use controlplane::failure::Result;
use value::{Value, json};

use crate::pods;
use crate::world::{MANAGER, Work, World, selector, set_condition};

pub(crate) fn reconcile(world: &mut World, work: &Work) -> Result<()> {
    let kind = world.kind("policy", "v1", "poddisruptionbudgets")?;
    let budget = world.get(&kind, &work.namespace, &work.name)?;
    let selector = selector(&budget.value)?;
    let pod_kind = world.kind("", "v1", "pods")?;
    let protected: Vec<_> = world
        .list(&pod_kind, &work.namespace)
        .into_iter()
        .filter(|p| {
            let labels = p.value.at(&["metadata", "labels"]).unwrap_or(&Value::Null);
            selector.matches(labels) && !pods::is_finished(&p.value)
        })
        .collect();
    // A share, and what may be missing, are counted from what controllers want to have.
    let counted = budget
        .value
        .at(&["spec", "minAvailable"])
        .is_some_and(|v| v.as_str().is_none());
    let controlled = |pod: &&std::sync::Arc<controlplane::Object>| {
        let owners = pod.value.array_at(&["metadata", "ownerReferences"]);
        let controls = |o: &Value| o.get("controller").and_then(Value::as_bool) == Some(true);
        counted || owners.iter().any(controls)
    };
    let expected = protected.iter().filter(controlled).count();
    let expected = i64::try_from(expected).unwrap_or(i64::MAX);
    let healthy = protected
        .iter()
        .filter(|p| !p.deleting() && pods::is_ready(&p.value))
        .count();
    let healthy = i64::try_from(healthy).unwrap_or(i64::MAX);
    let scaled = |value: &Value| match value {
        Value::String(percent) => {
            let percent: i64 = percent.trim_end_matches('%').parse().unwrap_or(0);
            (percent * expected + 99) / 100
        }
        number => number.as_i64().unwrap_or(0),
    };
    let desired = match (
        budget.value.at(&["spec", "minAvailable"]),
        budget.value.at(&["spec", "maxUnavailable"]),
    ) {
        (Some(minimum), _) => scaled(minimum),
        (None, Some(maximum)) => (expected - scaled(maximum)).max(0),
        (None, None) => 0,
    };
    let allowed = if expected == 0 {
        0
    } else {
        (healthy - desired).max(0)
    };
    let generation = budget
        .value
        .i64_at(&["metadata", "generation"])
        .unwrap_or(0);
    let mut status = budget
        .value
        .get("status")
        .cloned()
        .unwrap_or_else(Value::object);
    status.set_at(&["observedGeneration"], generation);
    status.set_at(&["disruptionsAllowed"], allowed);
    status.set_at(&["currentHealthy"], healthy);
    status.set_at(&["desiredHealthy"], desired);
    status.set_at(&["expectedPods"], expected);
    let mut conditions = status.array_at(&["conditions"]).to_vec();
    let (holds, reason) = if allowed > 0 {
        ("True", "SufficientPods")
    } else {
        ("False", "InsufficientPods")
    };
    let condition = json!({
        "type": "DisruptionAllowed", "status": holds, "reason": reason, "message": "",
        "observedGeneration": generation, "lastTransitionTime": world.now(),
    });
    set_condition(&mut conditions, condition, true);
    status.set_at(&["conditions"], conditions);
    world.set_status(&kind, &budget, MANAGER, &status)?;
    Ok(())
}
