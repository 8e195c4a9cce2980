//! Numbers and quoted text as Go writes them down.

use crate::text::{self, Str};
use crate::unicode::is_print;
use std::fmt::Write as _;

/// Returns the text that a Go literal (`"..."`, `` `...` `` or `'.'`) stands for.
pub(crate) fn unquote(literal: &[u8]) -> Option<Vec<u8>> {
    let (&quote, rest) = literal.split_first()?;
    let (&last, body) = rest.split_last()?;
    if quote != last {
        return None;
    }
    match quote {
        b'`' => {
            let no_return = |b: &u8| *b != b'\r';
            (!body.contains(&b'`')).then(|| body.iter().copied().filter(no_return).collect())
        }
        b'"' | b'\'' => {
            if body.contains(&b'\n') {
                return None;
            }
            let mut out = Vec::with_capacity(body.len());
            let mut rest = body;
            let mut count = 0;
            while !rest.is_empty() {
                rest = unquote_char(rest, quote, &mut out)?;
                count += 1;
            }
            (quote == b'"' || count == 1).then_some(out)
        }
        _ => None,
    }
}

/// Reads one character, which may be escaped, and returns what follows it.
fn unquote_char<'a>(s: &'a [u8], quote: u8, out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (c, width) = text::decode(s)?;
    if c != '\\' {
        if c == char::from(quote) {
            return None;
        }
        if quote == b'\'' {
            text::push(out, c);
        } else {
            out.extend_from_slice(&s[..width]);
        }
        return Some(&s[width..]);
    }
    let (&kind, rest) = s[1..].split_first()?;
    let simple = match kind {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' => b'\\',
        b'\'' | b'"' if kind == quote => kind,
        b'x' | b'u' | b'U' => {
            let digits = match kind {
                b'x' => 2,
                b'u' => 4,
                _ => 8,
            };
            let number = hex(rest.get(..digits)?)?;
            if kind == b'x' && quote == b'"' {
                out.push(u8::try_from(number).ok()?);
            } else {
                text::push(out, char::from_u32(number)?);
            }
            return Some(&rest[digits..]);
        }
        b'0'..=b'7' => {
            let digits = s.get(1..4)?;
            let number = std::str::from_utf8(digits).ok()?;
            let number = u32::from_str_radix(number, 8).ok()?;
            let byte = u8::try_from(number).ok()?;
            if quote == b'"' {
                out.push(byte);
            } else {
                text::push(out, char::from(byte));
            }
            return Some(&s[4..]);
        }
        _ => return None,
    };
    out.push(simple);
    Some(rest)
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |n, b| {
        Some(n.wrapping_mul(16) + char::from(*b).to_digit(16)?)
    })
}

/// Returns the character of a `'.'` literal.
pub(crate) fn unquote_rune(literal: &[u8]) -> Option<char> {
    let body = unquote(literal)?;
    let (c, _) = text::decode(&body)?;
    Some(c)
}

/// Returns true for text that can stand between back quotes as it is.
pub(crate) fn can_backquote(s: &[u8]) -> bool {
    let plain = |c: char| c != '`' && c != '\u{FEFF}' && (c == '\t' || (c >= ' ' && c != '\x7f'));
    std::str::from_utf8(s).is_ok_and(|s| s.chars().all(plain))
}

/// Quotes text as `%q` does.
pub(crate) fn quote(s: &[u8]) -> String {
    quote_with(s, '"', false)
}

/// Quotes text; `ascii` escapes everything else.
pub(crate) fn quote_with(s: &[u8], quote: char, ascii: bool) -> String {
    let mut out = String::with_capacity(s.len() + 2);
    out.push(quote);
    for (at, c, width) in text::rune_indices(s) {
        if c == text::REPLACEMENT && width == 1 {
            let _ = write!(out, "\\x{:02x}", s[at]);
        } else {
            escape(&mut out, c, quote, ascii);
        }
    }
    out.push(quote);
    out
}

/// Quotes a character as `%q` does.
pub(crate) fn quote_rune(c: char, ascii: bool) -> String {
    let mut out = String::from("'");
    escape(&mut out, c, '\'', ascii);
    out.push('\'');
    out
}

fn escape(out: &mut String, c: char, quote: char, ascii: bool) {
    match c {
        _ if c == quote || c == '\\' => {
            out.push('\\');
            out.push(c);
        }
        _ if (c.is_ascii() || !ascii) && is_print(c) => out.push(c),
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0b' => out.push_str("\\v"),
        _ => {
            let number = u32::from(c);
            let _ = if number < 0x20 || number == 0x7F {
                write!(out, "\\x{number:02x}")
            } else if number > 0xFFFF {
                write!(out, "\\U{number:08x}")
            } else {
                write!(out, "\\u{number:04x}")
            };
        }
    }
}

/// Why a number can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberError {
    Syntax,
    /// Too large; the nearest number there is.
    Range(i64),
}

/// `strconv.ParseInt(s, base, 64)`; base 0 takes prefixes and underscores.
pub(crate) fn parse_int(s: &[u8], base: u32) -> Result<i64, NumberError> {
    let (negative, digits) = match s {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, s),
    };
    let limit: u64 = if negative { 1 << 63 } else { (1 << 63) - 1 };
    match parse_uint(digits, base) {
        Ok(u) if u <= limit => {
            let i = u as i64;
            Ok(if negative { i.wrapping_neg() } else { i })
        }
        Ok(_) | Err(NumberError::Range(_)) => Err(NumberError::Range(if negative {
            i64::MIN
        } else {
            i64::MAX
        })),
        Err(e) => Err(e),
    }
}

