//! `string.find`, `match`, `gmatch` and `gsub` over patterns that are counted.

use super::pattern::{Capture, Found, find};
use mlua::{Function, Lua, LuaString, MultiValue, Table, Value as LuaValue};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

/// A text that `gsub` may make.
const MADE_BYTES_MAX: usize = 1 << 20;

fn failure(text: &str) -> mlua::Error {
    mlua::Error::runtime(text)
}

/// Returns where a search begins: from one, or from the end if negative.
fn start_of(init: Option<i64>, length: usize) -> usize {
    let length_signed = i64::try_from(length).unwrap_or(i64::MAX);
    let at = match init.unwrap_or(1) {
        at if at > 0 => at - 1,
        0 => 0,
        at => (length_signed + at).max(0),
    };
    usize::try_from(at).unwrap_or(usize::MAX)
}

fn capture(lua: &Lua, text: &[u8], capture: Capture) -> mlua::Result<LuaValue> {
    match capture {
        Capture::Text(start, end) => Ok(LuaValue::String(lua.create_string(&text[start..end])?)),
        Capture::Place(at) => Ok(LuaValue::Number((at + 1) as f64)),
        Capture::Open(_) => Err(failure("unfinished capture")),
    }
}

/// Returns what was captured, or all that was found if there is no group.
fn captured(lua: &Lua, text: &[u8], found: &Found) -> mlua::Result<Vec<LuaValue>> {
    if found.captures.is_empty() {
        let whole = Capture::Text(found.start, found.end);
        return Ok(vec![capture(lua, text, whole)?]);
    }
    let groups = found.captures.iter();
    groups.map(|group| capture(lua, text, *group)).collect()
}

/// Puts the functions in place of the library's.
pub(super) fn install(lua: &Lua, strings: &Table, steps: &Arc<AtomicI64>) -> mlua::Result<()> {
    type Search = (LuaString, LuaString, Option<i64>, Option<bool>);
    let left = Arc::clone(steps);
    let find_function = lua.create_function(move |lua, (text, pattern, init, plain): Search| {
        let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
        let from = start_of(init, text.len());
        if from > text.len() {
            return Ok(MultiValue::from_vec(vec![LuaValue::Nil]));
        }
        let place = |start: usize, end: usize| {
            vec![
                LuaValue::Number((start + 1) as f64),
                LuaValue::Number(end as f64),
            ]
        };
        let is_special = |c: &u8| b"^$*+?.([%-".contains(c);
        if plain == Some(true) || !pattern.iter().any(is_special) {
            let at = memchr::memmem::find(&text[from..], &pattern);
            return Ok(MultiValue::from_vec(at.map_or_else(
                || vec![LuaValue::Nil],
                |at| place(from + at, from + at + pattern.len()),
            )));
        }
        let Some(found) = find(&text, &pattern, from, &left).map_err(failure)? else {
            return Ok(MultiValue::from_vec(vec![LuaValue::Nil]));
        };
        let mut results = place(found.start, found.end);
        for group in &found.captures {
            results.push(capture(lua, &text, *group)?);
        }
        Ok(MultiValue::from_vec(results))
    })?;
    strings.raw_set("find", find_function)?;

    let left = Arc::clone(steps);
    let match_function = lua.create_function(
        move |lua, (text, pattern, init): (LuaString, LuaString, Option<i64>)| {
            let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
            let from = start_of(init, text.len());
            let found = match from > text.len() {
                true => None,
                false => find(&text, &pattern, from, &left).map_err(failure)?,
            };
            Ok(MultiValue::from_vec(match found {
                Some(found) => captured(lua, &text, &found)?,
                None => vec![LuaValue::Nil],
            }))
        },
    )?;
    strings.raw_set("match", match_function)?;

    let left = Arc::clone(steps);
    let gmatch = lua.create_function(move |lua, (text, pattern): (LuaString, LuaString)| {
        let (text, pattern) = (text.as_bytes().to_vec(), pattern.as_bytes().to_vec());
        let left = Arc::clone(&left);
        let mut from = 0;
        lua.create_function_mut(move |lua, ()| {
            let found = match from > text.len() {
                true => None,
                false => find(&text, &pattern, from, &left).map_err(failure)?,
            };
            let Some(found) = found else {
                from = text.len() + 1;
                return Ok(MultiValue::from_vec(vec![LuaValue::Nil]));
            };
            // Nothing that was found is found only once.
            from = if found.end == found.start {
                found.end + 1
            } else {
                found.end
            };
            Ok(MultiValue::from_vec(captured(lua, &text, &found)?))
        })
    })?;
    strings.raw_set("gmatch", gmatch)?;

    type Replace = (LuaString, LuaString, LuaValue, Option<i64>);
    let left = Arc::clone(steps);
    let gsub = lua.create_function(move |lua, (text, pattern, by, limit): Replace| {
        let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
        let (made, count) = replace(lua, &text, &pattern, &by, limit, &left)?;
        let results = vec![
            LuaValue::String(lua.create_string(made)?),
            LuaValue::Number(count as f64),
        ];
        Ok(MultiValue::from_vec(results))
    })?;
    strings.raw_set("gsub", gsub)
}

