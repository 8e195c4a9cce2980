//! The last touch before an object is stored.

use merge::Schema;
use merge::schema::{Empty, Map};
use value::{Object, Value};

use crate::kinds::Kind;

/// Makes `null` of empty lists that would be `null` when they are read again. Whoever wrote the
/// empty list owns the field nevertheless.
pub(crate) fn fill_in(kind: &Kind, object: &mut Value) {
    let schema = merge::builtin();
    if kind.custom {
        return;
    }
    let map = schema
        .type_of(&kind.api_version(), &kind.kind)
        .and_then(|of| schema.atom(of).map.as_ref());
    if let (Some(map), Some(object)) = (map, object.as_object_mut()) {
        empty_lists(schema, map, object);
    }
}

fn empty_lists(schema: &Schema, map: &Map, object: &mut Object) {
    for field in &map.fields {
        let Some(member) = object.get_mut(&field.name) else {
            continue;
        };
        match member {
            Value::Array(items) if items.is_empty() && field.empty == Empty::Null => {
                *member = Value::Null;
            }
            Value::Object(inner) if field.always => {
                if let Some(map) = &schema.atom(field.of).map {
                    empty_lists(schema, map, inner);
                }
            }
            _ => {}
        }
    }
}