/// `strconv.ParseUint(s, base, 64)`.
pub(crate) fn parse_uint(s: &[u8], base: u32) -> Result<u64, NumberError> {
    if s.is_empty() {
        return Err(NumberError::Syntax);
    }
    let (digits, radix) = match s {
        _ if base != 0 => (s, base),
        [b'0', b'x' | b'X', rest @ ..] => (rest, 16),
        [b'0', b'b' | b'B', rest @ ..] => (rest, 2),
        [b'0', b'o' | b'O', rest @ ..] => (rest, 8),
        [b'0', rest @ ..] if !rest.is_empty() => (rest, 8),
        _ => (s, 10),
    };
    if digits.is_empty() {
        return Err(NumberError::Syntax);
    }
    let mut n: Option<u64> = Some(0);
    let mut has_underscore = false;
    for b in digits {
        if *b == b'_' && base == 0 {
            has_underscore = true;
            continue;
        }
        let digit = char::from(*b).to_digit(radix).ok_or(NumberError::Syntax)?;
        n = n
            .and_then(|n| n.checked_mul(u64::from(radix)))
            .and_then(|n| n.checked_add(u64::from(digit)));
    }
    if has_underscore && !underscores_ok(s) {
        return Err(NumberError::Syntax);
    }
    n.ok_or(NumberError::Range(-1))
}

/// Underscores may stand between digits, and between a prefix and a digit.
pub(crate) fn underscores_ok(s: &[u8]) -> bool {
    let s = s.strip_prefix(b"-").or(s.strip_prefix(b"+")).unwrap_or(s);
    let (mut last, rest, is_hex) = match s {
        [
            b'0',
            p @ (b'x' | b'X' | b'b' | b'B' | b'o' | b'O'),
            rest @ ..,
        ] => ('0', rest, matches!(p, b'x' | b'X')),
        _ => ('^', s, false),
    };
    for b in rest {
        if b.is_ascii_digit() || (is_hex && b.is_ascii_hexdigit()) {
            last = '0';
        } else if *b == b'_' {
            if last != '0' {
                return false;
            }
            last = '_';
        } else {
            if last == '_' {
                return false;
            }
            last = '!';
        }
    }
    last != '_'
}

/// `strconv.ParseFloat(s, 64)`; infinity if it is too large. Underscores may separate digits.
pub(crate) fn parse_float(s: &[u8]) -> Option<f64> {
    if s.contains(&b'_') {
        if !underscores_ok(s) {
            return None;
        }
        let plain: Vec<u8> = s.iter().copied().filter(|b| *b != b'_').collect();
        return parse_plain_float(&plain);
    }
    parse_plain_float(s)
}

fn parse_plain_float(s: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(s).ok()?;
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let lower = unsigned.to_ascii_lowercase();
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    match lower.as_str() {
        "inf" | "infinity" => return Some(sign * f64::INFINITY),
        "nan" if unsigned.len() == text.len() => return Some(f64::NAN),
        _ => {}
    }
    if let Some(digits) = lower.strip_prefix("0x") {
        return parse_hex_float(digits).map(|f| sign * f);
    }
    let starts = lower.bytes().next()?;
    if !(starts.is_ascii_digit() || starts == b'.')
        || !lower
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'+' | b'-'))
    {
        return None;
    }
    unsigned.parse::<f64>().ok().map(|f| sign * f)
}

fn parse_hex_float(s: &str) -> Option<f64> {
    let (mantissa, exponent) = s.split_once('p')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut f = 0.0_f64;
    for c in whole.chars().chain(fraction.chars()) {
        f = f * 16.0 + f64::from(c.to_digit(16)?);
    }
    let fraction = i32::try_from(fraction.len()).ok()?;
    Some(f * 2.0_f64.powi(exponent.checked_sub(fraction.checked_mul(4)?)?))
}

/// `strconv.Atoi`; 0 for what is no number, the nearest for what is too large.
pub(crate) fn atoi(s: &Str) -> i64 {
    match parse_int(s, 10) {
        Ok(i) | Err(NumberError::Range(i)) => i,
        Err(NumberError::Syntax) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_unquoted_as_go_does() {
        assert_eq!(
            unquote(br#""a\n\x41\u00e9\101""#),
            Some("a\nA\u{e9}A".as_bytes().to_vec())
        );
        assert_eq!(unquote(br#""\'""#), None);
        assert_eq!(unquote(br"'\''"), Some(b"'".to_vec()));
        assert_eq!(unquote_rune("'é'".as_bytes()), Some('é'));
        assert_eq!(unquote(b"'ab'"), None);
        assert_eq!(unquote(b"`a\r\n`"), Some(b"a\n".to_vec()));
    }

    #[test]
    fn numbers_are_read_as_go_does() {
        assert_eq!(parse_int(b"0x1F", 0), Ok(31));
        assert_eq!(parse_int(b"0_1", 0), Ok(1));
        assert_eq!(parse_int(b"1__0", 0), Err(NumberError::Syntax));
        assert_eq!(
            parse_int(b"9223372036854775808", 10),
            Err(NumberError::Range(i64::MAX))
        );
        assert_eq!(parse_int(b"-9223372036854775808", 10), Ok(i64::MIN));
        assert_eq!(parse_float(b"0x1.8p1"), Some(3.0));
        assert_eq!(parse_float(b"1e3"), Some(1000.0));
        assert_eq!(parse_float(b"1e"), None);
        assert_eq!(parse_float(b" 1"), None);
    }

    #[test]
    fn text_is_quoted_as_go_does() {
        assert_eq!(
            quote(b"a\"\xff\x00\xc3\xa9\n"),
            "\"a\\\"\\xff\\x00\u{e9}\\n\""
        );
        assert_eq!(quote_rune('\'', false), r"'\''");
    }
}
