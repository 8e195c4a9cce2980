//! From bytes to text: encodings, byte order marks, and characters that YAML doesn't allow.

use crate::error::{Error, ErrorKind};
use crate::limits::INPUT_BYTES_MAX;
use std::borrow::Cow;

/// The reference decodes its input in pieces of this size, and complains about a bad character when
/// it gets to its piece: a mistake in an earlier piece is reported first.
const PIECE: usize = 512;

/// Text to scan: as much as is well formed, and what comes after it.
pub(crate) struct Input<'a> {
    pub(crate) text: Cow<'a, str>,
    /// What is wrong behind `text`.
    pub(crate) bad: Option<Error>,
    /// True if a second byte order mark follows the one that was removed.
    pub(crate) two_marks: bool,
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, Error> {
        if bytes.len() > INPUT_BYTES_MAX {
            let message = format!("the input is larger than {INPUT_BYTES_MAX} bytes");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        let (text, bad) = match bytes {
            [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
            [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
            [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest, 3),
            _ => utf8(bytes, 0),
        };
        let two_marks = bytes.len() > text.len() && text.starts_with('\u{FEFF}');
        Ok(Self {
            text,
            bad: bad.map(|m| Error::new(ErrorKind::Encoding, m)),
            two_marks,
        })
    }
}

fn utf8(bytes: &[u8], skipped: usize) -> (Cow<'_, str>, Option<&'static str>) {
    let (text, problem) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(e) => {
            let (good, rest) = bytes.split_at(e.valid_up_to());
            let text = std::str::from_utf8(good).expect("it is valid up to here");
            (text, Some(utf8_problem(rest)))
        }
    };
    let forbidden = forbidden(text);
    let Some(at) = forbidden.or(problem.map(|_| text.len())) else {
        return (Cow::Borrowed(text), None);
    };
    let problem = match forbidden {
        Some(_) => "control characters are not allowed",
        None => problem.unwrap_or_default(),
    };
    let mut end = ((at + skipped) / PIECE * PIECE).saturating_sub(skipped);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (Cow::Borrowed(&text[..end]), Some(problem))
}

fn utf8_problem(rest: &[u8]) -> &'static str {
    let Some((&lead, tail)) = rest.split_first() else {
        return "incomplete UTF-8 octet sequence";
    };
    let (width, min) = match lead {
        0xC0..=0xDF => (2, 0x80),
        0xE0..=0xEF => (3, 0x800),
        0xF0..=0xF7 => (4, 0x1_0000),
        _ => return "invalid leading UTF-8 octet",
    };
    if rest.len() < width {
        return "incomplete UTF-8 octet sequence";
    }
    let mut value = u32::from(lead) & (0x7F >> width);
    for octet in &tail[..width - 1] {
        if octet & 0xC0 != 0x80 {
            return "invalid trailing UTF-8 octet";
        }
        value = value << 6 | u32::from(octet & 0x3F);
    }
    if value < min {
        "invalid length of a UTF-8 sequence"
    } else {
        "invalid Unicode character"
    }
}

/// Returns where the first character stands that YAML doesn't allow.
fn forbidden(text: &str) -> Option<usize> {
    // Only these bytes begin one: C0 controls and DEL, C1 controls (C2), U+FFFE and U+FFFF (EF).
    // Eight at a time, the usual text has no byte below 0x20 other than line feeds: look closer
    // only at pieces that have something.
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let end = (at + 64).min(bytes.len());
        let piece = &bytes[at..end];
        let suspicious = piece
            .iter()
            .fold(false, |s, &b| s | ((b < 0x20) & (b != b'\n')) | (b >= 0x7F));
        if suspicious {
            for (i, &b) in piece.iter().enumerate() {
                let at = at + i;
                let next = |n: usize| bytes.get(at + n).copied().unwrap_or(0);
                let bad = match b {
                    b'\t' | b'\n' | b'\r' => false,
                    0..0x20 | 0x7F => true,
                    0xC2 => next(1) < 0xA0 && next(1) != 0x85,
                    0xEF => next(1) == 0xBF && next(2) >= 0xBE,
                    _ => false,
                };
                if bad {
                    return Some(at);
                }
            }
        }
        at = end;
    }
    None
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> (Cow<'_, str>, Option<&'static str>) {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    let mut problem = (!odd.is_empty()).then_some("incomplete UTF-16 character");
    for c in char::decode_utf16(pairs.iter().map(|p| unit(*p))) {
        match c {
            Ok(c) => text.push(c),
            Err(e) => {
                problem = Some(if e.unpaired_surrogate() & 0xFC00 == 0xDC00 {
                    "unexpected low surrogate area"
                } else {
                    "expected low surrogate area"
                });
                break;
            }
        }
    }
    if forbidden(&text).is_some() {
        problem = Some("control characters are not allowed");
    }
    if problem.is_some() {
        text.clear();
    }
    (Cow::Owned(text), problem)
}
