//! A desired object as it can be applied and compared.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use value::Value;

/// What only the server writes into metadata.
const SERVER_METADATA: [&str; 7] = [
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Returns the object without what only the server may set (`status`, parts of `metadata`), and
/// with the `stringData` of a Secret in its `data`, where the server puts it.
#[must_use]
pub fn normalise(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(members) = object.as_object_mut() {
        members.remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for name in SERVER_METADATA {
            metadata.remove(name);
        }
    }
    if (object.str_at(&["apiVersion"]), object.str_at(&["kind"])) == ("v1", "Secret") {
        secret(&mut object);
    }
    object
}

fn secret(object: &mut Value) {
    let Some(text) = object.remove_at(&["stringData"]) else {
        return;
    };
    let Value::Object(text) = text else {
        // The server says what is wrong with it.
        object.set_at(&["stringData"], text);
        return;
    };
    for (name, value) in text {
        let encoded = match value {
            Value::String(plain) => Value::from(STANDARD.encode(plain.as_bytes())),
            other => other,
        };
        object.set_at(&["data", name.as_str()], encoded);
    }
}
