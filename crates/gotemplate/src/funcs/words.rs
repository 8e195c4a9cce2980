//! Words, letter case and line breaks, as `goutils` and `xstrings` see them.

use super::{Called, Function, STR, fixed, str_at};
use crate::error::Error;
use crate::exec::Exec;
use crate::text::{self, REPLACEMENT, is_space, push};
use crate::unicode::{is_letter, is_lower, is_title, is_upper, to_lower, to_title, to_upper};
use crate::value::{IntKind, Value};
use regex::Regex;
use std::sync::LazyLock;

/// `normalize` and `slugify`, which only ApplicationSets have.
pub(super) const APPLICATION_SET: &[Function] = &[
    fixed("normalize", &[STR], |_, a| {
        Ok(normalize(&str_at(a, 0)).into())
    }),
    super::open("slugify", &[], super::ANY, slugify),
];

/// Maps every character.
pub(super) fn map(s: &[u8], with: fn(char) -> char) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    for c in text::runes(s) {
        push(&mut out, with(c));
    }
    out
}

/// `strings.Title`: the first letter of every word.
pub(super) fn title(s: &[u8]) -> Vec<u8> {
    let mut last = ' ';
    let mut out = Vec::with_capacity(s.len());
    for c in text::runes(s) {
        let starts = if last.is_ascii() {
            !(last.is_ascii_alphanumeric() || last == '_')
        } else if is_letter(last) || crate::unicode::is_digit(last) {
            false
        } else {
            is_space(last)
        };
        push(&mut out, if starts { to_title(c) } else { c });
        last = c;
    }
    out
}

/// Lowers the first letter of every word.
pub(super) fn untitle(s: &[u8]) -> Vec<u8> {
    let mut starts = true;
    let mut out = Vec::with_capacity(s.len());
    for c in text::runes(s) {
        if is_space(c) {
            starts = true;
            push(&mut out, c);
        } else {
            push(&mut out, if starts { to_lower(c) } else { c });
            starts = false;
        }
    }
    out
}

pub(super) fn swap_case(s: &[u8]) -> Vec<u8> {
    let mut after_space = true;
    let mut out = Vec::with_capacity(s.len());
    for c in text::runes(s) {
        let swapped = if is_upper(c) || is_title(c) {
            after_space = false;
            to_lower(c)
        } else if is_lower(c) {
            if after_space {
                after_space = false;
                to_title(c)
            } else {
                to_upper(c)
            }
        } else {
            after_space = is_space(c);
            c
        };
        push(&mut out, swapped);
    }
    out
}

/// The reference looks at bytes here, each a character of its own.
pub(super) fn without_space(s: &[u8]) -> Vec<u8> {
    let kept: Vec<u8> = s
        .iter()
        .copied()
        .filter(|b| !is_space(char::from(*b)))
        .collect();
    if kept.len() == s.len() {
        return kept;
    }
    let mut out = Vec::with_capacity(kept.len());
    kept.iter().for_each(|b| push(&mut out, char::from(*b)));
    out
}

/// The first byte of every word.
pub(super) fn initials(s: &[u8]) -> Vec<u8> {
    let mut starts = true;
    let mut out = Vec::new();
    for b in s {
        let c = char::from(*b);
        if is_space(c) {
            starts = true;
        } else if starts {
            push(&mut out, c);
            starts = false;
        }
    }
    out
}

