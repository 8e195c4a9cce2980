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

/// Makes a value of what a script returns. An empty table is an empty list, as Argo CD takes it; the
/// first key says whether another one is a list.
pub(super) fn from_lua(value: &LuaValue) -> mlua::Result<Value> {
    read(value, DEPTH_MAX)
}

fn read(value: &LuaValue, depth: usize) -> mlua::Result<Value> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(mlua::Error::runtime("the result is nested too deeply"));
    };
    Ok(match value {
        LuaValue::Nil => Value::Null,
        LuaValue::Boolean(flag) => Value::from(*flag),
        LuaValue::Integer(number) => Value::from(*number),
        LuaValue::Number(number) => number_of(*number),
        LuaValue::String(text) => Value::from(text.to_string_lossy().as_str()),
        LuaValue::Table(table) => {
            let is_map = matches!(
                table.pairs::<LuaValue, LuaValue>().next(),
                Some(Ok((LuaValue::String(_), _)))
            );
            if is_map {
                let mut object = Value::object();
                for pair in table.pairs::<LuaValue, LuaValue>() {
                    let (name, member) = pair?;
                    let LuaValue::String(name) = name else {
                        return Err(mlua::Error::runtime(
                            "cannot encode mixed or invalid key types",
                        ));
                    };
                    let name = name.to_string_lossy();
                    object.set_at(&[&name], read(&member, depth)?);
                }
                object
            } else {
                let length = table.raw_len();
                let count = table.pairs::<LuaValue, LuaValue>().count();
                if count != length {
                    return Err(mlua::Error::runtime("cannot encode sparse array"));
                }
                let items = (1..=length).map(|i| read(&table.raw_get(i)?, depth));
                Value::Array(items.collect::<mlua::Result<_>>()?)
            }
        }
        other => {
            let kind = other.type_name();
            return Err(mlua::Error::runtime(format!(
                "cannot encode {kind} to JSON"
            )));
        }
    })
}

/// Every number is a float to Lua; those without a fraction are whole numbers to others.
fn number_of(number: f64) -> Value {
    /// From here on, not every whole number is a float.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it has no fraction and fits"
        )]
        return Value::from(number as i64);
    }
    Value::from(number)
}
