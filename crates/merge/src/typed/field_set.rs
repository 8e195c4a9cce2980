//! Which paths does a value set?

use super::{Items, Step, TypeError, Typed, no_type};
use crate::schema::Kind;
use crate::{PathElement, Schema, Set, TypeId};
use value::Value;

impl Typed<'_> {
    /// Returns the paths that an applier of this value owns: leaves, items of associative lists,
    /// members of maps that the type does not declare, and empty maps.
    ///
    /// # Errors
    ///
    /// If the value does not have its type.
    pub fn field_set(&self) -> Result<Set, TypeError> {
        Ok(visit(self.schema, self.of, self.value)?.children)
    }
}

/// What a value sets.
#[derive(Default)]
struct Owned {
    /// The value is a leaf.
    leaf: bool,
    /// The paths below it.
    children: Set,
}

fn visit(schema: &Schema, of: TypeId, value: &Value) -> Result<Owned, TypeError> {
    let atom = schema.atom(of);
    let leaf = Owned {
        leaf: true,
        children: Set::new(),
    };
    let mut owned = Owned::default();
    match atom.kind_of(Some(value)).ok_or_else(no_type)? {
        Kind::Scalar => return Ok(leaf),
        Kind::List => {
            let Some(list) = atom.list.as_ref().filter(|l| l.associative) else {
                return Ok(leaf);
            };
            let Value::Array(items) = value else {
                return Ok(owned);
            };
            let items = Items::of(schema, list, items)?;
            owned.children.0.reserve(items.list.len());
            for group in items.groups() {
                let (item, value) = &items.list[group[0]];
                let below = if group.len() == 1 {
                    visit(schema, list.element, value).map_err(|e| e.below(item))?
                } else {
                    Owned::default()
                };
                owned.children.push(item.to_element(), true, below.children);
            }
        }
        Kind::Map => {
            let Some(map) = atom.map.as_ref().filter(|m| !m.atomic) else {
                return Ok(leaf);
            };
            let Value::Object(members) = value else {
                return Ok(owned);
            };
            owned.children.0.reserve(members.len());
            for (name, value) in members {
                let field = map.field(name);
                let of = field
                    .map(|f| f.of)
                    .or(map.element)
                    .ok_or_else(|| undeclared(name))?;
                let below = visit(schema, of, value).map_err(|e| e.below(&Step(name)))?;
                let empty = match value {
                    Value::Null => true,
                    Value::Object(o) => o.is_empty(),
                    _ => false,
                };
                owned.children.push(
                    PathElement::Field(name.clone()),
                    below.leaf || empty || field.is_none(),
                    below.children,
                );
            }
        }
    }
    Ok(owned)
}

/// The error about a member that its map does not declare.
pub(super) fn undeclared(name: &str) -> TypeError {
    TypeError::new("field not declared in schema").below(&Step(name))
}
