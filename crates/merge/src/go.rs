//! Values as Go prints them, which is how they appear in the messages of API servers.

use value::Value;

/// Returns the type that Go's decoder gives a value.
pub(crate) const fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::UInt(_) => "int64",
        Value::Float(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// Writes a value as Go's `%v` does for a decoded value.
pub(crate) fn go_value(value: &Value) -> String {
    format!("&{{{}}}", go_plain(value))
}

/// Writes a value as Go's `%#v` does.
pub(crate) fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(go_syntax).collect();
            format!("{}{{{}}}", go_type(value), items.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(k, v)| format!("{:?}:{}", k.as_str(), go_syntax(v)))
                .collect();
            format!("{}{{{}}}", go_type(value), members.join(", "))
        }
        other => other.to_json(),
    }
}

pub(crate) fn go_plain(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(s) => s.to_string(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(go_plain).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(k, v)| format!("{k}:{}", go_plain(v)))
                .collect();
            format!("map[{}]", members.join(" "))
        }
        other => other.to_json(),
    }
}