/// Cuts text to a width, from an offset on, with `...` where something is missing.
pub(super) fn abbreviate(s: &[u8], offset: i64, width: i64) -> Vec<u8> {
    let length = s.len() as i64;
    if s.is_empty() || width < 4 {
        return Vec::new();
    }
    if length <= width {
        return s.to_vec();
    }
    let mut offset = offset.min(length);
    if length - offset < width - 3 {
        offset = length - (width - 3);
    }
    if offset <= 4 {
        return [&s[..(width - 3) as usize], b"..."].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    if offset + width - 3 < length {
        let rest = abbreviate(&s[offset as usize..], 0, width - 3);
        return [b"...", &rest[..]].concat();
    }
    [b"...", &s[(length - (width - 3)) as usize..]].concat()
}

/// Breaks lines at spaces.
pub(super) fn wrap(s: &[u8], width: usize, line_break: &[u8], breaks_words: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    let mut offset = 0;
    let line = |out: &mut Vec<u8>, from: usize, to: usize| {
        out.extend_from_slice(&s[from..to]);
        out.extend_from_slice(line_break);
    };
    while s.len() - offset > width {
        if s[offset] == b' ' {
            offset += 1;
            continue;
        }
        if let Some(at) = memchr::memrchr(b' ', &s[offset..=offset + width]) {
            line(&mut out, offset, offset + at);
            offset += at + 1;
        } else if breaks_words {
            line(&mut out, offset, offset + width);
            offset += width;
        } else if let Some(at) = memchr::memchr(b' ', &s[offset + width..]) {
            line(&mut out, offset, offset + width + at);
            offset += width + at + 1;
        } else {
            out.extend_from_slice(&s[offset..]);
            offset = s.len();
        }
    }
    out.extend_from_slice(&s[offset..]);
    out
}

fn is_connector(c: char) -> bool {
    c == '-' || c == '_' || is_space(c)
}

pub(super) fn pascal_case(s: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    let mut rest: std::collections::VecDeque<char> = text::runes(s).collect();
    let mut current = None;
    let mut first_is_upper = false;
    while let Some(c) = rest.pop_front() {
        if !is_connector(c) {
            first_is_upper = is_upper(c);
            current = Some(to_upper(c));
            break;
        }
        current = Some(c);
        push(&mut out, c);
    }
    let Some(mut c0) = current else {
        return out;
    };
    if rest.is_empty() {
        // Connectors alone: the reference writes the last of them twice.
        push(&mut out, c0);
        return out;
    }
    for c in rest {
        let c1 = c0;
        c0 = c;
        if is_connector(c0) && is_connector(c1) {
            push(&mut out, c1);
            continue;
        }
        if is_connector(c1) {
            first_is_upper = is_upper(c0);
            c0 = to_upper(c0);
        } else {
            if first_is_upper {
                if is_upper(c0) {
                    c0 = to_lower(c0);
                } else {
                    first_is_upper = false;
                }
            }
            push(&mut out, c1);
        }
    }
    push(&mut out, c0);
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Invalid,
    Number,
    Upper,
    Alphabet,
    Connector,
    Punctuation,
    Other,
}

fn is_alphabet(c: char) -> bool {
    if !is_letter(c) {
        return false;
    }
    // Letters of scripts that have no words with spaces between them don't count.
    !matches!(u32::from(c), 0x3400..=0x4D85 | 0x4E00..=0x9FCC | 0x2_0000..=0x2_B81D)
}

fn is_number(c: char) -> bool {
    static NUMBER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\p{N}$").expect("the pattern is a constant"));
    c.is_ascii_digit() || (!c.is_ascii() && NUMBER.is_match(c.encode_utf8(&mut [0; 4])))
}

fn is_punctuation(c: char) -> bool {
    static PUNCTUATION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\p{P}$").expect("the pattern is a constant"));
    PUNCTUATION.is_match(c.encode_utf8(&mut [0; 4]))
}

/// Returns the next character that is valid, and the bytes up to its end.
fn next_valid(s: &[u8], previous: char) -> (char, usize) {
    let mut size = 0;
    while let Some((c, width)) = text::decode(&s[size..]) {
        size += width;
        if c != REPLACEMENT {
            return (c, size);
        }
    }
    (previous, size)
}

/// Goes on while characters belong to a word, and returns where it ends.
fn run(s: &[u8], mut at: usize, mut c: char, belongs: impl Fn(char) -> bool) -> usize {
    while at < s.len() {
        let (next, size) = next_valid(&s[at..], c);
        if size == 0 || !belongs(next) {
            break;
        }
        c = next;
        at += size;
    }
    at
}

fn next_word(s: &[u8]) -> (Word, &[u8], &[u8]) {
    if s.is_empty() {
        return (Word::Invalid, s, s);
    }
    let (c, size) = next_valid(s, REPLACEMENT);
    let (word, end) = if c == REPLACEMENT {
        (Word::Invalid, size)
    } else if is_connector(c) {
        (Word::Connector, run(s, size, c, is_connector))
    } else if is_punctuation(c) {
        (Word::Punctuation, run(s, size, c, is_punctuation))
    } else if is_upper(c) {
        (Word::Upper, upper_word(s, size, c))
    } else if is_alphabet(c) {
        (
            Word::Alphabet,
            run(s, size, c, |c| is_alphabet(c) && !is_upper(c)),
        )
    } else if is_number(c) {
        (Word::Number, run(s, size, c, is_number))
    } else {
        let belongs = |c| !(is_connector(c) || is_alphabet(c) || is_number(c) || is_punctuation(c));
        (Word::Other, run(s, size, c, belongs))
    };
    (word, &s[..end], &s[end..])
}

/// `HTTPServer` is `HTTP` and `Server`: the last capital belongs to what follows.
fn upper_word(s: &[u8], first: usize, c: char) -> usize {
    if first == s.len() {
        return first;
    }
    let (second, size) = next_valid(&s[first..], c);
    if is_upper(second) {
        let mut end = first + size;
        let mut last_size = size;
        let mut c = second;
        while end < s.len() {
            let (next, size) = next_valid(&s[end..], c);
            c = next;
            if !is_upper(next) {
                if is_alphabet(next) {
                    end -= last_size;
                }
                break;
            }
            last_size = size;
            end += size;
        }
        return end;
    }
    if is_alphabet(second) {
        return run(s, first + size, second, |c| is_alphabet(c) && !is_upper(c));
    }
    first
}

/// `snakecase` and `kebabcase`.
pub(super) fn lower_words(s: &[u8], connector: char) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len() + 8);
    if s.is_empty() {
        return out;
    }
    let joins = |word: Word| word != Word::Connector && word != Word::Punctuation;
    let (mut kind, mut word, mut rest) = next_word(s);
    while !rest.is_empty() {
        if kind != Word::Connector {
            lower(&mut out, kind, word, connector);
        }
        let (previous, last) = (kind, word);
        (kind, word, rest) = next_word(rest);
        match previous {
            Word::Number => {
                while matches!(kind, Word::Alphabet | Word::Number) {
                    lower(&mut out, kind, word, connector);
                    (kind, word, rest) = next_word(rest);
                }
                if kind != Word::Invalid && joins(kind) {
                    push(&mut out, connector);
                }
            }
            Word::Connector => lower(&mut out, previous, last, connector),
            Word::Punctuation => {}
            _ => {
                if kind != Word::Number {
                    if joins(kind) {
                        push(&mut out, connector);
                    }
                    continue;
                }
                if rest.is_empty() {
                    continue;
                }
                let number = word;
                (kind, word, rest) = next_word(rest);
                if kind != Word::Alphabet {
                    lower(&mut out, Word::Number, number, connector);
                    if joins(kind) {
                        push(&mut out, connector);
                    }
                    continue;
                }
                push(&mut out, connector);
                lower(&mut out, Word::Number, number, connector);
                while matches!(kind, Word::Alphabet | Word::Number) {
                    lower(&mut out, kind, word, connector);
                    (kind, word, rest) = next_word(rest);
                }
                if kind != Word::Invalid && joins(kind) {
                    push(&mut out, connector);
                }
            }
        }
    }
    lower(&mut out, kind, word, connector);
    out
}

