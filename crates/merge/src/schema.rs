//! What is known about the type of an object: which lists are maps, which maps are one value.
//!
//! A [`Schema`] is an arena of [`Atom`]s. References between types, and the overrides that a
//! reference may carry, are resolved once when the schema is built: a [`TypeId`] is final, and the
//! walkers never look up a name.

use std::collections::HashMap;
use value::{Key, Object, Value};

mod builtin;
mod defaults;
mod empty;
mod openapi;
mod table;
mod text;

pub use builtin::builtin;
pub use defaults::builtin_from_openapi;
pub use text::SchemaError;

/// A type in a [`Schema`]. Only meaningful together with the schema that made it, except for the
/// two constants, which every schema has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub(crate) u32);

impl TypeId {
    /// Anything, as one value.
    pub const ATOMIC: Self = Self(0);
    /// Anything; maps are merged member by member, lists are one value.
    pub const DEDUCED: Self = Self(1);
}

/// The types of a set of kinds.
#[derive(Debug)]
pub struct Schema {
    pub(crate) atoms: Vec<Atom>,
    pub(crate) names: HashMap<Box<str>, TypeId>,
    /// `apiVersion/kind` to the type of its objects.
    pub(crate) kinds: HashMap<Box<str>, TypeId>,
}

/// One type: what it is as a scalar, as a list and as a map. Several may be set (an untyped value);
/// the value at hand decides which one counts.
#[derive(Clone, Debug, Default)]
pub struct Atom {
    /// The rule for scalars.
    pub scalar: Option<Scalar>,
    /// The rule for lists.
    pub list: Option<List>,
    /// The rule for maps.
    pub map: Option<Map>,
    /// How a scalar is spelled, and so when two spellings mean the same.
    pub format: Format,
}

/// The scalars that a type accepts. `null` is always accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// Any number.
    Numeric,
    /// A string.
    String,
    /// `true` or `false`.
    Boolean,
    /// Any scalar.
    Untyped,
}

/// How a scalar is spelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// As written.
    #[default]
    Plain,
    /// A resource quantity: `1000m` is `1`.
    Quantity,
    /// A number or a string; `80` is not `"80"`.
    IntOrString,
    /// Base64.
    Bytes,
    /// A time to the second.
    Time,
    /// A time to the microsecond.
    MicroTime,
}

/// A list.
#[derive(Clone, Debug)]
pub struct List {
    /// The type of the items.
    pub element: TypeId,
    /// False if the list is one value that has one owner.
    pub associative: bool,
    /// The fields that identify an item of an associative list; without any, the item itself does.
    pub keys: Box<[Key]>,
}

/// A map, or a struct if it has fields.
#[derive(Clone, Debug, Default)]
pub struct Map {
    /// The declared fields, sorted by name.
    pub fields: Box<[Field]>,
    /// The type of every member that is not declared; without it there may be none.
    pub element: Option<TypeId>,
    /// True if the map is one value that has one owner.
    pub atomic: bool,
}

/// A declared field of a map.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: Key,
    /// Its type.
    pub of: TypeId,
    /// What an absent field means when it is a key of a list.
    pub default: Option<Value>,
    /// How a strategic merge patch treats the field.
    pub patch: Option<Box<Patch>>,
    /// The server always has the field, empty if nobody set it; so nobody ever added it.
    pub always: bool,
    /// What the server writes if the field is empty.
    pub empty: Empty,
}

/// What the server's encoder makes of a field without a value, or with an empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Empty {
    /// An empty value says something, and is written; without a value there is no field.
    #[default]
    Kept,
    /// An empty value is the same as none, and there is no field.
    Dropped,
    /// The empty value of its type is written.
    Zero,
    /// `null` is written.
    Null,
}

/// How a strategic merge patch treats a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// Lists are merged, not replaced.
    pub merge: bool,
    /// Maps are replaced, not merged.
    pub replace: bool,
    /// Members that `$retainKeys` doesn't name are removed.
    pub retain_keys: bool,
    /// The field that identifies an item of a merged list of objects.
    pub merge_key: Option<Key>,
}

impl Map {
    /// Returns the declared field `name`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields
            .binary_search_by(|f| f.name.as_str().cmp(name))
            .ok()
            .map(|i| &self.fields[i])
    }

    /// Returns the type of the member `name`, or nothing if it may not be there.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<TypeId> {
        self.field(name).map_or(self.element, |f| Some(f.of))
    }
}

