//! Values of Secrets never leave: what is shown instead tells only which are alike.

use engine::ObjectKey;
use sha2::{Digest as _, Sha256};
use value::{Object, Value};

/// Members of a Secret that hold values.
const MEMBERS: [&str; 2] = ["data", "stringData"];
/// The annotation in which `kubectl apply` keeps the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Hides values; the same value is hidden the same way as long as the mask lives, and no mask's
/// text says anything to another's.
pub(crate) struct Mask {
    salt: [u8; 16],
}

impl Mask {
    pub(crate) fn new() -> Self {
        let mut salt = [0u8; 16];
        // Without random numbers all values look alike.
        let _none = getrandom::fill(&mut salt);
        Self { salt }
    }

    /// Returns what stands for a value: equal ones alike.
    fn word(&self, value: &Value) -> String {
        let text = value.to_json();
        let mut hasher = Sha256::new();
        hasher.update(self.salt);
        hasher.update(text.as_bytes());
        let digest = hasher.finalize();
        let mark: String = digest[..3].iter().map(|b| format!("{b:02x}")).collect();
        format!("++++++++ ({mark})")
    }

    /// Hides the values of a Secret, keys stay; other objects stay as they are.
    pub(crate) fn object(&self, object: &mut Value) {
        if let Some(annotations) = object
            .get_mut("metadata")
            .and_then(|m| m.get_mut("annotations"))
            && let Some(annotations) = annotations.as_object_mut()
            && let Some(text) = annotations.get(LAST_APPLIED).and_then(Value::as_str)
            && let Ok(mut inner) = Value::parse(text.as_bytes())
            && inner.str_at(&["kind"]) == "Secret"
        {
            inner.remove_at(&["metadata", "annotations", LAST_APPLIED]);
            self.object(&mut inner);
            annotations.insert(LAST_APPLIED, inner.to_json());
        }
        let is_core = !object.str_at(&["apiVersion"]).contains('/');
        if object.str_at(&["kind"]) != "Secret" || !is_core {
            return;
        }
        for member in MEMBERS {
            let Some(data) = object.get_mut(member).and_then(Value::as_object_mut) else {
                continue;
            };
            let hidden: Object = data
                .iter()
                .map(|(name, value)| (name.clone(), Value::from(self.word(value))))
                .collect();
            *data = hidden;
        }
    }
}

/// Returns true if a field of an object holds a Secret's value.
pub(crate) fn hides(key: &ObjectKey, path: &str) -> bool {
    let is_secret = &*key.kind == "Secret" && key.group.is_empty();
    let path = path.trim_start_matches('/');
    is_secret && (MEMBERS.iter().any(|m| path.starts_with(m)) || path.contains(LAST_APPLIED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    #[test]
    fn values_are_hidden_and_equal_ones_look_alike() {
        let mask = Mask::new();
        let mut secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"annotations": {
                LAST_APPLIED: r#"{"apiVersion":"v1","kind":"Secret","stringData":{"p":"hunter2"}}"#,
            }},
            "data": {"a": "aHVudGVyMg==", "b": "aHVudGVyMg==", "c": "b3RoZXI="},
        });
        mask.object(&mut secret);
        let text = secret.to_json();
        assert!(
            !text.contains("hunter2") && !text.contains("aHVudGVyMg"),
            "{text}"
        );
        assert_eq!(secret.at(&["data", "a"]), secret.at(&["data", "b"]));
        assert_ne!(secret.at(&["data", "a"]), secret.at(&["data", "c"]));
        let other = Mask::new();
        let mut again =
            json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "aHVudGVyMg=="}});
        other.object(&mut again);
        assert_ne!(again.at(&["data", "a"]), secret.at(&["data", "a"]));
    }

    #[test]
    fn other_objects_stay_as_they_are() {
        let mut map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}});
        let before = map.clone();
        Mask::new().object(&mut map);
        assert_eq!(map, before);
    }
}
