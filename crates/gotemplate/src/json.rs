//! JSON as Go's `encoding/json` writes and reads it.

mod read;

pub(crate) use read::{read, wrong_type};

use crate::text;
use crate::value::{IntKind, Value};

/// Lists and maps that may stand inside each other, in everything that walks through values.
pub(crate) const NESTING_MAX: usize = 1000;

/// How JSON is written.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    /// Spaces of one level; everything on one line if there are none.
    pub(crate) indent: usize,
    /// Whether `<`, `>` and `&` are escaped.
    pub(crate) escapes_html: bool,
}

/// Writes a value.
pub(crate) fn write(value: &Value, style: Style) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    node(&mut out, value, style, 0)?;
    Ok(out)
}

fn line(out: &mut Vec<u8>, style: Style, depth: usize) {
    if style.indent > 0 {
        out.push(b'\n');
        out.resize(out.len() + style.indent * depth, b' ');
    }
}

fn node(out: &mut Vec<u8>, value: &Value, style: Style, depth: usize) -> Result<(), String> {
    if depth > NESTING_MAX {
        let name = value.type_name();
        return Err(format!(
            "json: unsupported value: encountered a cycle via {name}"
        ));
    }
    if out.len() > crate::fmt::TEXT_BYTES_MAX {
        return Err("json: the value is too large".to_owned());
    }
    match value {
        Value::Nil => out.extend_from_slice(b"null"),
        Value::Bool(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        #[expect(clippy::cast_sign_loss, reason = "the bits are kept")]
        Value::Int(IntKind::Uint64, i) => out.extend_from_slice((*i as u64).to_string().as_bytes()),
        Value::Int(_, i) => out.extend_from_slice(i.to_string().as_bytes()),
        Value::Float(f) if f.is_finite() => {
            out.extend_from_slice(value::format_float(*f).as_bytes());
        }
        Value::Float(f) => {
            let text = crate::fmt::float_text(*f, 'g', -1);
            return Err(format!("json: unsupported value: {text}"));
        }
        Value::Complex(..) => return Err("json: unsupported type: complex128".to_owned()),
        Value::Str(s) => string(out, s, style),
        Value::Bytes(b) => string(out, crate::encoding::base64(b).as_bytes(), style),
        Value::List(l) if l.is_nil() => out.extend_from_slice(b"null"),
        Value::List(l) if l.is_empty() => out.extend_from_slice(b"[]"),
        Value::List(l) => l.with(|items| {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                line(out, style, depth + 1);
                node(out, item, style, depth + 1)?;
            }
            line(out, style, depth);
            out.push(b']');
            Ok::<_, String>(())
        })?,
        Value::Map(m) if m.is_nil() => out.extend_from_slice(b"null"),
        Value::Map(m) if m.is_empty() => out.extend_from_slice(b"{}"),
        Value::Map(m) => m.with(|members| {
            out.push(b'{');
            for (i, (key, item)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                line(out, style, depth + 1);
                string(out, key, style);
                out.push(b':');
                if style.indent > 0 {
                    out.push(b' ');
                }
                node(out, item, style, depth + 1)?;
            }
            line(out, style, depth);
            out.push(b'}');
            Ok::<_, String>(())
        })?,
        Value::Object(o) => match o.json() {
            Some(json) => node(out, &json, style, depth + 1)?,
            None => out.extend_from_slice(b"{}"),
        },
    }
    Ok(())
}

fn string(out: &mut Vec<u8>, s: &[u8], style: Style) {
    out.push(b'"');
    for (at, c, width) in text::rune_indices(s) {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\x08' => out.extend_from_slice(b"\\b"),
            '\x0c' => out.extend_from_slice(b"\\f"),
            '<' | '>' | '&' if style.escapes_html => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
            }
            c if c < ' ' || c == '\u{2028}' || c == '\u{2029}' => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
            }
            text::REPLACEMENT if width == 1 => out.extend_from_slice(b"\\ufffd"),
            _ => out.extend_from_slice(&s[at..at + width]),
        }
    }
    out.push(b'"');
}
