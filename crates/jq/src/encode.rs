//! JSON text as gojq writes it, and the short form that error messages show.

use crate::json::Json;
use std::fmt::Write as _;

/// A message shows this much of a value.
const PREVIEW_BYTES_MAX: usize = 30;

pub(crate) fn to_json(value: &Json) -> String {
    let mut out = String::new();
    write(value, &mut out, usize::MAX);
    out
}

/// Writes a value; gives up soon after `enough` bytes.
fn write(value: &Json, out: &mut String, enough: usize) {
    if out.len() > enough {
        return;
    }
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Json::Int(whole) => {
            // Writing to a string can't fail.
            let _ = write!(out, "{whole}");
        }
        Json::Float(number) => float(*number, out),
        Json::Text(text) => quote(text, out),
        Json::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out, enough);
                if out.len() > enough {
                    return;
                }
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (i, (name, member)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                quote(name, out);
                out.push(':');
                write(member, out, enough);
                if out.len() > enough {
                    return;
                }
            }
            out.push('}');
        }
    }
}

fn float(number: f64, out: &mut String) {
    if number.is_nan() {
        out.push_str("null");
        return;
    }
    let number = number.clamp(-f64::MAX, f64::MAX);
    let size = number.abs();
    // Writing to a string can't fail.
    let _ = if (size != 0.0 && size < 1e-6) || size >= 1e21 {
        let text = format!("{number:e}");
        match text.split_once('e') {
            Some((digits, power)) if !power.starts_with('-') => write!(out, "{digits}e+{power}"),
            _ => write!(out, "{text}"),
        }
    } else {
        write!(out, "{number}")
    };
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' || c == '\u{7f}' => {
                // Writing to a string can't fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Returns the beginning of a value's JSON.
pub(crate) fn preview(value: &Json) -> String {
    let mut text = String::new();
    write(value, &mut text, PREVIEW_BYTES_MAX + 2);
    if text.len() <= PREVIEW_BYTES_MAX {
        return text;
    }
    let end = match value {
        Json::Text(_) => " ...\"",
        Json::Array(_) => " ...]",
        Json::Object(_) => " ...}",
        _ => " ...",
    };
    while text.len() > PREVIEW_BYTES_MAX - end.len() {
        text.pop();
    }
    text + end
}

/// Returns a value's type and its beginning.
pub(crate) fn typed(value: &Json) -> String {
    match value {
        Json::Null => "null".to_owned(),
        other => format!("{} ({})", other.type_name(), preview(other)),
    }
}
