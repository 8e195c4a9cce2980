//! Following, setting and deleting paths.

use crate::encode::{preview, typed};
use crate::json::{Json, Members};
use crate::ops::SIZE_MAX;
use std::cmp::Ordering;
use std::rc::Rc;

/// Longer than anything is deep.
const PATH_KEYS_MAX: usize = crate::json::DEPTH_MAX as usize;
const TOO_LONG: &str = "the path is too long";

/// Returns what a key leads to.
pub(crate) fn index(value: &Json, key: &Json) -> Result<Json, String> {
    match (value, key) {
        (Json::Null, Json::Text(_) | Json::Int(_) | Json::Float(_) | Json::Array(_)) => {
            Ok(Json::Null)
        }
        (Json::Object(members), Json::Text(name)) => {
            Ok(members.get(name).cloned().unwrap_or(Json::Null))
        }
        (_, Json::Text(_)) => Err(format!("expected an object but got: {}", typed(value))),
        (Json::Array(items), Json::Int(_) | Json::Float(_)) => {
            let at = key.as_index().unwrap_or_default();
            let item = position(at, items.len()).and_then(|at| items.get(at));
            Ok(item.cloned().unwrap_or(Json::Null))
        }
        (Json::Text(text), Json::Int(_) | Json::Float(_)) => {
            let at = key.as_index().unwrap_or_default();
            let c = position(at, text.chars().count()).and_then(|at| text.chars().nth(at));
            Ok(c.map_or(Json::Null, |c| Json::text(c.encode_utf8(&mut [0; 4]))))
        }
        (Json::Array(items), Json::Array(wanted)) => Ok(indices(items, wanted)),
        (_, Json::Int(_) | Json::Float(_) | Json::Array(_)) => {
            Err(format!("expected an array but got: {}", typed(value)))
        }
        (Json::Null, Json::Object(_)) => Ok(Json::Null),
        (_, Json::Object(bounds)) => {
            let (start, end) = bounds_of(bounds, key)?;
            slice(value, start, end)
        }
        (Json::Array(_), _) => Err(format!(
            "expected a number for indexing an array but got: {}",
            typed(key)
        )),
        (Json::Text(_), _) => Err(format!(
            "expected a number for indexing a string but got: {}",
            typed(key)
        )),
        _ => Err(format!(
            "expected a string for object key but got: {}",
            typed(key)
        )),
    }
}

fn bounds_of<'a>(bounds: &'a Members, key: &Json) -> Result<(&'a Json, &'a Json), String> {
    match (bounds.get("start"), bounds.get("end")) {
        (Some(start), Some(end)) => Ok((start, end)),
        _ => Err(format!(
            "expected \"start\" and \"end\" for slicing but got: {}",
            typed(key)
        )),
    }
}

/// Returns where an index is, counted from the end if it is negative.
fn position(at: i64, length: usize) -> Option<usize> {
    let at = match at < 0 {
        true => at.checked_add(i64::try_from(length).ok()?)?,
        false => at,
    };
    usize::try_from(at).ok()
}

/// Returns all places where an array contains another.
pub(crate) fn indices(items: &[Json], wanted: &[Json]) -> Json {
    if wanted.is_empty() {
        return Json::array(Vec::new());
    }
    let found = items
        .windows(wanted.len())
        .enumerate()
        .filter(|(_, window)| {
            window
                .iter()
                .zip(wanted)
                .all(|(a, b)| a.cmp(b) == Ordering::Equal)
        });
    Json::array(found.map(|(at, _)| Json::Int(at as i64)).collect())
}

/// Returns the bounds of a slice of something so long.
fn range(
    start: &Json,
    end: &Json,
    length: usize,
    what: &str,
) -> Result<std::ops::Range<usize>, String> {
    let wrong = |bound: &Json| {
        format!(
            "expected a number for indexing {what} but got: {}",
            typed(bound)
        )
    };
    let clamp = |at: i64, low: usize| {
        let at = position(at, length).unwrap_or(low);
        at.clamp(low, length)
    };
    let start = match start {
        Json::Null => 0,
        bound => clamp(bound.as_index().ok_or_else(|| wrong(bound))?, 0),
    };
    let end = match end {
        Json::Null => length,
        Json::Float(bound) => clamp(bound.ceil() as i64, start),
        bound => clamp(bound.as_index().ok_or_else(|| wrong(bound))?, start),
    };
    Ok(start..end.max(start))
}

