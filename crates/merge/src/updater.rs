//! Who owns which paths, and what an update or an apply does to that.

use crate::typed::{TypeError, compare, merge};
use crate::{Comparison, Schema, Set, TypeId, Typed};
use std::borrow::Cow;
use std::collections::BTreeMap;
use value::Value;

/// What one manager owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// The paths.
    pub set: Set,
    /// The version of the object's type in which the paths are written.
    pub version: String,
    /// True if they come from an apply.
    pub applied: bool,
}

/// Every manager's paths, by name.
pub type Managers = BTreeMap<String, Owned>;

/// Others own what an apply wants to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conflicts(pub BTreeMap<String, Set>);

/// Why an apply did not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpdateError {
    /// A value does not have its type.
    Type(TypeError),
    /// Others own the fields, and force was not given.
    Conflicts(Conflicts),
    /// The version has no type.
    UnknownVersion(String),
}

impl From<TypeError> for UpdateError {
    fn from(error: TypeError) -> Self {
        Self::Type(error)
    }
}

/// Whether an apply takes over what others own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// It stops with [`UpdateError::Conflicts`].
    No,
    /// It does.
    Yes,
}

/// The versions of one kind: their types, and how to get from one to the other.
pub trait Versions {
    /// Returns the type of the objects of a version, or nothing if there is no such version.
    fn type_of(&self, version: &str) -> Option<TypeId>;

    /// Returns an object as it looks in another version; nothing if there is no such version.
    fn convert<'a>(&self, value: &'a Value, from: &str, to: &str) -> Option<Cow<'a, Value>> {
        let _ = from;
        self.type_of(to).map(|_| Cow::Borrowed(value))
    }

    /// Returns the paths of a version that nobody owns and nobody changes.
    fn ignored(&self, version: &str) -> Option<&Set> {
        let _ = version;
        None
    }
}

/// A kind for whose versions all objects look alike.
impl<F: Fn(&str) -> Option<TypeId>> Versions for F {
    fn type_of(&self, version: &str) -> Option<TypeId> {
        self(version)
    }
}

/// Keeps the books about ownership.
#[derive(Clone, Copy)]
pub struct Updater<'a> {
    /// The types.
    pub schema: &'a Schema,
    /// The versions of the kind.
    pub versions: &'a dyn Versions,
}

