//! Volumes, claims to them and what provides them.

use value::{Value, json};

use super::row::{Otherwise, Row};
use super::{Layout, format, layout};

pub(super) fn of(kind: &str) -> Option<Layout> {
    match kind {
        "PersistentVolume" => layout(
            "Name|Capacity|Access Modes|Reclaim Policy|Status|Claim|StorageClass|\
             VolumeAttributesClass|Reason|Age|+VolumeMode",
            volume,
        ),
        "PersistentVolumeClaim" => layout(
            "Name|Status|Volume|Capacity|Access Modes|StorageClass|VolumeAttributesClass|Age|\
             +VolumeMode",
            claim,
        ),
        "StorageClass" => layout(
            "Name|Provisioner|ReclaimPolicy|VolumeBindingMode|AllowVolumeExpansion|Age",
            class,
        ),
        "VolumeAttributesClass" => layout("Name|DriverName|Age", |row| {
            json!([row.name(), row.text("driverName"), row.age()])
        }),
        "VolumeAttachment" => layout("Name|Attacher|PV|Node|Attached:boolean|Age", attachment),
        "CSIDriver" => layout(
            "Name|AttachRequired:boolean|PodInfoOnMount:boolean|StorageCapacity:boolean|\
             TokenRequests|RequiresRepublish:boolean|Modes|Age",
            driver,
        ),
        "CSINode" => layout("Name|Drivers:integer|Age", |row| {
            json!([row.name(), row.count("spec.drivers"), row.age()])
        }),
        "CSIStorageCapacity" => layout("Name|StorageClassName|Capacity", |row| {
            let capacity = row
                .quantity("capacity")
                .unwrap_or_else(|| "<unset>".to_owned());
            json!([row.name(), row.text("storageClassName"), capacity])
        }),
        _ => None,
    }
}

/// The annotation that named a class before there was a field for it.
const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

fn class_name<'a>(row: &Row<'a>) -> &'a str {
    match row
        .object
        .at(&["metadata", "annotations", CLASS_ANNOTATION])
        .and_then(Value::as_str)
    {
        Some(name) => name,
        None => row.text("spec.storageClassName"),
    }
}

/// Writes access modes briefly, each once and in a fixed order.
fn access_modes(modes: &[Value]) -> String {
    let known = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let has = |mode: &str| modes.iter().any(|m| m.as_str() == Some(mode));
    let shown: Vec<&str> = known
        .iter()
        .filter(|(mode, _)| has(mode))
        .map(|(_, s)| *s)
        .collect();
    shown.join(",")
}

fn phase<'a>(row: &Row<'a>) -> &'a str {
    if row.deleting() {
        "Terminating"
    } else {
        row.text("status.phase")
    }
}

fn capacity(row: &Row, path: &str) -> String {
    row.quantity(path).unwrap_or_else(|| "0".to_owned())
}

fn volume(row: &Row) -> Value {
    let claim = row.at("spec.claimRef").map(|claim| {
        format!(
            "{}/{}",
            claim.str_at(&["namespace"]),
            claim.str_at(&["name"])
        )
    });
    json!([
        row.name(),
        capacity(row, "spec.capacity.storage"),
        access_modes(row.items("spec.accessModes")),
        row.text("spec.persistentVolumeReclaimPolicy"),
        phase(row),
        claim.unwrap_or_default(),
        class_name(row),
        row.text_or("spec.volumeAttributesClassName", "<unset>"),
        row.text("status.reason"),
        row.age(),
        row.text_or("spec.volumeMode", "<unset>"),
    ])
}

fn claim(row: &Row) -> Value {
    // What a claim asks for isn't what it has: nothing until it is bound.
    let bound = !row.text("spec.volumeName").is_empty();
    let (capacity, modes) = if bound {
        (
            capacity(row, "status.capacity.storage"),
            access_modes(row.items("status.accessModes")),
        )
    } else {
        (String::new(), String::new())
    };
    json!([
        row.name(),
        phase(row),
        row.text("spec.volumeName"),
        capacity,
        modes,
        class_name(row),
        row.text_or("spec.volumeAttributesClassName", "<unset>"),
        row.age(),
        row.text_or("spec.volumeMode", "<unset>"),
    ])
}

fn class(row: &Row) -> Value {
    let default = row.is_default(&[
        "storageclass.kubernetes.io/is-default-class",
        "storageclass.beta.kubernetes.io/is-default-class",
    ]);
    json!([
        format!("{}{}", row.name(), if default { " (default)" } else { "" }),
        row.text("provisioner"),
        row.text_or("reclaimPolicy", "Delete"),
        row.text_or("volumeBindingMode", "Immediate"),
        row.flag("allowVolumeExpansion", Otherwise::False),
        row.age(),
    ])
}

fn attachment(row: &Row) -> Value {
    json!([
        row.name(),
        row.text("spec.attacher"),
        row.text("spec.source.persistentVolumeName"),
        row.text("spec.nodeName"),
        row.flag("status.attached", Otherwise::False),
        row.age(),
    ])
}

fn driver(row: &Row) -> Value {
    let tokens = row.at("spec.tokenRequests").and_then(Value::as_array);
    let tokens = tokens.map_or_else(
        || "<unset>".to_owned(),
        |t| format::names(t, "audience", ","),
    );
    json!([
        row.name(),
        row.flag("spec.attachRequired", Otherwise::True),
        row.flag("spec.podInfoOnMount", Otherwise::False),
        row.flag("spec.storageCapacity", Otherwise::False),
        tokens,
        row.flag("spec.requiresRepublish", Otherwise::False),
        format::or_none(format::strings(row.items("spec.volumeLifecycleModes"), ",")),
        row.age(),
    ])
}
