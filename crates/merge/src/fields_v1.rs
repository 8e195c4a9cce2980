//! Sets of paths as `fieldsV1` of a `managedFields` entry.
//!
//! A step is a member name: `f:spec`, `k:{"name":"web"}`, `v:"a"` or `i:3`. A path that is in the
//! set ends in `{}`, or in `"."` if others go on below it.

use crate::set::Node;
use crate::{PathElement, Set};
use value::{Key, Object, Value};

/// Why a `fieldsV1` can't be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldsError {
    /// A member name is not a step.
    #[error("invalid path element {0:?}")]
    Element(String),
    /// A step leads to something that is no object.
    #[error("expected an object below {0:?}")]
    NotAnObject(String),
}

impl PathElement {
    /// Returns the step as a member name of `fieldsV1`.
    #[must_use]
    pub fn to_fields_v1(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(fields) => {
                let object: Object = fields.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
                format!("k:{}", Value::Object(object).to_json())
            }
            Self::Value(value) => format!("v:{}", value.to_json()),
            Self::Index(i) => format!("i:{i}"),
        }
    }

    /// Reads a member name of `fieldsV1`. Steps of unknown sorts are `None`: newer servers may have
    /// them, and they are dropped.
    ///
    /// # Errors
    ///
    /// If the name has no sort, or its value is not valid.
    pub fn from_fields_v1(name: &str) -> Result<Option<Self>, FieldsError> {
        let invalid = || FieldsError::Element(name.to_owned());
        let (sort, rest) = name.split_once(':').ok_or_else(invalid)?;
        if sort.len() != 1 {
            return Err(invalid());
        }
        Ok(Some(match sort {
            "f" => Self::field(rest),
            "i" => Self::Index(rest.parse().map_err(|_| invalid())?),
            "v" => Self::Value(Value::parse(rest.as_bytes()).map_err(|_| invalid())?),
            "k" => match Value::parse(rest.as_bytes()) {
                // Objects are sorted by name already.
                Ok(Value::Object(fields)) => Self::Key(fields.into_iter().collect()),
                _ => return Err(invalid()),
            },
            _ => return Ok(None),
        }))
    }
}

impl Set {
    /// Returns the set as `fieldsV1`.
    #[must_use]
    pub fn to_fields_v1(&self) -> Value {
        let mut object = Object::with_capacity(self.0.len());
        for Node {
            element,
            member,
            children,
        } in &self.0
        {
            let mut below = children.to_fields_v1();
            if *member && !children.is_empty() {
                below.set_at(&["."], Value::object());
            }
            object.insert(Key::from(element.to_fields_v1()), below);
        }
        Value::Object(object)
    }

    /// Reads a `fieldsV1`. A step without anything below it is a path; `null` is the empty set.
    ///
    /// # Errors
    ///
    /// If a step is malformed.
    pub fn from_fields_v1(fields: &Value) -> Result<Self, FieldsError> {
        match fields {
            Value::Null => Ok(Self::new()),
            Value::Object(object) => Ok(read(object)?.0),
            _ => Err(FieldsError::NotAnObject(String::new())),
        }
    }
}

/// Returns the set of the steps in `object`, and whether the object itself is a member.
fn read(object: &Object) -> Result<(Set, bool), FieldsError> {
    let mut set = Set(Vec::with_capacity(object.len()));
    let mut itself = object.is_empty();
    for (name, below) in object {
        if name.as_str() == "." {
            itself = true;
            continue;
        }
        let Some(element) = PathElement::from_fields_v1(name)? else {
            continue;
        };
        let (children, member) = match below {
            Value::Object(below) => read(below)?,
            Value::Null => (Set::new(), true),
            _ => return Err(FieldsError::NotAnObject(name.to_string())),
        };
        set.push(element, member, children);
    }
    Ok((set, itself))
}
