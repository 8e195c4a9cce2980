//! What an applier's value makes of a live one.

use super::field_set::undeclared;
use super::validate::check_scalar;
use super::{Item, Items, Step, TypeError, Typed, no_type};
use crate::schema::{Deduced, Kind, List, Map};
use crate::{Schema, TypeId};
use std::collections::VecDeque;
use value::{Object, Value};

impl Typed<'_> {
    /// Returns this value with everything that `config` sets. Nothing is taken away.
    ///
    /// # Errors
    ///
    /// If one of the values does not have the type.
    pub fn merge(&self, config: &Value) -> Result<Value, TypeError> {
        let merged = Walker {
            schema: self.schema,
        }
        .visit(self.of, Some(self.value), Some(config))?;
        Ok(merged.unwrap_or(Value::Null))
    }
}

/// Merges two values of which at most one is absent; the result may be absent.
pub(crate) fn merge(
    schema: &Schema,
    of: TypeId,
    live: Option<&Value>,
    config: Option<&Value>,
) -> Result<Option<Value>, TypeError> {
    Walker { schema }.visit(of, live, config)
}

struct Walker<'s> {
    schema: &'s Schema,
}

impl<'s> Walker<'s> {
    fn visit(
        &self,
        of: TypeId,
        live: Option<&Value>,
        config: Option<&Value>,
    ) -> Result<Option<Value>, TypeError> {
        let atom = self.schema.atom(of);
        match (live, config) {
            (None, None) => Ok(None),
            (_, None) => self.step(of, atom.deduce(live), live, config),
            _ => self.step(of, atom.deduce(config), live, config),
        }
    }

    fn step(
        &self,
        of: TypeId,
        deduced: Deduced,
        live: Option<&Value>,
        config: Option<&Value>,
    ) -> Result<Option<Value>, TypeError> {
        let atom = self.schema.atom(of);
        match atom.kind(deduced).ok_or_else(no_type)? {
            Kind::Scalar => {
                if let Some(scalar) = atom.scalar
                    && let Err(error) = check_scalar(scalar, live)
                    && check_scalar(scalar, config).is_err()
                {
                    return Err(error);
                }
            }
            Kind::List => {
                if let Some(list) = atom.list.as_ref().filter(|l| l.associative) {
                    let live = live.and_then(Value::as_array).unwrap_or(&[]);
                    let config = config.and_then(Value::as_array).unwrap_or(&[]);
                    if !(live.is_empty() && config.is_empty()) {
                        return self.list(list, live, config);
                    }
                }
            }
            Kind::Map => {
                if let Some(map) = atom.map.as_ref().filter(|m| !m.atomic) {
                    let empty = Object::new();
                    let live = live.and_then(Value::as_object).unwrap_or(&empty);
                    let config = config.and_then(Value::as_object).unwrap_or(&empty);
                    if !(live.is_empty() && config.is_empty()) {
                        return self.map(map, live, config);
                    }
                }
            }
        }
        Ok(config.or(live).cloned())
    }

    fn map(&self, map: &Map, live: &Object, config: &Object) -> Result<Option<Value>, TypeError> {
        let mut out = Object::with_capacity(live.len().max(config.len()));
        let (mut lives, mut configs) = (live.iter().peekable(), config.iter().peekable());
        loop {
            let order = match (lives.peek(), configs.peek()) {
                (None, None) => break,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some((a, _)), Some((b, _))) => a.cmp(b),
            };
            let left = if order.is_le() { lives.next() } else { None };
            let right = if order.is_ge() { configs.next() } else { None };
            let Some((name, _)) = left.or(right) else {
                break;
            };
            let of = map.member(name).ok_or_else(|| undeclared(name))?;
            let merged = self
                .visit(of, left.map(|m| m.1), right.map(|m| m.1))
                .map_err(|e| e.below(&Step(name)))?;
            if let Some(merged) = merged {
                out.insert(name.clone(), merged);
            }
        }
        Ok((!out.is_empty()).then_some(Value::Object(out)))
    }

    /// Merges two associative lists. Items that only the live list has keep their place; shared
    /// items follow the order of the config.
    fn list(
        &self,
        list: &'s List,
        live: &[Value],
        config: &[Value],
    ) -> Result<Option<Value>, TypeError> {
        let lives = Items::of(self.schema, list, live)?;
        let configs = Items::of(self.schema, list, config)?;
        if let Some(item) = configs.duplicate() {
            return Err(TypeError::new(format!("duplicate entries for key {item}")));
        }
        let mut shared: VecDeque<&Item<'_>> = configs
            .list
            .iter()
            .map(|(item, _)| item)
            .filter(|item| !lives.find(item).is_empty())
            .collect();
        let mut next = shared.pop_front();
        let mut out = Vec::with_capacity(live.len().max(config.len()));
        let mut done: Vec<bool> = vec![false; config.len()];
        let (mut l, mut c) = (0, 0);
        loop {
            let (left, right) = (lives.list.get(l), configs.list.get(c));
            if left.is_none() && right.is_none() {
                break;
            }
            if let (Some((item, _)), Some((other, value))) = (left, right) {
                if item == other {
                    done[c] = true;
                    self.item(list, lives.single(item), Some(value), &mut out);
                    l += 1;
                    c += 1;
                    next = shared.pop_front();
                    continue;
                }
                if !configs.find(item).is_empty() && next.is_some_and(|next| next != item) {
                    // It will come at its place in the order of the config.
                    l += 1;
                    continue;
                }
            }
            if let Some((item, value)) = left {
                match configs.find(item) {
                    [] => {
                        self.item(list, Some(value), None, &mut out);
                        l += 1;
                        continue;
                    }
                    [i] if done[*i] => l += 1,
                    _ => {}
                }
            }
            if let Some((item, value)) = right {
                done[c] = true;
                self.item(list, lives.single(item), Some(value), &mut out);
                c += 1;
                if next == Some(item) {
                    next = shared.pop_front();
                }
            }
        }
        Ok((!out.is_empty()).then_some(Value::Array(out)))
    }

    /// Merges one item. An item that can't be merged is left out, as the reference does; both
    /// lists were validated before.
    fn item(
        &self,
        list: &List,
        live: Option<&Value>,
        config: Option<&Value>,
        out: &mut Vec<Value>,
    ) {
        if let Ok(Some(merged)) = self.visit(list.element, live, config) {
            out.push(merged);
        }
    }
}
