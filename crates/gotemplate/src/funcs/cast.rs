//! Numbers from anything, as the `cast` library makes them: what can't be read is 0.

use crate::strconv;
use crate::value::{IntKind, Value};

/// A float as a 64-bit integer; what doesn't fit becomes the smallest, as on amd64.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
pub(super) fn truncate(f: f64) -> i64 {
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&f) {
        f as i64
    } else {
        i64::MIN
    }
}

/// `toInt64`.
pub(super) fn to_int(value: &Value) -> i64 {
    match value {
        Value::Int(IntKind::Duration, _) => 0,
        Value::Int(_, i) => *i,
        Value::Float(f) => truncate(*f),
        Value::Bool(b) => i64::from(*b),
        Value::Str(s) => strconv::parse_int(trim_zero_decimal(s), 0).unwrap_or(0),
        _ => 0,
    }
}

/// `toFloat64`.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "it is what Go does"
)]
pub(super) fn to_float(value: &Value) -> f64 {
    match value {
        Value::Int(IntKind::Duration, _) => 0.0,
        Value::Int(IntKind::Uint64, i) => *i as u64 as f64,
        Value::Int(_, i) => *i as f64,
        Value::Float(f) => *f,
        Value::Bool(b) => f64::from(u8::from(*b)),
        Value::Str(s) => strconv::parse_float(s)
            // Too large is an error, too.
            .filter(|f| f.is_finite() || !s.iter().any(u8::is_ascii_digit))
            .unwrap_or(0.0),
        _ => 0.0,
    }
}

/// Drops a fraction that is nothing but zeros.
fn trim_zero_decimal(s: &[u8]) -> &[u8] {
    let mut found_zero = false;
    for (i, b) in s.iter().enumerate().rev() {
        match b {
            b'.' if found_zero => return &s[..i],
            b'.' => {}
            b'0' => found_zero = true,
            _ => return s,
        }
    }
    s
}
