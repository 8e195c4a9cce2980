//! Reading quantities.

use super::{
    BINARY_SUFFIXES, DECIMAL_SUFFIXES, DIGITS_END, DIGITS_MAX, Format, NANO, Quantity,
    QuantityError, Width,
};

/// A binary quantity above this is taken for this.
const BINARY_MAX: i128 = i64::MAX as i128;
/// Decimal digits that surely fit in 64 bits.
const NARROW_DIGITS_MAX: i32 = 18;

struct Parts<'a> {
    negative: bool,
    /// Without leading zeros, but not empty if there is any digit.
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

enum Unit {
    Ten(i32, Format),
    Two(u32),
}

impl std::str::FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let parts = split(text)?;
        let unit = unit(parts.suffix).ok_or(QuantityError::Suffix)?;
        if parts.whole.is_empty() && parts.fraction.is_empty() {
            return Err(QuantityError::Numeric);
        }
        if let Some(quantity) = narrow(text, &parts, &unit) {
            return Ok(quantity);
        }
        wide(&parts, &unit)
    }
}

fn split(text: &str) -> Result<Parts<'_>, QuantityError> {
    let (negative, rest) = match text.as_bytes().first() {
        None => return Err(QuantityError::Format),
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, mut rest) = rest.split_at(digits(rest));
    let mut fraction = "";
    if let Some(behind) = rest.strip_prefix('.') {
        (fraction, rest) = behind.split_at(digits(behind));
    }
    let suffix = rest;
    let behind = rest.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
    let behind = behind.strip_prefix(['-', '+']).unwrap_or(behind);
    if behind.len() != digits(behind) {
        return Err(QuantityError::Format);
    }
    let trimmed = whole.trim_start_matches('0');
    let whole = if trimmed.is_empty() && !whole.is_empty() {
        "0"
    } else {
        trimmed
    };
    Ok(Parts {
        negative,
        whole,
        fraction,
        suffix,
    })
}

fn unit(suffix: &str) -> Option<Unit> {
    if let Some((exponent, _)) = DECIMAL_SUFFIXES.iter().find(|(_, s)| *s == suffix) {
        return Some(Unit::Ten(*exponent, Format::DecimalSi));
    }
    if let Some(i) = BINARY_SUFFIXES.iter().position(|s| *s == suffix) {
        return Some(Unit::Two(10 * u32::try_from(i).ok()?));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    Some(Unit::Ten(exponent.parse().ok()?, Format::DecimalExponent))
}

/// Reads what fits in 64 bits by the estimate that Kubernetes makes of its digits.
fn narrow(text: &str, parts: &Parts<'_>, unit: &Unit) -> Option<Quantity> {
    if text == "0" {
        return Some(Quantity {
            digits: 0,
            exponent: 0,
            width: Width::Narrow,
            format: Format::DecimalSi,
            text: None,
        });
    }
    let whole_len = i32::try_from(parts.whole.len()).ok()?;
    let fraction_len = i32::try_from(parts.fraction.len()).ok()?;
    let (room, scale, factor, format) = match unit {
        Unit::Ten(exponent, format) => (
            NARROW_DIGITS_MAX - whole_len - fraction_len,
            exponent.checked_sub(fraction_len)?,
            1,
            *format,
        ),
        Unit::Two(bits) if fraction_len == 0 => (
            15 - whole_len - i32::try_from(*bits).ok()? * 3 / 10 - 1,
            0,
            1_i64 << bits,
            Format::BinarySi,
        ),
        Unit::Two(_) => return None,
    };
    if room < 0 || scale < NANO {
        return None;
    }
    let shifted = format!("{}{}", parts.whole, parts.fraction);
    let number: i64 = shifted.parse().ok()?;
    let digits = number.checked_mul(factor)?;
    let canonical = match unit {
        Unit::Two(_) => number & 7 != 0,
        Unit::Ten(..) => scale % 3 == 0 && !shifted.ends_with("000") && !shifted.starts_with('0'),
    };
    Some(Quantity {
        digits: i128::from(if parts.negative { -digits } else { digits }),
        exponent: scale,
        width: Width::Narrow,
        format,
        text: canonical.then(|| text.into()),
    })
}

fn wide(parts: &Parts<'_>, unit: &Unit) -> Result<Quantity, QuantityError> {
    let whole = parts.whole.trim_start_matches('0');
    let room = DIGITS_MAX
        .checked_sub(whole.len())
        .ok_or(QuantityError::TooLong)?;
    let (kept, dropped) = parts.fraction.split_at(room.min(parts.fraction.len()));
    let mut digits: i128 = format!("0{whole}{kept}")
        .parse()
        .map_err(|_| QuantityError::Numeric)?;
    digits += i128::from(dropped.bytes().any(|b| b != b'0'));
    let kept_len = i32::try_from(kept.len()).map_err(|_| QuantityError::TooLong)?;

    let (mut exponent, mut format) = match unit {
        Unit::Ten(exponent, format) => (exponent.saturating_sub(kept_len), *format),
        Unit::Two(_) => (-kept_len, Format::BinarySi),
    };
    if let Unit::Two(bits) = unit {
        // Digits far behind the point give way if the product is too long.
        loop {
            match digits.checked_mul(1 << bits) {
                Some(product) if product.unsigned_abs() < DIGITS_END => {
                    digits = product;
                    break;
                }
                _ => {
                    digits = round_up(digits, 1);
                    exponent += 1;
                }
            }
        }
    }
    if exponent < NANO && digits != 0 {
        digits = round_up(digits, (NANO - exponent).unsigned_abs());
        exponent = NANO;
    }
    let mut width = Width::Wide(if digits == 0 {
        exponent.max(NANO)
    } else {
        NANO
    });
    if digits == 0 {
        exponent = exponent.max(NANO);
    }
    if format == Format::BinarySi {
        let compare = |n: i128| {
            let q = |digits, exponent| Quantity {
                digits,
                exponent,
                width: Width::Narrow,
                format: Format::DecimalSi,
                text: None,
            };
            q(digits, exponent).cmp(&q(n, 0))
        };
        if compare(BINARY_MAX).is_gt() {
            (digits, exponent, width) = (BINARY_MAX, 0, Width::Wide(0));
        } else if digits > 0 && compare(1).is_lt() {
            format = Format::DecimalSi;
        }
    }
    Ok(Quantity {
        digits: if parts.negative { -digits } else { digits },
        exponent,
        width,
        format,
        text: None,
    })
}

/// Divides by ten to the power of `places`, rounding up what isn't negative.
fn round_up(digits: i128, places: u32) -> i128 {
    10_i128.checked_pow(places).map_or_else(
        || i128::from(digits > 0),
        |d| digits / d + i128::from(digits % d != 0),
    )
}
