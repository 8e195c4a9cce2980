//! What Go's encoder makes of empty values: they vanish, stay, or are written though nobody set them.

use merge::Schema;
use merge::schema::{Empty, Format, Map};
use value::{Object, Value};

const MANAGED_FIELDS: &str = "managedFields";

/// Brings the members of a struct into the form in which they are written.
pub(super) fn settle(schema: &Schema, map: &Map, object: &mut Object) {
    object.retain(|name, member| {
        let Some(field) = map.field(name) else {
            return true;
        };
        match field.empty {
            // An empty list of owners is a wish: there shall be none.
            Empty::Dropped => {
                name.as_str() == MANAGED_FIELDS || !is_empty(member, schema.atom(field.of).format)
            }
            _ => true,
        }
    });
    for field in &map.fields {
        if let Some(value) = schema.written_if_empty(field) {
            object.entry(&field.name, || value);
        }
    }
}

/// Returns true for the value that a field has without one.
fn is_empty(value: &Value, format: Format) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(set) => !set,
        Value::Int(number) => *number == 0,
        Value::UInt(_) => false,
        Value::Float(number) => *number == 0.0,
        Value::String(text) => text.is_empty() && format != Format::Quantity,
        list_or_map => list_or_map.is_empty(),
    }
}
