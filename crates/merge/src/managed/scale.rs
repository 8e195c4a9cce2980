//! The entries of an object seen through its `scale` subresource, and back.

use super::{Entries, Identity, Operation};
use crate::{Owned, PathElement, Set};
use value::Value;

/// The version of scale objects.
const SCALE: &str = "autoscaling/v1";

fn replicas_of_scale() -> Vec<PathElement> {
    vec![PathElement::field("spec"), PathElement::field("replicas")]
}

/// Returns the `managedFields` of the scale of an object: whoever owns the replicas at `path` of
/// the object owns `spec.replicas` of its scale.
#[must_use]
pub fn scale_entries_from_parent(parent: &Value, path: &[PathElement]) -> Value {
    let parent = Entries::read(parent).unwrap_or_default();
    let mut scale = Entries::default();
    for (key, owned) in parent.managers.iter().filter(|(_, o)| o.set.has(path)) {
        let Some(identity) = parent.identities.get(key) else {
            continue;
        };
        let key = scale.know(Identity {
            api_version: SCALE.to_owned(),
            ..identity.clone()
        });
        if let Some(time) = parent.times.get(&key) {
            scale.times.insert(key.clone(), time.clone());
        }
        let owned = Owned {
            set: [replicas_of_scale()].into_iter().collect(),
            version: SCALE.to_owned(),
            applied: owned.applied,
        };
        scale.managers.insert(key, owned);
    }
    scale.write()
}

/// Returns the `managedFields` of an object after a write to its scale: who lost the replicas in
/// `scale` loses them in the object, who won them has an entry of version `version`.
#[must_use]
pub fn scale_entries_to_parent(
    parent: &Value,
    scale: &Value,
    version: &str,
    path: &[PathElement],
) -> Value {
    let mut parent = Entries::read(parent).unwrap_or_default();
    let scale = Entries::read(scale).unwrap_or_default();
    let replicas: Set = [path].into_iter().collect();
    let same = |a: &Identity, b: &Identity| {
        a.manager == b.manager && a.operation == b.operation && a.subresource == b.subresource
    };
    let winners = scale
        .managers
        .keys()
        .filter_map(|key| scale.identities.get(key));
    let winners: Vec<&Identity> = winners.collect();
    let mut kept: Vec<Identity> = Vec::new();
    let identities = parent.identities.clone();
    parent.managers.retain(|key, owned| {
        if !owned.set.has(path) {
            return true;
        }
        match identities.get(key) {
            Some(identity) if winners.iter().any(|w| same(w, identity)) => {
                kept.push(identity.clone());
                true
            }
            _ => {
                owned.set = owned.set.difference(&replicas);
                !owned.set.is_empty()
            }
        }
    });
    for winner in winners {
        if kept.iter().any(|k| same(k, winner)) {
            continue;
        }
        let identity = Identity {
            api_version: version.to_owned(),
            ..winner.clone()
        };
        let applied = identity.operation == Operation::Apply;
        let key = parent.know(identity);
        // As in API servers, an entry that came through the scale has no time.
        let owned = Owned {
            set: replicas.clone(),
            version: version.to_owned(),
            applied,
        };
        parent.managers.insert(key, owned);
    }
    parent.write()
}