pub(crate) fn slice(value: &Json, start: &Json, end: &Json) -> Result<Json, String> {
    match value {
        Json::Null => Ok(Json::Null),
        Json::Array(items) => {
            let range = range(start, end, items.len(), "an array")?;
            if range.len() == items.len() {
                return Ok(value.clone());
            }
            Ok(Json::array(items[range].to_vec()))
        }
        Json::Text(text) => {
            let range = range(start, end, text.chars().count(), "a string")?;
            let part: String = text.chars().skip(range.start).take(range.len()).collect();
            Ok(Json::text(&part))
        }
        other => Err(format!("expected an array but got: {}", typed(other))),
    }
}

pub(crate) fn get(value: &Json, path: &Json) -> Result<Json, String> {
    let wrong = || {
        format!(
            "getpath({}) cannot be applied to: {}",
            preview(path),
            typed(value)
        )
    };
    let Json::Array(keys) = path else {
        return Err(wrong());
    };
    let mut now = value.clone();
    for key in keys.iter() {
        if !matches!(now, Json::Null | Json::Array(_) | Json::Object(_)) {
            return Err(wrong());
        }
        now = index(&now, key).map_err(|error| {
            let (path, value) = (preview(path), preview(value));
            format!("getpath({path}) cannot be applied to {value}: {error}")
        })?;
    }
    Ok(now)
}

pub(crate) fn set(value: &Json, path: &Json, new: &Json) -> Result<Json, String> {
    let Json::Array(keys) = path else {
        let (path, value) = (preview(path), typed(value));
        return Err(format!("setpath({path}) cannot be applied to: {value}"));
    };
    let slot = Slot::Value(value.clone());
    if keys.len() > PATH_KEYS_MAX {
        return Err(TOO_LONG.to_owned());
    }
    match update(slot, keys, &Slot::Value(new.clone())) {
        Ok(slot) => Ok(slot.fill()),
        Err(error) => Err(format!(
            "setpath({}; {}) cannot be applied to {}: {error}",
            preview(path),
            preview(new),
            preview(value)
        )),
    }
}

/// Deletes all paths at once: what is deleted leaves a gap until the end, so that indices stay.
pub(crate) fn delete(value: &Json, paths: &Json) -> Result<Json, String> {
    let wrong = |error: &str| {
        let (paths, value) = (preview(paths), preview(value));
        format!("delpaths({paths}) cannot be applied to {value}: {error}")
    };
    let Json::Array(paths) = paths else {
        let (paths, value) = (preview(paths), typed(value));
        return Err(format!("delpaths({paths}) cannot be applied to: {value}"));
    };
    let mut slot = Slot::Value(value.clone());
    for path in paths.iter() {
        let Json::Array(keys) = path else {
            return Err(wrong(&format!(
                "expected an array but got: {}",
                typed(path)
            )));
        };
        if keys.len() > PATH_KEYS_MAX {
            return Err(TOO_LONG.to_owned());
        }
        slot = update(slot, keys, &Slot::Gap).map_err(|error| wrong(&error))?;
    }
    Ok(slot.fill())
}

/// A value that is being changed. Only what is changed is taken apart.
#[derive(Clone)]
enum Slot {
    Value(Json),
    Array(Vec<Slot>),
    Object(std::collections::BTreeMap<Rc<str>, Slot>),
    /// Deleted.
    Gap,
}

impl Slot {
    /// Takes an array or object apart.
    fn open(self) -> Self {
        match self {
            Self::Value(Json::Array(items)) => {
                Self::Array(items.iter().cloned().map(Self::Value).collect())
            }
            Self::Value(Json::Object(members)) => Self::Object(
                members
                    .iter()
                    .map(|(name, value)| (Rc::clone(name), Self::Value(value.clone())))
                    .collect(),
            ),
            other => other,
        }
    }

    /// Puts everything together again, without the gaps.
    fn fill(self) -> Json {
        match self {
            Self::Value(value) => value,
            Self::Gap => Json::Null,
            Self::Array(slots) => {
                let kept = slots.into_iter().filter(|slot| !matches!(slot, Self::Gap));
                Json::array(kept.map(Self::fill).collect())
            }
            Self::Object(slots) => {
                let kept = slots
                    .into_iter()
                    .filter(|(_, slot)| !matches!(slot, Self::Gap));
                let members = kept.map(|(name, slot)| (name, slot.fill()));
                Json::members(members.collect())
            }
        }
    }

