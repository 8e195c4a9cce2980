//! Pieces that many answers are made of.

use cluster::LiveObject;
use engine::{ObjectKey, format_time};
use jiff::Timestamp;
use ledger::{Author, Grade};
use value::{Value, json};

/// Returns who did something.
pub(crate) fn actor(author: &Author) -> Value {
    let own = author.name == "windlass" && author.grade == Grade::Verified;
    let from_git = author.via.starts_with("git commit");
    let grade = match author.grade {
        _ if own || from_git => "-",
        Grade::Verified => "V",
        Grade::Manager => "M",
        Grade::Unknown => "-",
    };
    json!({"name": author.name.as_str(), "via": author.via.as_str(), "grade": grade})
}

/// Returns somebody whose name alone is known.
pub(crate) fn named(name: &str, via: &str) -> Value {
    let grade = match name {
        "" | "health gate" | "windlass" => "-",
        _ => "M",
    };
    let name = if name.is_empty() { "unknown" } else { name };
    json!({"name": name, "via": via, "grade": grade})
}

/// Returns what an object is called.
pub(crate) fn reference(key: &ObjectKey) -> Value {
    json!({
        "group": &*key.group, "kind": &*key.kind,
        "namespace": &*key.namespace, "name": &*key.name,
    })
}

/// Returns what a live object is called, with its version.
pub(crate) fn live_reference(live: &LiveObject) -> Value {
    let mut it = reference(&live.key);
    it.set_at(&["version"], live.version());
    it
}

/// Returns the key that an entry of `status.resources` has.
pub(crate) fn key_of(resource: &Value) -> ObjectKey {
    ObjectKey::new(
        resource.str_at(&["group"]),
        resource.str_at(&["kind"]),
        resource.str_at(&["namespace"]),
        resource.str_at(&["name"]),
    )
}

/// Returns a commit.
pub(crate) fn commit(info: &controller::CommitInfo) -> Value {
    json!({
        "id": info.id.to_string(),
        "author": info.author.as_str(),
        "date": time_of(info.seconds),
        "message": info.subject.as_str(),
    })
}

/// Returns a revision of which nothing but its id is known.
pub(crate) fn bare_commit(id: &str) -> Value {
    json!({"id": id, "author": "", "date": "", "message": ""})
}

/// Returns a time in seconds since 1970 as it is written.
pub(crate) fn time_of(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| String::new(), format_time)
}

/// Returns the first seven letters of a revision.
pub(crate) fn short(revision: &str) -> &str {
    revision.get(..7).unwrap_or(revision)
}
