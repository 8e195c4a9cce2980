//! What a scalar means: the rules of go-yaml, which are YAML 1.1 with exceptions.

use crate::scan::Style;
use crate::timestamp::{Timestamp, parse as parse_timestamp};

const CORE: &str = "tag:yaml.org,2002:";

/// A scalar's meaning.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// Above `i64::MAX`.
    Uint(u64),
    Float(f64),
    Timestamp(Timestamp),
    Text,
    Binary(Vec<u8>),
}

impl Scalar {
    /// Returns the short tag.
    pub(crate) const fn tag(&self) -> &'static str {
        match self {
            Self::Null => "!!null",
            Self::Bool(_) => "!!bool",
            Self::Int(_) | Self::Uint(_) => "!!int",
            Self::Float(_) => "!!float",
            Self::Timestamp(_) => "!!timestamp",
            Self::Text => "!!str",
            Self::Binary(_) => "!!binary",
        }
    }
}

/// Returns `!!str` for `tag:yaml.org,2002:str`, and other tags as they are.
pub(crate) fn short_tag(tag: &str) -> String {
    match tag.strip_prefix(CORE) {
        Some(name) => format!("!!{name}"),
        None => tag.to_owned(),
    }
}

/// Returns the name of a tag of YAML's own, as `str`.
pub(crate) fn core_name(tag: &str) -> Option<&str> {
    tag.strip_prefix(CORE).or_else(|| tag.strip_prefix("!!"))
}

/// Returns true for the `<<` that merges.
pub(crate) fn is_merge(tag: Option<&str>, text: &str, style: Style) -> bool {
    text == "<<"
        && match tag {
            None => style == Style::Plain,
            Some(tag) => tag == "!" || core_name(tag) == Some("merge"),
        }
}

/// Returns what a scalar means to go-yaml v2.
pub(crate) fn v2(tag: Option<&str>, text: &str, style: Style) -> Result<Scalar, String> {
    let Some(tag) = tag else {
        return Ok(match style {
            Style::Plain => plain(text, true, word_v2),
            _ => Scalar::Text,
        });
    };
    match core_name(tag) {
        Some(name @ ("bool" | "int" | "float" | "null" | "timestamp")) => {
            let found = plain(text, name == "timestamp", word_v2);
            tagged(name, found, text)
        }
        Some("binary") => binary(text),
        _ => Ok(Scalar::Text),
    }
}

/// Returns what a scalar means to go-yaml v3: only `true` and `false` are booleans, and a lone `!`
/// says nothing.
pub(crate) fn v3(tag: Option<&str>, text: &str, style: Style) -> Result<Scalar, String> {
    let Some(tag) = tag.filter(|tag| *tag != "!") else {
        return Ok(match style {
            Style::Plain => plain(text, true, word_v3),
            _ => Scalar::Text,
        });
    };
    match core_name(tag) {
        Some(name @ ("bool" | "int" | "float" | "null" | "timestamp")) => {
            let found = plain(text, name == "timestamp", word_v3);
            tagged(name, found, text)
        }
        Some("binary") => binary(text),
        _ => Ok(Scalar::Text),
    }
}

/// Returns the short tag that go-yaml v3 notes for a scalar.
pub(crate) fn v3_tag(tag: Option<&str>, text: &str, style: Style) -> String {
    match tag.filter(|tag| *tag != "!") {
        Some(tag) => short_tag(tag),
        None if style != Style::Plain => "!!str".to_owned(),
        None if text == "<<" => "!!merge".to_owned(),
        None => plain(text, true, word_v3).tag().to_owned(),
    }
}

/// Returns true if go-yaml v3 takes a plain scalar for text.
pub(crate) fn is_v3_text(text: &str) -> bool {
    text != "<<" && matches!(plain(text, true, word_v3), Scalar::Text)
}

/// Checks what was found against what the tag says.
fn tagged(want: &str, found: Scalar, text: &str) -> Result<Scalar, String> {
    match found {
        #[expect(clippy::cast_precision_loss, reason = "it is what the tag asks for")]
        Scalar::Int(i) if want == "float" => Ok(Scalar::Float(i as f64)),
        found if found.tag()[2..] == *want => Ok(found),
        found => Err(format!(
            "cannot decode {} `{text}` as a !!{want}",
            found.tag()
        )),
    }
}

