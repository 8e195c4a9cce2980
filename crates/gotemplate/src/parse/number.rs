//! Number literals.

use crate::ast::Number;
use crate::lex::Kind;
use crate::strconv;

/// Reads a literal as everything that it may be taken for.
pub(super) fn read(text: &[u8], kind: Kind) -> Result<Number, String> {
    let mut number = Number {
        text: String::from_utf8_lossy(text).into_owned(),
        ..Number::default()
    };
    match kind {
        Kind::CharConstant => {
            let Some(c) = strconv::unquote_rune(text) else {
                let body = text.get(1..text.len() - 1).unwrap_or_default();
                return Err(if body.is_empty() || body.starts_with(b"\\") {
                    "invalid syntax".to_owned()
                } else {
                    format!("malformed character constant: {}", number.text)
                });
            };
            let code = u32::from(c);
            number.int = Some(i64::from(code));
            number.uint = Some(u64::from(code));
            number.float = Some(f64::from(code));
            return Ok(number);
        }
        Kind::Complex => {
            let (real, imaginary) = split_complex(text)?;
            number.complex = Some((real, imaginary));
            simplify(&mut number);
            return Ok(number);
        }
        _ => {}
    }
    if let Some(body) = text.strip_suffix(b"i")
        && let Some(imaginary) = finite(body)
    {
        number.complex = Some((0.0, imaginary));
        simplify(&mut number);
        return Ok(number);
    }
    number.uint = strconv::parse_uint(text, 0).ok();
    number.int = strconv::parse_int(text, 0).ok();
    if number.int == Some(0) {
        number.uint = Some(0);
    }
    #[expect(clippy::cast_precision_loss, reason = "it is what Go does")]
    if let Some(int) = number.int {
        number.float = Some(int as f64);
    } else if let Some(uint) = number.uint {
        number.float = Some(uint as f64);
    } else if let Some(float) = finite(text) {
        if !text.iter().any(|b| b".eEpP".contains(b)) {
            let text = strconv::quote(text);
            return Err(format!("integer overflow: {text}"));
        }
        number.float = Some(float);
        whole(&mut number, float);
    }
    if number.float.is_none() {
        let text = strconv::quote(text);
        return Err(format!("illegal number syntax: {text}"));
    }
    Ok(number)
}

fn finite(text: &[u8]) -> Option<f64> {
    strconv::parse_float(text).filter(|f| f.is_finite())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "only what comes back the same is kept"
)]
fn whole(number: &mut Number, float: f64) {
    if number.int.is_none() && (float as i64) as f64 == float && float < i64::MAX as f64 {
        number.int = Some(float as i64);
    }
    if number.uint.is_none() && (float as u64) as f64 == float && float < u64::MAX as f64 {
        number.uint = Some(float as u64);
    }
}

fn simplify(number: &mut Number) {
    if let Some((real, 0.0)) = number.complex {
        number.float = Some(real);
        whole(number, real);
    }
}

/// Cuts `1+2i` in two, at the sign that belongs to no exponent.
fn split_complex(text: &[u8]) -> Result<(f64, f64), String> {
    let scanning = || "syntax error scanning complex number".to_owned();
    let body = text.strip_suffix(b"i").ok_or_else(scanning)?;
    let is_sign = |i: usize| {
        matches!(body[i], b'+' | b'-') && !matches!(body[i - 1], b'e' | b'E' | b'p' | b'P')
    };
    let at = (1..body.len())
        .rev()
        .find(|i| is_sign(*i))
        .ok_or_else(scanning)?;
    let (real, imaginary) = body.split_at(at);
    if imaginary.len() == 1 {
        return Err(scanning());
    }
    let number = |text| finite(text).ok_or_else(|| "invalid syntax".to_owned());
    Ok((number(real)?, number(imaginary)?))
}
