//! `eq`, `lt` and their like.

use crate::error::Error;
use crate::exec::Item;
use crate::value::{Kind, Value};
use std::cmp::Ordering;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Basic {
    Invalid,
    Bool,
    Complex,
    Int,
    Float,
    String,
    Uint,
}

const fn basic(value: &Value) -> Basic {
    match value {
        Value::Bool(_) => Basic::Bool,
        Value::Int(kind, _) => {
            if kind.is_unsigned() {
                Basic::Uint
            } else {
                Basic::Int
            }
        }
        Value::Float(_) => Basic::Float,
        Value::Complex(..) => Basic::Complex,
        Value::Str(_) => Basic::String,
        _ => Basic::Invalid,
    }
}

/// A whole number of any kind, wide enough for all.
#[expect(clippy::cast_sign_loss, reason = "the bits are kept")]
fn wide(value: &Value) -> i128 {
    match value {
        Value::Int(kind, i) if kind.is_unsigned() => i128::from(*i as u64),
        Value::Int(_, i) => i128::from(*i),
        _ => 0,
    }
}

fn is_nil_value(value: &Value) -> bool {
    match value {
        Value::List(l) => l.is_nil(),
        Value::Map(m) => m.is_nil(),
        Value::Object(o) => o.kind() == Kind::Ptr && o.is_nil(),
        _ => value.is_nil(),
    }
}

fn both_whole(a: Basic, b: Basic) -> bool {
    matches!(
        (a, b),
        (Basic::Int, Basic::Uint) | (Basic::Uint, Basic::Int)
    )
}

/// Returns true if the first equals any of the others.
pub(super) fn eq(items: &[Item]) -> Result<bool, Error> {
    let (first, others) = items
        .split_first()
        .ok_or("missing argument for comparison")?;
    if others.is_empty() {
        return Err("missing argument for comparison".into());
    }
    for other in others {
        if equal(&first.value, &other.value)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn equal(a: &Value, b: &Value) -> Result<bool, Error> {
    let (kind_a, kind_b) = (basic(a), basic(b));
    if kind_a != kind_b {
        if both_whole(kind_a, kind_b) {
            return Ok(wide(a) == wide(b));
        }
        if a.is_nil() || b.is_nil() {
            return Ok(false);
        }
        let (a, b) = (a.type_name(), b.type_name());
        return Err(format!("incompatible types for comparison: {a} and {b}").into());
    }
    Ok(match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Complex(a, b), Value::Complex(c, d)) => a == c && b == d,
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Int(..), Value::Int(..)) => wide(a) == wide(b),
        _ => return equal_others(a, b),
    })
}

fn equal_others(a: &Value, b: &Value) -> Result<bool, Error> {
    // The reference prints values with %s, which suits only strings.
    let text = |v: &Value| {
        let text = crate::fmt::sprintf(b"%s", std::slice::from_ref(v));
        String::from_utf8_lossy(&text).into_owned()
    };
    if a.kind() != b.kind() && !a.is_nil() && !b.is_nil() {
        let (name_a, name_b) = (a.type_name(), b.type_name());
        let (a, b) = (text(a), crate::fmt::text_of(b));
        return Err(format!("non-comparable types {a}: {name_a}, {name_b}: {b}").into());
    }
    if is_nil_value(a) || is_nil_value(b) {
        return Ok(is_nil_value(a) == is_nil_value(b));
    }
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            if a.kind() == Kind::Ptr {
                return Ok(std::rc::Rc::ptr_eq(a, b));
            }
            Ok(a.equals(&**b))
        }
        _ => {
            let (name, b) = (b.type_name(), text(b));
            Err(format!("non-comparable type {b}: {name}").into())
        }
    }
}

/// Returns true if the first is less than the second.
pub(super) fn lt(a: &Item, b: &Item) -> Result<bool, Error> {
    let (a, b) = (&a.value, &b.value);
    let (kind_a, kind_b) = (basic(a), basic(b));
    if kind_a == Basic::Invalid || kind_b == Basic::Invalid {
        return Err("invalid type for comparison".into());
    }
    if kind_a != kind_b {
        if both_whole(kind_a, kind_b) {
            return Ok(wide(a) < wide(b));
        }
        let (a, b) = (a.type_name(), b.type_name());
        return Err(format!("incompatible types for comparison: {a} and {b}").into());
    }
    Ok(match (a, b) {
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b) == Some(Ordering::Less),
        (Value::Str(a), Value::Str(b)) => a < b,
        (Value::Int(..), Value::Int(..)) => wide(a) < wide(b),
        _ => return Err("invalid type for comparison".into()),
    })
}

/// Returns true if the first is less than the second, or equal.
pub(super) fn le(items: &[Item]) -> Result<bool, Error> {
    Ok(lt(&items[0], &items[1])? || eq(items)?)
}
