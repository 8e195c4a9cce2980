//! Is a live object as Git wants it?
//!
//! [`Desired`] is one side, prepared once; [`Desired::verdict`] compares it with a live object.
//! "In sync" is proved: applying the desired object would write nothing. What can't be proved
//! either way (a default that the server may add, an empty value that it may drop) is
//! [`Verdict::Unknown`], and a dry run decides.
//!
//! Why the proof holds: if every leaf of the desired object is in the live one with an equal value,
//! lists of shared items are in the same order, and we own exactly the desired paths, then the
//! merge gives the live object back and nothing is pruned; and what was stored once is decoded,
//! defaulted and validated to itself.
//!
//! ```
//! use merge::{Schema, TypeId, drift::{Desired, Options, Verdict}};
//! use value::json;
//! let schema = Schema::default();
//! let git = json!({"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "spec": {"n": 1}});
//! let desired = Desired::prepare(&schema, TypeId::DEDUCED, &git).unwrap();
//! let live = json!({"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "spec": {"n": 2}});
//! let Verdict::Drift { fields } = desired.verdict(&schema, &live, &Options::default()) else {
//!     panic!("someone changed it");
//! };
//! assert_eq!((fields[0].pointer.as_str(), fields[0].path.as_str()), ("/spec/n", ".spec.n"));
//! ```

use crate::managed::{KindVersions, Operation, reset_fields};
use crate::{
    Duplicates, Force, PathElement, Schema, Set, TypeError, TypeId, Typed, Updater, Versions,
};
use value::Value;

mod canonical;
mod defaults;
mod normalise;
mod owners;
mod walk;

pub use normalise::normalise;

/// A desired object, ready to be compared.
#[derive(Clone, Debug)]
pub struct Desired {
    value: Value,
    of: TypeId,
    /// What an applier of the value owns.
    set: Set,
    /// The same as `fieldsV1`: mostly equal to what is stored, and then nothing needs decoding.
    fields: Value,
    /// Values are stored as they are written: there are no Go types behind the kind.
    exact: bool,
}

/// Knobs of [`Desired::verdict`].
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Our field manager.
    pub manager: &'a str,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            manager: "windlass",
        }
    }
}

/// How a live object compares with the desired one.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Applying would write nothing.
    InSync,
    /// The object is as wanted, but applying would change who owns its fields.
    OwnershipOnly,
    /// Applying would change these fields.
    Drift {
        /// What differs; never empty.
        fields: Vec<FieldDrift>,
    },
    /// Only the server can tell.
    Unknown {
        /// Why.
        reason: Reason,
        /// What differs, if it is the server's handling of these fields that is not known.
        fields: Vec<FieldDrift>,
    },
}

/// Why nothing could be proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The live object is being deleted.
    Deleting,
    /// The live object was read in another version, or we last applied in a version whose type is
    /// not known.
    Version,
    /// The type of the kind is not known, and what was given up is inside of its lists.
    Schema,
    /// The entries of `managedFields` can't be read.
    ManagedFields,
    /// The live object does not have its type, or has two list items of one identity.
    LiveType,
    /// The server may add, drop or rewrite these values.
    Defaulting,
}

impl Reason {
    /// Returns a stable name for metrics and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deleting => "Deleting",
            Self::Version => "Version",
            Self::Schema => "Schema",
            Self::ManagedFields => "ManagedFields",
            Self::LiveType => "LiveType",
            Self::Defaulting => "Defaulting",
        }
    }
}

/// What is different about a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DriftKind {
    /// The live object lacks it.
    Missing,
    /// It has another value.
    Changed,
    /// We applied it once, Git no longer wants it, and nobody else owns it.
    ToRemove,
    /// The items of a list are in another order.
    Order,
    /// The server may see no difference.
    Soft,
}

