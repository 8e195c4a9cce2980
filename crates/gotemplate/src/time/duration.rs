//! Durations in nanoseconds, and their text.

const NANOSECOND: u64 = 1;
const MICROSECOND: u64 = 1000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// Returns a duration as Go prints it: `1h2m3.5s`.
#[must_use]
pub fn format_duration(nanoseconds: i64) -> String {
    let u = nanoseconds.unsigned_abs();
    if u == 0 {
        return "0s".to_owned();
    }
    let sign = if nanoseconds < 0 { "-" } else { "" };
    if u < SECOND {
        let (unit, scale) = if u < MICROSECOND {
            ("ns", 1)
        } else if u < MILLISECOND {
            ("µs", MICROSECOND)
        } else {
            ("ms", MILLISECOND)
        };
        return format!("{sign}{}{unit}", fraction(u, scale));
    }
    let hours = u / HOUR;
    let minutes = u % HOUR / MINUTE;
    let seconds = fraction(u % MINUTE, SECOND);
    if hours > 0 {
        format!("{sign}{hours}h{minutes}m{seconds}s")
    } else if minutes > 0 {
        format!("{sign}{minutes}m{seconds}s")
    } else {
        format!("{sign}{seconds}s")
    }
}

fn fraction(u: u64, scale: u64) -> String {
    let (whole, rest) = (u / scale, u % scale);
    if rest == 0 {
        return whole.to_string();
    }
    let width = scale.ilog10() as usize;
    let digits = format!("{rest:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// Reads a duration as Go does: `1h30m`, `-1.5s`.
///
/// # Errors
/// Fails with Go's text.
pub fn parse_duration(text: &[u8]) -> Result<i64, String> {
    let quoted = || super::quote(text);
    let invalid = || format!("time: invalid duration {}", quoted());
    let (negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if rest == b"0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        if !(rest[0] == b'.' || rest[0].is_ascii_digit()) {
            return Err(invalid());
        }
        let whole_length = digits(rest);
        let mut value = number(&rest[..whole_length]).ok_or_else(invalid)?;
        rest = &rest[whole_length..];
        let (mut decimals, mut scale) = (0_u64, 1_f64);
        let mut decimals_length = 0;
        if rest.first() == Some(&b'.') {
            rest = &rest[1..];
            decimals_length = digits(rest);
            for b in &rest[..decimals_length] {
                // Digits that no longer count are dropped.
                let Some(next) = decimals
                    .checked_mul(10)
                    .and_then(|d| d.checked_add(u64::from(b - b'0')))
                    .filter(|d| *d <= 1 << 63)
                else {
                    break;
                };
                decimals = next;
                scale *= 10.0;
            }
            rest = &rest[decimals_length..];
        }
        if whole_length == 0 && decimals_length == 0 {
            return Err(invalid());
        }
        let unit_length = rest
            .iter()
            .position(|b| *b == b'.' || b.is_ascii_digit())
            .unwrap_or(rest.len());
        let name = &rest[..unit_length];
        if name.is_empty() {
            return Err(format!("time: missing unit in duration {}", quoted()));
        }
        rest = &rest[unit_length..];
        let unit = unit(name).ok_or_else(|| {
            let name = super::quote(name);
            format!("time: unknown unit {name} in duration {}", quoted())
        })?;
        value = value
            .checked_mul(unit)
            .filter(|v| *v <= 1 << 63)
            .ok_or_else(invalid)?;
        if decimals > 0 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "it is what Go does"
            )]
            let part = (decimals as f64 * (unit as f64 / scale)) as u64;
            value += part;
        }
        total = total
            .checked_add(value)
            .filter(|t| *t <= 1 << 63)
            .ok_or_else(invalid)?;
    }
    if negative {
        return Ok((total as i64).wrapping_neg());
    }
    i64::try_from(total).map_err(|_| invalid())
}

fn digits(s: &[u8]) -> usize {
    s.iter()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(s.len())
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |n, b| {
        n.checked_mul(10)?
            .checked_add(u64::from(b - b'0'))
            .filter(|n| *n <= 1 << 63)
    })
}

fn unit(name: &[u8]) -> Option<u64> {
    Some(match name {
        b"ns" => NANOSECOND,
        b"us" => MICROSECOND,
        b"ms" => MILLISECOND,
        b"s" => SECOND,
        b"m" => MINUTE,
        b"h" => HOUR,
        _ if name == "µs".as_bytes() || name == "μs".as_bytes() => MICROSECOND,
        _ => return None,
    })
}

/// Rounds to a multiple, half away from zero.
pub(crate) fn round(d: i64, to: i64) -> i64 {
    if to <= 0 {
        return d;
    }
    let rest = (d % to).unsigned_abs();
    let down = d - d % to;
    if rest * 2 < to.unsigned_abs() {
        return down;
    }
    if d < 0 {
        down.saturating_sub(to)
    } else {
        down.saturating_add(to)
    }
}
