//! Fields as people write them, and who owns them in `managedFields`.

use value::Value;

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A field, and one of those who own it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Owned {
    /// A JSON pointer.
    pub(super) pointer: String,
    pub(super) manager: String,
    /// `Apply` or `Update`, and the subresource through which.
    pub(super) operation: String,
    pub(super) time: String,
}

/// Returns the fields of an object with their owners, in the order of the object's own
/// `managedFields`; what is no longer there is left out.
pub(super) fn owned(object: &Value) -> Vec<Owned> {
    let mut out = Vec::new();
    for entry in object.array_at(&["metadata", "managedFields"]) {
        let Some(fields) = entry.get("fieldsV1") else {
            continue;
        };
        let mut pointers = Vec::new();
        leaves(fields, object, String::new(), &mut pointers);
        let operation = match entry.str_at(&["subresource"]) {
            "" => entry.str_at(&["operation"]).to_owned(),
            subresource => format!("{} of {subresource}", entry.str_at(&["operation"])),
        };
        out.extend(pointers.into_iter().map(|pointer| Owned {
            pointer,
            manager: entry.str_at(&["manager"]).to_owned(),
            operation: operation.clone(),
            time: entry.str_at(&["time"]).to_owned(),
        }));
    }
    out
}

fn leaves(fields: &Value, value: &Value, pointer: String, out: &mut Vec<String>) {
    let own = fields.as_object().into_iter().flat_map(value::Object::iter);
    let mut is_leaf = true;
    for (name, inner) in own {
        let found = match name.split_once(':') {
            Some(("f", name)) => value.get(name).map(|v| (escaped(name), v)),
            Some(("k", keys)) => item(value, |item| has_keys(item, keys)),
            Some(("v", text)) => item(value, |item| item.to_json() == text),
            Some(("i", index)) => item(value, |_| false).or_else(|| {
                Some((
                    index.to_owned(),
                    value.as_array()?.get(index.parse::<usize>().ok()?)?,
                ))
            }),
            // "." is the thing itself.
            _ => continue,
        };
        is_leaf = false;
        if let Some((step, inside)) = found {
            leaves(inner, inside, format!("{pointer}/{step}"), out);
        }
    }
    if is_leaf {
        out.push(pointer);
    }
}

fn item(list: &Value, fits: impl Fn(&Value) -> bool) -> Option<(String, &Value)> {
    let list = list.as_array()?;
    let at = list.iter().position(fits)?;
    Some((at.to_string(), &list[at]))
}

fn has_keys(item: &Value, keys: &str) -> bool {
    let Ok(keys) = Value::parse(keys.as_bytes()) else {
        return false;
    };
    let mut keys = keys.as_object().into_iter().flat_map(value::Object::iter);
    keys.all(|(name, wanted)| item.get(name) == Some(wanted))
}

/// Returns a pointer as people read it: `spec.containers[0].image`.
pub(super) fn readable(pointer: &str) -> String {
    let mut out = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        if part.parse::<usize>().is_ok() || part.contains('.') {
            out.push_str(&format!("[{part}]"));
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(&part);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::pointer_of;
    use value::json;

    fn object() -> Value {
        json!({
            "metadata": {
                "annotations": {"example.com/a": "1"},
                "managedFields": [
                    {
                        "manager": "windlass", "operation": "Apply", "time": "2026-01-01T00:00:00Z",
                        "fieldsV1": {"f:spec": {
                            "f:gone": {},
                            "f:list": {"k:{\"name\":\"web\"}": {".": {}, "f:image": {}, "f:name": {}}},
                        }},
                    },
                    {
                        "manager": "hpa", "operation": "Update", "subresource": "scale",
                        "time": "2026-01-02T00:00:00Z", "fieldsV1": {"f:spec": {"f:replicas": {}}},
                    },
                ],
            },
            "spec": {
                "replicas": 9,
                "list": [{"name": "side"}, {"name": "web", "image": "web:1"}],
            },
        })
    }

    #[test]
    fn people_name_fields_as_they_see_them() {
        let object = object();
        for (text, pointer) in [
            ("/spec/replicas", Some("/spec/replicas")),
            ("spec.replicas", Some("/spec/replicas")),
            (".spec.list[1].image", Some("/spec/list/1/image")),
            ("spec.list[name=web].image", Some("/spec/list/1/image")),
            ("spec.list[name=none].image", None),
            (
                "metadata.annotations[example.com/a]",
                Some("/metadata/annotations/example.com~1a"),
            ),
            ("spec.list[1", None),
        ] {
            assert_eq!(pointer_of(&object, text).as_deref(), pointer, "{text}");
        }
        let pointer = "/metadata/annotations/example.com~1a";
        assert_eq!(readable(pointer), "metadata.annotations[example.com/a]");
        assert_eq!(readable("/spec/list/1/image"), "spec.list[1].image");
    }

    #[test]
    fn every_field_that_is_there_has_its_owner() {
        let owned = owned(&object());
        let owners: Vec<(&str, &str, &str)> = owned
            .iter()
            .map(|o| (o.pointer.as_str(), o.manager.as_str(), o.operation.as_str()))
            .collect();
        assert_eq!(
            owners,
            [
                ("/spec/list/1/image", "windlass", "Apply"),
                ("/spec/list/1/name", "windlass", "Apply"),
                ("/spec/replicas", "hpa", "Update of scale"),
            ]
        );
    }
}
