//! Maps.

use super::strings::strval;
use super::{ANY, Called, Function, MAP, STR, at, fixed, map_at, open, str_at};
use crate::error::Error;
use crate::exec::Exec;
use crate::json::NESTING_MAX;
use crate::value::{List, Map, MapType, Type, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    open("dict", &[], ANY, dict),
    fixed("get", &[MAP, STR], |_, a| {
        Ok(map_at(a, 0).get(&str_at(a, 1)).unwrap_or_else(|| "".into()))
    }),
    fixed("set", &[MAP, STR, ANY], set),
    fixed("unset", &[MAP, STR], |_, a| {
        map_at(a, 0).remove(&str_at(a, 1));
        Ok(at(a, 0))
    }),
    fixed("hasKey", &[MAP, STR], |_, a| {
        Ok(map_at(a, 0).contains(&str_at(a, 1)).into())
    }),
    open("pluck", &[STR], MAP, |_, a| {
        let key = str_at(a, 0);
        let found = a[1..].iter().filter_map(|m| m.as_map()?.get(&key));
        Ok(Value::list(found.collect()))
    }),
    open("keys", &[], MAP, |_, a| {
        let maps = a.iter().filter_map(Value::as_map);
        Ok(Value::strings(maps.flat_map(Map::keys)))
    }),
    fixed("values", &[MAP], |_, a| {
        let members = map_at(a, 0).to_vec();
        Ok(Value::list(members.into_iter().map(|(_, v)| v).collect()))
    }),
    open("pick", &[MAP], STR, |_, a| {
        let map = map_at(a, 0);
        let keys = a[1..].iter().filter_map(Value::as_str);
        Ok(Value::map(
            keys.filter_map(|k| Some((k.clone(), map.get(k)?))),
        ))
    }),
    open("omit", &[MAP], STR, |_, a| {
        let members = map_at(a, 0).to_vec().into_iter();
        let omitted: std::collections::HashSet<_> =
            a[1..].iter().filter_map(Value::as_str).collect();
        Ok(Value::map(members.filter(|(k, _)| !omitted.contains(k))))
    }),
    open("merge", &[MAP], MAP, |exec, a| merge(exec, a, false)),
    open("mustMerge", &[MAP], MAP, |exec, a| merge(exec, a, false)),
    open("mergeOverwrite", &[MAP], MAP, |exec, a| {
        merge(exec, a, true)
    }),
    open("mustMergeOverwrite", &[MAP], MAP, |exec, a| {
        merge(exec, a, true)
    }),
    fixed("deepCopy", &[ANY], |exec, a| deep_copy(exec, &a[0])),
    fixed("mustDeepCopy", &[ANY], |exec, a| deep_copy(exec, &a[0])),
    open("dig", &[], ANY, dig),
];

fn dict(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let pairs = a.chunks(2).map(|pair| {
        let value = pair.get(1).cloned().unwrap_or_else(|| "".into());
        (strval(&pair[0]), value)
    });
    Ok(Value::map(pairs))
}

fn set(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let map = map_at(a, 0);
    if map.is_nil() {
        return Err("assignment to entry in nil map".into());
    }
    exec.charge(1)?;
    let value = at(a, 2);
    if matches!(value, Value::Map(_) | Value::List(_)) {
        exec.run.holders.push(&map);
    }
    map.insert(str_at(a, 1), value);
    Ok(Value::Map(map))
}

fn merge(exec: &mut Exec<'_, '_>, a: &[Value], overwrites: bool) -> Called {
    let mut target = map_at(a, 0);
    for source in a[1..].iter().filter_map(Value::as_map) {
        if target.is_nil() && !source.is_nil() {
            target = Map::new(MapType::ANY, Vec::<(crate::Str, Value)>::new());
        }
        merge_into(exec, &target, source, overwrites, 0)?;
    }
    Ok(Value::Map(target))
}

