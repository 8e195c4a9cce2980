//! Go's regular expressions.
//!
//! Both Go and the `regex` crate descend from RE2 and find the same matches; they differ in what
//! they accept. [`syntax`] reads a pattern by Go's rules, with Go's errors, and writes it down for
//! the crate.

mod syntax;

use crate::text::{self, Str};
use regex::bytes::{Regex, RegexBuilder};
use std::collections::HashMap;
use std::rc::Rc;

/// Bytes that a compiled pattern may take.
const COMPILED_BYTES_MAX: usize = 10 << 20;
/// How deep the crate lets a pattern nest; [`syntax`] is stricter.
const NEST_MAX: u32 = 5000;
/// Compiled patterns that one session keeps.
const CACHED_MAX: usize = 512;

/// A compiled pattern.
pub struct Regexp {
    regex: Regex,
    names: Vec<Option<String>>,
    is_empty: bool,
}

/// Patterns that were compiled before.
#[derive(Default)]
pub(crate) struct Cache(HashMap<Str, Result<Rc<Regexp>, String>>);

impl Cache {
    pub(crate) fn get(&mut self, pattern: &Str) -> Result<Rc<Regexp>, String> {
        if let Some(known) = self.0.get(pattern) {
            return known.clone();
        }
        let compiled = Regexp::new(pattern).map(Rc::new);
        if self.0.len() >= CACHED_MAX {
            self.0.clear();
        }
        self.0.insert(pattern.clone(), compiled.clone());
        compiled
    }
}

impl Regexp {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// Fails with Go's text.
    pub fn new(pattern: &[u8]) -> Result<Self, String> {
        let translated = syntax::translate(pattern)?;
        let regex = RegexBuilder::new(&translated.pattern)
            .unicode(true)
            .nest_limit(NEST_MAX)
            .size_limit(COMPILED_BYTES_MAX)
            .build()
            .map_err(|_| {
                let pattern = String::from_utf8_lossy(pattern);
                format!("error parsing regexp: expression too large: `{pattern}`")
            })?;
        Ok(Self {
            regex,
            names: translated.names,
            is_empty: pattern.is_empty(),
        })
    }

