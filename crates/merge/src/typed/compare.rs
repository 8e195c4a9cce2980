//! What changed between two values?

use super::field_set::undeclared;
use super::validate::check_scalar;
use super::{Items, Step, TypeError, Typed, no_type};
use crate::schema::{Deduced, Kind, List, Map};
use crate::{PathElement, Schema, Set, TypeId};
use value::{Object, Value};

/// The paths that differ between two values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Paths that only the first value has.
    pub removed: Set,
    /// Paths that both have, with different values.
    pub modified: Set,
    /// Paths that only the second value has.
    pub added: Set,
}

impl Comparison {
    /// Returns true if nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.modified.is_empty() && self.added.is_empty()
    }

    /// Leaves out the paths in `ignored` and everything below them.
    #[must_use]
    pub fn without(&self, ignored: &Set) -> Self {
        Self {
            removed: self.removed.recursive_difference(ignored),
            modified: self.modified.recursive_difference(ignored),
            added: self.added.recursive_difference(ignored),
        }
    }

    fn push(&mut self, element: &PathElement, delta: Delta) {
        let Delta { leaf, below } = delta;
        let Self {
            removed,
            modified,
            added,
        } = below;
        let sides = [
            (&mut self.removed, removed, Change::Removed),
            (&mut self.modified, modified, Change::Modified),
            (&mut self.added, added, Change::Added),
        ];
        for (set, children, change) in sides {
            let member = leaf == Some(change);
            if member || !children.is_empty() {
                set.push(element.clone(), member, children);
            }
        }
    }
}

impl Typed<'_> {
    /// Compares with a newer value of the same type.
    ///
    /// # Errors
    ///
    /// If one of the values does not have the type.
    pub fn compare(&self, newer: &Value) -> Result<Comparison, TypeError> {
        compare(self.schema, self.of, Some(self.value), Some(newer))
    }
}

/// Compares two values of which one may be absent.
pub(crate) fn compare(
    schema: &Schema,
    of: TypeId,
    old: Option<&Value>,
    new: Option<&Value>,
) -> Result<Comparison, TypeError> {
    if old.is_none() && new.is_none() {
        return Ok(Comparison::default());
    }
    Ok(Walker { schema }.visit(of, old, new)?.below)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Removed,
    Modified,
    Added,
}

/// What differs at a value and below it.
#[derive(Default)]
struct Delta {
    leaf: Option<Change>,
    below: Comparison,
}

impl Delta {
    fn is_empty(&self) -> bool {
        self.leaf.is_none() && self.below.is_empty()
    }
}

struct Walker<'s> {
    schema: &'s Schema,
}

impl<'s> Walker<'s> {
    fn visit(
        &self,
        of: TypeId,
        old: Option<&Value>,
        new: Option<&Value>,
    ) -> Result<Delta, TypeError> {
        let atom = self.schema.atom(of);
        let (was, is) = (atom.deduce(old), atom.deduce(new));
        let mut delta = Delta::default();
        // A value of another sort than before is looked at as both.
        let second = if new.is_none() { was } else { is };
        if old.is_some() && new.is_some() && was != is && atom.kind(was) != atom.kind(is) {
            self.step(of, was, old, new, &mut delta)?;
        }
        let is_leaf = self.step(of, second, old, new, &mut delta)?;
        if !is_leaf {
            // A container that appears or goes counts itself.
            match (old, new) {
                (None, _) => delta.leaf = Some(Change::Added),
                (_, None) => delta.leaf = Some(Change::Removed),
                _ => {}
            }
        }
        Ok(delta)
    }

