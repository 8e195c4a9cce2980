//! Patterns, as Argo CD reads them, and repository addresses that mean the same.

use gotemplate::regexp::Regexp;
use value::glob::Glob;

/// Returns true if a text fits a pattern. What can't be read as one fits nothing.
pub(crate) fn fits(pattern: &str, text: &str, separators: &[char]) -> bool {
    pattern == "*" || Glob::new(pattern, separators).is_ok_and(|glob| glob.matches(text))
}

/// The same, where `!` turns the pattern round.
pub(crate) fn fits_or_not(pattern: &str, text: &str, separators: &[char]) -> bool {
    match pattern.strip_prefix('!') {
        Some(denied) => !Glob::new(denied, separators).is_ok_and(|glob| glob.matches(text)),
        None => fits(pattern, text, separators),
    }
}

pub(crate) fn is_denial(pattern: &str) -> bool {
    pattern.starts_with('!')
}

/// Returns true if a name fits one of the patterns; `/these/` are regular expressions.
pub(crate) fn fits_any(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| {
        let inner = pattern.strip_prefix('/').and_then(|p| p.strip_suffix('/'));
        let regexp = inner.and_then(|inner| Regexp::new(inner.as_bytes()).ok());
        regexp.is_some_and(|regexp| regexp.is_match(name.as_bytes())) || fits(pattern, name, &[])
    })
}

/// Returns a repository's address in the one form that those which mean the same share: small
/// letters, no `.git`, no `ssh://`, `git@host:path` with a slash.
#[must_use]
pub fn normalize_git_url(url: &str) -> String {
    let mut url = url.trim().to_lowercase();
    if is_ssh(&url) && !url.starts_with("ssh://") {
        url = url.replacen(':', "/", 1);
    }
    let url = url.strip_suffix(".git").unwrap_or(&url);
    url.strip_prefix("ssh://").unwrap_or(url).to_owned()
}

/// `user@host:path`, with or without `ssh://`.
fn is_ssh(url: &str) -> bool {
    let rest = url.strip_prefix("ssh://").unwrap_or(url);
    match rest.split_once('@') {
        Some((user, host)) => !user.contains(['/', ':']) && !host.is_empty() && !host.contains('@'),
        None => false,
    }
}
