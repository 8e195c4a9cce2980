//! Finds the few rules of a long list that may fit a question: one pass over the question with an
//! automaton, instead of a look at each rule.
//!
//! Of most patterns one knows texts that must stand in whatever fits: `*/web-7-*` needs `/web-7-`.
//! Action and object are looked through together, with marks around them, so that what a pattern
//! begins or ends with is such a text too.

use crate::MatchMode;
use crate::pattern::{glob_prefix, is_plain, regex_prefix};
use crate::rules::Grant;
use aho_corasick::AhoCorasick;
use std::cmp::Reverse;
use std::collections::HashMap;

/// Shorter lists are looked through as fast.
const RULES_MIN: usize = 16;
/// Texts that are kept of one pattern.
const NEEDS_MAX: usize = 4;

/// What stands before the action, between it and the object, and behind the object.
const MARKS: [char; 3] = ['\u{1}', '\u{2}', '\u{3}'];

/// A part of a question.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    Action,
    Object,
}

impl Part {
    const fn marks(self) -> (char, char) {
        match self {
            Self::Action => (MARKS[0], MARKS[1]),
            Self::Object => (MARKS[1], MARKS[2]),
        }
    }
}

/// Returns a question as it is looked through.
pub(crate) fn question(action: &str, object: &str) -> String {
    let [before, between, behind] = MARKS;
    format!("{before}{action}{between}{object}{behind}")
}

/// Returns texts that stand in every question that fits a pattern.
pub(crate) fn needs(pattern: &str, mode: MatchMode, part: Part) -> Vec<Box<str>> {
    let mut runs = match mode {
        MatchMode::Glob => glob_runs(pattern),
        MatchMode::Regex => regex_runs(pattern),
    };
    runs.retain(|run| !run.text.is_empty());
    runs.sort_by_key(|run| Reverse(run.text.len()));
    runs.truncate(NEEDS_MAX);
    let (before, behind) = part.marks();
    let marked = |run: Run| {
        let mut text = String::new();
        text.extend(run.is_first.then_some(before));
        text.push_str(&run.text);
        text.extend(run.is_last.then_some(behind));
        text.into_boxed_str()
    };
    runs.into_iter().map(marked).collect()
}

/// Letters that stand together in whatever fits, and whether it begins or ends with them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Run {
    text: String,
    is_first: bool,
    is_last: bool,
}

fn glob_runs(pattern: &str) -> Vec<Run> {
    if pattern.contains(['[', ']', '{', '}', '\\']) {
        // What follows may be one of several.
        return vec![Run {
            text: glob_prefix(pattern).to_owned(),
            is_first: true,
            is_last: false,
        }];
    }
    let last = pattern.split(['*', '?']).count() - 1;
    let parts = pattern.split(['*', '?']).enumerate();
    parts
        .map(|(i, text)| Run {
            text: text.to_owned(),
            is_first: i == 0,
            is_last: i == last,
        })
        .collect()
}

fn regex_runs(pattern: &str) -> Vec<Run> {
    if pattern.contains(['|', '(', ')', '[', ']', '{', '}', '?']) {
        return vec![Run {
            text: regex_prefix(pattern).to_owned(),
            is_first: true,
            is_last: false,
        }];
    }
    let mut runs = Vec::new();
    let mut now = Run::default();
    let mut letters = pattern.chars().enumerate().peekable();
    while let Some((at, c)) = letters.next() {
        match c {
            '^' if at == 0 => {
                now.is_first = true;
                continue;
            }
            '$' if letters.peek().is_none() => {
                now.is_last = true;
                continue;
            }
            '\\' => match letters.next() {
                Some((_, c)) if c.is_ascii_punctuation() => {
                    now.text.push(c);
                    continue;
                }
                _ => {}
            },
            '*' => {
                // What is before it need not be there.
                now.text.pop();
            }
            '+' => {}
            c if is_plain(c) => {
                now.text.push(c);
                continue;
            }
            _ => {}
        }
        runs.push(std::mem::take(&mut now));
    }
    runs.push(now);
    runs
}

/// The rules of a list by what they need.
#[derive(Debug)]
pub(crate) struct Sieve {
    /// Rules of which nothing is known.
    always: Vec<u32>,
    automaton: AhoCorasick,
    /// The rules that need the text of each of the automaton's patterns.
    behind: Vec<Vec<u32>>,
}

