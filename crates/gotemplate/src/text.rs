//! Go's strings: bytes that are mostly UTF-8, shared, and cut anywhere.

use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Bytes of a string that needs no memory of its own.
const SHORT_MAX: usize = 22;

/// A Go string: shared bytes, usually UTF-8, but nothing promises that. Short ones are copied.
#[derive(Clone)]
pub struct Str(Repr);

#[derive(Clone)]
enum Repr {
    /// How many of the bytes count, and the bytes; those that don't count are 0.
    Short(u8, [u8; SHORT_MAX]),
    Long(Arc<[u8]>),
}

impl Str {
    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Short(length, bytes) => &bytes[..usize::from(*length)],
            Repr::Long(bytes) => bytes,
        }
    }

    fn short(s: &[u8]) -> Option<Self> {
        let length = u8::try_from(s.len()).ok()?;
        let mut bytes = [0; SHORT_MAX];
        bytes.get_mut(..s.len())?.copy_from_slice(s);
        Some(Self(Repr::Short(length, bytes)))
    }

    /// Returns the text, with U+FFFD for bytes that are no UTF-8.
    #[must_use]
    pub fn lossy(&self) -> Cow<'_, str> {
        lossy(self)
    }
}

/// Returns bytes as text, with U+FFFD for those that are no UTF-8.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// Bytes that are compared at once.
const HEAD: usize = 8;

/// Returns the first bytes as a number of the same order.
fn head(short: &[u8; SHORT_MAX]) -> u64 {
    short
        .first_chunk()
        .map_or(0, |head| u64::from_be_bytes(*head))
}

fn rest(short: &[u8; SHORT_MAX]) -> &[u8] {
    &short[HEAD..]
}

impl Default for Str {
    fn default() -> Self {
        Self(Repr::Short(0, [0; SHORT_MAX]))
    }
}
impl std::ops::Deref for Str {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}
impl Borrow<[u8]> for Str {
    fn borrow(&self) -> &[u8] {
        self
    }
}
/// Names are compared more often than anything else is done to text, and nearly all are short: those
/// are compared as they lie there, without a look at how many bytes count.
impl PartialEq for Str {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Short(a, x), Repr::Short(b, y)) => a == b && x == y,
            _ => **self == **other,
        }
    }
}
impl Eq for Str {}
impl PartialOrd for Str {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Str {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            // The zeros behind the shorter one are no more than what the longer one has there.
            (Repr::Short(a, x), Repr::Short(b, y)) => {
                let ([head_a, head_b], [rest_a, rest_b]) = ([x, y].map(head), [x, y].map(rest));
                let ordering = head_a.cmp(&head_b);
                ordering.then_with(|| rest_a.cmp(rest_b).then(a.cmp(b)))
            }
            _ => (**self).cmp(&**other),
        }
    }
}
impl Hash for Str {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}
impl From<&[u8]> for Str {
    fn from(s: &[u8]) -> Self {
        Self::short(s).unwrap_or_else(|| Self(Repr::Long(s.into())))
    }
}
impl From<&str> for Str {
    fn from(s: &str) -> Self {
        s.as_bytes().into()
    }
}
impl From<String> for Str {
    fn from(s: String) -> Self {
        s.into_bytes().into()
    }
}
impl From<&String> for Str {
    fn from(s: &String) -> Self {
        s.as_bytes().into()
    }
}
impl From<Vec<u8>> for Str {
    fn from(s: Vec<u8>) -> Self {
        Self::short(&s).unwrap_or_else(|| Self(Repr::Long(s.into())))
    }
}
impl From<Arc<[u8]>> for Str {
    fn from(s: Arc<[u8]>) -> Self {
        Self::short(&s).unwrap_or(Self(Repr::Long(s)))
    }
}
impl From<Cow<'_, str>> for Str {
    fn from(s: Cow<'_, str>) -> Self {
        s.as_bytes().into()
    }
}
impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.lossy(), f)
    }
}
impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lossy())
    }
}

/// What stands for bytes that are no UTF-8.
pub(crate) const REPLACEMENT: char = '\u{FFFD}';

/// Returns the first character and its width; U+FFFD of width 1 for what is no UTF-8.
pub(crate) fn decode(bytes: &[u8]) -> Option<(char, usize)> {
    let first = *bytes.first()?;
    if first < 0x80 {
        return Some((char::from(first), 1));
    }
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(s) => s,
        Err(e) => std::str::from_utf8(&head[..e.valid_up_to()]).unwrap_or(""),
    };
    Some(
        valid
            .chars()
            .next()
            .map_or((REPLACEMENT, 1), |c| (c, c.len_utf8())),
    )
}

