//! YAML, JSON and TOML.

use super::{ANY, Called, Function, STR, fixed, str_at};
use crate::error::Error;
use crate::exec::Exec;
use crate::json::{self, Style};
use crate::time::Time;
use crate::toml;
use crate::value::{List, ListType, Map, MapType, Value};

const COMPACT: Style = Style {
    indent: 0,
    escapes_html: true,
};
const PRETTY: Style = Style {
    indent: 2,
    escapes_html: true,
};
const RAW: Style = Style {
    indent: 0,
    escapes_html: false,
};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("toJson", &[ANY], |exec, a| {
        lenient(exec, json::write(&a[0], COMPACT))
    }),
    fixed("mustToJson", &[ANY], |exec, a| {
        strict(exec, json::write(&a[0], COMPACT))
    }),
    fixed("toPrettyJson", &[ANY], |exec, a| {
        lenient(exec, json::write(&a[0], PRETTY))
    }),
    fixed("mustToPrettyJson", &[ANY], |exec, a| {
        strict(exec, json::write(&a[0], PRETTY))
    }),
    fixed("toRawJson", &[ANY], |exec, a| {
        strict(exec, json::write(&a[0], RAW))
    }),
    fixed("mustToRawJson", &[ANY], |exec, a| {
        strict(exec, json::write(&a[0], RAW))
    }),
    fixed("fromJson", &[STR], |exec, a| {
        exec.charge(str_at(a, 0).len())?;
        Ok(json::read(&str_at(a, 0)).unwrap_or_default())
    }),
    fixed("mustFromJson", &[STR], |exec, a| {
        exec.charge(str_at(a, 0).len())?;
        json::read(&str_at(a, 0)).map_err(Error::new)
    }),
];

pub(super) const HELM: &[Function] = &[
    fixed("toYaml", &[ANY], |exec, a| lenient(exec, yaml_text(&a[0]))),
    fixed("mustToYaml", &[ANY], |exec, a| {
        strict(exec, yaml_text(&a[0]))
    }),
    fixed("toYamlPretty", &[ANY], |exec, a| {
        if matches!(a[0], Value::Complex(..)) {
            return Err("cannot marshal type: complex128".into());
        }
        lenient(exec, pretty_yaml(&a[0]))
    }),
    fixed("fromYaml", &[STR], from_yaml),
    fixed("fromYamlArray", &[STR], from_yaml_array),
    fixed("fromJson", &[STR], |exec, a| {
        exec.charge(str_at(a, 0).len())?;
        Ok(map_or_error(json::read(&str_at(a, 0)), |message| message))
    }),
    fixed("fromJsonArray", &[STR], |exec, a| {
        exec.charge(str_at(a, 0).len())?;
        Ok(list_or_error(json::read(&str_at(a, 0)), |message| message))
    }),
    fixed("toToml", &[ANY], |exec, a| {
        let text = toml_text(&a[0])?.unwrap_or_else(String::into_bytes);
        exec.room(text.len())?;
        Ok(text.into())
    }),
    fixed("mustToToml", &[ANY], |exec, a| {
        strict(exec, toml_text(&a[0])?)
    }),
    fixed("fromToml", &[STR], |exec, a| {
        exec.charge(str_at(a, 0).len())?;
        Ok(toml::read(&str_at(a, 0)).unwrap_or_else(error_map))
    }),
];

/// Where ApplicationSets have these functions, their errors are errors.
pub(super) const APPLICATION_SET: &[Function] = &[
    fixed("toYaml", &[ANY], |exec, a| strict(exec, yaml_text(&a[0]))),
    fixed("fromYaml", &[STR], |exec, a| {
        match read_yaml(exec, &str_at(a, 0))? {
            Ok(None) => Ok(empty_map()),
            Ok(Some(map @ Value::Map(_))) => Ok(map),
            Ok(Some(other)) => {
                Err(from_json(json::wrong_type(&other, "map[string]interface {}")).into())
            }
            Err(message) => Err(message.into()),
        }
    }),
    fixed("fromYamlArray", &[STR], |exec, a| {
        match read_yaml(exec, &str_at(a, 0))? {
            Ok(None) => Ok(empty_list()),
            Ok(Some(list @ Value::List(_))) => Ok(list),
            Ok(Some(other)) => Err(from_json(json::wrong_type(&other, "[]interface {}")).into()),
            Err(message) => Err(message.into()),
        }
    }),
];

