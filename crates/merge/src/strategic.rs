//! Strategic merge patches: merge patches that know which lists are merged, and by which key.
//!
//! Directives: `$patch: replace | delete` in a map or in an item of a list, `$retainKeys`,
//! `$setElementOrder/<list>` and `$deleteFromPrimitiveList/<list>`.

use crate::go::go_plain;
use crate::schema::Patch;
use crate::{Schema, TypeId};
use value::{Object, Value};

mod order;

/// `replace` or `delete`, for a map or an item.
const PATCH: &str = "$patch";
/// The members that a map may keep.
const RETAIN_KEYS: &str = "$retainKeys";
/// Before the name of a list: the order of its items.
const ORDER: &str = "$setElementOrder/";
/// Before the name of a list of scalars: the items to delete.
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";

/// Why a strategic merge patch can't be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StrategicError {
    /// `$retainKeys` is no list, or lacks a member that the patch sets: 400.
    #[error("invalid patch format of retainKeys")]
    RetainKeys,
    /// `$patch` is neither `replace` nor `delete`: 500, as everything below.
    #[error("unknown patch type: {0} in map: {1}")]
    Directive(String, String),
    /// `$patch: merge` in an item of a list.
    #[error("merging lists cannot yet be specified in the patch")]
    MergeInList,
    /// An item of a merged list lacks the merge key.
    #[error("map: {0} does not contain declared merge key: {1}")]
    MergeKey(String, String),
    /// A list of objects is merged, but no key is known for it.
    #[error("cannot merge lists without merge key for {0}")]
    NoMergeKey(String),
    /// A merged list has items of different types.
    #[error("list element types are not identical: {0}")]
    Elements(String),
    /// `$setElementOrder` lacks an item of the patch.
    #[error("The order in patch list:\n{0}\n doesn't match $setElementOrder list:\n{1}\n")]
    Order(String, String),
    /// A directive or a list has the wrong JSON type.
    #[error("invalid patch format of {0}")]
    Format(String),
}

/// Applies a strategic merge patch to an object of a type.
///
/// # Errors
///
/// If the patch is malformed for this object.
pub fn strategic_merge_patch(
    schema: &Schema,
    of: TypeId,
    live: Value,
    patch: &Value,
) -> Result<Value, StrategicError> {
    let (Value::Object(live), Value::Object(patch)) = (live, patch.clone()) else {
        return Err(StrategicError::Format("the patch".to_owned()));
    };
    let merger = Merger { schema };
    merger.map(Some(of), live, patch).map(Value::Object)
}

struct Merger<'s> {
    schema: &'s Schema,
}

/// What is known about a member: its type and how it is patched.
struct Member<'s> {
    of: Option<TypeId>,
    patch: Option<&'s Patch>,
}

impl Member<'_> {
    fn merges(&self) -> bool {
        self.patch.is_some_and(|p| p.merge)
    }

    fn replaces(&self) -> bool {
        self.patch.is_some_and(|p| p.replace)
    }

    fn merge_key(&self) -> Option<&str> {
        self.patch?.merge_key.as_ref().map(value::Key::as_str)
    }
}