impl Updater<'_> {
    fn type_of(&self, version: &str) -> Result<TypeId, UpdateError> {
        self.versions
            .type_of(version)
            .ok_or_else(|| UpdateError::UnknownVersion(version.to_owned()))
    }

    fn convert<'v>(&self, value: &'v Value, from: &str, to: &str) -> Option<Cow<'v, Value>> {
        if from == to {
            return Some(Cow::Borrowed(value));
        }
        self.versions.convert(value, from, to)
    }

    fn filter(&self, set: Set, version: &str) -> Set {
        match self.versions.ignored(version) {
            Some(ignored) if !ignored.is_empty() => set.recursive_difference(ignored),
            _ => set,
        }
    }

    /// Accounts for an update by `me` that replaced `live` by `new`.
    ///
    /// # Errors
    ///
    /// If a value does not have its type, or `version` is unknown.
    pub fn update(
        &self,
        live: Option<&Value>,
        new: Option<&Value>,
        version: &str,
        managers: &mut Managers,
        me: &str,
    ) -> Result<(), UpdateError> {
        self.reconcile(managers)?;
        let changes = self.account(live, new, version, managers, me, Force::Yes)?;
        let mine = managers.remove(me).map(|m| m.set).unwrap_or_default();
        let set = mine
            .difference(&changes.removed)
            .union(&changes.modified)
            .union(&changes.added);
        let set = self.filter(set, version);
        if !set.is_empty() {
            managers.insert(
                me.to_owned(),
                Owned {
                    set,
                    version: version.to_owned(),
                    applied: false,
                },
            );
        }
        Ok(())
    }

    /// Applies `config` to `live` for `me`. Returns the new object, or nothing if that is what
    /// `live` is already.
    ///
    /// # Errors
    ///
    /// If others own what would change and `force` is no (`managers` is then as it was), a value
    /// does not have its type, or `version` is unknown.
    pub fn apply(
        &self,
        live: Option<&Value>,
        config: &Value,
        version: &str,
        managers: &mut Managers,
        me: &str,
        force: Force,
    ) -> Result<Option<Value>, UpdateError> {
        let of = self.type_of(version)?;
        let mut next = managers.clone();
        self.reconcile(&mut next)?;
        let merged = merge(self.schema, of, live, Some(config))?.unwrap_or(Value::Null);
        let set = Typed::new(self.schema, of, config).field_set()?;
        let mine = Owned {
            set: self.filter(set, version),
            version: version.to_owned(),
            applied: true,
        };
        let last = next.insert(me.to_owned(), mine);
        let new = match last {
            Some(last) if !last.set.is_empty() => self.prune(merged, version, &next, &last)?,
            _ => merged,
        };
        self.account(live, Some(&new), version, &mut next, me, force)?;
        *managers = next;
        let same = live.is_some_and(|live| live.equivalent(&new));
        Ok((!same).then_some(new))
    }

    /// Rewrites sets that were recorded under an older schema; drops those of unknown versions.
    fn reconcile(&self, managers: &mut Managers) -> Result<(), UpdateError> {
        let mut failed = None;
        managers.retain(|_, owned| {
            let Some(of) = self.versions.type_of(&owned.version) else {
                return false;
            };
            match owned.set.reconciled(self.schema, of) {
                Ok(Cow::Borrowed(_)) => {}
                Ok(Cow::Owned(set)) => owned.set = set,
                Err(error) => failed = Some(error),
            }
            true
        });
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Removes from `merged` what the applier gave up and nobody else owns.
    fn prune(
        &self,
        merged: Value,
        version: &str,
        managers: &Managers,
        last: &Owned,
    ) -> Result<Value, UpdateError> {
        let Some(of) = self.versions.type_of(&last.version) else {
            return Ok(merged);
        };
        let Some(merged_then) = self.convert(&merged, version, &last.version) else {
            return Ok(merged);
        };
        let typed = Typed::new(self.schema, of, &merged_then);
        let given_up = last.set.with_named_fields(self.schema, of);
        let pruned = typed.remove(&given_up)?;
        let (pruned, at) = self.add_back_owned(&merged, version, pruned, last, managers)?;
        let Some(pruned) = self.convert(&pruned, &at, &last.version) else {
            return Ok(merged);
        };
        // Only what was owned may go.
        let kept = self.fields(of, &pruned)?;
        let dangling = self.fields(of, &merged_then)?.difference(&kept);
        let pruned = typed.remove(&dangling.intersection(&given_up))?;
        match self.convert(&pruned, &last.version, version) {
            Some(converted) => Ok(converted.into_owned()),
            None => Ok(pruned),
        }
    }

    /// Puts back what someone owns, version by version, the last applied one first.
    fn add_back_owned(
        &self,
        merged: &Value,
        version: &str,
        mut pruned: Value,
        last: &Owned,
        managers: &Managers,
    ) -> Result<(Value, String), UpdateError> {
        let mut by_version: BTreeMap<&str, Set> = BTreeMap::new();
        for owned in managers.values() {
            let set = by_version.entry(&owned.version).or_default();
            *set = set.union(&owned.set);
        }
        let first = by_version.remove_entry(last.version.as_str());
        let mut at = last.version.clone();
        for (to, owned) in first.into_iter().chain(by_version) {
            let Some(of) = self.versions.type_of(to) else {
                continue;
            };
            let (Some(merged), Some(there)) = (
                self.convert(merged, version, to),
                self.convert(&pruned, &at, to),
            ) else {
                continue;
            };
            let owned = owned.with_named_fields(self.schema, of);
            let keep = self.fields(of, &there)?.union(&owned);
            let gone = self.fields(of, &merged)?.difference(&keep);
            pruned = Typed::new(self.schema, of, &merged).remove(&gone)?;
            to.clone_into(&mut at);
        }
        Ok((pruned, at))
    }

    fn fields(&self, of: TypeId, value: &Value) -> Result<Set, TypeError> {
        let set = Typed::new(self.schema, of, value).field_set()?;
        Ok(set.with_named_fields(self.schema, of))
    }

    /// Takes from the others what changed; returns the changes in `version`.
    fn account(
        &self,
        old: Option<&Value>,
        new: Option<&Value>,
        version: &str,
        managers: &mut Managers,
        me: &str,
        force: Force,
    ) -> Result<Comparison, UpdateError> {
        let of = self.type_of(version)?;
        let mine = self.compare(of, old, new, version)?;
        let mut others: BTreeMap<String, Comparison> = BTreeMap::new();
        let mut conflicts = Conflicts::default();
        let mut unknown = Vec::new();
        for (name, owned) in managers.iter().filter(|(name, _)| *name != me) {
            if owned.version != version && !others.contains_key(&owned.version) {
                let there = self.versions.type_of(&owned.version).and_then(|of| {
                    let convert = |v: &'_ Value| {
                        self.convert(v, version, &owned.version)
                            .map(Cow::into_owned)
                    };
                    let old = match old {
                        Some(old) => Some(convert(old)?),
                        None => None,
                    };
                    let new = match new {
                        Some(new) => Some(convert(new)?),
                        None => None,
                    };
                    Some((of, old, new))
                });
                let Some((of, old, new)) = there else {
                    unknown.push(name.clone());
                    continue;
                };
                let changes = self.compare(of, old.as_ref(), new.as_ref(), &owned.version)?;
                others.insert(owned.version.clone(), changes);
            }
            let changes = others.get(&owned.version).unwrap_or(&mine);
            let taken = owned
                .set
                .intersection(&changes.modified.union(&changes.added));
            if !taken.is_empty() {
                conflicts.0.insert(name.clone(), taken);
            }
        }
        if force == Force::No && !conflicts.0.is_empty() {
            return Err(UpdateError::Conflicts(conflicts));
        }
        managers.retain(|name, owned| {
            if name == me {
                return !owned.set.is_empty();
            }
            if let Some(taken) = conflicts.0.get(name) {
                owned.set = owned.set.difference(taken);
            }
            let changes = others.get(&owned.version).unwrap_or(&mine);
            if !changes.removed.is_empty() {
                owned.set = owned.set.difference(&changes.removed);
            }
            !owned.set.is_empty() && !unknown.contains(name)
        });
        Ok(mine)
    }

    fn compare(
        &self,
        of: TypeId,
        old: Option<&Value>,
        new: Option<&Value>,
        version: &str,
    ) -> Result<Comparison, TypeError> {
        let changes = compare(self.schema, of, old, new)?;
        Ok(match self.versions.ignored(version) {
            Some(ignored) if !ignored.is_empty() => changes.without(ignored),
            _ => changes,
        })
    }
}
