//! What Go's encoder leaves out: empty values of fields that are no pointers and say `omitempty`.
//!
//! OpenAPI doesn't tell which fields these are. Empty lists and maps always vanish; empty scalars
//! only if their field is in the lists here, because a pointer to zero stays.

use merge::Schema;
use merge::schema::Map;
use value::Value;

/// Plain booleans: `false` is the same as absent.
const BOOLEANS: [&str; 14] = [
    "globalDefault",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "paused",
    "publishNotReadyAddresses",
    "readOnly",
    "stdin",
    "stdinOnce",
    "tty",
    "unschedulable",
    "preferDualStack",
    "isDefaultClass",
    "preserveUnknownFields",
];
/// Plain numbers: zero is the same as absent.
const NUMBERS: [&str; 23] = [
    "active",
    "availableReplicas",
    "count",
    "currentReplicas",
    "failed",
    "failureThreshold",
    "fullyLabeledReplicas",
    "healthCheckNodePort",
    "hostPort",
    "initialDelaySeconds",
    "minReadySeconds",
    "nodePort",
    "numberAvailable",
    "numberUnavailable",
    "observedGeneration",
    "periodSeconds",
    "readyReplicas",
    "succeeded",
    "successThreshold",
    "unavailableReplicas",
    "updatedNumberScheduled",
    "updatedReplicas",
    "weightless",
];
/// Plain texts: the empty one is the same as absent.
const TEXTS: [&str; 36] = [
    "clusterIP",
    "dnsPolicy",
    "effect",
    "externalName",
    "externalTrafficPolicy",
    "generateName",
    "hostIP",
    "hostname",
    "image",
    "imagePullPolicy",
    "loadBalancerIP",
    "message",
    "namespace",
    "nodeName",
    "operator",
    "phase",
    "podIP",
    "podManagementPolicy",
    "priorityClassName",
    "protocol",
    "qosClass",
    "reason",
    "resourceVersion",
    "restartPolicy",
    "schedulerName",
    "selfLink",
    "serviceAccount",
    "serviceAccountName",
    "sessionAffinity",
    "subPath",
    "subdomain",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "uid",
    "value",
    "volumeName",
];

/// Returns true for lists that are written as `null` when they are given and empty.
pub(super) fn empty_is_null(owner: &str, name: &str) -> bool {
    matches!(
        (owner, name),
        ("Role" | "ClusterRole", "rules") | ("LimitRangeSpec", "limits")
    )
}

/// Returns true if the encoder leaves a member out.
pub(super) fn left_out(schema: &Schema, map: &Map, name: &str, value: &Value, owner: &str) -> bool {
    let Some(field) = map.field(name) else {
        return false;
    };
    match value {
        Value::Bool(false) => BOOLEANS.contains(&name),
        Value::Int(0) => {
            // The availability of stateful sets is always told.
            let told = owner == "StatefulSetStatus" && name == "availableReplicas";
            NUMBERS.contains(&name) && !told && owner != "PodDisruptionBudgetStatus"
        }
        Value::String(s) if s.is_empty() => {
            TEXTS.contains(&name) || name == "name" && owner == "ObjectMeta"
        }
        Value::Array(items) if items.is_empty() => {
            let untyped = schema.atom(field.of).scalar.is_some();
            !untyped && !(owner == "ObjectMeta" && name == "managedFields")
        }
        Value::Object(members) if members.is_empty() => {
            // An empty struct behind a pointer says something, an empty map doesn't.
            let atom = schema.atom(field.of);
            atom.scalar.is_none() && atom.map.as_ref().is_some_and(|m| m.fields.is_empty())
        }
        _ => false,
    }
}
