//! The functions of Go's own template package.

use super::compare;
use super::{ANY, Body, Called, Function, REFLECT, STR, fixed, open};
use crate::error::Error;
use crate::exec::{Exec, Item};
use crate::fmt;
use crate::text::{self, Str};
use crate::unicode::is_print;
use crate::value::{IntKind, Type, Value};

const fn items(
    name: &'static str,
    parameters: &'static [Type],
    rest: Option<Type>,
    body: super::Items,
) -> Function {
    Function {
        name,
        parameters,
        rest,
        body: Body::Items(body),
    }
}

const fn special(name: &'static str, body: Body) -> Function {
    Function {
        name,
        parameters: &[REFLECT],
        rest: Some(REFLECT),
        body,
    }
}

pub(super) const FUNCTIONS: &[Function] = &[
    special("and", Body::And),
    special("or", Body::Or),
    special("call", Body::Call),
    items("not", &[REFLECT], None, |_, a| {
        Ok((!a[0].value.truth()).into())
    }),
    items("index", &[REFLECT], Some(REFLECT), index),
    items("len", &[REFLECT], None, len),
    items("eq", &[REFLECT], Some(REFLECT), |_, a| {
        compare::eq(a).map(Value::Bool)
    }),
    items("ne", &[REFLECT, REFLECT], None, |_, a| {
        compare::eq(a).map(|equal| Value::Bool(!equal))
    }),
    items("lt", &[REFLECT, REFLECT], None, |_, a| {
        compare::lt(&a[0], &a[1]).map(Value::Bool)
    }),
    items("le", &[REFLECT, REFLECT], None, |_, a| {
        compare::le(a).map(Value::Bool)
    }),
    items("gt", &[REFLECT, REFLECT], None, |_, a| {
        compare::le(a).map(|le| Value::Bool(!le))
    }),
    items("ge", &[REFLECT, REFLECT], None, |_, a| {
        compare::lt(&a[0], &a[1]).map(|lt| Value::Bool(!lt))
    }),
    open("print", &[], ANY, |_, a| Ok(fmt::sprint(a).into())),
    open("println", &[], ANY, |_, a| Ok(fmt::sprintln(a).into())),
    open("printf", &[STR], ANY, printf),
    open("html", &[], ANY, |_, a| Ok(html(&text_of_all(a)).into())),
    open("js", &[], ANY, |_, a| Ok(js(&text_of_all(a)).into())),
    open("urlquery", &[], ANY, |_, a| {
        Ok(super::network::query_escape(&text_of_all(a)).into())
    }),
    // Sprig's function of this name is in front of Go's.
    fixed("hello", &[], |_, _| Ok("Hello!".into())),
];

fn printf(exec: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let out = fmt::sprintf(&super::str_at(a, 0), &a[1..]);
    exec.room(out.len())?;
    Ok(out.into())
}

fn index(_: &mut Exec<'_, '_>, a: &[Item]) -> Called {
    let mut item = a[0].value.clone();
    if item.is_nil() {
        return Err("index of untyped nil".into());
    }
    for index in &a[1..] {
        let index = &index.value;
        item = match &item {
            Value::Nil => return Err("index of nil pointer".into()),
            Value::Str(_) | Value::Bytes(_) => {
                let s: &[u8] = match &item {
                    Value::Bytes(bytes) => bytes,
                    other => other.as_str().map_or(&[], |s| s),
                };
                let i = position(index, s.len())?;
                let byte = s.get(i).copied().ok_or_else(|| out_of_range(&item))?;
                Value::Int(IntKind::Uint8, i64::from(byte))
            }
            Value::List(list) => {
                let i = position(index, list.len())?;
                list.get(i).ok_or_else(|| out_of_range(&item))?
            }
            Value::Map(map) => match index {
                Value::Str(key) => map
                    .get(key)
                    .unwrap_or_else(|| map.map_type().element.zero()),
                Value::Nil => return Err("value is nil; should be of type string".into()),
                other => {
                    let got = other.type_name();
                    return Err(format!("value has type {got}; should be string").into());
                }
            },
            other => {
                let got = behind_pointer(other);
                return Err(format!("can't index item of type {got}").into());
            }
        };
    }
    Ok(item)
}

/// What `reflect` says when an index passes the check, which lets the length itself through.
fn out_of_range(item: &Value) -> Error {
    let what = match item {
        Value::Str(_) => "string",
        _ => "slice",
    };
    Error::new(format!("reflect: {what} index out of range"))
}

/// The name of a type, or of what a pointer of that type leads to.
fn behind_pointer(value: &Value) -> String {
    let name = value.type_name();
    name.strip_prefix('*').map_or(name.clone(), str::to_owned)
}

fn position(index: &Value, max: usize) -> Result<usize, Error> {
    match index {
        Value::Int(_, i) => usize::try_from(*i)
            .ok()
            .filter(|i| *i <= max)
            .ok_or_else(|| Error::new(format!("index out of range: {i}"))),
        Value::Nil => Err("cannot index slice/array with nil".into()),
        other => {
            let got = other.type_name();
            Err(format!("cannot index slice/array with type {got}").into())
        }
    }
}

fn len(_: &mut Exec<'_, '_>, a: &[Item]) -> Called {
    let item = &a[0];
    if item.is_invalid() {
        return Err("reflect: call of reflect.Value.Type on zero Value".into());
    }
    if item.value.is_nil() {
        return Err("len of nil pointer".into());
    }
    match item.value.len() {
        Some(n) => Ok(Value::int(i64::try_from(n).unwrap_or(i64::MAX))),
        None => {
            let got = behind_pointer(&item.value);
            Err(format!("len of type {got}").into())
        }
    }
}

/// The operands of `html`, `js` and `urlquery` as one text.
fn text_of_all(a: &[Value]) -> Str {
    if let [Value::Str(s)] = a {
        return s.clone();
    }
    let printable: Vec<Value> = a
        .iter()
        .map(|v| {
            if v.is_nil() {
                "<no value>".into()
            } else {
                v.clone()
            }
        })
        .collect();
    fmt::sprint(&printable).into()
}

fn html(s: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    for b in s {
        match b {
            0 => out.extend_from_slice("\u{FFFD}".as_bytes()),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b => out.push(*b),
        }
    }
    out
}

fn js(s: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    for (at, c, width) in text::rune_indices(s) {
        match c {
            '\\' => out.extend_from_slice(br"\\"),
            '\'' => out.extend_from_slice(br"\'"),
            '"' => out.extend_from_slice(br#"\""#),
            '<' | '>' | '&' | '=' => {
                out.extend_from_slice(format!("\\u{:04X}", u32::from(c)).as_bytes());
            }
            c if c < ' ' => out.extend_from_slice(format!("\\u{:04X}", u32::from(c)).as_bytes()),
            c if c.is_ascii() => text::push(&mut out, c),
            c if is_print(c) => out.extend_from_slice(&s[at..at + width]),
            c => out.extend_from_slice(format!("\\u{:04X}", u32::from(c)).as_bytes()),
        }
    }
    out
}
