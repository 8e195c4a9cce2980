//! Types and kinds, named as Go names them.

use super::Method;
use std::fmt;

/// The type of a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntKind {
    /// `int`.
    Int,
    /// `int32`.
    Int32,
    /// `int64`.
    Int64,
    /// `uint8`.
    Uint8,
    /// `uint32`.
    Uint32,
    /// `uint64`, kept as its bits.
    Uint64,
    /// `time.Duration`.
    Duration,
    /// `time.Month`.
    Month,
    /// `time.Weekday`.
    Weekday,
}

impl IntKind {
    /// Returns the kind.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Int | Self::Month | Self::Weekday => Kind::Int,
            Self::Int32 => Kind::Int32,
            Self::Int64 | Self::Duration => Kind::Int64,
            Self::Uint8 => Kind::Uint8,
            Self::Uint32 => Kind::Uint32,
            Self::Uint64 => Kind::Uint64,
        }
    }

    /// Returns true if negative numbers have no place in it.
    #[must_use]
    pub const fn is_unsigned(self) -> bool {
        matches!(self, Self::Uint8 | Self::Uint32 | Self::Uint64)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Duration => "time.Duration",
            Self::Month => "time.Month",
            Self::Weekday => "time.Weekday",
        }
    }

    pub(crate) fn methods(self) -> &'static [Method] {
        match self {
            Self::Duration | Self::Month | Self::Weekday => crate::time::number_methods(self),
            _ => &[],
        }
    }
}

/// What `kindOf` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Go's kinds")]
pub enum Kind {
    Invalid,
    Bool,
    Int,
    Int32,
    Int64,
    Uint8,
    Uint32,
    Uint64,
    Float64,
    Complex128,
    String,
    Slice,
    Map,
    Ptr,
    Struct,
    Interface,
}

impl Kind {
    /// Returns Go's name of the kind.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Float64 => "float64",
            Self::Complex128 => "complex128",
            Self::String => "string",
            Self::Slice => "slice",
            Self::Map => "map",
            Self::Ptr => "ptr",
            Self::Struct => "struct",
            Self::Interface => "interface",
        }
    }
}

/// The type of a map with `string` keys. Compared by identity.
#[derive(Debug)]
pub struct MapType {
    /// Go's name of it.
    pub name: &'static str,
    /// The type of the values; [`Type::Interface`] for any.
    pub element: Type,
    /// A named type can't be assigned to another named one, but to an unnamed one.
    pub named: bool,
    /// Its methods.
    pub methods: &'static [Method],
}

static MAP_ANY: MapType = MapType {
    name: "map[string]interface {}",
    element: Type::Interface,
    named: false,
    methods: &[],
};
static MAP_STRING: MapType = MapType {
    name: "map[string]string",
    element: Type::String,
    named: false,
    methods: &[],
};

impl MapType {
    /// `map[string]interface {}`.
    pub const ANY: &'static Self = &MAP_ANY;
    /// `map[string]string`.
    pub const STRING: &'static Self = &MAP_STRING;
}

