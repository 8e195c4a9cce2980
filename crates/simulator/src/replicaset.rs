//! ReplicaSets and ReplicationControllers: so many pods of one template.

use controlplane::failure::Result;
use value::Value;
use value::selector::{LabelSelector, Operator, Requirement};

use crate::pods;
use crate::world::{MANAGER, Work, World, selector, set_count};

/// Pods that one look at a set makes at most; the next look makes more.
const BURST_MAX: i64 = 500;

pub(crate) fn reconcile(world: &mut World, work: &Work, group: &str) -> Result<()> {
    let plural = if group.is_empty() {
        "replicationcontrollers"
    } else {
        "replicasets"
    };
    let kind = world.kind(group, "v1", plural)?;
    let set = world.get(&kind, &work.namespace, &work.name)?;
    let selector = if group.is_empty() {
        plain_selector(&set.value)
    } else {
        selector(&set.value)?
    };
    // What selects everything would make pods without end, none of which it may call its own.
    if selector.is_everything() {
        return Ok(());
    }
    let pod_kind = world.kind("", "v1", "pods")?;
    let claimed = world.claim(&pod_kind, &kind, &set, &selector)?;
    let (active, rest): (Vec<_>, Vec<_>) = claimed.into_iter().partition(|p| pods::is_active(p));
    let terminating = rest
        .iter()
        .filter(|p| p.deleting() && !pods::is_finished(&p.value))
        .count();
    let wanted = set.value.i64_at(&["spec", "replicas"]).unwrap_or(1);
    let present = i64::try_from(active.len()).unwrap_or(i64::MAX);
    let empty = Value::object();
    let template = set.value.at(&["spec", "template"]).unwrap_or(&empty);
    if !set.deleting() {
        if present < wanted {
            pods::create(
                world,
                &kind,
                &set,
                template,
                (wanted - present).min(BURST_MAX),
            )?;
            if wanted - present > BURST_MAX {
                world.add(work.clone());
            }
        } else if present > wanted {
            let surplus = usize::try_from(present - wanted).unwrap_or(0);
            pods::delete_surplus(world, &active, surplus)?;
        }
    }
    // The status counts what was there when this look began, as upstream's does, so that it tells
    // of pods only after they are seen.
    let minimum = set.value.i64_at(&["spec", "minReadySeconds"]).unwrap_or(0);
    let now = world.timestamp();
    let count = |test: &dyn Fn(&Value) -> bool| {
        i64::try_from(active.iter().filter(|p| test(&p.value)).count()).unwrap_or(i64::MAX)
    };
    let labels = template
        .at(&["metadata", "labels"])
        .cloned()
        .unwrap_or_default();
    let full = count(&|pod| {
        let own = pod.at(&["metadata", "labels"]).unwrap_or(&Value::Null);
        labels
            .as_object()
            .is_none_or(|l| l.iter().all(|(k, v)| own.get(k) == Some(v)))
    });
    let ready = count(&pods::is_ready);
    let available = count(&|pod| pods::is_available(pod, minimum, now));
    if available < ready && minimum > 0 {
        world.add_after(work.clone(), std::time::Duration::from_secs(1));
    }
    let mut status = set
        .value
        .get("status")
        .cloned()
        .unwrap_or_else(Value::object);
    status.set_at(&["replicas"], present);
    set_count(&mut status, "fullyLabeledReplicas", full);
    set_count(&mut status, "readyReplicas", ready);
    set_count(&mut status, "availableReplicas", available);
    if !group.is_empty() {
        status.set_at(&["terminatingReplicas"], terminating);
    }
    if let Some(generation) = set.value.i64_at(&["metadata", "generation"]) {
        status.set_at(&["observedGeneration"], generation);
    }
    world.set_status(&kind, &set, MANAGER, &status)?;
    Ok(())
}

/// A ReplicationController selects by labels alone.
fn plain_selector(set: &Value) -> LabelSelector {
    let labels = set.at(&["spec", "selector"]).and_then(Value::as_object);
    let requirements = labels.into_iter().flatten().filter_map(|(key, value)| {
        let value = value.as_str().unwrap_or_default().to_owned();
        Requirement::new(key.as_str(), Operator::In, vec![value]).ok()
    });
    LabelSelector::new(requirements.collect())
}
