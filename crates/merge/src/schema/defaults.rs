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
    Schema::from_openapi(&document)
}
