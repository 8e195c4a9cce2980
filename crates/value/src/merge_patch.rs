//! JSON merge patch (RFC 7386).

use crate::{Object, Value};

impl Value {
    /// Applies a JSON merge patch: objects merge, `null` removes, everything else replaces.
    pub fn merge_patch(&mut self, patch: &Self) {
        match (self, patch) {
            (Self::Object(target), Self::Object(patch)) => merge(target, patch),
            // An array or scalar in the place of an object is taken as it is; whatever replaces
            // something else loses its nulls, also inside arrays, as a kube-apiserver does it.
            (target @ Self::Object(_), patch) => *target = patch.clone(),
            (target, patch) => *target = without_nulls(patch),
        }
    }
}

fn merge(target: &mut Object, patch: &Object) {
    for (name, patch) in patch {
        if patch.is_null() {
            target.remove(name);
        } else {
            target.entry(name, || Value::Null).merge_patch(patch);
        }
    }
}

fn without_nulls(v: &Value) -> Value {
    match v {
        Value::Object(o) => o
            .iter()
            .filter(|(_, v)| !v.is_null())
            .map(|(k, v)| (k.clone(), without_nulls(v)))
            .collect::<Object>()
            .into(),
        Value::Array(a) => Value::Array(a.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}

/// Returns the merge patch that turns `from` into `to`; `{}` if they are equal. Arrays are replaced
/// whole. A `null` inside `to` can't be expressed: where it is new, the patch removes the member.
#[must_use]
pub fn create_merge_patch(from: &Value, to: &Value) -> Value {
    let (Value::Object(from), Value::Object(to)) = (from, to) else {
        return to.clone();
    };
    let mut patch = Object::new();
    for (name, new) in to {
        match from.get(name) {
            Some(old) if old == new => {}
            Some(old) if old.is_object() && new.is_object() => {
                patch.insert(name.clone(), create_merge_patch(old, new));
            }
            _ => {
                patch.insert(name.clone(), new.clone());
            }
        }
    }
    for name in from.keys().filter(|name| !to.contains_key(name)) {
        patch.insert(name.clone(), Value::Null);
    }
    patch.into()
}

#[cfg(test)]
mod tests {
    use super::create_merge_patch;
    use crate::json;

    #[test]
    fn merge_patches_follow_rfc_7386() {
        for (target, patch, want) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": "b"}),
                json!({"b": "c"}),
                json!({"a": "b", "b": "c"}),
            ),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (
                json!({"a": [{"b": "c"}]}),
                json!({"a": [1]}),
                json!({"a": [1]}),
            ),
            (
                json!({"e": null}),
                json!({"a": 1}),
                json!({"e": null, "a": 1}),
            ),
            (
                json!([1, 2]),
                json!({"a": "b", "c": null}),
                json!({"a": "b"}),
            ),
            (
                json!({}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
        ] {
            let mut got = target.clone();
            got.merge_patch(&patch);
            assert_eq!(got, want, "{target} + {patch}");
        }
    }

    #[test]
    fn a_created_patch_leads_from_one_to_the_other() {
        let from = json!({"a": {"b": 1, "c": [1, 2]}, "d": 1, "e": {"x": 1}});
        let to = json!({"a": {"b": 2, "c": [1]}, "e": "text", "f": {"y": 2}});
        let patch = create_merge_patch(&from, &to);
        assert_eq!(
            patch,
            json!({"a": {"b": 2, "c": [1]}, "d": null, "e": "text", "f": {"y": 2}})
        );
        let mut got = from;
        got.merge_patch(&patch);
        assert_eq!(got, to);
        assert_eq!(create_merge_patch(&to, &to), json!({}));
    }
}
