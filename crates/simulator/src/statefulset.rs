//! StatefulSets: pods with names that last, one after the other.

use std::sync::Arc;

use controlplane::Object;
use controlplane::failure::Result;
use controlplane::kinds::Kind;
use value::{Value, json};

use crate::pods;
use crate::world::{MANAGER, Work, World, reference, selector};

const REVISION: &str = "controller-revision-hash";

pub(crate) fn reconcile(world: &mut World, work: &Work) -> Result<()> {
    let kind = world.kind("apps", "v1", "statefulsets")?;
    let set = world.get(&kind, &work.namespace, &work.name)?;
    let selector = selector(&set.value)?;
    // What selects everything would make pods without end, none of which it may call its own.
    if selector.is_everything() {
        return Ok(());
    }
    let pod_kind = world.kind("", "v1", "pods")?;
    let claimed = world.claim(&pod_kind, &kind, &set, &selector)?;
    let revision = ensure_revision(world, &kind, &set)?;
    let replicas = set.value.i64_at(&["spec", "replicas"]).unwrap_or(1);
    let start = set
        .value
        .i64_at(&["spec", "ordinals", "start"])
        .unwrap_or(0);
    let parallel = set.value.str_at(&["spec", "podManagementPolicy"]) == "Parallel";
    let find = |ordinal: i64| {
        let name = format!("{}-{ordinal}", set.name());
        claimed.iter().find(move |p| p.name() == name)
    };
    if !set.deleting() {
        act(
            world,
            &kind,
            &pod_kind,
            &set,
            &claimed,
            &revision,
            (start, replicas, parallel),
        )?;
    }
    let minimum = set.value.i64_at(&["spec", "minReadySeconds"]).unwrap_or(0);
    let now = world.timestamp();
    let (mut present, mut ready, mut available, mut updated) = (0, 0, 0, 0);
    for pod in (start..start + replicas).filter_map(find) {
        present += 1;
        ready += i64::from(pods::is_ready(&pod.value) && !pod.deleting());
        available += i64::from(pods::is_available(&pod.value, minimum, now) && !pod.deleting());
        updated += i64::from(
            pod.value.str_at(&["metadata", "labels", REVISION]) == revision && !pod.deleting(),
        );
    }
    let surplus = claimed
        .iter()
        .filter(|p| ordinal(set.name(), p.name()).is_some_and(|o| o >= start + replicas))
        .count();
    let complete = updated == replicas && ready == replicas && surplus == 0;
    let known = set.value.str_at(&["status", "currentRevision"]);
    let current = if complete || known.is_empty() {
        revision.clone()
    } else {
        known.to_owned()
    };
    let of_current = if current == revision {
        updated
    } else {
        present - updated
    };
    let mut status = json!({
        "replicas": present + i64::try_from(surplus).unwrap_or(0), "availableReplicas": available,
        "currentRevision": current, "updateRevision": revision, "collisionCount": 0,
    });
    if let Some(generation) = set.value.i64_at(&["metadata", "generation"]) {
        status.set_at(&["observedGeneration"], generation);
    }
    for (name, count) in [
        ("readyReplicas", ready),
        ("currentReplicas", of_current),
        ("updatedReplicas", updated),
    ] {
        crate::world::set_count(&mut status, name, count);
    }
    world.set_status(&kind, &set, MANAGER, &status)?;
    Ok(())
}

fn ordinal(set: &str, pod: &str) -> Option<i64> {
    pod.strip_prefix(set)?.strip_prefix('-')?.parse().ok()
}

/// Does the next step: one at a time, unless the set says otherwise.
fn act(
    world: &World,
    kind: &Kind,
    pod_kind: &Arc<Kind>,
    set: &Object,
    claimed: &[Arc<Object>],
    revision: &str,
    (start, replicas, parallel): (i64, i64, bool),
) -> Result<()> {
    let find = |ordinal: i64| {
        let name = format!("{}-{ordinal}", set.name());
        claimed.iter().find(move |p| p.name() == name)
    };
    for number in start..start + replicas {
        match find(number) {
            None => {
                create(world, kind, pod_kind, set, number, revision)?;
                if !parallel {
                    return Ok(());
                }
            }
            Some(pod) if pods::is_finished(&pod.value) && !pod.deleting() => {
                world.delete(pod_kind, pod, Some(0))?;
                if !parallel {
                    return Ok(());
                }
            }
            Some(pod) if !parallel && (pod.deleting() || !pods::is_ready(&pod.value)) => {
                // A pod of an old revision that never gets ready would block its own repair.
                let old = pod.value.str_at(&["metadata", "labels", REVISION]) != revision;
                if old && !pod.deleting() && !pods::is_ready(&pod.value) {
                    world.delete(pod_kind, pod, None)?;
                }
                return Ok(());
            }
            Some(_) => {}
        }
    }
    let mut surplus: Vec<&Arc<Object>> = claimed
        .iter()
        .filter(|p| {
            ordinal(set.name(), p.name()).is_some_and(|o| o >= start + replicas || o < start)
        })
        .collect();
    surplus.sort_by_key(|p| std::cmp::Reverse(ordinal(set.name(), p.name())));
    for pod in surplus {
        if !pod.deleting() {
            world.delete(pod_kind, pod, None)?;
        }
        if !parallel {
            return Ok(());
        }
    }
    if set.value.str_at(&["spec", "updateStrategy", "type"]) == "OnDelete" {
        return Ok(());
    }
    let partition = set
        .value
        .i64_at(&["spec", "updateStrategy", "rollingUpdate", "partition"])
        .unwrap_or(0);
    for number in (start + partition..start + replicas).rev() {
        let Some(pod) = find(number) else {
            return Ok(());
        };
        if pod.value.str_at(&["metadata", "labels", REVISION]) != revision {
            if !pod.deleting() {
                world.delete(pod_kind, pod, None)?;
            }
            return Ok(());
        }
        if !pods::is_ready(&pod.value) || pod.deleting() {
            return Ok(());
        }
    }
    Ok(())
}

