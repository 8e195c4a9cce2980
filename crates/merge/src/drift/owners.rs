//! Who owns a field, as far as the entries tell.

use super::{DriftKind, Owner};
use crate::managed::{Entries, Identity, KindVersions, Operation};
use crate::{Owned, PathElement, Set, TypeId, Versions};
use value::Value;

/// Returns true for the entry of what we applied to the object itself.
pub(super) fn is_ours(entry: &Value, manager: &str) -> bool {
    entry.str_at(&["manager"]) == manager
        && entry.str_at(&["operation"]) == "Apply"
        && entry.str_at(&["subresource"]).is_empty()
}

/// Reads the entries of a live object.
pub(super) fn entries(live: &Value) -> Result<Entries, ()> {
    match live.at(&["metadata", "managedFields"]) {
        None => Ok(Entries::default()),
        Some(entries) => Entries::read(entries).map_err(|_| ()),
    }
}

/// The entries of a live object, ours apart.
pub(super) struct Owners {
    mine: Option<(Owned, String)>,
    others: Vec<(Identity, Owned, String)>,
}

impl Owners {
    pub(super) fn read(live: &Value, manager: &str) -> Result<Self, ()> {
        let entries = entries(live)?;
        let mut owners = Self {
            mine: None,
            others: Vec::new(),
        };
        for (key, owned) in entries.managers {
            let time = entries.times.get(&key).cloned().unwrap_or_default();
            let identity = entries.identities.get(&key).cloned().unwrap_or_default();
            let ours = identity.manager == manager
                && identity.operation == Operation::Apply
                && identity.subresource.is_empty();
            if ours {
                owners.mine = Some((owned, time));
            } else {
                owners.others.push((identity, owned, time));
            }
        }
        Ok(owners)
    }

    pub(super) fn mine(&self) -> Option<&Owned> {
        self.mine.as_ref().map(|(owned, _)| owned)
    }

    /// Returns true if someone else owns the path.
    pub(super) fn others_own(&self, path: &[PathElement]) -> bool {
        self.others.iter().any(|(_, o, _)| owns(&o.set, path))
    }

    /// Returns who may have changed a path: its owners, or if it has none, who wrote after us.
    pub(super) fn of(&self, path: &[PathElement], kind: DriftKind) -> Vec<Owner> {
        let owner = |certain: bool| {
            move |(identity, _, time): &(Identity, Owned, String)| Owner {
                manager: identity.manager.clone(),
                operation: identity.operation,
                subresource: identity.subresource.clone(),
                time: time.clone(),
                certain,
            }
        };
        let owns = self.others.iter().filter(|(_, o, _)| owns(&o.set, path));
        let owners: Vec<Owner> = owns.map(owner(true)).collect();
        if !owners.is_empty() || kind == DriftKind::ToRemove {
            return owners;
        }
        let ours = self.mine.as_ref().map_or("", |(_, time)| time.as_str());
        let later = self.others.iter().filter(|(identity, _, time)| {
            identity.operation == Operation::Update && !time.is_empty() && time.as_str() >= ours
        });
        later.map(owner(false)).collect()
    }
}

/// Returns true if a set has the path, a leaf above it, or anything below it.
fn owns(set: &Set, path: &[PathElement]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return !set.is_empty();
    };
    set.node(first).is_some_and(|node| {
        if rest.is_empty() {
            return true;
        }
        (node.member && node.children.is_empty()) || owns(&node.children, rest)
    })
}

/// The versions of the kind of a desired object, whose own type is known even if the kind is not.
pub(super) struct Types<'a> {
    pub(super) kinds: KindVersions<'a>,
    pub(super) version: &'a str,
    pub(super) of: TypeId,
}

impl Versions for Types<'_> {
    fn type_of(&self, version: &str) -> Option<TypeId> {
        if version == self.version {
            return Some(self.of);
        }
        let group = |version: &str| version.rsplit_once('/').map(|(group, _)| group.to_owned());
        if self.of == TypeId::DEDUCED && group(version) == group(self.version) {
            // What is not known of one version is not known of the others.
            return Some(self.of);
        }
        self.kinds.type_of(version)
    }

    fn ignored(&self, version: &str) -> Option<&Set> {
        self.kinds.ignored(version)
    }
}
