//! A value without some paths, or with nothing but some paths.

use super::{Item, TypeError, Typed, no_type};
use crate::schema::{Kind, List, Map};
use crate::set::Node;
use crate::{Schema, Set, TypeId};
use value::{Object, Value};

impl Typed<'_> {
    /// Returns the value without the paths in `set`. A list or map that is left empty is `null`.
    ///
    /// # Errors
    ///
    /// If the value does not have its type.
    pub fn remove(&self, set: &Set) -> Result<Value, TypeError> {
        let walker = Walker {
            schema: self.schema,
            mode: Mode::Remove,
        };
        walker.visit(self.of, self.value, set)
    }

    /// Returns the value with nothing but the paths in `set`. A list or map that is left empty is
    /// `null`.
    ///
    /// # Errors
    ///
    /// If the value does not have its type.
    pub fn extract(&self, set: &Set) -> Result<Value, TypeError> {
        let walker = Walker {
            schema: self.schema,
            mode: Mode::Extract,
        };
        walker.visit(self.of, self.value, set)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Remove,
    Extract,
}

struct Walker<'s> {
    schema: &'s Schema,
    mode: Mode,
}

impl Walker<'_> {
    fn visit(&self, of: TypeId, value: &Value, set: &Set) -> Result<Value, TypeError> {
        let atom = self.schema.atom(of);
        let whole = |value: &Value| match self.mode {
            Mode::Extract => value.clone(),
            Mode::Remove => Value::Null,
        };
        match atom.kind_of(Some(value)).ok_or_else(no_type)? {
            Kind::Scalar => Ok(value.clone()),
            Kind::List => match (value, &atom.list) {
                (Value::Array(items), Some(list)) if !items.is_empty() && list.associative => {
                    self.list(list, items, set)
                }
                (Value::Array(_) | Value::Null, _) => Ok(whole(value)),
                _ => Ok(Value::Null),
            },
            Kind::Map => match (value, &atom.map) {
                (Value::Object(members), Some(map)) if !members.is_empty() && !map.atomic => {
                    self.map(map, members, set)
                }
                (Value::Object(_) | Value::Null, _) => Ok(whole(value)),
                _ => Ok(Value::Null),
            },
        }
    }

    fn list(&self, list: &List, items: &[Value], set: &Set) -> Result<Value, TypeError> {
        let mut out = Vec::new();
        for value in items {
            let item = Item::of(self.schema, list, value)?;
            let node = find(set, |node| item.cmp_element(&node.element));
            let member = node.is_some_and(|n| n.member);
            let below = node.map(|n| &n.children).filter(|c| !c.is_empty());
            if member && self.mode == Mode::Remove {
                continue;
            }
            match below {
                Some(below) => {
                    let value = self.visit(list.element, value, below);
                    out.push(value.map_err(|e| e.below(&item))?);
                }
                None if member || self.mode == Mode::Remove => out.push(value.clone()),
                None => {}
            }
        }
        Ok(if out.is_empty() {
            Value::Null
        } else {
            Value::Array(out)
        })
    }

    fn map(&self, map: &Map, members: &Object, set: &Set) -> Result<Value, TypeError> {
        let mut out = Object::new();
        for (name, value) in members {
            let node = find(set, |node| match &node.element {
                crate::PathElement::Field(field) => name.cmp(field),
                _ => std::cmp::Ordering::Less,
            });
            let of = map
                .member(name)
                .ok_or_else(|| super::field_set::undeclared(name))?;
            let visit = |below: &Set| {
                self.visit(of, value, below)
                    .map_err(|e| e.below(&super::Step(name)))
            };
            let kept = match (node, self.mode) {
                (Some(node), Mode::Remove) if node.member => continue,
                // A member is extracted by the whole set, as the reference does: whatever of it
                // has a name that the set knows at this level.
                (Some(node), Mode::Extract) if node.member => visit(set)?,
                (Some(node), _) => visit(&node.children)?,
                (None, Mode::Remove) => value.clone(),
                (None, Mode::Extract) => continue,
            };
            out.insert(name.clone(), kept);
        }
        Ok(if out.is_empty() {
            Value::Null
        } else {
            Value::Object(out)
        })
    }
}

/// Finds the step for which `order` (of the thing sought against the step) is equal.
fn find(set: &Set, order: impl Fn(&Node) -> std::cmp::Ordering) -> Option<&Node> {
    set.0
        .binary_search_by(|node| order(node).reverse())
        .ok()
        .map(|i| &set.0[i])
}
