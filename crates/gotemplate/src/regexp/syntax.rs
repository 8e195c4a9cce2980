//! Reads a pattern by Go's rules and writes it down for the `regex` crate.

use crate::text;
use std::fmt::Write as _;

/// Groups that may stand inside each other, as in Go.
const DEPTH_MAX: usize = 1000;
/// Largest repeat count, nested ones multiplied.
const REPEAT_MAX: u64 = 1000;

/// A pattern for the crate, with the names of its groups.
pub(super) struct Translated {
    pub(super) pattern: String,
    /// By group; the whole match first.
    pub(super) names: Vec<Option<String>>,
}

/// Translates a pattern.
pub(super) fn translate(pattern: &[u8]) -> Result<Translated, String> {
    let Ok(pattern) = std::str::from_utf8(pattern) else {
        let text = String::from_utf8_lossy(pattern);
        return Err(error("invalid UTF-8", &text));
    };
    let mut reader = Reader {
        whole: pattern,
        rest: pattern,
        out: String::with_capacity(pattern.len() + 16),
        names: vec![None],
        groups: Vec::new(),
        atom: None,
    };
    reader.run()?;
    Ok(Translated {
        pattern: reader.out,
        names: reader.names,
    })
}

fn error(what: &str, text: &str) -> String {
    format!("error parsing regexp: {what}: `{text}`")
}

struct Reader<'p> {
    whole: &'p str,
    rest: &'p str,
    out: String,
    names: Vec<Option<String>>,
    /// The largest product of repeat counts in each open group so far.
    groups: Vec<u64>,
    /// What a repetition would belong to: the product of the repeat counts in it.
    atom: Option<u64>,
}

impl<'p> Reader<'p> {
    fn run(&mut self) -> Result<(), String> {
        let mut last_repeat: Option<&'p str> = None;
        while let Some(c) = self.rest.chars().next() {
            let before = self.rest;
            let mut repeat = None;
            match c {
                '*' | '+' | '?' => {
                    self.rest = &before[1..];
                    self.repeat(before, &before[..1], 1, last_repeat)?;
                    repeat = Some(before);
                }
                '{' => match counts(before) {
                    Some((min, max, length)) => {
                        self.rest = &before[length..];
                        let top = max.unwrap_or(min);
                        if min > REPEAT_MAX || top > REPEAT_MAX || min > top {
                            return Err(error("invalid repeat count", &before[..length]));
                        }
                        let text = &before[..length];
                        self.repeat(before, text, top.max(1), last_repeat)?;
                        repeat = Some(before);
                    }
                    None => self.literal('{'),
                },
                _ => self.atom(c)?,
            }
            last_repeat = repeat;
        }
        if self.groups.is_empty() {
            Ok(())
        } else {
            Err(error("missing closing )", self.whole))
        }
    }

    fn repeat(
        &mut self,
        before: &str,
        operator: &str,
        count: u64,
        last_repeat: Option<&str>,
    ) -> Result<(), String> {
        let lazy = self.rest.starts_with('?');
        if lazy {
            self.rest = &self.rest[1..];
        }
        if let Some(last) = last_repeat {
            let text = &last[..last.len() - self.rest.len()];
            return Err(error("invalid nested repetition operator", text));
        }
        let text = &before[..before.len() - self.rest.len()];
        let Some(atom) = self.atom else {
            return Err(error("missing argument to repetition operator", text));
        };
        let product = atom * count;
        if product > REPEAT_MAX {
            return Err(error("invalid repeat count", text));
        }
        self.out.push_str(operator);
        if lazy {
            self.out.push('?');
        }
        self.atom = Some(product);
        self.note(product);
        Ok(())
    }

    fn note(&mut self, product: u64) {
        if let Some(group) = self.groups.last_mut() {
            *group = product.max(*group);
        }
    }

    fn literal(&mut self, c: char) {
        self.rest = &self.rest[c.len_utf8()..];
        write_literal(&mut self.out, c);
        self.atom = Some(1);
    }