fn lower(out: &mut Vec<u8>, kind: Word, word: &[u8], connector: char) {
    if !matches!(kind, Word::Upper | Word::Connector) {
        out.extend_from_slice(word);
        return;
    }
    for c in text::runes(word) {
        push(
            out,
            if is_connector(c) {
                connector
            } else if is_upper(c) {
                to_lower(c)
            } else {
                c
            },
        );
    }
}

/// Longest name that `normalize` leaves, as DNS has it.
const NAME_BYTES_MAX: usize = 253;

/// Makes a DNS name of a text.
fn normalize(s: &[u8]) -> String {
    let lower = String::from_utf8_lossy(s).to_lowercase();
    let mut out = String::with_capacity(lower.len());
    for c in lower.chars() {
        let valid = c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        out.push(if valid { c } else { '-' });
    }
    out.truncate(NAME_BYTES_MAX);
    out.trim_matches(|c| c == '-' || c == '.').to_owned()
}

/// `slugify [max size] [smart truncation] text`.
fn slugify(_: &mut Exec<'_, '_>, a: &[Value]) -> Called {
    let Some((text, options)) = a.split_last() else {
        return Ok("".into());
    };
    let wrong = |v: &Value, wanted: &str| {
        let got = if v.is_nil() {
            "nil".to_owned()
        } else {
            v.type_name()
        };
        Error::new(format!(
            "interface conversion: interface {{}} is {got}, not {wanted}"
        ))
    };
    let mut size_max = 50;
    let mut cuts_at_words = false;
    for (i, option) in options.iter().enumerate() {
        match (i, option) {
            (0, Value::Int(IntKind::Int, n)) => size_max = *n,
            (0, other) => return Err(wrong(other, "int")),
            (1, Value::Bool(b)) => cuts_at_words = *b,
            (1, other) => return Err(wrong(other, "bool")),
            _ => {}
        }
    }
    let text = text.as_str().ok_or_else(|| wrong(text, "string"))?;
    let size_max = usize::try_from(size_max).ok().filter(|n| *n > 0);
    Ok(slug(&normalize(text), size_max, cuts_at_words).into())
}

fn slug(name: &str, size_max: Option<usize>, cuts_at_words: bool) -> String {
    let mut name = name;
    if let Some(max) = size_max
        && !cuts_at_words
        && name.len() >= max
    {
        name = &name[..max];
    }
    let mut slug = String::with_capacity(name.len());
    for c in name.chars() {
        let c = if c.is_ascii_alphanumeric() { c } else { '-' };
        if c != '-' || !slug.ends_with('-') {
            slug.push(c);
        }
    }
    let slug = slug.trim_matches('-');
    match size_max {
        Some(max) if cuts_at_words && slug.len() > max => {
            let end = slug[..=max].rfind('-').unwrap_or(max);
            slug[..end].to_owned()
        }
        _ => slug.to_owned(),
    }
}