    const fn is_null(&self) -> bool {
        matches!(self, Self::Value(Json::Null))
    }

    const fn is_gap(&self) -> bool {
        matches!(self, Self::Gap)
    }
}

fn update(slot: Slot, keys: &[Json], new: &Slot) -> Result<Slot, String> {
    let Some((key, rest)) = keys.split_first() else {
        return Ok(new.clone());
    };
    let slot = slot.open();
    match (slot, key) {
        (Slot::Gap, Json::Text(_) | Json::Int(_) | Json::Float(_) | Json::Object(_)) => {
            Ok(Slot::Gap)
        }
        (slot, Json::Text(name)) => update_member(slot, name, rest, new),
        (slot, Json::Int(_) | Json::Float(_)) => {
            update_item(slot, key.as_index().unwrap_or_default(), rest, new)
        }
        (slot, Json::Object(bounds)) => {
            let (start, end) = match &slot {
                Slot::Array(_) | Slot::Value(Json::Null) => bounds_of(bounds, key)?,
                other => return Err(not_an_array(other)),
            };
            update_slice(slot, start, end, rest, new)
        }
        (Slot::Array(_), other) => Err(format!(
            "expected a number for indexing an array but got: {}",
            typed(other)
        )),
        (_, other) => Err(format!(
            "expected a string for object key but got: {}",
            typed(other)
        )),
    }
}

fn not_an_array(slot: &Slot) -> String {
    format!("expected an array but got: {}", typed(&slot.clone().fill()))
}

fn update_member(slot: Slot, name: &Rc<str>, rest: &[Json], new: &Slot) -> Result<Slot, String> {
    let mut members = match slot {
        Slot::Object(members) => members,
        null if null.is_null() => {
            if new.is_gap() {
                return Ok(null);
            }
            std::collections::BTreeMap::new()
        }
        other => {
            let got = typed(&other.fill());
            return Err(format!("expected an object but got: {got}"));
        }
    };
    let old = members.remove(name);
    if old.is_none() && new.is_gap() {
        return Ok(Slot::Object(members));
    }
    let changed = update(old.unwrap_or(Slot::Value(Json::Null)), rest, new)?;
    members.insert(Rc::clone(name), changed);
    Ok(Slot::Object(members))
}

fn update_item(slot: Slot, at: i64, rest: &[Json], new: &Slot) -> Result<Slot, String> {
    let mut items = match slot {
        Slot::Array(items) => items,
        null if null.is_null() => {
            if new.is_gap() {
                return Ok(null);
            }
            Vec::new()
        }
        other => return Err(not_an_array(&other)),
    };
    let position = position(at, items.len());
    if new.is_gap() && position.is_none_or(|at| at >= items.len()) {
        return Ok(Slot::Array(items));
    }
    let Some(position) = position else {
        return Err(format!("array index should not be negative: {at}"));
    };
    if position >= SIZE_MAX {
        return Err(format!("array index too large: {at}"));
    }
    if position >= items.len() {
        items.resize(position + 1, Slot::Value(Json::Null));
    }
    let old = std::mem::replace(&mut items[position], Slot::Gap);
    items[position] = update(old, rest, new)?;
    Ok(Slot::Array(items))
}

fn update_slice(
    slot: Slot,
    start: &Json,
    end: &Json,
    rest: &[Json],
    new: &Slot,
) -> Result<Slot, String> {
    let (mut items, was_null) = match slot {
        Slot::Array(items) => (items, false),
        _ => (Vec::new(), true),
    };
    let range = range(start, end, items.len(), "an array")?;
    if range.is_empty() && new.is_gap() {
        return Ok(match was_null {
            true => Slot::Value(Json::Null),
            false => Slot::Array(items),
        });
    }
    let part = items[range.clone()].to_vec();
    match update(Slot::Array(part), rest, new)?.open() {
        Slot::Gap => {
            items[range].fill(Slot::Gap);
            Ok(Slot::Array(items))
        }
        Slot::Array(changed) => {
            items.splice(range, changed);
            Ok(Slot::Array(items))
        }
        other => Err(not_an_array(&other)),
    }
}
