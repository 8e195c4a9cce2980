//! What templates compute with: Go values of the kinds that templates can meet.
//!
//! Maps and lists are shared and mutable, as in Go: `set` on a map is seen wherever that map is.

mod collection;
mod convert;
mod holders;
mod object;
mod types;

pub use collection::{List, Map};
pub(crate) use holders::Holders;
pub use object::{Method, MethodBody, Object};
pub use types::{IntKind, Kind, ListType, MapType, Type};

use crate::text::Str;
use std::rc::Rc;
use std::sync::Arc;

/// A Go value.
#[derive(Clone, Default)]
pub enum Value {
    /// `nil`, of no type.
    #[default]
    Nil,
    /// `bool`.
    Bool(bool),
    /// A whole number of some type; `uint64` is kept as its bits.
    Int(IntKind, i64),
    /// `float64`.
    Float(f64),
    /// `complex128`.
    Complex(f64, f64),
    /// `string`.
    Str(Str),
    /// `[]uint8`.
    Bytes(Arc<[u8]>),
    /// A slice of anything else.
    List(List),
    /// A map.
    Map(Map),
    /// A struct, or a pointer to one.
    Object(Rc<dyn Object>),
}

impl Value {
    /// Returns a value of type `int`.
    #[must_use]
    pub const fn int(i: i64) -> Self {
        Self::Int(IntKind::Int, i)
    }

    /// Returns a value of type `int64`.
    #[must_use]
    pub const fn int64(i: i64) -> Self {
        Self::Int(IntKind::Int64, i)
    }

    /// Returns a value of type `string`.
    pub fn str(s: impl Into<Str>) -> Self {
        Self::Str(s.into())
    }

    /// Returns a value of type `[]interface {}`.
    #[must_use]
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(List::new(ListType::ANY, items))
    }

    /// Returns a value of type `[]string`.
    pub fn strings<S: Into<Str>>(items: impl IntoIterator<Item = S>) -> Self {
        let items = items.into_iter().map(Self::str).collect();
        Self::List(List::new(ListType::STRING, items))
    }

    /// Returns a value of type `map[string]interface {}`.
    pub fn map<K: Into<Str>>(members: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(Map::new(MapType::ANY, members))
    }

    /// Returns true for `nil` of no type.
    #[must_use]
    pub const fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// Returns the bytes of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&Str> {
        match self {
            Self::Str(s) => Some(s),
            _ => None,
        }
    }

    /// Returns a map.
    #[must_use]
    pub const fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(m) => Some(m),
            _ => None,
        }
    }

    /// Returns the type; nothing for `nil`.
    #[must_use]
    pub fn type_of(&self) -> Option<Type> {
        Some(match self {
            Self::Nil => return None,
            Self::Bool(_) => Type::Bool,
            Self::Int(kind, _) => Type::Int(*kind),
            Self::Float(_) => Type::Float,
            Self::Complex(..) => Type::Complex,
            Self::Str(_) => Type::String,
            Self::Bytes(_) => Type::Bytes,
            Self::List(l) => Type::List(l.list_type()),
            Self::Map(m) => Type::Map(m.map_type()),
            Self::Object(o) => Type::Object(o.type_name(), o.kind()),
        })
    }

    /// Returns the name of the type as `%T` prints it.
    #[must_use]
    pub fn type_name(&self) -> String {
        self.type_of()
            .map_or_else(|| "<nil>".to_owned(), |t| t.to_string())
    }

    /// Returns the kind of the type.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.type_of().map_or(Kind::Invalid, Type::kind)
    }

    /// Returns true for what `if` takes for true.
    #[must_use]
    pub fn truth(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(b) => *b,
            Self::Int(_, i) => *i != 0,
            Self::Float(f) => *f != 0.0,
            Self::Complex(re, im) => *re != 0.0 || *im != 0.0,
            Self::Str(s) => !s.is_empty(),
            Self::Bytes(b) => !b.is_empty(),
            Self::List(l) => !l.is_empty(),
            Self::Map(m) => !m.is_empty(),
            Self::Object(o) => !o.is_nil(),
        }
    }

    /// Returns true for what Sprig calls empty: like [`Value::truth`], but no struct ever is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.truth()
    }

    /// Returns the number of elements, members or bytes.
    #[must_use]
    pub fn len(&self) -> Option<usize> {
        match self {
            Self::Str(s) => Some(s.len()),
            Self::Bytes(b) => Some(b.len()),
            Self::List(l) => Some(l.len()),
            Self::Map(m) => Some(m.len()),
            _ => None,
        }
    }

    /// Returns the elements of a slice of any type.
    #[must_use]
    pub fn elements(&self) -> Option<Vec<Self>> {
        match self {
            Self::List(l) => Some(l.to_vec()),
            Self::Bytes(b) => Some(
                b.iter()
                    .map(|b| Self::Int(IntKind::Uint8, i64::from(*b)))
                    .collect(),
            ),
            _ => None,
        }
    }

    /// Returns the method `name` of the value's type.
    #[must_use]
    pub fn method(&self, name: &Str) -> Option<&'static Method> {
        let methods = match self {
            Self::Map(m) => m.map_type().methods,
            Self::List(l) => l.list_type().methods,
            Self::Int(kind, _) => kind.methods(),
            Self::Object(o) => return o.method(&name.lossy()),
            _ => return None,
        };
        methods.iter().find(|m| m.name.as_bytes() == &**name)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}
impl From<f64> for Value {
    fn from(f: f64) -> Self {
        Self::Float(f)
    }
}
impl From<Str> for Value {
    fn from(s: Str) -> Self {
        Self::Str(s)
    }
}
impl From<Vec<u8>> for Value {
    fn from(s: Vec<u8>) -> Self {
        Self::Str(s.into())
    }
}
impl From<&[u8]> for Value {
    fn from(s: &[u8]) -> Self {
        Self::Str(s.into())
    }
}
impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self::Str(s.into())
    }
}
impl From<String> for Value {
    fn from(s: String) -> Self {
        Self::Str(s.into())
    }
}
