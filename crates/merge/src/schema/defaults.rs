//! What an OpenAPI document of version 2 leaves out about the built-in types.

use super::{Schema, SchemaError};
use value::{Value, json};

/// Reads the built-in types from an API server's OpenAPI document, and adds what the absence of
/// the key of a list means: `TCP` for a protocol, else the empty value of a type whose decoder
/// always fills it in.
///
/// # Errors
///
/// As [`Schema::from_openapi`].
pub fn builtin_from_openapi(mut document: Value) -> Result<Schema, SchemaError> {
    let mut keys = Vec::new();
    if let Some(definitions) = document.get("definitions").and_then(Value::as_object) {
        for definition in definitions.values() {
            let properties = definition.get("properties").and_then(Value::as_object);
            for (_, list) in properties.into_iter().flatten() {
                let reference = list.str_at(&["items", "$ref"]);
                let name = reference.rsplit('/').next().unwrap_or("").to_owned();
                for key in list.array_at(&["x-kubernetes-list-map-keys"]) {
                    keys.push((name.clone(), key.as_str().unwrap_or("").to_owned()));
                }
            }
        }
    }
    for (name, key) in keys {
        let Some(item) = document.at(&["definitions", &name]) else {
            continue;
        };
        let required = item.array_at(&["required"]).contains(&json!(key.as_str()));
        let reference = name.ends_with(".LocalObjectReference");
        let default = match (key.as_str(), item.str_at(&["properties", &key, "type"])) {
            ("protocol", _) => json!("TCP"),
            (_, "string") if required || reference => json!(""),
            (_, "integer") if required => json!(0),
            _ => continue,
        };
        document.set_at(
            &["definitions", &name, "properties", &key, "default"],
            default,
        );
    }
    add_structs(&mut document);
    Schema::from_openapi(&document)
}

/// Structs that are there by value, and are so always written, beside `metadata`, `spec`, `status`
/// and what is required.
const BY_VALUE: [(&str, &str); 14] = [
    ("apps.v1.DaemonSetSpec", "updateStrategy"),
    ("apps.v1.DeploymentSpec", "strategy"),
    ("apps.v1.ReplicaSetSpec", "template"),
    ("apps.v1.StatefulSetSpec", "updateStrategy"),
    ("batch.v1.CronJobSpec", "jobTemplate"),
    ("core.v1.Event", "source"),
    ("core.v1.NodeStatus", "daemonEndpoints"),
    ("core.v1.NodeStatus", "nodeInfo"),
    ("core.v1.PersistentVolumeClaimSpec", "resources"),
    ("core.v1.PodTemplate", "template"),
    ("core.v1.ServiceStatus", "loadBalancer"),
    ("discovery.v1.Endpoint", "conditions"),
    ("networking.v1.IngressStatus", "loadBalancer"),
    ("networking.v1.NetworkPolicySpec", "podSelector"),
];

/// Marks the fields that the server always has with the default that newer documents give them.
fn add_structs(document: &mut Value) {
    let Some(definitions) = document
        .get_mut("definitions")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    for (name, definition) in definitions.iter_mut() {
        let required: Vec<Value> = definition.array_at(&["required"]).to_vec();
        let properties = definition
            .get_mut("properties")
            .and_then(Value::as_object_mut);
        let Some(properties) = properties else {
            continue;
        };
        let is_template = name.ends_with("TemplateSpec") || name.ends_with("ClaimTemplate");
        let is_object = properties.contains_key("metadata") && properties.contains_key("kind");
        for (field, property) in properties.iter_mut() {
            let scalar = ["string", "integer", "number", "boolean"];
            let by_value = match field.as_str() {
                "metadata" | "spec" => is_object || is_template,
                "status" => is_object,
                _ => BY_VALUE
                    .iter()
                    .any(|(of, f)| name.ends_with(of) && *f == field.as_str()),
            };
            if by_value
                || required.contains(&json!(field.as_str()))
                    && !scalar.contains(&property.str_at(&["type"]))
            {
                property.set_at(&["default"], Value::object());
            }
        }
    }
}
