//! Types, defaults and choices.

use super::{ANY, BOOL, Called, Function, STR, at, fixed, open, str_at};
use crate::error::Error;
use crate::exec::Exec;
use crate::json::NESTING_MAX;
use crate::value::{Kind, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("typeOf", &[ANY], |_, a| Ok(a[0].type_name().into())),
    fixed("typeIs", &[STR, ANY], |_, a| {
        Ok((a[1].type_name().as_bytes() == str_at(a, 0).as_bytes()).into())
    }),
    fixed("typeIsLike", &[STR, ANY], |_, a| {
        let (wanted, name) = (str_at(a, 0), a[1].type_name());
        let is_pointer = name
            .strip_prefix('*')
            .is_some_and(|n| n.as_bytes() == &*wanted);
        Ok((name.as_bytes() == &*wanted || is_pointer).into())
    }),
    fixed("kindOf", &[ANY], |_, a| Ok(a[0].kind().name().into())),
    fixed("kindIs", &[STR, ANY], |_, a| {
        Ok((a[1].kind().name().as_bytes() == str_at(a, 0).as_bytes()).into())
    }),
    fixed("deepEqual", &[ANY, ANY], |_, a| {
        Ok(deep_equal(&a[0], &a[1])?.into())
    }),
    open("default", &[ANY], ANY, |_, a| {
        let given = at(a, 1);
        Ok(if is_empty(&given) { at(a, 0) } else { given })
    }),
    fixed("empty", &[ANY], |_, a| Ok(is_empty(&a[0]).into())),
    open("coalesce", &[], ANY, |_, a| {
        Ok(a.iter().find(|v| !is_empty(v)).cloned().unwrap_or_default())
    }),
    open("all", &[], ANY, |_, a| Ok((!a.iter().any(is_empty)).into())),
    open("any", &[], ANY, |_, a| Ok((!a.iter().all(is_empty)).into())),
    fixed("ternary", &[ANY, ANY, BOOL], ternary),
];

fn is_empty(value: &Value) -> bool {
    value.is_empty()
}

fn ternary(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    Ok(at(a, usize::from(!matches!(a[2], Value::Bool(true)))))
}

/// `reflect.DeepEqual`.
pub(super) fn deep_equal(a: &Value, b: &Value) -> Result<bool, Error> {
    equal(a, b, 0)
}

fn equal(a: &Value, b: &Value, depth: usize) -> Result<bool, Error> {
    if depth > NESTING_MAX {
        return Err("values are nested too deep to be compared".into());
    }
    Ok(match (a, b) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(ka, a), Value::Int(kb, b)) => ka == kb && a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Complex(a, b), Value::Complex(c, d)) => a == c && b == d,
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            if a.list_type() != b.list_type() || a.is_nil() != b.is_nil() || a.len() != b.len() {
                return Ok(false);
            }
            if a.is_same(b) {
                return Ok(true);
            }
            for (x, y) in a.to_vec().iter().zip(&b.to_vec()) {
                if !equal(x, y, depth + 1)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Map(a), Value::Map(b)) => {
            if a.map_type() != b.map_type() || a.is_nil() != b.is_nil() || a.len() != b.len() {
                return Ok(false);
            }
            if a.is_same(b) {
                return Ok(true);
            }
            for ((ka, x), (kb, y)) in a.to_vec().iter().zip(&b.to_vec()) {
                if ka != kb || !equal(x, y, depth + 1)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Object(a), Value::Object(b)) => {
            std::rc::Rc::ptr_eq(a, b) || (a.kind() != Kind::Invalid && a.equals(&**b))
        }
        _ => false,
    })
}