    fn plain(&mut self, length: usize, translated: &str) {
        self.rest = &self.rest[length..];
        self.out.push_str(translated);
        self.atom = Some(1);
    }

    fn atom(&mut self, c: char) -> Result<(), String> {
        match c {
            '(' => {
                if self.rest.starts_with("(?") {
                    return self.special_group();
                }
                self.rest = &self.rest[1..];
                self.names.push(None);
                self.open("(")?;
            }
            '|' => {
                self.rest = &self.rest[1..];
                self.out.push('|');
                self.atom = None;
            }
            ')' => {
                let Some(product) = self.groups.pop() else {
                    return Err(error("unexpected )", self.whole));
                };
                self.plain(1, ")");
                self.atom = Some(product);
                self.note(product);
            }
            '^' | '$' | '.' => self.plain(1, &c.to_string()),
            '[' => self.class()?,
            '\\' => self.escape()?,
            _ => self.literal(c),
        }
        Ok(())
    }

    fn open(&mut self, text: &str) -> Result<(), String> {
        if self.groups.len() >= DEPTH_MAX {
            return Err(error("expression nests too deeply", self.whole));
        }
        self.out.push_str(text);
        self.groups.push(1);
        self.atom = None;
        Ok(())
    }

    fn special_group(&mut self) -> Result<(), String> {
        let whole = self.rest;
        let named = whole
            .strip_prefix("(?P<")
            .or_else(|| whole.strip_prefix("(?<"));
        if let Some(body) = named.filter(|b| !b.is_empty()) {
            let Some(end) = body.find('>') else {
                return Err(error("invalid named capture", whole));
            };
            let name = &body[..end];
            let length = whole.len() - body.len() + end + 1;
            let valid = |b: u8| b == b'_' || b.is_ascii_alphanumeric();
            if name.is_empty() || !name.bytes().all(valid) {
                return Err(error("invalid named capture", &whole[..length]));
            }
            if self.names.iter().flatten().any(|n| n == name) {
                return Err(error("duplicate capture group name", name));
            }
            self.names.push(Some(name.to_owned()));
            self.rest = &whole[length..];
            return self.open("(");
        }
        let mut negated = false;
        let mut seen = false;
        let mut end = 2;
        for (at, c) in whole.char_indices().skip(2) {
            end = at + c.len_utf8();
            match c {
                'i' | 'm' | 's' | 'U' => seen = true,
                '-' if !negated => {
                    negated = true;
                    seen = false;
                }
                ':' | ')' if !negated || seen => {
                    self.rest = &whole[end..];
                    if c == ':' {
                        return self.open(&whole[..end]);
                    }
                    // The crate knows no empty list of flags.
                    if end > 3 {
                        self.out.push_str(&whole[..end]);
                    }
                    return Ok(());
                }
                _ => break,
            }
        }
        Err(error("invalid or unsupported Perl syntax", &whole[..end]))
    }

    fn escape(&mut self) -> Result<(), String> {
        let whole = self.rest;
        match whole.chars().nth(1) {
            Some('A') => self.plain(2, r"\A"),
            Some('z') => self.plain(2, r"\z"),
            Some('b') => self.plain(2, r"(?-u:\b)"),
            Some('B') => self.plain(2, r"(?-u:\B)"),
            Some('C') => return Err(error("invalid escape sequence", &whole[..2])),
            Some('Q') => {
                let body = &whole[2..];
                let (text, rest) = body.split_once("\\E").unwrap_or((body, ""));
                for c in text.chars() {
                    write_literal(&mut self.out, c);
                    self.atom = Some(1);
                }
                self.rest = rest;
            }
            _ => {
                if let Some((class, length)) = named_class(whole)? {
                    self.plain(length, &class);
                } else {
                    let (c, length) = escaped(whole)?;
                    self.rest = &whole[length..];
                    write_literal(&mut self.out, c);
                    self.atom = Some(1);
                }
            }
        }
        Ok(())
    }