impl<'s> Merger<'s> {
    fn member(&self, of: Option<TypeId>, name: &str) -> Member<'s> {
        let map = of.and_then(|of| self.schema.atom(of).map.as_ref());
        let field = map.and_then(|m| m.field(name));
        Member {
            of: field.map(|f| f.of).or_else(|| map.and_then(|m| m.element)),
            patch: field.and_then(|f| f.patch.as_deref()),
        }
    }

    fn map(
        &self,
        of: Option<TypeId>,
        mut live: Object,
        mut patch: Object,
    ) -> Result<Object, StrategicError> {
        if let Some(directive) = patch.get(PATCH) {
            return match directive.as_str() {
                Some("replace") => {
                    patch.remove(PATCH);
                    Ok(patch)
                }
                Some("delete") => Ok(Object::new()),
                _ => Err(bad_directive(directive, &patch)),
            };
        }
        retain_keys(&mut live, &mut patch)?;
        self.ordered_lists(of, &mut live, &mut patch)?;
        for (name, value) in patch {
            let (name, deletes) = match name.strip_prefix(DELETE_FROM) {
                Some(list) => (list, true),
                None => (name.as_str(), false),
            };
            if value.is_null() {
                live.remove(name);
                continue;
            }
            let Some(slot) = live.get_mut(name) else {
                if !deletes && let Some(value) = plain(value) {
                    live.insert(name, value);
                }
                continue;
            };
            let member = self.member(of, name);
            let merged = match (std::mem::take(slot), value) {
                (Value::Object(live), Value::Object(patch)) if !member.replaces() => {
                    Value::Object(self.map(member.of, live, patch)?)
                }
                (Value::Array(live), Value::Array(patch)) if deletes || member.merges() => {
                    self.list(&member, name, live, patch, deletes)?
                }
                (live, _) if deletes => live,
                (_, value) => without_nulls(value),
            };
            live.insert(name, merged);
        }
        Ok(live)
    }

    /// Merges a list, and puts the items of the patch into the order of the patch.
    fn list(
        &self,
        member: &Member<'_>,
        name: &str,
        live: Vec<Value>,
        patch: Vec<Value>,
        deletes: bool,
    ) -> Result<Value, StrategicError> {
        if live.is_empty() && patch.is_empty() {
            return Ok(Value::Array(live));
        }
        if !are_objects(&live, &patch)? {
            if deletes {
                let keep = live.into_iter().filter(|item| !patch.contains(item));
                return Ok(Value::Array(keep.collect()));
            }
            let mut merged: Vec<Value> = Vec::new();
            for item in live.iter().chain(&patch) {
                if !merged.contains(item) {
                    merged.push(item.clone());
                }
            }
            return Ok(Value::Array(order::by_patch(merged, &patch, &live, None)));
        }
        let Some(key) = member.merge_key() else {
            return Err(StrategicError::NoMergeKey(name.to_owned()));
        };
        let (live, patch) = special_items(live, patch, key)?;
        let merged = self.items(member, live.clone(), &patch, key)?;
        Ok(Value::Array(order::by_patch(
            merged,
            &patch,
            &live,
            Some(key),
        )))
    }

    /// Merges the items of a list by their key.
    fn items(
        &self,
        member: &Member<'_>,
        mut live: Vec<Value>,
        patch: &[Value],
        key: &str,
    ) -> Result<Vec<Value>, StrategicError> {
        let list = member.of.and_then(|of| self.schema.atom(of).list.as_ref());
        for item in patch {
            let wanted = key_of(item, key)?;
            let mut found = None;
            for (i, other) in live.iter().enumerate() {
                if key_of(other, key)?.equivalent(wanted) {
                    found = Some(i);
                    break;
                }
            }
            let Some(i) = found else {
                live.extend(plain(item.clone()));
                continue;
            };
            if let (Value::Object(there), Value::Object(item)) =
                (std::mem::take(&mut live[i]), item.clone())
            {
                live[i] = Value::Object(self.map(list.map(|l| l.element), there, item)?);
            }
        }
        Ok(live)
    }

    /// Merges the lists for which the patch gives an order, and takes them out of the patch.
    fn ordered_lists(
        &self,
        of: Option<TypeId>,
        live: &mut Object,
        patch: &mut Object,
    ) -> Result<(), StrategicError> {
        let names: Vec<String> = patch
            .keys()
            .filter_map(|name| name.strip_prefix(ORDER).map(str::to_owned))
            .collect();
        for name in names {
            let wrong = || StrategicError::Format(name.clone());
            let order = patch.remove(&format!("{ORDER}{name}"));
            let Some(Value::Array(order)) = order else {
                return Err(wrong());
            };
            let items = match patch.get(&name) {
                None => None,
                Some(Value::Array(items)) => Some(items.clone()),
                Some(_) => return Err(wrong()),
            };
            let there = match live.get(&name) {
                None => None,
                Some(Value::Array(there)) => Some(there.clone()),
                Some(_) => return Err(wrong()),
            };
            let member = self.member(of, &name);
            let key = member.merge_key();
            if let Some(items) = &items {
                order::check(items, &order, key)?;
            }
            let merged = match (there.clone(), items) {
                (None, None) => continue,
                (Some(there), None) => there,
                (None, Some(items)) => items.into_iter().filter_map(plain).collect(),
                (Some(there), Some(items)) if member.merges() => {
                    let merged = self.list(&member, &name, there, items, false)?;
                    merged.as_array().unwrap_or(&[]).to_vec()
                }
                (Some(_), Some(items)) => items,
            };
            let there = there.unwrap_or_default();
            let merged = order::by_patch(merged, &order, &there, key);
            live.insert(name.as_str(), merged);
            patch.remove(&name);
        }
        Ok(())
    }
}