impl PartialEq for MapType {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// The type of a slice. Compared by name.
#[derive(Debug)]
pub struct ListType {
    /// Go's name of it.
    pub name: &'static str,
    /// The type of the elements.
    pub element: Type,
    /// A named type can't be assigned to another named one, but to an unnamed one.
    pub named: bool,
    /// Its methods.
    pub methods: &'static [Method],
}

static LIST_ANY: ListType = ListType {
    name: "[]interface {}",
    element: Type::Interface,
    named: false,
    methods: &[],
};
static LIST_STRING: ListType = ListType {
    name: "[]string",
    element: Type::String,
    named: false,
    methods: &[],
};
static LIST_INT: ListType = ListType {
    name: "[]int",
    element: Type::Int(IntKind::Int),
    named: false,
    methods: &[],
};
static LIST_LIST: ListType = ListType {
    name: "[][]interface {}",
    element: Type::List(&LIST_ANY),
    named: false,
    methods: &[],
};

impl ListType {
    /// `[]interface {}`.
    pub const ANY: &'static Self = &LIST_ANY;
    /// `[]string`.
    pub const STRING: &'static Self = &LIST_STRING;
    /// `[]int`.
    pub const INT: &'static Self = &LIST_INT;
    /// `[][]interface {}`.
    pub const LIST: &'static Self = &LIST_LIST;
}

impl PartialEq for ListType {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// A Go type: of a value, or of a parameter of a function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Type {
    /// `interface {}`.
    Interface,
    /// `reflect.Value`: the function sees what it is given as it is.
    Reflect,
    /// `bool`.
    Bool,
    /// A whole number.
    Int(IntKind),
    /// `float64`.
    Float,
    /// `complex128`.
    Complex,
    /// `string`.
    String,
    /// `[]uint8`.
    Bytes,
    /// A slice.
    List(&'static ListType),
    /// A map.
    Map(&'static MapType),
    /// A struct or a pointer to one, by its name.
    Object(&'static str, Kind),
}

impl Type {
    /// `int`.
    pub const INT: Self = Self::Int(IntKind::Int);
    /// `map[string]interface {}`.
    pub const MAP: Self = Self::Map(MapType::ANY);
    /// `[]interface {}`.
    pub const LIST: Self = Self::List(ListType::ANY);
    /// `time.Time`.
    pub const TIME: Self = Self::Object("time.Time", Kind::Struct);

    /// Returns the kind.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Interface => Kind::Interface,
            Self::Reflect => Kind::Struct,
            Self::Bool => Kind::Bool,
            Self::Int(kind) => kind.kind(),
            Self::Float => Kind::Float64,
            Self::Complex => Kind::Complex128,
            Self::String => Kind::String,
            Self::Bytes | Self::List(_) => Kind::Slice,
            Self::Map(_) => Kind::Map,
            Self::Object(_, kind) => kind,
        }
    }

    /// Returns true if `nil` is a value of the type.
    #[must_use]
    pub const fn can_be_nil(self) -> bool {
        matches!(
            self,
            Self::Interface
                | Self::Reflect
                | Self::Bytes
                | Self::List(_)
                | Self::Map(_)
                | Self::Object(_, Kind::Ptr | Kind::Interface)
        )
    }

    /// Returns true if a value of this type can be given where `to` is wanted.
    #[must_use]
    pub fn assignable_to(self, to: Self) -> bool {
        match (self, to) {
            (_, Self::Interface) => true,
            (Self::Map(a), Self::Map(b)) => {
                a == b || (a.element == b.element && !(a.named && b.named))
            }
            (Self::List(a), Self::List(b)) => {
                a == b || (a.element == b.element && !(a.named && b.named))
            }
            (a, b) => a == b,
        }
    }

    /// Returns the value that Go gives a variable of this type; `nil` for interfaces and pointers.
    #[must_use]
    pub fn zero(self) -> super::Value {
        use super::{List, Map, Value};
        match self {
            Self::Bool => Value::Bool(false),
            Self::Int(kind) => Value::Int(kind, 0),
            Self::Float => Value::Float(0.0),
            Self::Complex => Value::Complex(0.0, 0.0),
            Self::String => Value::Str(crate::Str::default()),
            Self::Bytes => Value::Bytes(std::sync::Arc::default()),
            Self::List(t) => Value::List(List::nil(t)),
            Self::Map(t) => Value::Map(Map::nil(t)),
            Self::Interface | Self::Reflect | Self::Object(..) => Value::Nil,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interface => "interface {}",
            Self::Reflect => "reflect.Value",
            Self::Bool => "bool",
            Self::Int(kind) => kind.name(),
            Self::Float => "float64",
            Self::Complex => "complex128",
            Self::String => "string",
            Self::Bytes => "[]uint8",
            Self::List(t) => t.name,
            Self::Map(t) => t.name,
            Self::Object(name, _) => name,
        })
    }
}
