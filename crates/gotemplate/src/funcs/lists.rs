//! Lists.

use super::cast::to_int;
use super::reflect::deep_equal;
use super::strings::strval;
use super::{ANY, Called, Function, INT, fixed, int_at, nil_dereference, open};
use crate::error::Error;
use crate::exec::Exec;
use crate::text::Str;
use crate::value::{List, ListType, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    open("list", &[], ANY, |_, a| Ok(Value::list(a.to_vec()))),
    open("tuple", &[], ANY, |_, a| Ok(Value::list(a.to_vec()))),
    fixed("first", &[ANY], first),
    fixed("mustFirst", &[ANY], first),
    fixed("last", &[ANY], last),
    fixed("mustLast", &[ANY], last),
    fixed("rest", &[ANY], rest),
    fixed("mustRest", &[ANY], rest),
    fixed("initial", &[ANY], initial),
    fixed("mustInitial", &[ANY], initial),
    fixed("append", &[ANY, ANY], append),
    fixed("push", &[ANY, ANY], append),
    fixed("mustAppend", &[ANY, ANY], append),
    fixed("mustPush", &[ANY, ANY], append),
    fixed("prepend", &[ANY, ANY], prepend),
    fixed("mustPrepend", &[ANY, ANY], prepend),
    open("concat", &[], ANY, concat),
    fixed("reverse", &[ANY], reverse),
    fixed("mustReverse", &[ANY], reverse),
    fixed("uniq", &[ANY], uniq),
    fixed("mustUniq", &[ANY], uniq),
    fixed("compact", &[ANY], compact),
    fixed("mustCompact", &[ANY], compact),
    open("without", &[ANY], ANY, without),
    open("mustWithout", &[ANY], ANY, without),
    fixed("has", &[ANY, ANY], has),
    fixed("mustHas", &[ANY, ANY], has),
    open("slice", &[ANY], ANY, slice),
    open("mustSlice", &[ANY], ANY, slice),
    fixed("chunk", &[INT, ANY], chunk),
    fixed("mustChunk", &[INT, ANY], chunk),
    fixed("sortAlpha", &[ANY], sort_alpha),
];

/// Returns the elements of a list, or what Sprig says of anything else.
fn elements(exec: &mut Exec<'_, '_>, list: &Value, verb: &str) -> Result<Vec<Value>, Error> {
    if list.is_nil() {
        return Err(nil_dereference());
    }
    let Some(items) = list.elements() else {
        let kind = list.kind().name();
        return Err(format!("Cannot {verb} type {kind}").into());
    };
    exec.charge(items.len())?;
    Ok(items)
}

fn nil_list() -> Value {
    Value::List(List::nil(ListType::ANY))
}

fn first(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    if let Value::List(list) = &a[0] {
        return Ok(list.get(0).unwrap_or_default());
    }
    let items = elements(exec, &a[0], "find first on")?;
    Ok(items.into_iter().next().unwrap_or_default())
}

fn last(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    if let Value::List(list) = &a[0] {
        return Ok(list
            .len()
            .checked_sub(1)
            .and_then(|i| list.get(i))
            .unwrap_or_default());
    }
    let items = elements(exec, &a[0], "find last on")?;
    Ok(items.into_iter().next_back().unwrap_or_default())
}

fn rest(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let mut items = elements(exec, &a[0], "find rest on")?;
    if items.is_empty() {
        return Ok(nil_list());
    }
    items.remove(0);
    Ok(Value::list(items))
}

fn initial(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let mut items = elements(exec, &a[0], "find initial on")?;
    if items.is_empty() {
        return Ok(nil_list());
    }
    items.pop();
    Ok(Value::list(items))
}

fn append(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let mut items = elements(exec, &a[0], "push on")?;
    items.push(a[1].clone());
    Ok(Value::list(items))
}

fn prepend(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let mut items = elements(exec, &a[0], "prepend on")?;
    items.insert(0, a[1].clone());
    Ok(Value::list(items))
}

fn concat(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let mut all = Vec::new();
    for list in a {
        if list.is_nil() {
            return Err(nil_dereference());
        }
        let Some(items) = list.elements() else {
            let kind = list.kind().name();
            return Err(format!("Cannot concat type {kind} as list").into());
        };
        exec.charge(items.len())?;
        all.extend(items);
    }
    if all.is_empty() {
        return Ok(nil_list());
    }
    Ok(Value::list(all))
}