fn replace(
    lua: &Lua,
    text: &[u8],
    pattern: &[u8],
    by: &LuaValue,
    limit: Option<i64>,
    steps: &AtomicI64,
) -> mlua::Result<(Vec<u8>, usize)> {
    let limit = usize::try_from(limit.unwrap_or(i64::MAX)).unwrap_or(0);
    let is_anchored = pattern.starts_with(b"^");
    let mut made = Vec::with_capacity(text.len());
    let (mut from, mut count) = (0, 0);
    while count < limit && from <= text.len() {
        let Some(found) = find(text, pattern, from, steps).map_err(failure)? else {
            break;
        };
        made.extend_from_slice(&text[from..found.start]);
        count += 1;
        let whole = &text[found.start..found.end];
        let new = new_text(lua, text, &found, by)?;
        made.extend_from_slice(new.as_deref().unwrap_or(whole));
        if made.len() > MADE_BYTES_MAX {
            return Err(failure("the text is too long"));
        }
        from = found.end;
        if found.end == found.start {
            made.extend(text.get(found.end));
            from += 1;
        }
        if is_anchored {
            break;
        }
    }
    made.extend_from_slice(text.get(from..).unwrap_or_default());
    Ok((made, count))
}

/// Returns what stands for a match; nothing leaves it as it is.
fn new_text(lua: &Lua, text: &[u8], found: &Found, by: &LuaValue) -> mlua::Result<Option<Vec<u8>>> {
    let groups = captured(lua, text, found)?;
    let first = || groups.first().cloned().unwrap_or(LuaValue::Nil);
    let new: LuaValue = match by {
        LuaValue::Table(table) => table.get(first())?,
        LuaValue::Function(function) => call(function, &groups)?,
        LuaValue::String(template) => {
            return fill(
                lua,
                &template.as_bytes(),
                &text[found.start..found.end],
                &groups,
            )
            .map(Some);
        }
        LuaValue::Number(_) | LuaValue::Integer(_) => by.clone(),
        _ => return Err(failure("string/function/table expected")),
    };
    match new {
        LuaValue::Nil | LuaValue::Boolean(false) => Ok(None),
        new => bytes_of(lua, new).map(Some),
    }
}

fn call(function: &Function, groups: &[LuaValue]) -> mlua::Result<LuaValue> {
    function.call(MultiValue::from_vec(groups.to_vec()))
}

fn bytes_of(lua: &Lua, value: LuaValue) -> mlua::Result<Vec<u8>> {
    match lua.coerce_string(value)? {
        Some(text) => Ok(text.as_bytes().to_vec()),
        None => Err(failure("invalid replacement value")),
    }
}

/// Fills `%0` to `%9` in.
fn fill(lua: &Lua, template: &[u8], whole: &[u8], groups: &[LuaValue]) -> mlua::Result<Vec<u8>> {
    let mut made = Vec::new();
    let mut rest = template.iter();
    while let Some(&c) = rest.next() {
        if c != b'%' {
            made.push(c);
            continue;
        }
        match rest.next() {
            Some(b'0') => made.extend_from_slice(whole),
            Some(digit @ b'1'..=b'9') => {
                let group = groups.get(usize::from(digit - b'1'));
                let group = group.ok_or_else(|| failure("invalid capture index"))?;
                made.extend(bytes_of(lua, group.clone())?);
            }
            Some(b'%') => made.push(b'%'),
            _ => return Err(failure("invalid use of '%' in replacement string")),
        }
    }
    Ok(made)
}
