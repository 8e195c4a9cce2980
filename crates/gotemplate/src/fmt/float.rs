//! Floating-point numbers.

use super::Printer;
use crate::value::Value;

/// `strconv.FormatFloat(f, format, precision, 64)` for `e`, `f`, `g` and their capitals; a negative
/// precision asks for as few digits as read back the same.
pub(crate) fn float_text(f: f64, format: char, precision: i32) -> String {
    if f.is_nan() {
        return "NaN".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let precision = usize::try_from(precision).ok();
    let text = match format {
        'e' | 'E' => exponential(&scientific(f, precision)),
        'f' | 'F' => match precision {
            Some(precision) => {
                let exact = precision.min(DIGITS_MAX);
                let mut text = format!("{f:.exact$}");
                text.extend(std::iter::repeat_n('0', precision - exact));
                text
            }
            None => format!("{f}"),
        },
        'x' | 'X' => hexadecimal(f, precision),
        'b' => binary(f),
        _ => general(f, precision),
    };
    if matches!(format, 'E' | 'G' | 'X') {
        text.to_ascii_uppercase()
    } else {
        text
    }
}

/// Digits behind the point that a float may have; whatever is behind them is 0. Rust formats no more
/// than 65,535.
const DIGITS_MAX: usize = 1100;

/// Rust's exponent form, with as many digits after the point as asked for.
fn scientific(f: f64, precision: Option<usize>) -> String {
    match precision {
        Some(precision) => {
            let exact = precision.min(DIGITS_MAX);
            let text = format!("{f:.exact$e}");
            if exact == precision {
                return text;
            }
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            format!("{mantissa}{}e{exponent}", "0".repeat(precision - exact))
        }
        None => format!("{f:e}"),
    }
}

/// Writes the exponent with a sign and two digits at least.
fn exponential(text: &str) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

fn general(f: f64, precision: Option<usize>) -> String {
    let wanted = precision.map(|p| p.max(1));
    let text = scientific(f, wanted.map(|p| p - 1));
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let count = digits.trim_end_matches('0').len().max(1);
    let point = exponent + 1;
    let count_signed = i32::try_from(count).unwrap_or(i32::MAX);
    let threshold = match wanted {
        // The shortest form that reads back has an exponent from 1e21 on in JSON, but here from 1e6.
        None => 6,
        Some(wanted) => {
            let wanted = i32::try_from(wanted).unwrap_or(i32::MAX);
            if wanted > count_signed && count_signed >= point {
                count_signed
            } else {
                wanted
            }
        }
    };
    if exponent < -4 || exponent >= threshold {
        return exponential(&scientific(f, Some(count - 1)));
    }
    let decimals = usize::try_from(count_signed - point).unwrap_or(0);
    format!("{f:.decimals$}")
}

fn binary(f: f64) -> String {
    let bits = f.to_bits();
    let exponent = ((bits >> 52) & 0x7FF) as i64;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) = if exponent == 0 {
        (fraction, 1)
    } else {
        (fraction | (1 << 52), exponent)
    };
    let sign = if f.is_sign_negative() { "-" } else { "" };
    format!("{sign}{mantissa}p{:+}", exponent - 1023 - 52)
}