fn reverse(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let mut items = elements(exec, &a[0], "find reverse on")?;
    items.reverse();
    Ok(Value::list(items))
}

/// Returns true if an element is there; every comparison is paid for.
fn contains(exec: &mut Exec<'_, '_>, items: &[Value], wanted: &Value) -> Result<bool, Error> {
    exec.charge(items.len())?;
    for item in items {
        if deep_equal(wanted, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn uniq(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let mut unique = Vec::new();
    for item in elements(exec, &a[0], "find uniq on")? {
        if !contains(exec, &unique, &item)? {
            unique.push(item);
        }
    }
    Ok(Value::list(unique))
}

fn compact(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let mut items = elements(exec, &a[0], "compact on")?;
    items.retain(|item| !item.is_empty());
    Ok(Value::list(items))
}

fn without(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let mut kept = Vec::new();
    for item in elements(exec, &a[0], "find without on")? {
        if !contains(exec, &a[1..], &item)? {
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
}

fn has(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    if a[1].is_nil() {
        return Ok(false.into());
    }
    let items = elements(exec, &a[1], "find has on")?;
    Ok(contains(exec, &items, &a[0])?.into())
}

fn slice(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    if a[0].is_nil() {
        return Err(nil_dereference());
    }
    let Some(items) = a[0].elements() else {
        let kind = a[0].kind().name();
        return Err(format!("list should be type of slice or array but {kind}").into());
    };
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let length = items.len();
    let start = a.get(1).map_or(0, to_int);
    let end = a.get(2).map_or(length as i64, to_int);
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    let Some((start, end)) = range.filter(|(start, end)| start <= end && *end <= length) else {
        return Err("reflect.Value.Slice: slice index out of bounds".into());
    };
    Ok(match &a[0] {
        Value::List(list) => Value::List(List::new(list.list_type(), items[start..end].to_vec())),
        Value::Bytes(bytes) => Value::Bytes(bytes[start..end].into()),
        _ => Value::Nil,
    })
}

fn chunk(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let size = int_at(a, 0);
    if a[1].is_nil() {
        return Err(nil_dereference());
    }
    let Some(items) = a[1].elements() else {
        let kind = a[1].kind().name();
        return Err(format!("Cannot chunk type {kind}").into());
    };
    exec.charge(items.len())?;
    let Some(size) = usize::try_from(size).ok().filter(|s| *s > 0) else {
        return negative_chunk(size, items.len());
    };
    let chunks = items
        .chunks(size)
        .map(|c| Value::list(c.to_vec()))
        .collect();
    Ok(Value::List(List::new(ListType::LIST, chunks)))
}

/// What the reference's arithmetic makes of sizes that make no sense.
fn negative_chunk(size: i64, length: usize) -> Called {
    let count = ((length as f64 - 1.0) / size as f64).floor() + 1.0;
    if !(0.0..=1e9).contains(&count) {
        return Err("runtime error: makeslice: len out of range".into());
    }
    if count == 0.0 {
        return Ok(Value::List(List::new(ListType::LIST, Vec::new())));
    }
    Err("runtime error: makeslice: len out of range".into())
}

/// The elements as texts, without `nil`; anything else as one text.
pub(super) fn strings(value: &Value) -> Vec<Str> {
    match value {
        Value::Nil => Vec::new(),
        Value::List(_) | Value::Bytes(_) => {
            let items = value.elements().unwrap_or_default();
            items.iter().filter(|v| !v.is_nil()).map(strval).collect()
        }
        _ => vec![strval(value)],
    }
}

/// `toStrings`: a list of strings stays the same list.
pub(super) fn string_list(value: &Value) -> Value {
    match value {
        Value::List(list) if list.list_type() == ListType::STRING => value.clone(),
        _ => Value::strings(strings(value)),
    }
}

/// Sorts; a list of strings is sorted in place, as in Go.
fn sort_alpha(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    if !matches!(a[0], Value::List(_) | Value::Bytes(_)) {
        return Ok(Value::strings([strval(&a[0])]));
    }
    let sorted = string_list(&a[0]);
    if let Value::List(list) = &sorted {
        exec.charge(list.len())?;
        list.change(|items| items.sort_by(|a, b| a.as_str().cmp(&b.as_str())));
    }
    Ok(sorted)
}
