//! Reading a schema from the document form that API servers' libraries use.

use super::{Atom, Field, Format, List, Map, Scalar, Schema, TypeId};
use std::collections::HashMap;
use value::{Key, Value};

/// Why a document is not a schema.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaError {
    /// A type has no name, a field has no name, or a part has the wrong form.
    #[error("malformed schema: {0}")]
    Malformed(String),
    /// Types nest deeper than any real one.
    #[error("types nest too deeply")]
    Depth,
}

impl Schema {
    /// Reads a schema from its document: `{"types": [{"name", "scalar" | "list" | "map"}]}`.
    ///
    /// A reference to a type that does not exist is no error here: it makes a type that refuses
    /// every value.
    ///
    /// # Errors
    ///
    /// If the document has the wrong form.
    pub fn from_document(document: &Value) -> Result<Self, SchemaError> {
        let mut reader = Reader::default();
        let types = document.array_at(&["types"]);
        // Names first, so that types can refer to each other in any order.
        for ty in types {
            let name = ty.str_at(&["name"]);
            if name.is_empty() {
                return Err(SchemaError::Malformed("a type without a name".to_owned()));
            }
            // A document's own idea of the untyped types stands beside the constant ones.
            let id = reader.schema.reserve();
            reader.schema.names.insert(name.into(), id);
        }
        for ty in types {
            let id = reader.schema.names[ty.str_at(&["name"])];
            let atom = reader.atom(ty)?;
            reader.schema.set(id, atom);
        }
        reader.resolve_overrides();
        Ok(reader.schema)
    }
}

#[derive(Default)]
struct Reader {
    schema: Schema,
    /// Overridden references: the same reference is one type.
    overrides: HashMap<(TypeId, Box<str>), TypeId>,
}

impl Reader {
    fn atom(&mut self, of: &Value) -> Result<Atom, SchemaError> {
        let scalar = match of.get("scalar").and_then(Value::as_str) {
            None => None,
            Some("numeric") => Some(Scalar::Numeric),
            Some("string") => Some(Scalar::String),
            Some("boolean") => Some(Scalar::Boolean),
            // An unknown sort checks nothing, as in the reference.
            Some(_) => Some(Scalar::Untyped),
        };
        let list = match of.get("list").filter(|l| !l.is_null()) {
            Some(list) => Some(self.list(list)?),
            None => None,
        };
        let map = match of.get("map").filter(|m| !m.is_null()) {
            Some(map) => Some(self.map(map)?),
            None => None,
        };
        Ok(Atom {
            scalar,
            list,
            map,
            format: Format::Plain,
        })
    }

    fn list(&mut self, list: &Value) -> Result<List, SchemaError> {
        let element = self.reference(list.get("elementType").unwrap_or(&Value::Null))?;
        let keys = list.array_at(&["keys"]).iter();
        Ok(List {
            element,
            associative: list.str_at(&["elementRelationship"]) == "associative",
            keys: keys.filter_map(Value::as_str).map(Key::new).collect(),
        })
    }

    fn map(&mut self, map: &Value) -> Result<Map, SchemaError> {
        let mut fields = Vec::new();
        for field in map.array_at(&["fields"]) {
            let Some(name) = field.get("name").and_then(Value::as_str) else {
                return Err(SchemaError::Malformed("a field without a name".to_owned()));
            };
            fields.push(Field {
                name: Key::new(name),
                of: self.reference(field.get("type").unwrap_or(&Value::Null))?,
                default: field.get("default").filter(|d| !d.is_null()).cloned(),
                patch: None,
                always: false,
                empty: super::Empty::Kept,
            });
        }
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        let element = match map.get("elementType").filter(|t| !t.is_null()) {
            Some(element) => Some(self.reference(element)?),
            None => None,
        };
        Ok(Map {
            fields: fields.into(),
            element,
            atomic: map.str_at(&["elementRelationship"]) == "atomic",
        })
    }

    /// Returns the type of a reference: named, named with another relationship, or written inline.
    fn reference(&mut self, reference: &Value) -> Result<TypeId, SchemaError> {
        let Some(name) = reference.get("namedType").and_then(Value::as_str) else {
            let atom = self.atom(reference)?;
            let id = self.schema.reserve();
            self.schema.set(id, atom);
            return Ok(id);
        };
        let target = if let Some(&id) = self.schema.names.get(name) {
            id
        } else {
            let id = self.schema.reserve();
            self.schema.names.insert(name.into(), id);
            id
        };
        let relationship = reference.str_at(&["elementRelationship"]);
        if relationship.is_empty() {
            return Ok(target);
        }
        let key = (target, relationship.into());
        if let Some(&id) = self.overrides.get(&key) {
            return Ok(id);
        }
        let id = self.schema.reserve();
        self.overrides.insert(key, id);
        Ok(id)
    }

    /// Fills in the overridden copies, now that every type is there.
    fn resolve_overrides(&mut self) {
        for ((target, relationship), id) in &self.overrides {
            let mut atom = self.schema.atom(*target).clone();
            atom.override_relationship(relationship);
            self.schema.set(*id, atom);
        }
    }
}

impl Atom {
    /// Gives the map or list another relationship.
    pub(crate) fn override_relationship(&mut self, relationship: &str) {
        if let Some(map) = &mut self.map {
            map.atomic = relationship == "atomic";
        } else if let Some(list) = &mut self.list {
            list.associative = relationship == "associative";
        }
    }
}