fn hexadecimal(f: f64, precision: Option<usize>) -> String {
    let sign = if f.is_sign_negative() { "-" } else { "" };
    let bits = f.to_bits();
    let mut exponent = ((bits >> 52) & 0x7FF) as i64;
    let mut mantissa = bits & ((1 << 52) - 1);
    if exponent == 0 && mantissa == 0 {
        exponent = 0;
    } else {
        if exponent == 0 {
            exponent = 1;
        } else {
            mantissa |= 1 << 52;
        }
        while mantissa & (1 << 52) == 0 {
            mantissa <<= 1;
            exponent -= 1;
        }
        exponent -= 1023;
    }
    if let Some(precision) = precision.filter(|p| *p < 13) {
        let shift = 52 - 4 * precision as u64;
        let half = 1_u64 << (shift - 1);
        let rest = mantissa & ((1 << shift) - 1);
        mantissa >>= shift;
        if rest > half || (rest == half && mantissa & 1 == 1) {
            mantissa += 1;
        }
        mantissa <<= shift;
        if mantissa & (1 << 53) != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let first = mantissa >> 52;
    let digits = format!("{:013x}", mantissa & ((1 << 52) - 1));
    let digits = match precision {
        Some(p) if p <= 13 => digits[..p].to_owned(),
        Some(p) => format!("{digits}{}", "0".repeat(p.saturating_sub(digits.len()))),
        None => digits.trim_end_matches('0').to_owned(),
    };
    let point = if digits.is_empty() { "" } else { "." };
    let exponent_sign = if exponent < 0 { '-' } else { '+' };
    let exponent = exponent.unsigned_abs();
    format!("{sign}0x{first}{point}{digits}p{exponent_sign}{exponent:02}")
}

impl Printer {
    pub(super) fn float_operand(&mut self, value: &Value, f: f64, verb: char) {
        match verb {
            'v' => self.float(f, 'g', -1),
            'b' | 'g' | 'G' | 'x' | 'X' => self.float(f, verb, -1),
            'f' | 'F' | 'e' | 'E' => self.float(f, verb, 6),
            _ => self.bad_verb(value, verb),
        }
    }

    fn float(&mut self, f: f64, format: char, precision: i32) {
        let precision = self
            .flags
            .precision
            .map_or(precision, |p| i32::try_from(p).unwrap_or(i32::MAX));
        let text = float_text(f, format, precision);
        let (mut sign, mut number) = match text.as_bytes() {
            [sign @ (b'-' | b'+'), rest @ ..] => (*sign, rest.to_vec()),
            rest => (b'+', rest.to_vec()),
        };
        let flags = self.flags;
        if flags.space && sign == b'+' && !flags.plus {
            sign = b' ';
        }
        if !f.is_finite() {
            let shows = sign != b'+' || flags.plus || f.is_infinite();
            let mut body = if f.is_nan() && !flags.space && !flags.plus {
                Vec::new()
            } else if shows {
                vec![sign]
            } else {
                Vec::new()
            };
            body.extend_from_slice(&number);
            self.pad_with_spaces(&body);
            return;
        }
        if flags.sharp && format != 'b' {
            number = with_point(&number, format, precision);
        }
        if !flags.plus && sign == b'+' {
            self.pad(&number);
            return;
        }
        if flags.zero
            && !flags.minus
            && let Some(width) = flags.width
            && width > number.len() + 1
        {
            self.out.push(sign);
            self.fill(width - number.len() - 1, b'0');
            self.out.extend_from_slice(&number);
            return;
        }
        let mut body = vec![sign];
        body.append(&mut number);
        self.pad(&body);
    }

    pub(super) fn complex(&mut self, value: &Value, re: f64, im: f64, verb: char) {
        if !matches!(
            verb,
            'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E'
        ) {
            self.bad_verb(value, verb);
            return;
        }
        let plus = self.flags.plus;
        self.out.push(b'(');
        self.float_operand(value, re, verb);
        self.flags.plus = true;
        self.float_operand(value, im, verb);
        self.out.extend_from_slice(b"i)");
        self.flags.plus = plus;
    }
}

/// `%#g` keeps trailing zeros, and every number has a point.
fn with_point(number: &[u8], format: char, precision: i32) -> Vec<u8> {
    let at = number
        .iter()
        .position(|b| matches!(b, b'e' | b'E' | b'p' | b'P'))
        .filter(|_| !matches!(format, 'f' | 'F'))
        .unwrap_or(number.len());
    let (mantissa, tail) = number.split_at(at);
    let mut out = mantissa.to_vec();
    let mut missing = if matches!(format, 'g' | 'G') {
        if precision < 0 { 6 } else { precision.max(1) }
    } else {
        0
    };
    let mut significant = false;
    for b in mantissa {
        if b.is_ascii_digit() {
            significant |= *b != b'0';
            missing -= i32::from(significant);
        }
    }
    if !mantissa.contains(&b'.') {
        if mantissa == b"0" {
            missing -= 1;
        }
        out.push(b'.');
    }
    let zeros = usize::try_from(missing).unwrap_or(0);
    out.resize(out.len() + zeros, b'0');
    out.extend_from_slice(tail);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_look_as_in_go() {
        for (f, want) in [
            (1.0, "1"),
            (999_999.0, "999999"),
            (1e6, "1e+06"),
            (2_097_152.0, "2.097152e+06"),
            (123_456_789.0, "1.23456789e+08"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e21, "1e+21"),
            (-0.0, "-0"),
            (1.5e-10, "1.5e-10"),
        ] {
            assert_eq!(float_text(f, 'g', -1), want);
        }
        assert_eq!(float_text(100.0, 'g', 3), "100");
        assert_eq!(float_text(1234.5678, 'g', 3), "1.23e+03");
        assert_eq!(float_text(3.0, 'x', -1), "0x1.8p+01");
    }
}
