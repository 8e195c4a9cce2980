//! Fields, methods and keys.

use super::options::MissingKey;
use super::{At, Evaluated, Exec, Item};
use crate::ast::{Operand, Span};
use crate::strconv;
use crate::text::Str;
use crate::value::{Kind, Value};

impl<'a> Exec<'a, '_> {
    /// Follows names from a receiver; arguments belong to the last of them.
    pub(super) fn chain(
        &mut self,
        dot: &Item,
        receiver: &Item,
        node: &'a Operand,
        names: Span,
        arguments: &'a [Operand],
        last: Option<Item>,
    ) -> Evaluated {
        let names = self.tree.words(names);
        // Nearly always there are maps all the way: nothing on it is copied then.
        if let Value::Map(map) = &receiver.value
            && arguments.is_empty()
            && last.is_none()
            && self.run.tracer.is_none()
            && let Some((value, holder)) = map.descend(names)
        {
            return Ok(Item::of(value, holder.element));
        }
        let Some((final_name, names)) = names.split_last() else {
            return Ok(receiver.clone());
        };
        let Some((first_name, names)) = names.split_first() else {
            return self.field(dot, final_name, node, arguments, last, receiver);
        };
        let mut receiver = self.field(dot, first_name, node, &[], None, receiver)?;
        for name in names {
            receiver = self.field(dot, name, node, &[], None, &receiver)?;
        }
        self.field(dot, final_name, node, arguments, last, &receiver)
    }

    fn field(
        &mut self,
        dot: &Item,
        name: &'a Str,
        node: &'a Operand,
        arguments: &'a [Operand],
        last: Option<Item>,
        receiver: &Item,
    ) -> Evaluated {
        let missing_key = self.run.options.missing_key;
        if receiver.is_invalid() {
            if missing_key == MissingKey::Error {
                let key = strconv::quote(name);
                return Err(self.error(format!("nil data; no entry for key {key}")));
            }
            return Ok(Item::default());
        }
        let is_nil = match &receiver.value {
            Value::Nil => true,
            Value::Object(o) => o.kind() == Kind::Ptr && o.is_nil(),
            _ => false,
        };
        if is_nil {
            let on = receiver.static_type();
            return Err(self.error(format!("nil pointer evaluating {on}.{name}")));
        }
        // Most receivers are plain maps, without methods.
        if let Value::Map(map) = &receiver.value
            && map.map_type().methods.is_empty()
        {
            if let Some(tracer) = &mut self.run.tracer {
                tracer.key(&receiver.value, name);
            }
            return self.key(map, name, !arguments.is_empty() || last.is_some());
        }
        if let Some(method) = receiver.value.method(name) {
            return self.method(
                dot,
                &receiver.value,
                method,
                At::Operand(node),
                arguments,
                last,
            );
        }
        let has_arguments = !arguments.is_empty() || last.is_some();
        match &receiver.value {
            Value::Object(object) => {
                if let Some(field) = object.field(&name.lossy()) {
                    if has_arguments {
                        return Err(self.error(format!(
                            "{name} has arguments but cannot be invoked as function"
                        )));
                    }
                    return Ok(field.into());
                }
            }
            Value::Map(map) => {
                if let Some(tracer) = &mut self.run.tracer {
                    tracer.key(&receiver.value, name);
                }
                return self.key(map, name, has_arguments);
            }
            _ => {}
        }
        let on = receiver.static_type();
        Err(self.error(format!("can't evaluate field {name} in type {on}")))
    }

    fn key(&self, map: &crate::value::Map, name: &Str, has_arguments: bool) -> Evaluated {
        if has_arguments {
            return Err(self.error(format!("{name} is not a method but has arguments")));
        }
        let element = map.map_type().element;
        if let Some(value) = map.get(name) {
            return Ok(Item::of(value, element));
        }
        match self.run.options.missing_key {
            MissingKey::Invalid => Ok(Item::default()),
            MissingKey::Zero => Ok(Item::of(element.zero(), element)),
            MissingKey::Error => {
                let key = strconv::quote(name);
                Err(self.error(format!("map has no entry for key {key}")))
            }
        }
    }
}