    fn class(&mut self) -> Result<(), String> {
        let whole = self.rest;
        let mut t = &whole[1..];
        let mut class = String::from("[");
        if let Some(rest) = t.strip_prefix('^') {
            class.push('^');
            t = rest;
        }
        let mut first = true;
        while first || !t.starts_with(']') {
            first = false;
            if let Some(posix) = t.strip_prefix("[:")
                && let Some(end) = posix.find(":]")
            {
                let name = &t[..end + 4];
                let bare = posix[..end].strip_prefix('^').unwrap_or(&posix[..end]);
                if !POSIX.contains(&bare) {
                    return Err(error("invalid character class range", name));
                }
                class.push_str(name);
                t = &t[end + 4..];
                continue;
            }
            if let Some((named, length)) = named_class(t)? {
                class.push_str(&named);
                t = &t[length..];
                continue;
            }
            let range = t;
            let low = class_character(&mut t, whole)?;
            let mut high = low;
            if t.starts_with('-') && t.len() >= 2 && !t[1..].starts_with(']') {
                t = &t[1..];
                high = class_character(&mut t, whole)?;
                if high < low {
                    let text = &range[..range.len() - t.len()];
                    return Err(error("invalid character class range", text));
                }
            }
            write_literal(&mut class, low);
            if high != low {
                class.push('-');
                write_literal(&mut class, high);
            }
        }
        class.push(']');
        self.rest = &t[1..];
        self.out.push_str(&class);
        self.atom = Some(1);
        Ok(())
    }
}

const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// Writes a character so that it stands for itself everywhere.
fn write_literal(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() || (!c.is_ascii() && c.is_alphanumeric()) {
        out.push(c);
    } else {
        let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
    }
}

/// Reads one character of a class.
fn class_character(t: &mut &str, whole: &str) -> Result<char, String> {
    let Some(c) = t.chars().next() else {
        return Err(error("missing closing ]", whole));
    };
    if c == '\\' {
        let (c, length) = escaped(t)?;
        *t = &t[length..];
        return Ok(c);
    }
    *t = &t[c.len_utf8()..];
    Ok(c)
}

/// Reads `\d`, `\p{...}` and their like; returns what the crate calls them, and the length.
fn named_class(t: &str) -> Result<Option<(String, usize)>, String> {
    let mut chars = t.chars();
    if chars.next() != Some('\\') {
        return Ok(None);
    }
    let class = match chars.next() {
        Some('d') => "[0-9]",
        Some('D') => "[^0-9]",
        Some('s') => r"[\t\n\f\r ]",
        Some('S') => r"[^\t\n\f\r ]",
        Some('w') => "[0-9A-Za-z_]",
        Some('W') => "[^0-9A-Za-z_]",
        Some(p @ ('p' | 'P')) => return unicode_class(t, p == 'P'),
        _ => return Ok(None),
    };
    Ok(Some((class.to_owned(), 2)))
}

fn unicode_class(t: &str, mut negated: bool) -> Result<Option<(String, usize)>, String> {
    let Some(c) = t[2..].chars().next() else {
        return Ok(None);
    };
    let (mut name, length) = if c == '{' {
        let Some(end) = t.find('}') else {
            return Err(error("invalid character class range", t));
        };
        (&t[3..end], end + 1)
    } else {
        (&t[2..2 + c.len_utf8()], 2 + c.len_utf8())
    };
    if let Some(bare) = name.strip_prefix('^') {
        negated = !negated;
        name = bare;
    }
    let class = format!("\\{}{{{name}}}", if negated { 'P' } else { 'p' });
    let known = !name.contains(['=', ':', '!', '^', '{'])
        && !name.is_empty()
        && regex_syntax::parse(&class).is_ok();
    if !known {
        return Err(error("invalid character class range", &t[..length]));
    }
    Ok(Some((class, length)))
}