/// A field that applying would change.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldDrift {
    /// JSON pointer into the desired object; into the live one for [`DriftKind::ToRemove`].
    pub pointer: String,
    /// The path as API servers print it: `.spec.containers[name="web"].image`.
    pub path: String,
    /// What Git wants.
    pub desired: Option<Value>,
    /// What is there.
    pub live: Option<Value>,
    /// Who may have changed it.
    pub owners: Vec<Owner>,
    /// What is different.
    pub kind: DriftKind,
}

/// A manager that may have changed a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The field manager.
    pub manager: String,
    /// How it wrote.
    pub operation: Operation,
    /// The subresource through which it wrote, or empty.
    pub subresource: String,
    /// When it last changed anything: the field changed then or before. Empty if not known.
    pub time: String,
    /// It owns the field. If not, it only wrote after us, and nobody owns the field.
    pub certain: bool,
}

impl Desired {
    /// Prepares an object from Git: [`normalise`]s it and computes what its applier owns.
    ///
    /// What is applied must be [`Desired::value`], not the object as it was written.
    ///
    /// # Errors
    ///
    /// If the object does not have its type; the server would refuse it too.
    pub fn prepare(schema: &Schema, of: TypeId, object: &Value) -> Result<Self, TypeError> {
        let value = normalise(object);
        let typed = Typed::new(schema, of, &value);
        typed.validate(Duplicates::Refuse)?;
        let (version, kind) = (value.str_at(&["apiVersion"]), value.str_at(&["kind"]));
        let set = typed
            .field_set()?
            .recursive_difference(reset_fields(version, kind, ""))
            .difference(crate::managed::unowned());
        Ok(Self {
            fields: set.to_fields_v1(),
            set,
            of,
            exact: crate::managed::is_custom(version, kind),
            value,
        })
    }

    /// Returns the object to apply.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// Returns the paths that applying the object owns.
    #[must_use]
    pub const fn set(&self) -> &Set {
        &self.set
    }

    /// Compares with a live object. `schema` is the one that the object was prepared with.
    #[must_use]
    pub fn verdict(&self, schema: &Schema, live: &Value, options: &Options<'_>) -> Verdict {
        if live.at(&["metadata", "deletionTimestamp"]).is_some() {
            return unknown(Reason::Deleting);
        }
        if live.str_at(&["apiVersion"]) != self.value.str_at(&["apiVersion"]) {
            return unknown(Reason::Version);
        }
        let Ok(found) = walk::differences(schema, self, live) else {
            return unknown(Reason::LiveType);
        };
        let entries = live.array_at(&["metadata", "managedFields"]);
        let mine = entries
            .iter()
            .find(|entry| owners::is_ours(entry, options.manager));
        let same_ownership = mine.is_some_and(|mine| {
            mine.get("fieldsV1") == Some(&self.fields)
                && mine.str_at(&["apiVersion"]) == self.value.str_at(&["apiVersion"])
        });
        if found.fields.is_empty() && found.respelled.is_empty() && same_ownership {
            return Verdict::InSync;
        }
        self.explain(schema, live, options, found, same_ownership)
    }

    /// The way of an object that isn't simply in sync: who did it, and what would be pruned?
    fn explain(
        &self,
        schema: &Schema,
        live: &Value,
        options: &Options<'_>,
        found: walk::Found,
        same_ownership: bool,
    ) -> Verdict {
        let Ok(owners) = owners::Owners::read(live, options.manager) else {
            return unknown(Reason::ManagedFields);
        };
        let gained_and_lost = !same_ownership && !self.owns_the_same(schema, &owners);
        let mut fields = found.fields;
        if gained_and_lost {
            if let Some(mine) = owners.mine()
                && self.of == TypeId::DEDUCED
                && mine
                    .set
                    .recursive_difference(&self.set.leaves())
                    .has_items()
            {
                return unknown(Reason::Schema);
            }
            match self.to_remove(schema, live, &owners, options) {
                Ok(removed) => fields.extend(removed),
                Err(reason) => return unknown(reason),
            }
        }
        for field in &mut fields {
            field.owners = owners.of(&field.path_elements, field.kind());
        }
        let respelled_for_others = found.respelled.iter().any(|path| owners.others_own(path));
        let is_soft = |field: &walk::Difference| field.kind() == DriftKind::Soft;
        let only_soft = fields.iter().all(is_soft);
        if fields.is_empty() {
            return if gained_and_lost || respelled_for_others || is_untracked(live) {
                Verdict::OwnershipOnly
            } else {
                Verdict::InSync
            };
        }
        let fields = fields.into_iter().map(walk::Difference::finish).collect();
        if only_soft {
            return Verdict::Unknown {
                reason: Reason::Defaulting,
                fields,
            };
        }
        Verdict::Drift { fields }
    }

