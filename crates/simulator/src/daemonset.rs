//! DaemonSets: one pod on every node.

use controlplane::failure::Result;
use value::{Value, json};

use crate::pods;
use crate::world::{MANAGER, Work, World, selector, set_count};

const GENERATION: &str = "pod-template-generation";

pub(crate) fn reconcile(world: &mut World, work: &Work) -> Result<()> {
    let kind = world.kind("apps", "v1", "daemonsets")?;
    let set = world.get(&kind, &work.namespace, &work.name)?;
    let selector = selector(&set.value)?;
    // What selects everything would make pods without end, none of which it may call its own.
    if selector.is_everything() {
        return Ok(());
    }
    let pod_kind = world.kind("", "v1", "pods")?;
    let claimed = world.claim(&pod_kind, &kind, &set, &selector)?;
    let nodes = world.list(&world.kind("", "v1", "nodes")?, "");
    let generation = set
        .value
        .i64_at(&["metadata", "generation"])
        .unwrap_or(1)
        .to_string();
    let current = |pod: &Value| pod.str_at(&["metadata", "labels", GENERATION]) == generation;
    let node_of = |pod: &Value| {
        let named = pod.str_at(&["spec", "nodeName"]);
        if named.is_empty() {
            pod.str_at(&["metadata", "annotations", NODE]).to_owned()
        } else {
            named.to_owned()
        }
    };
    let (mut scheduled, mut ready, mut available, mut updated) = (0, 0, 0, 0);
    let minimum = set.value.i64_at(&["spec", "minReadySeconds"]).unwrap_or(0);
    for node in &nodes {
        let here: Vec<_> = claimed
            .iter()
            .filter(|p| pods::is_active(p) && node_of(&p.value) == node.name())
            .collect();
        let ending = claimed
            .iter()
            .any(|p| p.deleting() && node_of(&p.value) == node.name());
        if let Some(pod) = here.first() {
            scheduled += 1;
            ready += i64::from(pods::is_ready(&pod.value));
            available += i64::from(pods::is_available(&pod.value, minimum, world.timestamp()));
            updated += i64::from(current(&pod.value));
            let rolling = set.value.str_at(&["spec", "updateStrategy", "type"]) != "OnDelete";
            if !current(&pod.value) && rolling && !set.deleting() {
                world.delete(&pod_kind, pod, None)?;
            }
        } else if !ending && !set.deleting() {
            let template = set
                .value
                .at(&["spec", "template"])
                .cloned()
                .unwrap_or_default();
            let mut pod = pods::from_template(&kind, &set, &template);
            pod.set_at(&["metadata", "labels", GENERATION], generation.as_str());
            pod.set_at(&["metadata", "annotations", NODE], node.name());
            world.create(&pod_kind, set.namespace(), pod)?;
        }
    }
    let desired = i64::try_from(nodes.len()).unwrap_or(i64::MAX);
    let mut status = json!({
        "currentNumberScheduled": scheduled, "numberMisscheduled": 0,
        "desiredNumberScheduled": desired, "numberReady": ready,
    });
    if let Some(generation) = set.value.i64_at(&["metadata", "generation"]) {
        status.set_at(&["observedGeneration"], generation);
    }
    set_count(&mut status, "updatedNumberScheduled", updated);
    set_count(&mut status, "numberAvailable", available);
    set_count(&mut status, "numberUnavailable", desired - available);
    world.set_status(&kind, &set, MANAGER, &status)?;
    Ok(())
}

/// The node that a pod is for, until the scheduler has put it there.
const NODE: &str = "sim.windlass.dev/node";