    /// Returns true if the pattern is found in a text.
    #[must_use]
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.regex.is_match(text)
    }

    /// Returns where the pattern is first found at or after an offset.
    #[must_use]
    pub fn find_at(&self, text: &[u8], at: usize) -> Option<(usize, usize)> {
        self.regex.find_at(text, at).map(|m| (m.start(), m.end()))
    }

    /// Returns where the pattern and its groups are first found.
    #[must_use]
    pub fn captures(&self, text: &[u8]) -> Option<Vec<Option<(usize, usize)>>> {
        let captures = self.regex.captures(text)?;
        let groups = captures.iter().map(|m| m.map(|m| (m.start(), m.end())));
        Some(groups.collect())
    }

    /// Returns the name of a group, if it has one.
    #[must_use]
    pub fn group_name(&self, group: usize) -> Option<&str> {
        self.names.get(group)?.as_deref()
    }

    /// Returns all matches as [`Regexp::captures`] does one.
    #[must_use]
    pub fn find_all_groups(&self, text: &[u8], limit: usize) -> Vec<Vec<Option<(usize, usize)>>> {
        let places = self.find_all(text, limit);
        let groups = places.into_iter().filter_map(|(start, _)| {
            let captures = self.regex.captures_at(text, start)?;
            Some(
                captures
                    .iter()
                    .map(|m| m.map(|m| (m.start(), m.end())))
                    .collect(),
            )
        });
        groups.collect()
    }

    /// Returns all matches. An empty one right after another match doesn't count.
    pub(crate) fn find_all(&self, text: &[u8], limit: usize) -> Vec<(usize, usize)> {
        let mut matches = Vec::new();
        let mut at = 0;
        let mut last_end = None;
        while matches.len() < limit && at <= text.len() {
            let Some((start, end)) = self.find_at(text, at) else {
                break;
            };
            let accepted = !(start == end && Some(start) == last_end);
            if end > at {
                at = end;
            } else {
                at += text::decode(&text[at..]).map_or(1, |(_, width)| width);
            }
            if accepted {
                matches.push((start, end));
            }
            last_end = Some(end);
        }
        matches
    }

    /// Replaces all matches; in a template that is not literal, `$1` and `${name}` stand for groups.
    /// Stops when the result is larger than `bytes_max`.
    pub(crate) fn replace_all(
        &self,
        text: &[u8],
        template: &[u8],
        literal: bool,
        bytes_max: usize,
    ) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut last_end = 0;
        let mut at = 0;
        while at <= text.len() && out.len() <= bytes_max {
            let Some(captures) = self.regex.captures_at(text, at) else {
                break;
            };
            let Some(found) = captures.get(0) else { break };
            let (start, end) = (found.start(), found.end());
            out.extend_from_slice(&text[last_end..start]);
            if end > last_end || start == 0 {
                if literal {
                    out.extend_from_slice(template);
                } else {
                    self.expand(&mut out, template, &captures);
                }
            }
            last_end = end;
            let width = text::decode(&text[at..]).map_or(0, |(_, width)| width);
            if at + width > end {
                at += width;
            } else if at + 1 > end {
                at += 1;
            } else {
                at = end;
            }
        }
        out.extend_from_slice(&text[last_end.min(text.len())..]);
        out
    }

    fn expand(&self, out: &mut Vec<u8>, template: &[u8], captures: &regex::bytes::Captures<'_>) {
        let mut rest = template;
        while let Some(dollar) = memchr::memchr(b'$', rest) {
            out.extend_from_slice(&rest[..dollar]);
            rest = &rest[dollar + 1..];
            if rest.first() == Some(&b'$') {
                out.push(b'$');
                rest = &rest[1..];
                continue;
            }
            let Some((name, after)) = group_name(rest) else {
                out.push(b'$');
                continue;
            };
            rest = after;
            let number = std::str::from_utf8(name)
                .ok()
                .filter(|n| n.len() < 9 && n.bytes().all(|b| b.is_ascii_digit()))
                .filter(|n| *n == "0" || !n.starts_with('0'))
                .and_then(|n| n.parse::<usize>().ok());
            let group = match number {
                Some(number) => captures.get(number),
                None => self
                    .names
                    .iter()
                    .enumerate()
                    .filter(|(_, n)| n.as_deref().is_some_and(|n| n.as_bytes() == name))
                    .find_map(|(i, _)| captures.get(i)),
            };
            if let Some(group) = group {
                out.extend_from_slice(group.as_bytes());
            }
        }
        out.extend_from_slice(rest);
    }

    /// Cuts at every match.
    pub(crate) fn split<'t>(&self, text: &'t [u8], limit: usize) -> Vec<&'t [u8]> {
        if text.is_empty() && !self.is_empty {
            return vec![b""];
        }
        let mut parts = Vec::new();
        let (mut from, mut end) = (0, 0);
        for (start, stop) in self.find_all(text, limit) {
            if limit != usize::MAX && parts.len() + 1 == limit {
                break;
            }
            end = start;
            if stop != 0 {
                parts.push(&text[from..end]);
            }
            from = stop;
        }
        if end != text.len() {
            parts.push(&text[from..]);
        }
        parts
    }
}

/// Reads the name after a dollar sign, in braces or not.
fn group_name(s: &[u8]) -> Option<(&[u8], &[u8])> {
    let (body, braces) = match s.strip_prefix(b"{") {
        Some(body) => (body, true),
        None => (s, false),
    };
    let length = text::rune_indices(body)
        .find(|(_, c, _)| {
            !(*c == '_' || crate::unicode::is_letter(*c) || crate::unicode::is_digit(*c))
        })
        .map_or(body.len(), |(at, _, _)| at);
    if length == 0 {
        return None;
    }
    let (name, rest) = body.split_at(length);
    if braces {
        Some((name, rest.strip_prefix(b"}")?))
    } else {
        Some((name, rest))
    }
}

/// `regexp.QuoteMeta`.
pub(crate) fn quote_meta(s: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    for b in s {
        if br"\.+*?()|[]{}^$".contains(b) {
            out.push(b'\\');
        }
        out.push(*b);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_replaced_and_cut_as_in_go() {
        let r = Regexp::new(b"a*").expect("valid");
        let x = |r: &Regexp, t: &str, w: &str| {
            String::from_utf8(r.replace_all(t.as_bytes(), w.as_bytes(), false, 100)).expect("text")
        };
        assert_eq!(x(&r, "baac", "x"), "xbxcx");
        let r = Regexp::new(b"(?P<first>a)(b)?").expect("valid");
        assert_eq!(x(&r, "ab a", "[${first}|$2|$x|$$]"), "[a|b||$] [a|||$]");
        let r = Regexp::new(b",").expect("valid");
        assert_eq!(r.split(b"a,b,c", 2), [&b"a"[..], b"b,c"]);
        assert_eq!(r.split(b"a,b,", usize::MAX), [&b"a"[..], b"b", b""]);
        let r = Regexp::new(b"").expect("valid");
        assert_eq!(r.split(b"ab", usize::MAX), [&b"a"[..], b"b"]);
    }
}