/// Reads an escaped character and returns it with the length.
fn escaped(t: &str) -> Result<(char, usize), String> {
    let mut chars = t.chars();
    chars.next();
    let invalid = |rest: &str| error("invalid escape sequence", &t[..t.len() - rest.len()]);
    let Some(c) = chars.next() else {
        return Err("error parsing regexp: trailing backslash at end of expression: ``".to_owned());
    };
    let done = |c: char, rest: &str| Ok((c, t.len() - rest.len()));
    match c {
        '1'..='7' if !chars.as_str().starts_with(|c| matches!(c, '0'..='7')) => {
            Err(invalid(chars.as_str()))
        }
        '0'..='7' => {
            let mut number = u32::from(c) - u32::from('0');
            let mut rest = chars.as_str();
            for _ in 1..3 {
                let Some(digit) = rest.chars().next().and_then(|c| c.to_digit(8)) else {
                    break;
                };
                number = number * 8 + digit;
                rest = &rest[1..];
            }
            done(char::from_u32(number).unwrap_or(text::REPLACEMENT), rest)
        }
        'x' => {
            let Some(c) = chars.next() else {
                return Err(invalid(""));
            };
            let mut number = 0_u32;
            if c == '{' {
                let mut digits = 0;
                loop {
                    let Some(c) = chars.next() else {
                        return Err(invalid(""));
                    };
                    if c == '}' {
                        break;
                    }
                    let digit = c.to_digit(16).ok_or_else(|| invalid(chars.as_str()))?;
                    number = number * 16 + digit;
                    digits += 1;
                    if number > 0x10_FFFF {
                        return Err(invalid(chars.as_str()));
                    }
                }
                if digits == 0 {
                    return Err(invalid(chars.as_str()));
                }
            } else {
                let second = chars.next();
                let digits = (c.to_digit(16), second.and_then(|c| c.to_digit(16)));
                let (Some(high), Some(low)) = digits else {
                    return Err(invalid(chars.as_str()));
                };
                number = high * 16 + low;
            }
            done(
                char::from_u32(number).unwrap_or(text::REPLACEMENT),
                chars.as_str(),
            )
        }
        'a' => done('\x07', chars.as_str()),
        'f' => done('\x0c', chars.as_str()),
        'n' => done('\n', chars.as_str()),
        'r' => done('\r', chars.as_str()),
        't' => done('\t', chars.as_str()),
        'v' => done('\x0b', chars.as_str()),
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => done(c, chars.as_str()),
        _ => Err(invalid(chars.as_str())),
    }
}

/// Reads `{n}`, `{n,}` or `{n,m}`; returns the counts and the length. Counts of many digits are
/// only known to be too large.
fn counts(t: &str) -> Option<(u64, Option<u64>, usize)> {
    let end = t.find('}')?;
    let body = &t[1..end];
    let number = |s: &str| -> Option<u64> {
        let valid = !s.is_empty()
            && s.bytes().all(|b| b.is_ascii_digit())
            && (s.len() == 1 || !s.starts_with('0'));
        valid.then(|| s.parse().unwrap_or(u64::MAX))
    };
    let (min, max) = match body.split_once(',') {
        None => {
            let n = number(body)?;
            (n, Some(n))
        }
        Some((min, "")) => (number(min)?, None),
        Some((min, max)) => (number(min)?, Some(number(max)?)),
    };
    Some((min, max, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_those_of_go() {
        for (pattern, want) in [
            ("(", "missing closing ): `(`"),
            (")", "unexpected ): `)`"),
            ("[", "missing closing ]: `[`"),
            ("[b-a]", "invalid character class range: `b-a`"),
            ("*", "missing argument to repetition operator: `*`"),
            ("a**", "invalid nested repetition operator: `**`"),
            ("a{1001}", "invalid repeat count: `{1001}`"),
            ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
            (r"\8", r"invalid escape sequence: `\8`"),
            (r"\", "trailing backslash at end of expression: ``"),
            (r"\p{Nope}", r"invalid character class range: `\p{Nope}`"),
        ] {
            let got = translate(pattern.as_bytes()).err();
            assert_eq!(
                got,
                Some(format!("error parsing regexp: {want}")),
                "{pattern}"
            );
        }
    }
}
