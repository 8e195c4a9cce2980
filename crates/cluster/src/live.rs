//! One live object: its bytes, and the little that is looked at often.

use bytes::Bytes;
use engine::{Claim, Directives, ObjectKey, Tracking};
use health::Health;
use value::Value;

/// An object of the live cache.
#[derive(Clone, Debug)]
pub struct LiveObject {
    /// What it is called.
    pub key: ObjectKey,
    /// Its `apiVersion`, which is the version that it is watched in.
    pub api_version: Box<str>,
    /// The object as JSON.
    pub raw: Bytes,
    /// Its unique id.
    pub uid: Box<str>,
    /// Its revision.
    pub resource_version: u64,
    /// The unique ids of its owners.
    pub owners: Vec<Box<str>>,
    /// The application that its tracking id names, if the id is about this very object.
    pub app: Option<Box<str>>,
    /// The application that its tracking id names, if the id is about another object.
    pub copied_from: Option<Box<str>>,
    /// Its health, if its kind has one.
    pub health: Option<Health>,
    /// What its annotations ask for.
    pub directives: Directives,
    /// True if it is being deleted.
    pub deleting: bool,
    /// Digest of what matters to a comparison: all but status, revision, generation and the times
    /// of the managed fields.
    pub fingerprint: u64,
}

impl LiveObject {
    /// Reads an object. `None` if it has no kind or no name.
    #[must_use]
    pub fn read(value: &Value, tracking: &Tracking) -> Option<Self> {
        let key = ObjectKey::of(value);
        if key.kind.is_empty() || key.name.is_empty() {
            return None;
        }
        let text = |path: &[&str]| -> Box<str> { value.str_at(path).into() };
        let owners = value.array_at(&["metadata", "ownerReferences"]);
        let (app, copied_from) = match tracking.claim(&key, value) {
            None => (None, None),
            Some(Claim::Own(app)) => (Some(app.into()), None),
            Some(Claim::Copied(app)) => (None, Some(app.into())),
        };
        Some(Self {
            api_version: text(&["apiVersion"]),
            uid: text(&["metadata", "uid"]),
            resource_version: revision(value),
            owners: owners.iter().map(|o| o.str_at(&["uid"]).into()).collect(),
            app,
            copied_from,
            health: health::of(value),
            directives: Directives::of(value),
            deleting: value.at(&["metadata", "deletionTimestamp"]).is_some(),
            fingerprint: fingerprint(value),
            raw: Bytes::from(value.to_vec().into_boxed_slice()),
            key,
        })
    }

    /// Returns the object as a tree.
    #[must_use]
    pub fn value(&self) -> Value {
        Value::parse(&self.raw).expect("it was written by us")
    }

    /// Returns the application that shows it: its own, or the one whose mark was copied.
    pub(crate) fn shown_by(&self) -> Option<&str> {
        self.app.as_deref().or(self.copied_from.as_deref())
    }

    /// Returns the version of its group.
    #[must_use]
    pub fn version(&self) -> &str {
        engine::split_api_version(&self.api_version).1
    }
}

/// Returns an object's revision; 0 if it has none.
#[must_use]
pub(crate) fn revision(value: &Value) -> u64 {
    value
        .str_at(&["metadata", "resourceVersion"])
        .parse()
        .unwrap_or(0)
}

fn fingerprint(value: &Value) -> u64 {
    use std::hash::Hasher;
    let mut hasher = std::hash::DefaultHasher::new();
    let Some(object) = value.as_object() else {
        return 0;
    };
    for (name, member) in object.iter().filter(|(name, _)| *name != "status") {
        hasher.write(name.as_bytes());
        if name == "metadata" {
            hash_metadata(member, &mut hasher);
        } else {
            hash(member, &mut hasher);
        }
    }
    hasher.finish()
}

fn hash_metadata(metadata: &Value, hasher: &mut std::hash::DefaultHasher) {
    use std::hash::Hasher;
    for (name, member) in metadata
        .as_object()
        .into_iter()
        .flat_map(value::Object::iter)
    {
        match name.as_str() {
            "resourceVersion" | "generation" => {}
            "managedFields" => {
                for entry in member.as_array().unwrap_or(&[]) {
                    // The entries of a status subresource change with every status.
                    if entry.str_at(&["subresource"]) == "status" {
                        continue;
                    }
                    for (name, member) in
                        entry.as_object().into_iter().flat_map(value::Object::iter)
                    {
                        if name != "time" {
                            hasher.write(name.as_bytes());
                            hash(member, hasher);
                        }
                    }
                }
            }
            name => {
                hasher.write(name.as_bytes());
                hash(member, hasher);
            }
        }
    }
}

/// Returns a digest of a whole value, equal for equal values within one process.
#[must_use]
pub(crate) fn digest(value: &Value) -> u64 {
    use std::hash::Hasher;
    let mut hasher = std::hash::DefaultHasher::new();
    hash(value, &mut hasher);
    hasher.finish()
}

fn hash(value: &Value, hasher: &mut std::hash::DefaultHasher) {
    use std::hash::Hasher;
    match value {
        Value::Null => hasher.write_u8(0),
        Value::Bool(b) => hasher.write_u8(1 + u8::from(*b)),
        Value::Int(i) => hasher.write_i64(*i),
        Value::UInt(u) => hasher.write_u64(*u),
        Value::Float(f) => hasher.write_u64(f.to_bits()),
        Value::String(s) => {
            hasher.write_u8(3);
            hasher.write(s.as_bytes());
        }
        Value::Array(a) => {
            hasher.write_u8(4);
            hasher.write_usize(a.len());
            for v in a {
                hash(v, hasher);
            }
        }
        Value::Object(o) => {
            hasher.write_u8(5);
            hasher.write_usize(o.len());
            for (k, v) in o.iter() {
                hasher.write(k.as_bytes());
                hash(v, hasher);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    #[test]
    fn a_tracking_id_counts_only_for_the_object_that_it_names() {
        let object = |id: &str| {
            let annotations = json!({"argocd.argoproj.io/tracking-id": id});
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {
                "name": "s", "namespace": "ns", "annotations": annotations,
            }})
        };
        let app = |id: &str| {
            LiveObject::read(&object(id), &Tracking::default())
                .unwrap()
                .app
        };
        assert_eq!(app("shop:/Service:ns/s").as_deref(), Some("shop"));
        assert_eq!(app("shop:/Service:ns/other"), None);
        assert_eq!(app("shop:apps/Service:ns/s"), None);
        assert_eq!(app(""), None);
    }

    #[test]
    fn status_and_revision_leave_the_fingerprint_alone() {
        let mut object = json!({"apiVersion": "v1", "kind": "Service", "metadata": {
            "name": "s", "resourceVersion": "1",
            "managedFields": [{"manager": "m", "time": "a", "fieldsV1": {"f:spec": {}}}],
        }, "spec": {"x": 1}, "status": {"a": 1}});
        let before = LiveObject::read(&object, &Tracking::default())
            .unwrap()
            .fingerprint;
        object.set_at(&["metadata", "resourceVersion"], "2");
        object.set_at(&["status", "a"], 2);
        assert_eq!(
            LiveObject::read(&object, &Tracking::default())
                .unwrap()
                .fingerprint,
            before
        );
        object.set_at(&["spec", "x"], 2);
        assert_ne!(
            LiveObject::read(&object, &Tracking::default())
                .unwrap()
                .fingerprint,
            before
        );
    }
}