/// The meanings of an atom that are left once the value is known, by precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Map,
    Scalar,
    List,
}

/// An atom reduced by a value: one meaning, or all of them for `null`, absence and a wrong type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deduced {
    One(Kind),
    Whole,
}

impl Atom {
    /// Reduces the atom to what `value` is.
    pub(crate) const fn deduce(&self, value: Option<&Value>) -> Deduced {
        match value {
            None | Some(Value::Null) => Deduced::Whole,
            Some(Value::Array(_)) if self.list.is_some() => Deduced::One(Kind::List),
            Some(Value::Object(_)) if self.map.is_some() => Deduced::One(Kind::Map),
            Some(Value::Array(_) | Value::Object(_)) => Deduced::Whole,
            Some(_) if self.scalar.is_some() => Deduced::One(Kind::Scalar),
            Some(_) => Deduced::Whole,
        }
    }

    /// Returns the meaning that counts, or nothing for a type that does not exist.
    pub(crate) const fn kind(&self, deduced: Deduced) -> Option<Kind> {
        match deduced {
            Deduced::One(kind) => Some(kind),
            Deduced::Whole if self.map.is_some() => Some(Kind::Map),
            Deduced::Whole if self.scalar.is_some() => Some(Kind::Scalar),
            Deduced::Whole if self.list.is_some() => Some(Kind::List),
            Deduced::Whole => None,
        }
    }

    /// Returns the meaning that `value` gives to the atom.
    pub(crate) const fn kind_of(&self, value: Option<&Value>) -> Option<Kind> {
        self.kind(self.deduce(value))
    }
}

impl Default for Schema {
    /// Returns the schema in which nothing is known but the two constant types.
    fn default() -> Self {
        let untyped = |id, atomic| Atom {
            scalar: Some(Scalar::Untyped),
            list: Some(List {
                element: TypeId::ATOMIC,
                associative: false,
                keys: Box::default(),
            }),
            map: Some(Map {
                fields: Box::default(),
                element: Some(id),
                atomic,
            }),
            format: Format::Plain,
        };
        Self {
            atoms: vec![
                untyped(TypeId::ATOMIC, true),
                untyped(TypeId::DEDUCED, false),
            ],
            names: HashMap::from([
                ("__untyped_atomic_".into(), TypeId::ATOMIC),
                ("__untyped_deduced_".into(), TypeId::DEDUCED),
            ]),
            kinds: HashMap::new(),
        }
    }
}

impl Schema {
    /// Adds a type without rules, to be filled in later.
    pub(crate) fn reserve(&mut self) -> TypeId {
        let id = u32::try_from(self.atoms.len()).expect("fewer than four billion types");
        self.atoms.push(Atom::default());
        TypeId(id)
    }

    /// Returns the object of a kind in which nothing is set: what a create changes.
    #[must_use]
    pub fn empty_object(&self, api_version: &str, kind: &str) -> Value {
        let of = self.type_of(api_version, kind);
        let mut object = of.map_or_else(Value::object, |of| self.empty(of, 0));
        object.set_at(&["apiVersion"], api_version);
        object.set_at(&["kind"], kind);
        object
    }

    fn empty(&self, of: TypeId, depth: usize) -> Value {
        let atom = self.atom(of);
        let Some(map) = atom.map.as_ref().filter(|_| atom.scalar.is_none()) else {
            return Value::Null;
        };
        let mut members = Object::new();
        for field in map.fields.iter().filter(|_| depth < 16) {
            if field.always {
                members.insert(field.name.clone(), self.empty(field.of, depth + 1));
            } else if let Some(value) = self.written_if_empty(field) {
                members.insert(field.name.clone(), value);
            }
        }
        Value::Object(members)
    }

    pub(crate) fn set(&mut self, id: TypeId, atom: Atom) {
        self.atoms[id.0 as usize] = atom;
    }

    /// Returns the type called `name`.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<TypeId> {
        self.names.get(name).copied()
    }

    /// Returns the type of the objects of a kind, or nothing if the schema does not know it.
    #[must_use]
    pub fn type_of(&self, api_version: &str, kind: &str) -> Option<TypeId> {
        self.kinds
            .get(format!("{api_version}/{kind}").as_str())
            .copied()
    }

    /// Returns a type's rules.
    #[must_use]
    pub fn atom(&self, of: TypeId) -> &Atom {
        &self.atoms[of.0 as usize]
    }
}