/// Returns the characters of a Go string.
pub(crate) fn runes(bytes: &[u8]) -> impl Iterator<Item = char> + '_ {
    rune_indices(bytes).map(|(_, c, _)| c)
}

/// Returns the characters with their offset and width.
pub(crate) fn rune_indices(bytes: &[u8]) -> impl Iterator<Item = (usize, char, usize)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (c, width) = decode(&bytes[at..])?;
        at += width;
        Some((at - width, c, width))
    })
}

/// Appends a character as UTF-8.
pub(crate) fn push(out: &mut Vec<u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Returns where `needle` first stands in `haystack`.
pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [] => Some(0),
        [b] => memchr::memchr(*b, haystack),
        _ => memchr::memmem::find(haystack, needle),
    }
}

/// Replaces every `old` by `new`; an empty `old` stands before every character and at the end.
pub(crate) fn replace(s: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    if old.is_empty() {
        out.extend_from_slice(new);
        for (at, _, width) in rune_indices(s) {
            out.extend_from_slice(&s[at..at + width]);
            out.extend_from_slice(new);
        }
        return out;
    }
    let mut rest = s;
    while let Some(at) = find(rest, old) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(new);
        rest = &rest[at + old.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// Cuts at every `separator`, into at most `limit` parts if there is a limit; an empty separator
/// cuts after every character.
pub(crate) fn split<'a>(s: &'a [u8], separator: &[u8], limit: Option<usize>) -> Vec<&'a [u8]> {
    let limit = limit.unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    if limit == 0 {
        return parts;
    }
    let mut rest = s;
    if separator.is_empty() {
        while let Some((_, width)) = decode(rest) {
            if parts.len() + 1 == limit {
                break;
            }
            parts.push(&rest[..width]);
            rest = &rest[width..];
        }
        if !rest.is_empty() {
            parts.push(rest);
        }
        return parts;
    }
    while parts.len() + 1 < limit {
        let Some(at) = find(rest, separator) else {
            break;
        };
        parts.push(&rest[..at]);
        rest = &rest[at + separator.len()..];
    }
    parts.push(rest);
    parts
}

/// Drops white space at both ends, as `strings.TrimSpace` does.
pub(crate) fn trim_space(s: &[u8]) -> &[u8] {
    trim_by(s, is_space)
}

/// Drops characters at both ends.
pub(crate) fn trim_by(s: &[u8], drop: impl Fn(char) -> bool) -> &[u8] {
    let mut start = s.len();
    let mut end = s.len();
    for (at, c, _) in rune_indices(s) {
        if !drop(c) {
            start = at;
            break;
        }
    }
    while end > start {
        let (c, width) = decode_last(&s[start..end]);
        if !drop(c) {
            break;
        }
        end -= width;
    }
    &s[start..end]
}

fn decode_last(s: &[u8]) -> (char, usize) {
    for width in 1..=s.len().min(4) {
        if let Ok(text) = std::str::from_utf8(&s[s.len() - width..])
            && let Some(c) = text.chars().next()
        {
            return (c, width);
        }
    }
    (REPLACEMENT, 1)
}

/// White space by Go's `unicode.IsSpace`.
pub(crate) fn is_space(c: char) -> bool {
    matches!(
        c,
        '\t' | '\n' | '\x0b' | '\x0c' | '\r' | ' ' | '\u{85}' | '\u{A0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200A}' | '\u{2028}' | '\u{2029}' | '\u{202F}' | '\u{205F}' | '\u{3000}'
    )
}

#[cfg(test)]
mod tests {
    use super::Str;

    #[test]
    fn strings_are_ordered_as_their_bytes() {
        let texts: [&[u8]; 12] = [
            b"",
            b"\0",
            b"\0\0",
            b"a",
            b"a\0",
            b"a\0b",
            b"abcdefgh",
            b"abcdefgi",
            b"abcdefghi",
            b"\xff\xfe",
            b"exactly 22 bytes long.",
            b"a longer one than fits in twenty-two bytes",
        ];
        for a in texts {
            for b in texts {
                let (x, y) = (Str::from(a), Str::from(b));
                assert_eq!(x.cmp(&y), a.cmp(b), "{a:?} {b:?}");
                assert_eq!(x == y, a == b, "{a:?} {b:?}");
            }
        }
    }
}
