//! A value seen through its type.

use crate::{Schema, TypeId};
use std::fmt;
use value::Value;

mod compare;
mod field_set;
mod item;
mod merging;
mod named;
mod reconcile;
mod remove;
mod validate;

pub use compare::Comparison;
pub(crate) use compare::compare;
pub(crate) use item::{Item, Items};
pub(crate) use merging::merge;
pub use validate::Duplicates;

/// A value, its type, and the schema in which that type means something.
#[derive(Clone, Copy, Debug)]
pub struct Typed<'a> {
    /// The schema.
    pub schema: &'a Schema,
    /// The type, from that schema.
    pub of: TypeId,
    /// The value.
    pub value: &'a Value,
}

impl<'a> Typed<'a> {
    /// Returns the view.
    #[must_use]
    pub const fn new(schema: &'a Schema, of: TypeId, value: &'a Value) -> Self {
        Self { schema, of, value }
    }
}

/// One place where a value does not have its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The path, as [`crate::DisplayPath`] writes it; empty at the root.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

/// A value does not have its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeError(pub Vec<Mismatch>);

impl TypeError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(vec![Mismatch {
            path: String::new(),
            message: message.into(),
        }])
    }

    /// Puts a step before every path.
    pub(crate) fn below(mut self, step: &impl fmt::Display) -> Self {
        for mismatch in &mut self.0 {
            mismatch.path.insert_str(0, &step.to_string());
        }
        self
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [one] = self.0.as_slice() {
            return write!(f, "{one}");
        }
        f.write_str("errors:")?;
        self.0.iter().try_for_each(|m| write!(f, "\n  {m}"))
    }
}

impl std::error::Error for TypeError {}

/// A member name in an error path.
pub(crate) struct Step<'a>(pub(crate) &'a str);

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ".{}", self.0)
    }
}

/// The error about a type that is nothing at all, which only a broken schema has.
pub(crate) fn no_type() -> TypeError {
    TypeError::new("schema error: type has no scalar, list or map")
}
