//! Globs over paths, as `github.com/bmatcuk/doublestar` matches them: `**` is any number of folders,
//! `*`, `?` and `[a-c]` stay within one, `{a,b/c}` is either.

use std::fmt;

/// Patterns that the braces of one pattern may stand for.
const ALTERNATIVES_MAX: usize = 1_000;
/// Braces in one pattern.
const BRACES_MAX: usize = 100;

/// A pattern over paths whose parts are separated by `/`.
///
/// ```
/// use value::doublestar::PathGlob;
/// let glob = PathGlob::new("env/**/*.{yaml,yml}").unwrap();
/// assert!(glob.matches("env/a/b.yml") && glob.matches("env/b.yaml"));
/// assert!(!glob.matches("env/b.json"));
/// ```
#[derive(Clone, Debug)]
pub struct PathGlob {
    alternatives: Vec<Vec<Part>>,
}

/// A pattern that can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPattern;

impl fmt::Display for BadPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("syntax error in pattern")
    }
}

impl std::error::Error for BadPattern {}

/// What stands between two slashes.
#[derive(Clone, Debug)]
enum Part {
    /// Any number of folders.
    Folders,
    Name(Vec<Token>),
}

#[derive(Clone, Debug)]
enum Token {
    Star,
    Any,
    Char(char),
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Token {
    fn fits(&self, c: char) -> bool {
        match self {
            Self::Star => false,
            Self::Any => true,
            Self::Char(wanted) => *wanted == c,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *negated
            }
        }
    }
}

impl PathGlob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Fails if a class or brace isn't closed, at a backslash at the end, and if braces stand for
    /// more than 1,000 patterns or are more than 100.
    pub fn new(pattern: &str) -> Result<Self, BadPattern> {
        if pattern.matches('{').count() > BRACES_MAX {
            return Err(BadPattern);
        }
        let mut plain = Vec::new();
        expand(pattern, &mut plain)?;
        let alternatives = plain.iter().map(|p| p.split('/').map(part).collect());
        Ok(Self {
            alternatives: alternatives.collect::<Result<_, _>>()?,
        })
    }

    /// Returns true if a path fits.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let names: Vec<&str> = path.split('/').collect();
        self.alternatives.iter().any(|parts| fits(parts, &names))
    }
}

/// Puts each choice of the pattern's braces into a pattern of its own.
fn expand(pattern: &str, out: &mut Vec<String>) -> Result<(), BadPattern> {
    let Some((open, close)) = first_braces(pattern)? else {
        out.push(pattern.to_owned());
        return if out.len() > ALTERNATIVES_MAX {
            Err(BadPattern)
        } else {
            Ok(())
        };
    };
    for choice in choices(&pattern[open + 1..close]) {
        let (before, after) = (&pattern[..open], &pattern[close + 1..]);
        expand(&format!("{before}{choice}{after}"), out)?;
    }
    Ok(())
}

/// Returns where the first braces open and close.
fn first_braces(pattern: &str) -> Result<Option<(usize, usize)>, BadPattern> {
    let (mut open, mut depth) = (0, 0);
    let mut chars = pattern.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '{' => {
                if depth == 0 {
                    open = at;
                }
                depth += 1;
            }
            '}' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    return Ok(Some((open, at)));
                }
            }
            _ => {}
        }
    }
    if depth > 0 { Err(BadPattern) } else { Ok(None) }
}

/// Splits the inside of braces at its own commas.
fn choices(inside: &str) -> Vec<&str> {
    let (mut from, mut depth) = (0, 0);
    let mut out = Vec::new();
    let mut chars = inside.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                out.push(&inside[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push(&inside[from..]);
    out
}

fn part(text: &str) -> Result<Part, BadPattern> {
    if text == "**" {
        return Ok(Part::Folders);
    }
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        tokens.push(match c {
            '*' => Token::Star,
            '?' => Token::Any,
            '\\' => Token::Char(chars.next().ok_or(BadPattern)?),
            '[' => {
                let negated = chars.next_if(|c| matches!(c, '^' | '!')).is_some();
                let mut ranges = Vec::new();
                loop {
                    let from = match chars.next().ok_or(BadPattern)? {
                        ']' if !ranges.is_empty() => break,
                        ']' => return Err(BadPattern),
                        '\\' => chars.next().ok_or(BadPattern)?,
                        c => c,
                    };
                    let mut to = from;
                    if chars.next_if_eq(&'-').is_some() {
                        to = match chars.next().ok_or(BadPattern)? {
                            ']' => return Err(BadPattern),
                            '\\' => chars.next().ok_or(BadPattern)?,
                            c => c,
                        };
                    }
                    ranges.push((from, to));
                }
                Token::Class { negated, ranges }
            }
            c => Token::Char(c),
        });
    }
    Ok(Part::Name(tokens))
}

/// Compares from left to right; when something doesn't fit, the last `**` takes one more folder.
fn fits(parts: &[Part], names: &[&str]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match parts.get(p) {
            Some(Part::Folders) => {
                p += 1;
                retry = Some((p, n));
                continue;
            }
            Some(Part::Name(tokens)) if n < names.len() && name_fits(tokens, names[n]) => {
                p += 1;
                n += 1;
                continue;
            }
            None if n == names.len() => return true,
            _ => {}
        }
        match retry {
            Some((after, from)) if from < names.len() => {
                retry = Some((after, from + 1));
                (p, n) = (after, from + 1);
            }
            _ => return false,
        }
    }
}

fn name_fits(tokens: &[Token], name: &str) -> bool {
    let mut rest = name;
    let mut t = 0;
    let mut retry: Option<(usize, &str)> = None;
    loop {
        let c = rest.chars().next();
        match (tokens.get(t), c) {
            (Some(Token::Star), _) => {
                t += 1;
                retry = Some((t, rest));
                continue;
            }
            (Some(token), Some(c)) if token.fits(c) => {
                t += 1;
                rest = &rest[c.len_utf8()..];
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        match retry {
            Some((after, from)) if !from.is_empty() => {
                let longer = from.chars().next().map_or(0, char::len_utf8);
                retry = Some((after, &from[longer..]));
                (t, rest) = (after, &from[longer..]);
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_patterns_end_soon() {
        let many = "{a,b}".repeat(40);
        assert_eq!(PathGlob::new(&many).map(|_| ()), Err(BadPattern));
        let pattern = format!("{}x", "**/*a*a*a*/".repeat(30));
        let glob = PathGlob::new(&pattern).expect("it can be read");
        assert!(!glob.matches(&"aaaaaaaaaaaaaaaaaaaab/".repeat(200)));
    }
}
