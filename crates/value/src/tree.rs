//! The value itself.

use crate::Object;

/// A JSON value of 32 bytes.
///
/// Whole numbers keep all 64 bits ([`Value::Int`], and [`Value::UInt`] only above `i64::MAX`); a
/// number with a fraction or an exponent is a [`Value::Float`]. `==` is exact (the integer 1 is not
/// the float 1.0); [`Value::equivalent`] compares numbers by value.
#[derive(Clone, Default, PartialEq)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number that fits in 64 signed bits.
    Int(i64),
    /// A whole number above `i64::MAX`; smaller ones are always [`Value::Int`].
    UInt(u64),
    /// Any other number; finite.
    Float(f64),
    /// A string.
    String(Box<str>),
    /// An array.
    Array(Vec<Value>),
    /// An object.
    Object(Object),
}

impl Value {
    /// Returns an empty object.
    #[must_use]
    pub const fn object() -> Self {
        Self::Object(Object::new())
    }

    /// Returns true for `null`.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns true for an object.
    #[must_use]
    pub const fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// Returns true for an array.
    #[must_use]
    pub const fn is_array(&self) -> bool {
        matches!(self, Self::Array(_))
    }

    /// Returns true for `{}`, `[]` and `null`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Array(a) => a.is_empty(),
            Self::Object(o) => o.is_empty(),
            _ => false,
        }
    }

    /// Returns the text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(s) => Some(s),
            _ => None,
        }
    }

    /// Returns a boolean.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// Returns a whole number; a float without a fraction counts, as it does when Kubernetes
    /// decodes JSON.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(i) => Some(*i),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the range is checked first"
            )]
            Self::Float(f) if f.fract() == 0.0 && f.abs() < 9e15 => Some(*f as i64),
            _ => None,
        }
    }

    /// Returns any number as a float, which may round.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "the contract says it may round")]
        match self {
            Self::Int(i) => Some(*i as f64),
            Self::UInt(u) => Some(*u as f64),
            Self::Float(f) => Some(*f),
            _ => None,
        }
    }

    /// Returns true for any number.
    #[must_use]
    pub const fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::UInt(_) | Self::Float(_))
    }

    /// Returns the elements of an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(a) => Some(a),
            _ => None,
        }
    }

    /// Returns the elements of an array for change.
    pub const fn as_array_mut(&mut self) -> Option<&mut Vec<Self>> {
        match self {
            Self::Array(a) => Some(a),
            _ => None,
        }
    }

    /// Returns the members of an object.
    #[must_use]
    pub const fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(o) => Some(o),
            _ => None,
        }
    }

    /// Returns the members of an object for change.
    pub const fn as_object_mut(&mut self) -> Option<&mut Object> {
        match self {
            Self::Object(o) => Some(o),
            _ => None,
        }
    }

    /// Returns the member `name` of an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object().and_then(|o| o.get(name))
    }

    /// Returns the member `name` of an object for change.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        self.as_object_mut().and_then(|o| o.get_mut(name))
    }

    /// Follows member names from object to object: `v.at(&["metadata", "name"])`.
    #[must_use]
    pub fn at(&self, names: &[&str]) -> Option<&Self> {
        names.iter().try_fold(self, |v, name| v.get(name))
    }

    /// Returns the string at a path of member names, or `""` if there is none.
    #[must_use]
    pub fn str_at(&self, names: &[&str]) -> &str {
        self.at(names).and_then(Self::as_str).unwrap_or("")
    }

    /// Returns the whole number at a path of member names.
    #[must_use]
    pub fn i64_at(&self, names: &[&str]) -> Option<i64> {
        self.at(names).and_then(Self::as_i64)
    }

    /// Returns the elements of the array at a path of member names; none if it is absent.
    #[must_use]
    pub fn array_at(&self, names: &[&str]) -> &[Self] {
        self.at(names).and_then(Self::as_array).unwrap_or(&[])
    }

    /// Sets the value at a path of member names, making objects on the way. Replaces the value
    /// itself if `names` is empty.
    pub fn set_at(&mut self, names: &[&str], value: impl Into<Self>) {
        let mut slot = self;
        for name in names {
            if !slot.is_object() {
                *slot = Self::object();
            }
            let object = slot.as_object_mut().expect("it was made an object above");
            slot = object.entry(name, || Self::Null);
        }
        *slot = value.into();
    }

    /// Removes and returns the value at a path of member names. Emptied parents stay.
    pub fn remove_at(&mut self, names: &[&str]) -> Option<Self> {
        let (last, parents) = names.split_last()?;
        let parent = parents.iter().try_fold(self, |v, name| v.get_mut(name))?;
        parent.as_object_mut()?.remove(last)
    }

    /// Returns the JSON name of the value's type, as error messages use it.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) | Self::UInt(_) | Self::Float(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// Returns the bytes that this value holds on the heap, itself not counted.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::String(s) => s.len(),
            Self::Array(a) => {
                a.capacity() * size_of::<Self>() + a.iter().map(Self::heap_bytes).sum::<usize>()
            }
            Self::Object(o) => {
                o.capacity() * size_of::<(crate::Key, Self)>()
                    + o.iter()
                        .map(|(k, v)| k.heap_bytes() + v.heap_bytes())
                        .sum::<usize>()
            }
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_32_bytes_and_a_member_48() {
        assert_eq!(size_of::<Value>(), 32);
        assert_eq!(size_of::<(crate::Key, Value)>(), 48);
    }

    #[test]
    fn paths_are_made_read_and_removed() {
        let mut v = Value::Null;
        v.set_at(&["a", "b"], 3);
        assert_eq!(v.i64_at(&["a", "b"]), Some(3));
        assert_eq!(v.remove_at(&["a", "b"]), Some(Value::Int(3)));
        assert_eq!(v.to_json(), r#"{"a":{}}"#);
        assert_eq!(v.remove_at(&["x", "y"]), None);
    }
}