fn binary(text: &str) -> Result<Scalar, String> {
    let compact = text.bytes().filter(|b| !matches!(b, b'\n' | b'\r'));
    match base64(compact) {
        Some(bytes) => Ok(Scalar::Binary(bytes)),
        None => Err("!!binary value contains invalid base64 data".to_owned()),
    }
}

/// Decodes standard base64 with padding.
fn base64(text: impl Iterator<Item = u8>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut bits, mut count, mut padding) = (0_u32, 0, 0);
    for b in text {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' if count >= 2 => {
                padding += 1;
                0
            }
            _ => return None,
        };
        if padding > 0 && b != b'=' {
            return None;
        }
        bits = bits << 6 | u32::from(value);
        count += 1;
        if count == 4 {
            out.extend_from_slice(&bits.to_be_bytes()[1..4 - padding]);
            (bits, count) = (0, 0);
            if padding > 0 {
                // Nothing may follow; a further character fails above.
                padding = 3;
            }
        }
    }
    (count == 0).then_some(out)
}

fn word_v2(text: &str) -> Option<Scalar> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Scalar::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Scalar::Bool(false),
        _ => return word_v3(text),
    })
}

fn word_v3(text: &str) -> Option<Scalar> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// Returns what a plain scalar looks like.
fn plain(text: &str, timestamps: bool, word: fn(&str) -> Option<Scalar>) -> Scalar {
    let Some(&first) = text.as_bytes().first() else {
        return Scalar::Null;
    };
    // The longest word has five letters.
    match first {
        b'0'..=b'9' | b'+' | b'-' => {}
        b'.' => {
            return word(text)
                .or_else(|| float(text).map(Scalar::Float))
                .unwrap_or(Scalar::Text);
        }
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~'
            if text.len() <= 5 =>
        {
            return word(text).unwrap_or(Scalar::Text);
        }
        _ => return Scalar::Text,
    }
    if let Some(found) = word(text) {
        return found;
    }
    if timestamps && let Some(timestamp) = parse_timestamp(text) {
        return Scalar::Timestamp(timestamp);
    }
    number(text).unwrap_or(Scalar::Text)
}

/// Reads an integer or a float, underscores ignored.
fn number(text: &str) -> Option<Scalar> {
    // Whatever has other characters is text: spare the work.
    let possible = |b: u8| b.is_ascii_hexdigit() || b"_+-.xXoO".contains(&b);
    if !text.bytes().all(possible) {
        return None;
    }
    let compact;
    let text = if text.contains('_') {
        compact = text.replace('_', "");
        compact.as_str()
    } else {
        text
    };
    integer(text)
        .or_else(|| decimal_float(text).map(Scalar::Float))
        .or_else(|| sloppy_binary(text))
}

/// Reads an integer with the prefixes that Go knows: `0x`, `0o`, `0b`, and `0` for octal.
fn integer(text: &str) -> Option<Scalar> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    match (negative, i64::try_from(magnitude)) {
        (false, Ok(i)) => Some(Scalar::Int(i)),
        (true, Ok(i)) => Some(Scalar::Int(-i)),
        (true, Err(_)) if magnitude == i64::MIN.unsigned_abs() => Some(Scalar::Int(i64::MIN)),
        // Only a number without any sign may use the 64th bit.
        (false, Err(_)) if !text.starts_with('+') => Some(Scalar::Uint(magnitude)),
        _ => None,
    }
}

/// Reads a float in YAML's own form: `1.`, `.5`, `1e3`.
fn decimal_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(i) => (&unsigned[..i], Some(&unsigned[i + 1..])),
        None => (unsigned, None),
    };
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let mantissa_ok = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    let exponent_ok = exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e)));
    if mantissa_ok && exponent_ok {
        float(text)
    } else {
        None
    }
}

/// Reads a float as Go does; one that is too large isn't one.
fn float(text: &str) -> Option<f64> {
    if !text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
    {
        return None;
    }
    text.parse().ok().filter(|f: &f64| f.is_finite())
}

/// The reference tries `0b` again with a sign behind it.
fn sloppy_binary(text: &str) -> Option<Scalar> {
    let digits = text.strip_prefix("0b")?;
    i64::from_str_radix(digits, 2).ok().map(Scalar::Int)
}
