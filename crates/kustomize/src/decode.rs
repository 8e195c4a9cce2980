//! JSON into records, as Go's `encoding/json` does it: names match without regard to case, `null`
//! leaves a field alone, and nothing is converted.

use crate::error::{Error, Result, mistake};
use std::collections::BTreeMap;
use value::Value;

/// Whether a field that a record doesn't have is a mistake.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    Refused,
    Ignored,
}

/// Where a decoder stands.
#[derive(Clone, Copy)]
pub(crate) struct At<'p> {
    pub(crate) unknown: Unknown,
    /// The innermost record.
    record: &'static str,
    parent: Option<&'p At<'p>>,
    field: &'p str,
}

impl<'p> At<'p> {
    pub(crate) const fn root(unknown: Unknown) -> Self {
        Self {
            unknown,
            record: "",
            parent: None,
            field: "",
        }
    }

    pub(crate) const fn within(&'p self, record: &'static str, field: &'p str) -> Self {
        Self {
            unknown: self.unknown,
            record,
            parent: Some(self),
            field,
        }
    }

    fn path(&self) -> String {
        let mut names = vec![self.field];
        let mut at = self;
        while let Some(parent) = at.parent {
            names.push(parent.field);
            at = parent;
        }
        names.retain(|name| !name.is_empty());
        names.reverse();
        names.join(".")
    }

    pub(crate) fn mismatch(&self, value: &Value, wanted: &str) -> Error {
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::UInt(_) | Value::Float(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let path = self.path();
        if self.record.is_empty() {
            mistake!("json: cannot unmarshal {found} into Go value of type {wanted}")
        } else {
            mistake!(
                "json: cannot unmarshal {found} into Go struct field {}.{path} of type {wanted}",
                self.record
            )
        }
    }
}

/// What can be read from JSON.
pub(crate) trait Decode: Default {
    fn decode(value: &Value, at: &At<'_>) -> Result<Self>;
}

impl Decode for String {
    fn decode(value: &Value, at: &At<'_>) -> Result<Self> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::String(s) => Ok(s.to_string()),
            other => Err(at.mismatch(other, "string")),
        }
    }
}

impl Decode for bool {
    fn decode(value: &Value, at: &At<'_>) -> Result<Self> {
        match value {
            Value::Null => Ok(false),
            Value::Bool(b) => Ok(*b),
            other => Err(at.mismatch(other, "bool")),
        }
    }
}

impl Decode for i64 {
    fn decode(value: &Value, at: &At<'_>) -> Result<Self> {
        match value {
            Value::Null => Ok(0),
            Value::Int(i) => Ok(*i),
            other => other.as_i64().ok_or_else(|| at.mismatch(other, "int64")),
        }
    }
}

/// A table of anything; only tables are kept as they are.
impl Decode for Value {
    fn decode(value: &Value, at: &At<'_>) -> Result<Self> {
        match value {
            Value::Null | Value::Object(_) => Ok(value.clone()),
            other => Err(at.mismatch(other, "map[string]interface {}")),
        }
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(value: &Value, at: &At<'_>) -> Result<Self> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::Array(a) => a.iter().map(|v| T::decode(v, at)).collect(),
            other => Err(at.mismatch(other, "[]")),
        }
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(value: &Value, at: &At<'_>) -> Result<Self> {
        match value {
            Value::Null => Ok(None),
            value => T::decode(value, at).map(Some),
        }
    }
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    fn decode(value: &Value, at: &At<'_>) -> Result<Self> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::Object(o) => o
                .iter()
                .map(|(k, v)| Ok((k.as_str().to_owned(), T::decode(v, at)?)))
                .collect(),
            other => Err(at.mismatch(other, "map[string]string")),
        }
    }
}

/// Declares records and how their fields are called.
macro_rules! records {
    ($($(#[$doc:meta])* $vis:vis struct $record:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty = $name:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        $vis struct $record { $($(#[$field_doc])* $vis $field: $kind,)* }

        impl crate::decode::Decode for $record {
            fn decode(
                value: &value::Value,
                at: &crate::decode::At<'_>,
            ) -> crate::error::Result<Self> {
                let mut record = Self::default();
                let object = match value {
                    value::Value::Null => return Ok(record),
                    value::Value::Object(object) => object,
                    other => return Err(at.mismatch(other, concat!("types.", stringify!($record)))),
                };
                for (name, value) in object.iter() {
                    let at = at.within(stringify!($record), name);
                    $(if name.as_str().eq_ignore_ascii_case($name) {
                        if !value.is_null() {
                            record.$field = crate::decode::Decode::decode(value, &at)?;
                        }
                        continue;
                    })*
                    if at.unknown == crate::decode::Unknown::Refused {
                        return Err(crate::error::mistake!("json: unknown field \"{name}\""));
                    }
                }
                Ok(record)
            }
        }
    )*};
}
pub(crate) use records;

/// Reads a record; fields that it doesn't have are ignored.
pub(crate) fn lenient<T: Decode>(value: &Value) -> Result<T> {
    T::decode(value, &At::root(Unknown::Ignored))
}

/// Reads a record that must have all the fields that are given.
pub(crate) fn strict<T: Decode>(value: &Value) -> Result<T> {
    T::decode(value, &At::root(Unknown::Refused))
}
