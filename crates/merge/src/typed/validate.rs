//! Does a value have its type?

use super::{Items, Mismatch, Step, TypeError, Typed, no_type};
use crate::go::{go_syntax, go_type, go_value};
use crate::schema::{Kind, List, Map, Scalar};
use crate::{PathElement, Schema, TypeId};
use value::Value;

/// Whether an associative list may hold two items of one identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicates {
    /// As in what an applier sends.
    Refuse,
    /// As in what is stored already.
    Allow,
}

impl Typed<'_> {
    /// Checks that the value has its type.
    ///
    /// # Errors
    ///
    /// Every place where it does not.
    pub fn validate(&self, duplicates: Duplicates) -> Result<(), TypeError> {
        let mut walker = Walker {
            schema: self.schema,
            duplicates,
            path: Vec::new(),
            errors: Vec::new(),
        };
        walker.visit(self.of, self.value);
        if walker.errors.is_empty() {
            Ok(())
        } else {
            Err(TypeError(walker.errors))
        }
    }
}

/// Returns an error if a scalar does not accept the value; `null` and absence always pass.
pub(crate) fn check_scalar(scalar: Scalar, value: Option<&Value>) -> Result<(), TypeError> {
    let Some(value) = value.filter(|v| !v.is_null()) else {
        return Ok(());
    };
    let (fits, expected) = match scalar {
        Scalar::Numeric => (value.is_number(), "numeric (int or float)"),
        Scalar::String => (matches!(value, Value::String(_)), "string"),
        Scalar::Boolean => (matches!(value, Value::Bool(_)), "boolean"),
        Scalar::Untyped => (
            !matches!(value, Value::Array(_) | Value::Object(_)),
            "any scalar",
        ),
    };
    if fits {
        return Ok(());
    }
    let got = match scalar {
        Scalar::Numeric => go_type(value).to_owned(),
        Scalar::String => format!("&value.valueUnstructured{{Value:{}}}", go_syntax(value)),
        Scalar::Boolean | Scalar::Untyped => go_value(value),
    };
    Err(TypeError::new(format!("expected {expected}, got {got}")))
}

struct Walker<'a> {
    schema: &'a Schema,
    duplicates: Duplicates,
    /// The steps so far, written out.
    path: Vec<String>,
    errors: Vec<Mismatch>,
}

impl<'a> Walker<'a> {
    fn report(&mut self, error: TypeError) {
        let prefix = self.path.concat();
        self.errors.extend(error.0.into_iter().map(|m| Mismatch {
            path: format!("{prefix}{}", m.path),
            message: m.message,
        }));
    }

    fn below(&mut self, step: String, of: TypeId, value: &'a Value) {
        self.path.push(step);
        self.visit(of, value);
        self.path.pop();
    }

    fn visit(&mut self, of: TypeId, value: &'a Value) {
        let atom = self.schema.atom(of);
        match (atom.kind_of(Some(value)), atom) {
            (Some(Kind::Scalar), atom) => {
                let scalar = atom.scalar.unwrap_or(Scalar::Untyped);
                if let Err(error) = check_scalar(scalar, Some(value)) {
                    self.report(error);
                }
            }
            (
                Some(Kind::List),
                crate::schema::Atom {
                    list: Some(list), ..
                },
            ) => {
                self.list(list, value);
            }
            (Some(Kind::Map), crate::schema::Atom { map: Some(map), .. }) => self.map(map, value),
            _ => self.report(no_type()),
        }
    }

    fn list(&mut self, list: &'a List, value: &'a Value) {
        let items = match value {
            Value::Null => return,
            Value::Array(items) => items,
            other => {
                return self.report(TypeError::new(format!(
                    "expected list, got {}",
                    go_value(other)
                )));
            }
        };
        if list.associative {
            match Items::of(self.schema, list, items) {
                Err(error) => return self.report(error),
                Ok(items) => {
                    for (item, value) in &items.list {
                        if !self.scalar_passes(list.element, value) {
                            self.below(item.to_string(), list.element, value);
                        }
                    }
                    if self.duplicates == Duplicates::Refuse
                        && let Some(item) = items.duplicate()
                    {
                        self.report(TypeError::new(format!("duplicate entries for key {item}")));
                    }
                }
            }
            return;
        }
        for (i, value) in items.iter().enumerate() {
            if !self.scalar_passes(list.element, value) {
                let i = i64::try_from(i).unwrap_or(i64::MAX);
                self.below(PathElement::Index(i).to_string(), list.element, value);
            }
        }
    }

    fn map(&mut self, map: &'a Map, value: &'a Value) {
        let members = match value {
            Value::Null => return,
            Value::Object(members) => members,
            other => {
                return self.report(TypeError::new(format!(
                    "expected map, got {}",
                    go_value(other)
                )));
            }
        };
        for (name, value) in members {
            match map.member(name) {
                None => self.report(super::field_set::undeclared(name)),
                Some(of) if self.scalar_passes(of, value) => {}
                Some(of) => self.below(Step(name).to_string(), of, value),
            }
        }
    }

    /// Returns true for a scalar that is right: most of an object, and no path is needed for it.
    fn scalar_passes(&self, of: TypeId, value: &Value) -> bool {
        let atom = self.schema.atom(of);
        atom.kind_of(Some(value)) == Some(Kind::Scalar)
            && atom
                .scalar
                .is_some_and(|s| check_scalar(s, Some(value)).is_ok())
    }
}
