//! Objects as Lua sees them.

use mlua::{Lua, Value as LuaValue};
use value::Value;

/// Deeper than any Kubernetes object, and not too deep for the stack.
const DEPTH_MAX: usize = 200;

/// Makes tables of an object; `null` is nil, every number a float.
pub(super) fn to_lua(lua: &Lua, value: &Value) -> mlua::Result<LuaValue> {
    convert(lua, value, DEPTH_MAX)
}

fn convert(lua: &Lua, value: &Value, depth: usize) -> mlua::Result<LuaValue> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(mlua::Error::runtime("the object is nested too deeply"));
    };
    Ok(match value {
        Value::Null => LuaValue::Nil,
        Value::Array(items) => {
            let table = lua.create_table_with_capacity(items.len(), 0)?;
            for (index, item) in items.iter().enumerate() {
                table.raw_set(index + 1, convert(lua, item, depth)?)?;
            }
            LuaValue::Table(table)
        }
        Value::Object(members) => {
            let table = lua.create_table_with_capacity(0, members.len())?;
            for (name, member) in members.iter() {
                table.raw_set(name.as_str(), convert(lua, member, depth)?)?;
            }
            LuaValue::Table(table)
        }
        other => match (other.as_str(), other.as_bool()) {
            (Some(text), _) => LuaValue::String(lua.create_string(text)?),
            (_, Some(flag)) => LuaValue::Boolean(flag),
            _ => LuaValue::Number(other.as_f64().unwrap_or_default()),
        },
    })
}
