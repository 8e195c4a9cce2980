//! Regular expressions as Go reads them.

use crate::error::{Result, mistake};
pub(crate) use ::regex::Regex;

/// Bytes that a compiled pattern may take: patterns come from users.
const SIZE_MAX: usize = 1 << 20;

/// Compiles a pattern.
pub(crate) fn compile(pattern: &str) -> Result<Regex> {
    let built = ::regex::RegexBuilder::new(&translate(pattern))
        .size_limit(SIZE_MAX)
        .build();
    built.map_err(|e| {
        let why = e.to_string();
        let why = why
            .lines()
            .last()
            .unwrap_or("")
            .trim_start_matches("error: ");
        mistake!("error parsing regexp: {why}: `{pattern}`")
    })
}

/// A pattern that must match a whole text.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    /// It matches anything.
    Any,
    /// Nothing in it is special: reading it as a pattern would cost more than the rest of a build.
    Literal(String),
    /// The same, but for dots, which stand for any character.
    Dotted(String),
    /// Anything else.
    Regex(Regex),
}

impl Pattern {
    /// Reads a pattern; an empty one matches anything.
    pub(crate) fn anchored(pattern: &str) -> Result<Self> {
        if pattern.is_empty() {
            return Ok(Self::Any);
        }
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/' | b':');
        if pattern.bytes().all(is_plain) {
            return Ok(Self::Literal(pattern.to_owned()));
        }
        if pattern.bytes().all(|b| is_plain(b) || b == b'.') {
            return Ok(Self::Dotted(pattern.to_owned()));
        }
        compile(&format!("^(?:{pattern})$")).map(Self::Regex)
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Literal(literal) => literal == text,
            Self::Dotted(pattern) => {
                let mut wanted = pattern.chars();
                let mut fits = |c| {
                    wanted
                        .next()
                        .is_some_and(|w| w == c || w == '.' && c != '\n')
                };
                text.chars().all(&mut fits) && wanted.next().is_none()
            }
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

/// Go's classes are those of ASCII, and a brace that begins no repetition stands for itself.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut chars = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(class @ ('d' | 'D' | 'w' | 'W' | 's' | 'S' | 'b' | 'B')) => {
                    let ascii = match (class, in_class) {
                        ('d', true) => "0-9",
                        ('w', true) => "0-9A-Za-z_",
                        ('s', true) => "\\t\\n\\x0C\\r ",
                        ('d', false) => "[0-9]",
                        ('D', false) => "[^0-9]",
                        ('w', false) => "[0-9A-Za-z_]",
                        ('W', false) => "[^0-9A-Za-z_]",
                        ('s', false) => "[\\t\\n\\x0C\\r ]",
                        ('S', false) => "[^\\t\\n\\x0C\\r ]",
                        ('b', _) => "(?-u:\\b)",
                        _ => {
                            out.push('\\');
                            out.push(class);
                            continue;
                        }
                    };
                    out.push_str(ascii);
                }
                Some(other) => {
                    out.push('\\');
                    out.push(other);
                }
                None => out.push('\\'),
            },
            '[' if in_class => {
                // A class of POSIX, or a bracket that stands for itself.
                if chars.peek() == Some(&':') {
                    out.push('[');
                } else {
                    out.push_str("\\[");
                }
            }
            '[' => {
                in_class = true;
                out.push('[');
                if chars.peek() == Some(&'^') {
                    out.extend(chars.next());
                }
                if chars.peek() == Some(&']') {
                    chars.next();
                    out.push_str("\\]");
                }
            }
            ']' if in_class => {
                // The end of `[:alpha:]` isn't that of the class.
                if !out.ends_with(':') {
                    in_class = false;
                }
                out.push(']');
            }
            '&' | '~' | '-' if in_class && chars.peek() == Some(&c) => {
                out.push('\\');
                out.push(c);
            }
            '{' if !in_class && !is_repetition(chars.clone()) => out.push_str("\\{"),
            other => out.push(other),
        }
    }
    out
}

fn is_repetition(rest: impl Iterator<Item = char>) -> bool {
    let inner: String = rest.take_while(|c| *c != '}').take(12).collect();
    let (from, to) = inner.split_once(',').unwrap_or((&inner, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    !from.is_empty() && digits(from) && digits(to)
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_dot_stands_for_one_character() {
        for (pattern, text, is_match) in [
            ("networking.istio.io", "networking.istio.io", true),
            ("networking.istio.io", "networkingxistio-io", true),
            ("a.", "aé", true),
            ("a.", "a", false),
            ("a.", "abc", false),
            ("a.b", "a\nb", false),
            (".", "", false),
            ("a.*", "abc", true),
        ] {
            let pattern = Pattern::anchored(pattern).expect("a pattern");
            assert_eq!(pattern.matches(text), is_match, "{pattern:?} {text:?}");
        }
    }
}