fn bad_directive(directive: &Value, patch: &Object) -> StrategicError {
    let map = go_plain(&Value::Object(patch.clone()));
    StrategicError::Directive(go_plain(directive), map)
}

/// Returns an item's merge key.
fn key_of<'v>(item: &'v Value, key: &str) -> Result<&'v Value, StrategicError> {
    item.get(key)
        .ok_or_else(|| StrategicError::MergeKey(go_plain(item), key.to_owned()))
}

/// Removes what `$retainKeys` does not name.
fn retain_keys(live: &mut Object, patch: &mut Object) -> Result<(), StrategicError> {
    let Some(retain) = patch.remove(RETAIN_KEYS) else {
        return Ok(());
    };
    let retain = retain.as_array().ok_or(StrategicError::RetainKeys)?;
    let named = |name: &str| retain.iter().any(|r| r.as_str() == Some(name));
    let sets_more = patch.iter().any(|(name, value)| {
        let is_directive = name.starts_with(DELETE_FROM) || name.starts_with(ORDER);
        !value.is_null() && !is_directive && !named(name)
    });
    if sets_more {
        return Err(StrategicError::RetainKeys);
    }
    live.retain(|name, _| named(name));
    Ok(())
}

/// Applies the items that are directives; returns what is left of both lists.
fn special_items(
    mut live: Vec<Value>,
    patch: Vec<Value>,
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>), StrategicError> {
    let mut rest = Vec::with_capacity(patch.len());
    let mut replace = false;
    for item in patch {
        let Some(directive) = item.get(PATCH) else {
            rest.push(item);
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                let gone = key_of(&item, key)?;
                for other in &live {
                    key_of(other, key)?;
                }
                live.retain(|other| !other.get(key).is_some_and(|k| k.equivalent(gone)));
            }
            Some("replace") => replace = true,
            Some("merge") => return Err(StrategicError::MergeInList),
            _ => {
                let object = item.as_object().cloned().unwrap_or_default();
                return Err(bad_directive(directive, &object));
            }
        }
    }
    Ok(if replace {
        (rest, Vec::new())
    } else {
        (live, rest)
    })
}

/// Returns true if the items of two lists are objects, false if they are scalars.
fn are_objects(live: &[Value], patch: &[Value]) -> Result<bool, StrategicError> {
    let sort = |v: &Value| std::mem::discriminant(v);
    let mut items = live.iter().chain(patch);
    let Some(first) = items.next() else {
        return Ok(false);
    };
    if first.is_array() || items.any(|item| sort(item) != sort(first)) {
        let lists = [live.to_vec(), patch.to_vec()].map(Value::Array);
        let lists = Value::Array(lists.to_vec());
        return Err(StrategicError::Elements(go_plain(&lists)));
    }
    Ok(first.is_object())
}

/// Returns a value that is new to the object, without directives and nulls. A map that is to be
/// replaced or deleted is nothing, even if it has other members: so it is in API servers.
fn plain(value: Value) -> Option<Value> {
    match value {
        Value::Object(members) => {
            if members.contains_key(PATCH) {
                return None;
            }
            let is_directive = |name: &str| {
                name == RETAIN_KEYS || name.starts_with(ORDER) || name.starts_with(DELETE_FROM)
            };
            let members = members
                .into_iter()
                .filter(|(n, v)| !is_directive(n) && !v.is_null());
            let members = members.filter_map(|(name, value)| Some((name, plain(value)?)));
            Some(Value::Object(members.collect()))
        }
        Value::Array(items) => Some(items.into_iter().filter_map(plain).collect()),
        other => Some(other),
    }
}

/// Returns a value that replaces another without the nulls inside.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, v)| !v.is_null());
            let members = members.map(|(name, value)| (name, without_nulls(value)));
            Value::Object(members.collect())
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}