/// Functions without `must` give nothing where there is an error.
fn lenient(exec: &mut Exec<'_, '_>, text: Result<Vec<u8>, String>) -> Called {
    let text = text.unwrap_or_default();
    exec.room(text.len())?;
    Ok(text.into())
}

fn strict(exec: &mut Exec<'_, '_>, text: Result<Vec<u8>, String>) -> Called {
    let text = text.map_err(Error::new)?;
    exec.room(text.len())?;
    Ok(text.into())
}

fn yaml_text(value: &Value) -> Result<Vec<u8>, String> {
    let tree = value
        .to_tree()
        .map_err(|e| format!("error marshaling into JSON: {e}"))?;
    let text = yaml::to_yaml_through_json(&tree)
        .map_err(|e| format!("error converting JSON to YAML: {e}"))?;
    Ok(trimmed(text))
}

fn pretty_yaml(value: &Value) -> Result<Vec<u8>, String> {
    // A time is no text to this encoder; what it looks like needs no quotes.
    if let (Some(_), Value::Object(object)) = (Time::of(value), value)
        && let Some(Value::Str(text)) = object.json()
    {
        return Ok(text.to_vec());
    }
    Ok(trimmed(yaml::to_yaml_pretty(&value.to_plain_tree()?)))
}

fn trimmed(mut text: String) -> Vec<u8> {
    if text.ends_with('\n') {
        text.pop();
    }
    text.into_bytes()
}

fn toml_text(value: &Value) -> Result<Result<Vec<u8>, String>, Error> {
    if value.is_nil() {
        return Err("reflect: call of reflect.Value.Type on zero Value".into());
    }
    Ok(toml::write(value))
}

fn read_yaml(exec: &mut Exec<'_, '_>, text: &[u8]) -> Result<Result<Option<Value>, String>, Error> {
    exec.charge(text.len())?;
    // Where there is nothing, the map or list that was to be filled stays as it was: empty.
    Ok(yaml::v2::to_value(text)
        .map(|tree| (!tree.is_null()).then(|| Value::from_tree_floats(&tree)))
        .map_err(|e| format!("error converting YAML to JSON: {e}")))
}

/// What the YAML library says around an error of the JSON library.
fn from_json(message: String) -> String {
    if message.starts_with("error converting") {
        message
    } else {
        format!("error unmarshaling JSON: while decoding JSON: {message}")
    }
}

fn empty_map() -> Value {
    Value::map(Vec::<(crate::Str, Value)>::new())
}

fn empty_list() -> Value {
    Value::list(Vec::new())
}

fn error_map(message: String) -> Value {
    Value::map([("Error", Value::from(message))])
}

fn map_or_error(read: Result<Value, String>, explain: fn(String) -> String) -> Value {
    match read {
        Ok(Value::Map(map)) => Value::Map(map),
        Ok(Value::Nil) => Value::Map(Map::nil(MapType::ANY)),
        Ok(other) => error_map(explain(json::wrong_type(&other, "map[string]interface {}"))),
        Err(message) => error_map(explain(message)),
    }
}

fn list_or_error(read: Result<Value, String>, explain: fn(String) -> String) -> Value {
    match read {
        Ok(Value::List(list)) => Value::List(list),
        Ok(Value::Nil) => Value::List(List::nil(ListType::ANY)),
        Ok(other) => {
            let message = explain(json::wrong_type(&other, "[]interface {}"));
            Value::list(vec![message.into()])
        }
        Err(message) => Value::list(vec![explain(message).into()]),
    }
}

fn from_yaml(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let read = read_yaml(exec, &str_at(a, 0))?;
    Ok(map_or_error(
        read.map(|v| v.unwrap_or_else(empty_map)),
        from_json,
    ))
}

fn from_yaml_array(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let read = read_yaml(exec, &str_at(a, 0))?;
    Ok(list_or_error(
        read.map(|v| v.unwrap_or_else(empty_list)),
        from_json,
    ))
}