    /// Compares what we own with what we would own, decoded and under today's schema.
    fn owns_the_same(&self, schema: &Schema, owners: &owners::Owners) -> bool {
        // Who applies nothing has no entry.
        owners.mine().map_or(self.set.is_empty(), |mine| {
            mine.version == self.value.str_at(&["apiVersion"])
                && mine
                    .set
                    .reconciled(schema, self.of)
                    .is_ok_and(|set| *set == self.set)
        })
    }

    /// Returns what an apply would prune, by doing one.
    fn to_remove(
        &self,
        schema: &Schema,
        live: &Value,
        owners: &owners::Owners,
        options: &Options<'_>,
    ) -> Result<Vec<walk::Difference>, Reason> {
        let (version, kind) = (
            self.value.str_at(&["apiVersion"]),
            self.value.str_at(&["kind"]),
        );
        let of = self.of;
        let ignored = reset_fields(version, kind, "");
        let kinds = KindVersions {
            schema,
            kind,
            ignored: Some(ignored),
        };
        let types = owners::Types { kinds, version, of };
        let updater = Updater {
            schema,
            versions: &types,
        };
        let mine = owners.mine();
        if mine.is_some_and(|mine| types.type_of(&mine.version).is_none()) {
            return Err(Reason::Version);
        }
        let mut entries = owners::entries(live).map_err(|()| Reason::ManagedFields)?;
        let me = entries.key_of_applier(options.manager, version);
        let mut stored = live.clone();
        stored.remove_at(&["metadata", "managedFields"]);
        let new = updater
            .apply(
                Some(&stored),
                &self.value,
                version,
                &mut entries.managers,
                &me,
                Force::Yes,
            )
            .map_err(|_| Reason::LiveType)?;
        let Some(new) = new else {
            return Ok(Vec::new());
        };
        let changes = Typed::new(schema, of, &stored)
            .compare(&new)
            .map_err(|_| Reason::LiveType)?;
        // The leaves say what goes; the empty shells around them would only repeat it.
        let mut removed = Vec::new();
        changes.removed.leaves().for_each(|path| {
            removed.push(walk::Difference::removed(schema, self, &stored, path));
        });
        Ok(removed)
    }
}

const fn unknown(reason: Reason) -> Verdict {
    Verdict::Unknown {
        reason,
        fields: Vec::new(),
    }
}

/// A path, for those who own the steps.
type Steps = Vec<PathElement>;

/// Returns true for an object that nobody's entries tell of: the first apply gives what is there to
/// `before-first-apply`.
fn is_untracked(live: &Value) -> bool {
    const OWNABLE: [&str; 4] = ["annotations", "finalizers", "labels", "ownerReferences"];
    let members = live.as_object().into_iter().flat_map(value::Object::keys);
    let mut beside_metadata =
        members.filter(|name| !matches!(name.as_str(), "apiVersion" | "kind" | "metadata"));
    live.array_at(&["metadata", "managedFields"]).is_empty()
        && (beside_metadata.next().is_some()
            || OWNABLE
                .iter()
                .any(|name| live.at(&["metadata", name]).is_some()))
}
