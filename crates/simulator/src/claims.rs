//! Claims for storage: each gets a volume of its own.

use controlplane::failure::Result;
use value::{Value, json};

use crate::Mode;
use crate::world::{MANAGER, Work, World};

pub(crate) fn reconcile(world: &mut World, work: &Work) -> Result<()> {
    if world.mode != Mode::Workloads {
        return Ok(());
    }
    let kind = world.kind("", "v1", "persistentvolumeclaims")?;
    let claim = world.get(&kind, &work.namespace, &work.name)?;
    if claim.deleting() {
        // No pod really uses it: the protection may go.
        world.modify(&kind, &claim, |c| {
            let mut names = c.array_at(&["metadata", "finalizers"]).to_vec();
            names.retain(|n| n.as_str() != Some("kubernetes.io/pvc-protection"));
            c.set_at(&["metadata", "finalizers"], Value::Array(names));
            Ok(())
        })?;
        return Ok(());
    }
    if claim.value.str_at(&["status", "phase"]) == "Bound" {
        return Ok(());
    }
    let volume = match claim.value.str_at(&["spec", "volumeName"]) {
        "" => format!("pvc-{}", claim.uid()),
        named => named.to_owned(),
    };
    let class = claim.value.str_at(&["spec", "storageClassName"]).to_owned();
    let size = claim
        .value
        .at(&["spec", "resources", "requests", "storage"])
        .cloned()
        .unwrap_or_else(|| "1Gi".into());
    let modes = claim
        .value
        .at(&["spec", "accessModes"])
        .cloned()
        .unwrap_or_else(|| json!(["ReadWriteOnce"]));
    let volumes = world.kind("", "v1", "persistentvolumes")?;
    if world.get(&volumes, "", &volume).is_err() {
        let made = world.create(&volumes, "", json!({
            "metadata": {"name": volume.as_str()},
            "spec": {
                "capacity": {"storage": size.clone()}, "accessModes": modes.clone(),
                "storageClassName": class, "persistentVolumeReclaimPolicy": "Delete",
                "hostPath": {"path": format!("/simulated/{volume}"), "type": ""},
                "claimRef": {
                    "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": work.namespace.as_str(),
                    "name": work.name.as_str(), "uid": claim.uid(),
                },
            },
        }))?;
        world.set_status(&volumes, &made, MANAGER, &json!({"phase": "Bound"}))?;
    }
    let claim = world.modify(&kind, &claim, |c| {
        c.set_at(&["spec", "volumeName"], volume.as_str());
        c.set_at(
            &["metadata", "annotations", "pv.kubernetes.io/bind-completed"],
            "yes",
        );
        Ok(())
    })?;
    let status = json!({"phase": "Bound", "accessModes": modes, "capacity": {"storage": size}});
    world.set_status(&kind, &claim, MANAGER, &status)?;
    Ok(())
}