impl Sieve {
    /// Makes a sieve for a list; `None` if it would be of no use.
    pub(crate) fn new(rules: &[u32], grants: &[Grant]) -> Option<Self> {
        if rules.len() < RULES_MIN {
            return None;
        }
        let needs = |at: u32| grants[at as usize].needs.iter();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for text in rules.iter().flat_map(|at| needs(*at)) {
            *counts.entry(text).or_default() += 1;
        }
        let mut always = Vec::new();
        let mut by_text: HashMap<&str, Vec<u32>> = HashMap::new();
        for &at in rules {
            // The rarest tells most, and of two the longer one.
            let rarest = needs(at).min_by_key(|text| (counts[&***text], Reverse(text.len())));
            match rarest {
                Some(text) => by_text.entry(text).or_default().push(at),
                None => always.push(at),
            }
        }
        if always.len() == rules.len() {
            return None;
        }
        let (texts, behind): (Vec<&str>, Vec<Vec<u32>>) = by_text.into_iter().unzip();
        Some(Self {
            always,
            automaton: AhoCorasick::new(texts).ok()?,
            behind,
        })
    }

    /// Returns the rules that may fit a question, in their order.
    pub(crate) fn candidates(&self, question: &str) -> Vec<u32> {
        let mut found = self.always.clone();
        for hit in self.automaton.find_overlapping_iter(question) {
            found.extend_from_slice(&self.behind[hit.pattern().as_usize()]);
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_must_be_there_are_known() {
        let cases = [
            (MatchMode::Glob, "team/web", &["\u{2}team/web\u{3}"][..]),
            (MatchMode::Glob, "*/web-7-*", &["/web-7-"]),
            (
                MatchMode::Glob,
                "team/*-x?y",
                &["\u{2}team/", "-x", "y\u{3}"],
            ),
            (MatchMode::Glob, "a/{b,c}-d", &["\u{2}a/"]),
            (MatchMode::Glob, "*", &[]),
            (MatchMode::Regex, "team", &["team"]),
            (MatchMode::Regex, "^team-7/.*$", &["\u{2}team-7/"]),
            (
                MatchMode::Regex,
                ".*/web-7\\.x+y*z$",
                &["/web-7.x", "z\u{3}"],
            ),
            (MatchMode::Regex, "^a\\d+b", &["\u{2}a", "b"]),
            (MatchMode::Regex, "^(a|b)c", &[]),
            (MatchMode::Regex, "ab?c", &[]),
            (MatchMode::Regex, ".*", &[]),
        ];
        for (mode, pattern, want) in cases {
            let found = needs(pattern, mode, Part::Object);
            let found: Vec<&str> = found.iter().map(|t| &**t).collect();
            assert_eq!(found, want, "{pattern}");
        }
    }

    #[test]
    fn a_sieve_leaves_out_nothing_that_fits() {
        use crate::Resource;
        use crate::rules::{Finding, Rules};
        let mut seed = 7u64;
        let mut random = move |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(seed >> 33).unwrap_or(0) % below
        };
        let globs = ["*", "a", "b", "-", "/", "?", "{a,b}", "[ab]", "**", "ab"];
        let regexes = [
            "^", "a", "b", ".*", "/", "x+", "b*", "$", "(a|b)", "\\-", "[",
        ];
        for round in 0..60 {
            let (mode, parts) = match round % 2 {
                0 => (MatchMode::Glob, &globs[..]),
                _ => (MatchMode::Regex, &regexes[..]),
            };
            let mut text = |count: usize| -> String {
                let parts: Vec<&str> = (0..=random(count))
                    .map(|_| parts[random(parts.len())])
                    .collect();
                parts.concat()
            };
            let lines: Vec<(String, String)> = (0..40).map(|_| (text(3), text(6))).collect();
            let effect = |i: usize| if i.is_multiple_of(5) { "deny" } else { "allow" };
            let csv: String = lines
                .iter()
                .enumerate()
                .map(|(i, (action, object))| {
                    format!(
                        "p, r, applications, \"{action}\", \"{object}\", {}\n",
                        effect(i)
                    )
                })
                .collect();
            let mut plain = Rules::default();
            plain.read(&"csv".into(), &csv, mode);
            let mut sealed = Rules::default();
            sealed.read(&"csv".into(), &csv, mode);
            sealed.seal();
            for _ in 0..40 {
                let letters = ["a", "b", "-", "/", "x", "ab"];
                let mut word = |count: usize| -> String {
                    let parts: Vec<&str> = (0..random(count))
                        .map(|_| letters[random(letters.len())])
                        .collect();
                    parts.concat()
                };
                let (action, object) = (word(3), word(6));
                let ask = |rules: &Rules| match rules.find(
                    &["r"],
                    Resource::Applications,
                    &action,
                    &object,
                ) {
                    Finding::Allowed(g) => ("allowed", g.rule.line),
                    Finding::Denied(g) => ("denied", g.rule.line),
                    Finding::Broken(g) => ("broken", g.rule.line),
                    Finding::Silent => ("silent", 0),
                };
                assert_eq!(ask(&plain), ask(&sealed), "{action} {object}\n{csv}");
            }
        }
    }
}
