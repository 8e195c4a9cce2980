//! `@json`, `@base64` and their kin.

use crate::encode::{preview, to_json, typed};
use crate::json::Json;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD as PADDED};

/// Returns a value as text: texts themselves, the rest as JSON.
pub(crate) fn to_text(value: &Json) -> String {
    match value {
        Json::Text(text) => text.to_string(),
        other => to_json(other),
    }
}

/// Writes a value in a format, named with its sign.
pub(crate) fn format(name: &str, value: &Json) -> Result<Json, String> {
    let text = match name {
        "@text" => to_text(value),
        "@json" => to_json(value),
        "@html" => html(&to_text(value)),
        "@uri" => uri(&to_text(value)),
        "@urid" => unescape(&to_text(value))
            .map_err(|error| format!("@urid cannot be applied to {}: {error}", preview(value)))?,
        "@csv" => row("csv", value, ",", |text| {
            format!("\"{}\"", text.replace('"', "\"\"").replace('\0', "\\0"))
        })?,
        "@tsv" => row("tsv", value, "\t", |text| {
            let text = text.replace('\\', "\\\\").replace('\t', "\\t");
            text.replace('\r', "\\r")
                .replace('\n', "\\n")
                .replace('\0', "\\0")
        })?,
        "@sh" => {
            let one = Json::array(vec![value.clone()]);
            let values = if matches!(value, Json::Array(_)) {
                value
            } else {
                &one
            };
            row("sh", values, " ", |text| {
                format!("'{}'", text.replace('\'', "'\\''").replace('\0', "\\0"))
            })?
        }
        "@base64" => PADDED.encode(to_text(value)),
        "@base64d" => return decode_base64(value),
        other => return Err(format!("format not defined: {other}")),
    };
    Ok(Json::text(&text))
}

fn html(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    text.replace('\'', "&apos;").replace('"', "&quot;")
}

fn uri(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b if b.is_ascii_alphanumeric() => out.push(char::from(b)),
            b => out += &format!("%{b:02X}"),
        }
    }
    out
}

fn unescape(text: &str) -> Result<String, String> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'%' {
            out.push(bytes[at]);
            at += 1;
            continue;
        }
        let escape = bytes
            .get(at + 1..at + 3)
            .and_then(|hex| std::str::from_utf8(hex).ok());
        match escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => out.push(byte),
            None => {
                let end = (at + 3).min(bytes.len());
                let escape = String::from_utf8_lossy(&bytes[at..end]);
                return Err(format!("invalid URL escape {escape:?}"));
            }
        }
        at += 3;
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn row(
    name: &str,
    value: &Json,
    between: &str,
    escape: fn(&str) -> String,
) -> Result<String, String> {
    let Json::Array(items) = value else {
        return Err(format!("@{name} cannot be applied to: {}", typed(value)));
    };
    let cells: Result<Vec<String>, String> = items
        .iter()
        .map(|item| match item {
            Json::Array(_) | Json::Object(_) => Err(format!(
                "@{name} cannot format an array including: {}",
                typed(item)
            )),
            Json::Text(text) => Ok(escape(text)),
            Json::Null if name != "sh" => Ok(String::new()),
            other => Ok(to_json(other)),
        })
        .collect();
    Ok(cells?.join(between))
}

fn decode_base64(value: &Json) -> Result<Json, String> {
    let text = to_text(value);
    let digits = text.split('=').next().unwrap_or_default();
    let lenient = GeneralPurpose::new(&STANDARD, NO_PAD.with_decode_allow_trailing_bits(true));
    let bytes = lenient.decode(digits).map_err(|error| {
        let at = match error {
            base64::DecodeError::InvalidByte(at, _)
            | base64::DecodeError::InvalidLastSymbol(at, _) => at,
            _ => digits.len(),
        };
        let value = preview(value);
        format!("@base64d cannot be applied to {value}: illegal base64 data at input byte {at}")
    })?;
    Ok(Json::text(&String::from_utf8_lossy(&bytes)))
}
