//! One pattern of a rule, compiled.

use crate::MatchMode;
use gotemplate::regexp::Regexp;
use memchr::memmem::Finder;
use std::fmt;
use value::glob::Glob;

/// Whether a text fits a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    Yes,
    No,
    /// The pattern can't be read, and the mode makes that an error of the whole question.
    Broken,
}

/// A compiled pattern. Most are one of the simple ones.
pub(crate) enum Pattern {
    Any,
    Literal(Box<str>),
    Prefix(Box<str>),
    Suffix(Box<str>),
    Glob(Box<Glob>),
    Contains(Box<Finder<'static>>),
    Regex(Box<Regexp>),
    /// A glob that can't be read fits nothing; a regular expression that can't, denies.
    Bad(MatchMode),
}

impl fmt::Debug for Pattern {
    /// What a pattern came from stands in its rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pattern")
    }
}

impl Pattern {
    /// Compiles a pattern; the error says what is wrong with it, the pattern is then `Bad`.
    pub(crate) fn new(text: &str, mode: MatchMode) -> (Self, Option<String>) {
        let compiled = match mode {
            MatchMode::Glob => glob(text),
            MatchMode::Regex => regex(text),
        };
        match compiled {
            Ok(pattern) => (pattern, None),
            Err(why) => (Self::Bad(mode), Some(why)),
        }
    }

    /// Returns whether a whole text fits.
    pub(crate) fn fits(&self, text: &str) -> Fit {
        let fits = match self {
            Self::Any => true,
            Self::Literal(want) => **want == *text,
            Self::Prefix(want) => text.starts_with(&**want),
            Self::Suffix(want) => text.ends_with(&**want),
            Self::Glob(glob) => glob.matches(text),
            Self::Contains(part) => part.find(text.as_bytes()).is_some(),
            Self::Regex(regex) => regex.is_match(text.as_bytes()),
            Self::Bad(MatchMode::Glob) => false,
            Self::Bad(MatchMode::Regex) => return Fit::Broken,
        };
        if fits { Fit::Yes } else { Fit::No }
    }
}

/// What begins something in a glob.
const META: [char; 6] = ['*', '?', '[', ']', '{', '\\'];

/// Returns the text that everything begins with which fits a glob.
pub(crate) fn glob_prefix(pattern: &str) -> &str {
    &pattern[..pattern.find(META).unwrap_or(pattern.len())]
}

fn glob(text: &str) -> Result<Pattern, String> {
    let prefix = glob_prefix(text);
    let rest = &text[prefix.len()..];
    Ok(match (prefix, rest) {
        (_, "") => Pattern::Literal(text.into()),
        ("", "*" | "**") => Pattern::Any,
        (_, "*" | "**") => Pattern::Prefix(prefix.into()),
        ("", rest) => {
            let rest = rest.strip_prefix('*').unwrap_or_default();
            let is_text = |part: &str| !part.is_empty() && glob_prefix(part) == part;
            match rest.strip_suffix('*') {
                // `*/*` of the built-in roles, and most of what people write.
                Some(part) if is_text(part) => contains(part),
                None if is_text(rest) => Pattern::Suffix(rest.into()),
                _ => compiled(text)?,
            }
        }
        _ => compiled(text)?,
    })
}

/// Returns true for what means itself in a regular expression, wherever it stands.
pub(crate) fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || " /:@-_,\"'#%&=<>~!;".contains(c)
}

/// Returns the text that everything begins with in which a regular expression is found.
pub(crate) fn regex_prefix(pattern: &str) -> &str {
    let Some(rest) = pattern.strip_prefix('^').filter(|r| !r.contains('|')) else {
        return "";
    };
    let end = rest.find(|c| !is_plain(c)).unwrap_or(rest.len());
    let is_repeated = rest[end..].starts_with(['*', '?', '+', '{']);
    match rest[..end].char_indices().next_back() {
        Some((last, _)) if is_repeated => &rest[..last],
        _ => &rest[..end],
    }
}

fn contains(part: &str) -> Pattern {
    Pattern::Contains(Box::new(Finder::new(part).into_owned()))
}

fn compiled(text: &str) -> Result<Pattern, String> {
    match Glob::new(text, &[]) {
        Ok(glob) => Ok(Pattern::Glob(Box::new(glob))),
        Err(e) => Err(e.to_string()),
    }
}

fn regex(text: &str) -> Result<Pattern, String> {
    if text.is_empty() || text == ".*" {
        // `.` is no line feed, but `.*` is found before it.
        return Ok(Pattern::Any);
    }
    if text.chars().all(is_plain) {
        return Ok(contains(text));
    }
    let compiled = Regexp::new(text.as_bytes())?;
    Ok(Pattern::Regex(Box::new(compiled)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(mode: MatchMode, pattern: &str, text: &str) -> Fit {
        Pattern::new(pattern, mode).0.fits(text)
    }

    #[test]
    fn no_slash_stops_a_star() {
        for (pattern, text, want) in [
            ("*", "", true),
            ("*/*", "a/b/c", true),
            ("*/*", "a", false),
            ("a/*", "a/b/c", true),
            ("a/*", "a/", true),
            ("pr?j/web", "pr/j/web", true),
            ("pr?j", "pr/j", true),
            ("delete/*/Pod/*", "delete//Pod/ns/p", true),
            ("{a,b}*", "bc", true),
            ("[!a]b", "ab", false),
            ("a\\*", "a*", true),
            ("[", "[", false),
        ] {
            let want = if want { Fit::Yes } else { Fit::No };
            assert_eq!(
                fits(MatchMode::Glob, pattern, text),
                want,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn what_an_expression_begins_with_is_seen() {
        for (pattern, want) in [
            ("^team-1/.*$", "team-1/"),
            ("^team-1/*", "team-1"),
            ("^team-1/{0}x", "team-1"),
            ("^a/b|c", ""),
            ("team-1/", ""),
            ("^(?i)a/", ""),
            ("^é+", ""),
        ] {
            assert_eq!(regex_prefix(pattern), want, "{pattern}");
        }
    }

    #[test]
    fn expressions_are_found_anywhere() {
        assert_eq!(
            fits(MatchMode::Regex, "applications", "applicationsets"),
            Fit::Yes
        );
        assert_eq!(fits(MatchMode::Regex, "get", "forget"), Fit::Yes);
        assert_eq!(fits(MatchMode::Regex, "^get$", "forget"), Fit::No);
        assert_eq!(fits(MatchMode::Regex, ".*", "a\nb"), Fit::Yes);
        assert_eq!(fits(MatchMode::Regex, "*/*", "a/b"), Fit::Broken);
    }
}