    /// Looks at both sides as one sort of value; returns true if that is a leaf.
    fn step(
        &self,
        of: TypeId,
        deduced: Deduced,
        old: Option<&Value>,
        new: Option<&Value>,
        delta: &mut Delta,
    ) -> Result<bool, TypeError> {
        let atom = self.schema.atom(of);
        match atom.kind(deduced).ok_or_else(no_type)? {
            Kind::Scalar => {
                if let Some(scalar) = atom.scalar
                    && let Err(error) = check_scalar(scalar, old)
                    && check_scalar(scalar, new).is_err()
                {
                    return Err(error);
                }
            }
            Kind::List => {
                if let Some(list) = atom.list.as_ref().filter(|l| l.associative) {
                    let old = old.and_then(Value::as_array).unwrap_or(&[]);
                    let new = new.and_then(Value::as_array).unwrap_or(&[]);
                    if !(old.is_empty() && new.is_empty()) {
                        self.list(list, old, new, delta)?;
                        return Ok(false);
                    }
                }
            }
            Kind::Map => {
                if let Some(map) = atom.map.as_ref().filter(|m| !m.atomic) {
                    let old = old.and_then(Value::as_object);
                    let new = new.and_then(Value::as_object);
                    if !(old.is_none_or(Object::is_empty) && new.is_none_or(Object::is_empty)) {
                        self.map(map, old, new, delta)?;
                        return Ok(false);
                    }
                }
            }
        }
        delta.leaf = match (old, new) {
            (None, None) => None,
            (None, _) => Some(Change::Added),
            (_, None) => Some(Change::Removed),
            (Some(old), Some(new)) if old.equivalent(new) => None,
            _ => Some(Change::Modified),
        };
        Ok(true)
    }

    fn map(
        &self,
        map: &Map,
        old: Option<&Object>,
        new: Option<&Object>,
        delta: &mut Delta,
    ) -> Result<(), TypeError> {
        let empty = Object::new();
        let mut old = old.unwrap_or(&empty).iter().peekable();
        let mut new = new.unwrap_or(&empty).iter().peekable();
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => return Ok(()),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some((a, _)), Some((b, _))) => a.cmp(b),
            };
            let before = if order.is_le() { old.next() } else { None };
            let after = if order.is_ge() { new.next() } else { None };
            let Some((name, _)) = before.or(after) else {
                return Ok(());
            };
            let of = map.member(name).ok_or_else(|| undeclared(name))?;
            let below = self
                .visit(of, before.map(|m| m.1), after.map(|m| m.1))
                .map_err(|e| e.below(&Step(name)))?;
            if !below.is_empty() {
                delta.below.push(&PathElement::Field(name.clone()), below);
            }
        }
    }

    fn list(
        &self,
        list: &'s List,
        old: &[Value],
        new: &[Value],
        delta: &mut Delta,
    ) -> Result<(), TypeError> {
        let old = Items::of(self.schema, list, old)?;
        let new = Items::of(self.schema, list, new)?;
        let (mut olds, mut news) = (old.groups().peekable(), new.groups().peekable());
        loop {
            let order = match (olds.peek(), news.peek()) {
                (None, None) => return Ok(()),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(a), Some(b)) => old.list[a[0]].0.cmp(&new.list[b[0]].0),
            };
            let before = if order.is_le() { olds.next() } else { None }.unwrap_or(&[]);
            let after = if order.is_ge() { news.next() } else { None }.unwrap_or(&[]);
            let item = match (before, after) {
                ([i, ..], _) => &old.list[*i].0,
                (_, [i, ..]) => &new.list[*i].0,
                _ => return Ok(()),
            };
            let visit = |a: Option<&Value>, b: Option<&Value>| {
                self.visit(list.element, a, b).map_err(|e| e.below(item))
            };
            let first_old = before.first().map(|&i| old.list[i].1);
            let first_new = after.first().map(|&i| new.list[i].1);
            let below = match (before.len(), after.len()) {
                (0 | 1, 0 | 1) => visit(first_old, first_new)?,
                (2.., 2..) => {
                    // Items that share an identity are compared as one list.
                    let same = before.len() == after.len()
                        && before
                            .iter()
                            .zip(after)
                            .all(|(&a, &b)| old.list[a].1.equivalent(new.list[b].1));
                    Delta {
                        leaf: (!same).then_some(Change::Modified),
                        below: Comparison::default(),
                    }
                }
                (2.., _) => {
                    let single = match first_new {
                        Some(_) => visit(None, first_new)?,
                        None => Delta::default(),
                    };
                    delta.below.push(&item.to_element(), single);
                    Delta {
                        leaf: Some(Change::Removed),
                        below: Comparison::default(),
                    }
                }
                _ => {
                    let single = match first_old {
                        Some(_) => visit(first_old, None)?,
                        None => Delta::default(),
                    };
                    delta.below.push(&item.to_element(), single);
                    Delta {
                        leaf: Some(Change::Added),
                        below: Comparison::default(),
                    }
                }
            };
            if !below.is_empty() {
                delta.below.push(&item.to_element(), below);
            }
        }
    }
}