fn create(
    world: &World,
    kind: &Kind,
    pod_kind: &Arc<Kind>,
    set: &Object,
    number: i64,
    revision: &str,
) -> Result<()> {
    let name = format!("{}-{number}", set.name());
    let template = set
        .value
        .at(&["spec", "template"])
        .cloned()
        .unwrap_or_default();
    let mut pod = pods::from_template(kind, set, &template);
    pod.set_at(&["metadata", "name"], name.as_str());
    pod.set_at(&["metadata", "labels", REVISION], revision);
    pod.set_at(
        &["metadata", "labels", "apps.kubernetes.io/pod-index"],
        number.to_string(),
    );
    pod.set_at(
        &["metadata", "labels", "statefulset.kubernetes.io/pod-name"],
        name.as_str(),
    );
    pod.set_at(&["spec", "hostname"], name.as_str());
    if let Some(service) = set
        .value
        .at(&["spec", "serviceName"])
        .filter(|s| s.as_str() != Some(""))
    {
        pod.set_at(&["spec", "subdomain"], service);
    }
    let claim_kind = world.kind("", "v1", "persistentvolumeclaims")?;
    let mut volumes = pod.array_at(&["spec", "volumes"]).to_vec();
    for template in set.value.array_at(&["spec", "volumeClaimTemplates"]) {
        let volume = template.str_at(&["metadata", "name"]);
        let claim = format!("{volume}-{name}");
        if world.get(&claim_kind, set.namespace(), &claim).is_err() {
            let mut metadata = json!({"name": claim.as_str()});
            let labels = set.value.at(&["spec", "selector", "matchLabels"]).cloned();
            metadata.set_at(&["labels"], labels.unwrap_or_else(Value::object));
            let object = json!({
                "metadata": metadata, "spec": template.at(&["spec"]).cloned().unwrap_or_default(),
            });
            world.create(&claim_kind, set.namespace(), object)?;
        }
        volumes.retain(|v| v.str_at(&["name"]) != volume);
        volumes.push(json!({"name": volume, "persistentVolumeClaim": {"claimName": claim}}));
    }
    if !volumes.is_empty() {
        pod.set_at(&["spec", "volumes"], Value::Array(volumes));
    }
    match world.create(pod_kind, set.namespace(), pod) {
        Err(failure) if failure.reason != "AlreadyExists" => Err(failure),
        _ => Ok(()),
    }
}

/// Returns the hash of a revision as kube-controller-manager computes it: FNV-1 over the JSON that
/// Go writes and the collision count, its decimal digits spelled in an alphabet that is safe.
fn revision_hash(data: &Value) -> String {
    let mut json = data.to_json();
    for (plain, escaped) in [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026")] {
        json = json.replace(plain, escaped);
    }
    json.push('0');
    let hash = json.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        hash.wrapping_mul(0x0100_0193) ^ u32::from(byte)
    });
    crate::template_hash::safe(&hash.to_string())
}

/// Makes the ControllerRevision of the present template, and returns its name.
fn ensure_revision(world: &World, kind: &Kind, set: &Object) -> Result<String> {
    let revisions = world.kind("apps", "v1", "controllerrevisions")?;
    let template = set
        .value
        .at(&["spec", "template"])
        .cloned()
        .unwrap_or_default();
    let mut data = template.clone();
    data.set_at(&["$patch"], "replace");
    let data = json!({"spec": {"template": data}});
    let hash = revision_hash(&data);
    let name = format!("{}-{hash}", set.name());
    if set.deleting() || world.get(&revisions, set.namespace(), &name).is_ok() {
        return Ok(name);
    }
    let own = world.list(&revisions, set.namespace());
    let newest = own
        .iter()
        .filter(|r| {
            crate::world::controller_of(&r.value).is_some_and(|c| c.str_at(&["uid"]) == set.uid())
        })
        .filter_map(|r| r.value.i64_at(&["revision"]))
        .max()
        .unwrap_or(0);
    let mut labels = template
        .at(&["metadata", "labels"])
        .cloned()
        .unwrap_or_else(Value::object);
    labels.set_at(&["controller.kubernetes.io/hash"], hash);
    let revision = json!({
        "metadata": {"name": name.as_str(), "labels": labels, "ownerReferences": [reference(kind, set)]},
        "data": data, "revision": newest + 1,
    });
    match world.create(&revisions, set.namespace(), revision) {
        Err(failure) if failure.reason != "AlreadyExists" => Err(failure),
        _ => Ok(name),
    }
}
