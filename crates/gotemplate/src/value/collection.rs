//! Shared, mutable lists and maps.

use super::{ListType, MapType, Value};
use crate::text::Str;
use std::borrow::Borrow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A slice. Clones share the elements.
#[derive(Clone)]
pub struct List(Rc<ListCell>);

struct ListCell {
    list_type: &'static ListType,
    is_nil: bool,
    items: RefCell<Vec<Value>>,
}

impl List {
    /// Returns a list.
    #[must_use]
    pub fn new(list_type: &'static ListType, items: Vec<Value>) -> Self {
        Self(Rc::new(ListCell {
            list_type,
            is_nil: false,
            items: RefCell::new(items),
        }))
    }

    /// Returns a list that is `nil`.
    #[must_use]
    pub fn nil(list_type: &'static ListType) -> Self {
        Self(Rc::new(ListCell {
            list_type,
            is_nil: true,
            items: RefCell::default(),
        }))
    }

    /// Returns the type.
    #[must_use]
    pub fn list_type(&self) -> &'static ListType {
        self.0.list_type
    }

    /// Returns true for a list that is `nil`.
    #[must_use]
    pub fn is_nil(&self) -> bool {
        self.0.is_nil
    }

    /// Returns the number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.items.borrow().len()
    }

    /// Returns true if there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns an element.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Value> {
        self.0.items.borrow().get(index).cloned()
    }

    /// Returns the elements.
    #[must_use]
    pub fn to_vec(&self) -> Vec<Value> {
        self.0.items.borrow().clone()
    }

    /// Looks at the elements; `look` must not change this list.
    pub fn with<R>(&self, look: impl FnOnce(&[Value]) -> R) -> R {
        look(&self.0.items.borrow())
    }

    /// Changes the elements in place, for everyone who shares them.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut Vec<Value>) -> R) -> R {
        change(&mut self.0.items.borrow_mut())
    }

    /// Returns what distinguishes the list from all others while it exists.
    pub(crate) fn identity(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    /// Returns true if both are the same list, not only equal ones.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// A map with `string` keys, sorted by them. Clones share the members.
#[derive(Clone)]
pub struct Map(Rc<MapCell>, &'static MapType);

#[derive(Default)]
struct MapCell {
    is_nil: Cell<bool>,
    members: RefCell<BTreeMap<Str, Value>>,
}

impl Map {
    /// Returns a map.
    pub fn new<K: Into<Str>>(
        map_type: &'static MapType,
        members: impl IntoIterator<Item = (K, Value)>,
    ) -> Self {
        let members = members.into_iter().map(|(k, v)| (k.into(), v)).collect();
        let cell = MapCell {
            is_nil: Cell::new(false),
            members: RefCell::new(members),
        };
        Self(Rc::new(cell), map_type)
    }

    /// Returns a map that is `nil`.
    #[must_use]
    pub fn nil(map_type: &'static MapType) -> Self {
        let cell = MapCell::default();
        cell.is_nil.set(true);
        Self(Rc::new(cell), map_type)
    }

    /// Returns the same members under another type.
    #[must_use]
    pub fn with_type(&self, map_type: &'static MapType) -> Self {
        Self(Rc::clone(&self.0), map_type)
    }

    /// Returns the type.
    #[must_use]
    pub const fn map_type(&self) -> &'static MapType {
        self.1
    }

    /// Returns true for a map that is `nil`.
    #[must_use]
    pub fn is_nil(&self) -> bool {
        self.0.is_nil.get()
    }

    /// Returns the number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.members.borrow().len()
    }

    /// Returns true if there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns a member.
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<Value>
    where
        Str: Borrow<Q>,
    {
        self.0.members.borrow().get(key).cloned()
    }

    /// Follows names through maps; returns what is there, and the type of the map that holds it.
    /// Nothing if a name is missing, means something else than a member, or leads out of maps.
    pub(crate) fn descend(&self, names: &[Str]) -> Option<(Value, &'static MapType)> {
        let (name, rest) = names.split_first()?;
        if self.1.methods.iter().any(|m| m.name.as_bytes() == &**name) {
            return None;
        }
        let members = self.0.members.borrow();
        match (members.get(name)?, rest) {
            (value, []) => Some((value.clone(), self.1)),
            (Value::Map(inner), _) => inner.descend(rest),
            _ => None,
        }
    }

    /// Returns true if there is a member of that name.
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        self.0.members.borrow().contains_key(key)
    }

    /// Sets a member, for everyone who shares the map. A `nil` map stays as it is.
    pub fn insert(&self, key: impl Into<Str>, value: Value) {
        if !self.is_nil() {
            self.0.members.borrow_mut().insert(key.into(), value);
        }
    }

    /// Removes all members.
    pub(crate) fn clear(&self) {
        // What goes away may hold this map.
        let members = std::mem::take(&mut *self.0.members.borrow_mut());
        drop(members);
    }

    /// Removes a member.
    pub fn remove(&self, key: &[u8]) {
        self.0.members.borrow_mut().remove(key);
    }

    /// Returns the names, sorted.
    #[must_use]
    pub fn keys(&self) -> Vec<Str> {
        self.0.members.borrow().keys().cloned().collect()
    }

    /// Returns the members, sorted by name.
    #[must_use]
    pub fn to_vec(&self) -> Vec<(Str, Value)> {
        let members = self.0.members.borrow();
        members
            .iter()
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    }

    /// Looks at the members; `look` must not change this map.
    pub fn with<R>(&self, look: impl FnOnce(&BTreeMap<Str, Value>) -> R) -> R {
        look(&self.0.members.borrow())
    }

    /// Returns what distinguishes the map from all others while it exists.
    pub(crate) fn identity(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    /// Returns true if both are the same map, not only equal ones.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// Values nest as deep as a template likes; the stack does not. What goes away with the last
/// reference is therefore taken apart in a loop.
fn take_apart(mut pending: Vec<Value>) {
    while let Some(value) = pending.pop() {
        match value {
            Value::List(List(cell)) => {
                if let Some(mut cell) = Rc::into_inner(cell) {
                    pending.append(cell.items.get_mut());
                }
            }
            Value::Map(Map(cell, _)) => {
                if let Some(mut cell) = Rc::into_inner(cell) {
                    pending.extend(std::mem::take(cell.members.get_mut()).into_values());
                }
            }
            _ => {}
        }
    }
}

const fn nests(value: &Value) -> bool {
    matches!(value, Value::List(_) | Value::Map(_))
}

impl Drop for ListCell {
    fn drop(&mut self) {
        let items = self.items.get_mut();
        if items.iter().any(nests) {
            take_apart(std::mem::take(items));
        }
    }
}

impl Drop for MapCell {
    fn drop(&mut self) {
        let members = self.members.get_mut();
        if members.values().any(nests) {
            take_apart(std::mem::take(members).into_values().collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nests_deep_goes_away_without_a_deep_stack() {
        let mut v = Value::list(Vec::new());
        for i in 0..200_000 {
            v = if i % 2 == 0 {
                Value::list(vec![v])
            } else {
                Value::map([("a", v)])
            };
        }
        drop(v);
    }

    #[test]
    fn clones_share() {
        let a = Map::new(MapType::ANY, [("x", Value::int(1))]);
        let b = a.clone();
        b.insert("y", Value::int(2));
        assert_eq!(a.len(), 2);
        assert!(a.is_same(&b.with_type(MapType::ANY)));
    }
}
