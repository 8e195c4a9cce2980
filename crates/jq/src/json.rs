//! Values as programs compute with them: shared, so that handing one on costs nothing, and so that
//! a path can be told from a copy of what it leads to.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;
use value::{Object, Value};

pub(crate) type Map = BTreeMap<Rc<str>, Json>;

/// How deep what a program makes may nest.
pub(crate) const DEPTH_MAX: u32 = 1_000;

/// The elements of an array, and how deep they nest.
#[derive(Debug)]
pub(crate) struct Items {
    list: Vec<Json>,
    depth: u32,
}

impl Deref for Items {
    type Target = [Json];
    fn deref(&self) -> &[Json] {
        &self.list
    }
}

/// The members of an object, and how deep they nest.
#[derive(Debug)]
pub(crate) struct Members {
    map: Map,
    depth: u32,
}

impl Deref for Members {
    type Target = Map;
    fn deref(&self) -> &Map {
        &self.map
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Rc<str>),
    Array(Rc<Items>),
    Object(Rc<Members>),
}

impl Json {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn array(list: Vec<Self>) -> Self {
        let depth = 1 + list.iter().map(Self::depth).max().unwrap_or_default();
        Self::Array(Rc::new(Items { list, depth }))
    }

    pub(crate) fn members(map: Map) -> Self {
        let depth = 1 + map.values().map(Self::depth).max().unwrap_or_default();
        Self::Object(Rc::new(Members { map, depth }))
    }

    /// Returns how deep arrays and objects nest.
    pub(crate) fn depth(&self) -> u32 {
        match self {
            Self::Array(items) => items.depth,
            Self::Object(members) => members.depth,
            _ => 0,
        }
    }

    pub(crate) fn object(members: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        let members = members
            .into_iter()
            .map(|(name, value)| (name.into(), value));
        Self::members(members.collect())
    }

    pub(crate) fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Int(whole) => Self::Int(*whole),
            Value::UInt(whole) => Self::Float(*whole as f64),
            Value::Float(number) => Self::Float(*number),
            Value::String(text) => Self::text(text),
            Value::Array(items) => Self::array(items.iter().map(Self::from).collect()),
            Value::Object(members) => {
                let members = members
                    .iter()
                    .map(|(name, value)| (name.as_str().into(), Self::from(value)));
                Self::members(members.collect())
            }
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Int(whole) => Value::Int(*whole),
            Self::Float(number) if number.is_nan() => Value::Null,
            Self::Float(number) => match exact(*number) {
                Some(whole) => Value::Int(whole),
                None => Value::Float(number.clamp(-f64::MAX, f64::MAX)),
            },
            Self::Text(text) => Value::from(text.as_ref()),
            Self::Array(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Self::Object(members) => {
                let mut object = Object::with_capacity(members.len());
                for (name, value) in members.iter() {
                    object.insert(name.as_ref(), value.to_value());
                }
                Value::Object(object)
            }
        }
    }

    pub(crate) const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) | Self::Float(_) => "number",
            Self::Text(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// Everything but `null` and `false` holds.
    pub(crate) const fn holds(&self) -> bool {
        !matches!(self, Self::Null | Self::Bool(false))
    }

    pub(crate) const fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(whole) => Some(*whole as f64),
            Self::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// Returns a number as an index: without its fraction.
    pub(crate) const fn as_index(&self) -> Option<i64> {
        match self {
            Self::Int(whole) => Some(*whole),
            Self::Float(number) => Some(*number as i64),
            _ => None,
        }
    }

    /// Returns the values of an array or object.
    pub(crate) fn values(&self) -> Option<Vec<Self>> {
        match self {
            Self::Array(items) => Some(items.to_vec()),
            Self::Object(members) => Some(members.values().cloned().collect()),
            _ => None,
        }
    }

    /// Returns true for the very same value: not a copy of an array or object.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Array(a), Self::Array(b)) => Rc::ptr_eq(a, b) || (a.is_empty() && b.is_empty()),
            (Self::Object(a), Self::Object(b)) => Rc::ptr_eq(a, b),
            (Self::Array(_) | Self::Object(_), _) | (_, Self::Array(_) | Self::Object(_)) => false,
            (Self::Float(a), Self::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
            (a, b) => a.cmp(b) == Ordering::Equal,
        }
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(false) => 1,
            Self::Bool(true) => 2,
            Self::Int(_) | Self::Float(_) => 3,
            Self::Text(_) => 4,
            Self::Array(_) => 5,
            Self::Object(_) => 6,
        }
    }

    /// jq's order: by type, then by value; objects by their keys first.
    pub(crate) fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Int(_) | Self::Float(_), Self::Int(_) | Self::Float(_)) => {
                let (a, b) = (self.as_f64(), other.as_f64());
                let (a, b) = (a.unwrap_or_default(), b.unwrap_or_default());
                if a < b || a.is_nan() {
                    Ordering::Less
                } else if a == b {
                    Ordering::Equal
                } else {
                    Ordering::Greater
                }
            }
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Array(a), Self::Array(b)) => {
                let differs = a.iter().zip(b.iter()).map(|(a, b)| a.cmp(b));
                let differs = differs.into_iter().find(|o| *o != Ordering::Equal);
                differs.unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (Self::Object(a), Self::Object(b)) => a.keys().cmp(b.keys()).then_with(|| {
                let differs = a.values().zip(b.values()).map(|(a, b)| a.cmp(b));
                let differs = differs.into_iter().find(|o| *o != Ordering::Equal);
                differs.unwrap_or(Ordering::Equal)
            }),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }
}

/// Returns a float that is a whole number which floats hold exactly.
pub(crate) fn exact(number: f64) -> Option<i64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0
        && number.abs() <= EXACT_MAX
        && !(number == 0.0 && number.is_sign_negative()))
    .then_some(number as i64)
}
