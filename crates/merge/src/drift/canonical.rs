//! Two spellings of one scalar.

use crate::schema::Format;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use value::{Quantity, Value};

/// How two leaves compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// They are the same.
    Same,
    /// They mean the same to the server, which stores one of them.
    Equal,
    /// They are not the same.
    Different,
}

impl Spelling {
    /// Returns the weaker of two.
    pub(super) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Different, _) | (_, Self::Different) => Self::Different,
            (Self::Equal, _) | (_, Self::Equal) => Self::Equal,
            _ => Self::Same,
        }
    }
}

/// Compares two scalars of a format.
pub(super) fn scalars(format: Format, desired: &Value, live: &Value) -> Spelling {
    if desired.equivalent(live) {
        return Spelling::Same;
    }
    let equal = match format {
        Format::Plain | Format::IntOrString => false,
        Format::Quantity => quantity(desired)
            .zip(quantity(live))
            .is_some_and(|(a, b)| a == b),
        Format::Bytes => bytes(desired).zip(bytes(live)).is_some_and(|(a, b)| a == b),
        Format::Time => time(desired, 0)
            .zip(time(live, 0))
            .is_some_and(|(a, b)| a == b),
        Format::MicroTime => time(desired, 6)
            .zip(time(live, 6))
            .is_some_and(|(a, b)| a == b),
    };
    if equal {
        Spelling::Equal
    } else {
        Spelling::Different
    }
}

/// Reads a quantity, which may be written as a number.
fn quantity(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => value.to_json().parse().ok(),
        _ => None,
    }
}

/// Decodes base64; line breaks inside are allowed, as in Go.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    let text: String = value
        .as_str()?
        .chars()
        .filter(|c| !matches!(c, '\n' | '\r'))
        .collect();
    STANDARD.decode(text).ok()
}

/// Returns a time in UTC with so many digits of the second, `2026-01-02T03:04:05`; nothing for
/// other zones, which are rare enough to ask the server about.
fn time(value: &Value, digits: usize) -> Option<String> {
    let text = value.as_str()?;
    let local = text
        .strip_suffix('Z')
        .or_else(|| text.strip_suffix("+00:00"))
        .or_else(|| text.strip_suffix("-00:00"))?;
    let (seconds, fraction) = local.split_once('.').unwrap_or((local, ""));
    let valid = seconds.len() == "2026-01-02T03:04:05".len()
        && fraction.bytes().all(|b| b.is_ascii_digit());
    let mut fraction: String = fraction.chars().take(digits).collect();
    while fraction.len() < digits {
        fraction.push('0');
    }
    valid.then(|| format!("{seconds}.{fraction}"))
}