/// What the `mergo` library does: members of `source` go where `target` has none or an empty one,
/// or everywhere; maps in maps are merged in place.
fn merge_into(
    exec: &mut Exec<'_, '_>,
    target: &Map,
    source: &Map,
    overwrites: bool,
    depth: usize,
) -> Result<(), Error> {
    if depth > NESTING_MAX {
        return Err("maps are nested too deep to be merged".into());
    }
    if target.is_same(source) {
        return Ok(());
    }
    let members = source.to_vec();
    exec.charge(members.len())?;
    exec.run.holders.push(target);
    for (key, value) in members {
        let current = target.get(&key);
        if value.is_nil() {
            if overwrites {
                target.insert(key, value);
            }
            continue;
        }
        if let (Value::Map(source), Some(Value::Map(target))) = (&value, &current)
            && (!target.is_nil() || source.is_nil())
        {
            merge_into(exec, target, source, overwrites, depth + 1)?;
        }
        let is_slice = matches!(value, Value::List(_) | Value::Bytes(_));
        let is_filled = current.as_ref().is_some_and(|c| !c.is_empty());
        if is_slice && overwrites {
            target.insert(key, value);
            continue;
        }
        if is_filled
            && (is_slice || matches!((&value, &current), (Value::Map(_), Some(Value::Map(_)))))
        {
            continue;
        }
        if overwrites || !is_filled {
            target.insert(key, value);
        }
    }
    Ok(())
}

fn deep_copy(exec: &mut Exec<'_, '_>, value: &Value) -> Called {
    if value.is_nil() {
        return Err("reflect: call of reflect.Value.Type on zero Value".into());
    }
    copy(exec, value, 0)
}

fn copy(exec: &mut Exec<'_, '_>, value: &Value, depth: usize) -> Called {
    if depth > NESTING_MAX {
        return Err("values are nested too deep to be copied".into());
    }
    exec.charge(1)?;
    Ok(match value {
        Value::List(list) if !list.is_nil() => {
            let items = list.to_vec();
            let items: Result<Vec<_>, _> = items.iter().map(|v| copy(exec, v, depth + 1)).collect();
            Value::List(List::new(list.list_type(), items?))
        }
        Value::Map(map) if !map.is_nil() => {
            let mut members = Vec::with_capacity(map.len());
            for (k, v) in map.to_vec() {
                members.push((k, copy(exec, &v, depth + 1)?));
            }
            Value::Map(Map::new(map.map_type(), members))
        }
        Value::Object(object) => object.deep_copy().unwrap_or_else(|| value.clone()),
        _ => value.clone(),
    })
}

/// Returns a map that `dig` may look into; a named type is none.
fn plain(value: &Value) -> Result<Map, Error> {
    match value {
        Value::Map(map) if *map.map_type() == *MapType::ANY => Ok(map.clone()),
        _ => Err(conversion(value, Type::MAP)),
    }
}

/// What Go says when an interface holds something else.
fn conversion(value: &Value, wanted: Type) -> Error {
    let got = if value.is_nil() {
        "nil".to_owned()
    } else {
        value.type_name()
    };
    Error::new(format!(
        "interface conversion: interface {{}} is {got}, not {wanted}"
    ))
}

fn dig(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    if a.len() < 3 {
        return Err("dig needs at least three arguments".into());
    }
    let mut map = plain(&a[a.len() - 1])?;
    let default = &a[a.len() - 2];
    let mut keys = Vec::with_capacity(a.len() - 2);
    for key in &a[..a.len() - 2] {
        keys.push(key.as_str().ok_or_else(|| conversion(key, Type::String))?);
    }
    for (i, key) in keys.iter().enumerate() {
        let Some(step) = map.get(*key) else {
            return Ok(default.clone());
        };
        if i + 1 == keys.len() {
            return Ok(step);
        }
        map = plain(&step)?;
    }
    Ok(default.clone())
}
