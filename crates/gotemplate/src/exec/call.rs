//! Calling functions: how many arguments, and of which types.

use super::{At, Evaluated, Exec, Item};
use crate::ast::{Operand, Term};
use crate::error::Error;
use crate::funcs::{Body, Function};
use crate::value::{Kind, Method, Type, Value};

impl<'a> Exec<'a, '_> {
    pub(super) fn function(
        &mut self,
        dot: &Item,
        function: &'static Function,
        node: At<'a>,
        arguments: &'a [Operand],
        last: Option<Item>,
    ) -> Evaluated {
        let name = function.name;
        self.check_count(
            name,
            function.parameters,
            function.rest,
            arguments,
            last.as_ref(),
        )?;
        if matches!(function.body, Body::And | Body::Or) {
            let wanted = matches!(function.body, Body::Or);
            return self.and_or(dot, wanted, arguments, last);
        }
        let (parameters, rest) = (function.parameters, function.rest);
        let called = match function.body {
            Body::Values(body) => {
                let values =
                    self.arguments(dot, parameters, rest, arguments, last, |item| item.value)?;
                // Whatever a function does, it looks at its text once.
                let text = values
                    .iter()
                    .filter_map(Value::as_str)
                    .map(|s| s.len())
                    .sum();
                self.room(text).and_then(|()| body(self, &values))
            }
            Body::Items(body) => {
                let items = self.arguments(dot, parameters, rest, arguments, last, |item| item)?;
                body(self, &items)
            }
            Body::Call => {
                let items = self.arguments(dot, parameters, rest, arguments, last, |item| item)?;
                let callee = arguments.first().map_or_else(
                    || match &items[0].value {
                        Value::Str(s) => s.to_string(),
                        other => format!("<{} Value>", other.type_name()),
                    },
                    |callee| self.tree.show(callee).to_string(),
                );
                Err(Error::new(match items[0].value.type_of() {
                    None => "call of nil".to_owned(),
                    Some(t) => format!("non-function {callee} of type {t}"),
                }))
            }
            Body::And | Body::Or => Ok(Value::Nil),
        };
        let called = called.and_then(|value| {
            let length = value.as_str().map_or(0, |s| s.len());
            self.room(length).map(|()| value)
        });
        match called {
            Ok(value) => Ok(value.into()),
            Err(error) => {
                self.at = node;
                Err(self.error_from(&format!("error calling {name}: "), Some(error)))
            }
        }
    }

    pub(super) fn method(
        &mut self,
        dot: &Item,
        receiver: &Value,
        method: &'static Method,
        node: At<'a>,
        arguments: &'a [Operand],
        last: Option<Item>,
    ) -> Evaluated {
        let name = method.name;
        self.check_count(name, method.parameters, None, arguments, last.as_ref())?;
        let values = self.arguments(dot, method.parameters, None, arguments, last, |item| {
            item.value
        })?;
        match (method.call)(self, receiver, &values) {
            Ok(value) => Ok(value.into()),
            Err(error) => {
                self.at = node;
                Err(self.error_from(&format!("error calling {name}: "), Some(error)))
            }
        }
    }

    fn check_count(
        &self,
        name: &str,
        parameters: &[Type],
        rest: Option<Type>,
        arguments: &[Operand],
        last: Option<&Item>,
    ) -> Result<(), Error> {
        let got = arguments.len();
        let all = got + usize::from(last.is_some());
        let want = parameters.len();
        if rest.is_some() {
            if all < want {
                return Err(self.error(format!(
                    "wrong number of args for {name}: want at least {want} got {got}"
                )));
            }
        } else if all != want {
            return Err(self.error(format!(
                "wrong number of args for {name}: want {want} got {all}"
            )));
        }
        Ok(())
    }

    /// Evaluates the arguments; `keep` says what is kept of each.
    fn arguments<T>(
        &mut self,
        dot: &Item,
        parameters: &[Type],
        rest: Option<Type>,
        arguments: &'a [Operand],
        last: Option<Item>,
        keep: fn(Item) -> T,
    ) -> Result<Vec<T>, Error> {
        let type_at = |i: usize| {
            parameters
                .get(i)
                .copied()
                .or(rest)
                .unwrap_or(Type::Interface)
        };
        let mut items = Vec::with_capacity(arguments.len() + 1);
        for (i, argument) in arguments.iter().enumerate() {
            items.push(keep(self.argument(dot, type_at(i), argument)?));
        }
        if let Some(last) = last {
            items.push(keep(self.validate(last, type_at(arguments.len()))?));
        }
        Ok(items)
    }

    fn and_or(
        &mut self,
        dot: &Item,
        wanted: bool,
        arguments: &'a [Operand],
        last: Option<Item>,
    ) -> Evaluated {
        let mut item = Item::default();
        for argument in arguments {
            item = self.argument(dot, Type::Reflect, argument)?;
            if item.value.truth() == wanted {
                return Ok(item);
            }
        }
        match last {
            Some(last) => self.validate(last, Type::Reflect),
            None => Ok(item),
        }
    }

    /// Checks that a value can be given where a type is wanted.
    fn validate(&self, item: Item, wanted: Type) -> Evaluated {
        if item.is_invalid() {
            if wanted.can_be_nil() {
                return Ok(zero(wanted));
            }
            return Err(self.error(format!("invalid value; expected {wanted}")));
        }
        if matches!(wanted, Type::Reflect | Type::Interface) {
            return Ok(item);
        }
        let got = item.value.type_of();
        match got {
            Some(t) if t.assignable_to(wanted) => Ok(match (item.value, wanted) {
                // A named type loses its name.
                (Value::Map(map), Type::Map(plain)) => Value::Map(map.with_type(plain)).into(),
                (value, _) => value.into(),
            }),
            _ => {
                let got = got.unwrap_or(Type::Interface);
                Err(self.error(format!(
                    "wrong type for value; expected {wanted}; got {got}"
                )))
            }
        }
    }

    fn argument(&mut self, dot: &Item, wanted: Type, operand: &'a Operand) -> Evaluated {
        self.at = At::Operand(operand);
        match &operand.term {
            Term::Dot => {
                let dot = self.dot(dot);
                self.validate(dot, wanted)
            }
            Term::Nil => {
                if wanted.can_be_nil() {
                    return Ok(zero(wanted));
                }
                Err(self.error(format!("cannot assign nil to {wanted}")))
            }
            Term::Field(_)
            | Term::Variable(..)
            | Term::Pipe(_)
            | Term::Function(_)
            | Term::Chain(..) => {
                let item = self.untyped(dot, operand)?;
                self.validate(item, wanted)
            }
            _ => self.typed_constant(wanted, operand),
        }
    }

    fn typed_constant(&self, wanted: Type, operand: &'a Operand) -> Evaluated {
        let shown = self.tree.show(operand);
        let expected = |what: &str| self.error(format!("expected {what}; found {shown}"));
        let value = match (wanted.kind(), &operand.term) {
            (Kind::Bool, Term::Bool(b)) => Value::Bool(*b),
            (Kind::Bool, _) => return Err(expected("bool")),
            (Kind::String, Term::String(_, text)) => Value::Str(self.tree.word(*text).clone()),
            (Kind::String, _) => return Err(expected("string")),
            (Kind::Float64, term) => match term {
                Term::Number(number) => match self.tree.number(*number).float {
                    Some(f) => Value::Float(f),
                    None => return Err(expected("float")),
                },
                _ => return Err(expected("float")),
            },
            (Kind::Int | Kind::Int32 | Kind::Int64, term) => match (wanted, term) {
                (Type::Int(kind), Term::Number(number)) => match self.tree.number(*number).int {
                    Some(i) => Value::Int(kind, i),
                    None => return Err(expected("integer")),
                },
                _ => return Err(expected("integer")),
            },
            (Kind::Uint8 | Kind::Uint32 | Kind::Uint64, term) => match (wanted, term) {
                (Type::Int(kind), Term::Number(number)) => match self.tree.number(*number).uint {
                    #[expect(clippy::cast_possible_wrap, reason = "the bits are kept")]
                    Some(u) => Value::Int(kind, u as i64),
                    None => return Err(expected("unsigned integer")),
                },
                _ => return Err(expected("unsigned integer")),
            },
            _ if matches!(wanted, Type::Interface | Type::Reflect) => {
                return self.constant(operand);
            }
            _ => {
                return Err(self.error(format!("can't handle {shown} for arg of type {wanted}")));
            }
        };
        Ok(value.into())
    }
}

/// `reflect.Zero` of a type that can be nil.
fn zero(wanted: Type) -> Item {
    Item {
        value: wanted.zero(),
        boxed: wanted == Type::Interface,
    }
}
