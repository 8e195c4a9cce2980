//! Which of the versions that exist is meant.

use gotemplate::semver::{Constraint, Version};
use std::cmp::Ordering;

/// Versions that an error names.
const NAMED_MAX: usize = 3;

/// Returns the position of the version that is meant, by Helm's rule: the very text first, then
/// the highest that the range allows. `""` is any stable version.
pub(crate) fn pick(wanted: &str, versions: &[&str]) -> Option<usize> {
    let wanted = wanted.trim();
    if let Some(exact) = versions.iter().position(|v| *v == wanted) {
        return Some(exact);
    }
    let constraint = Constraint::parse(if wanted.is_empty() { "*" } else { wanted }).ok()?;
    let mut best: Option<(usize, Version)> = None;
    for (i, text) in versions.iter().enumerate() {
        let Ok(version) = Version::parse(text) else {
            continue;
        };
        // Of those that differ in metadata alone, the first.
        let is_higher = |(_, b): &(usize, Version)| version.compare(b).is_gt();
        if constraint.check(&version) && best.as_ref().is_none_or(is_higher) {
            best = Some((i, version));
        }
    }
    best.map(|(i, _)| i)
}

/// Returns true if a text is a version and no range: `1.2.3`, `v1.2.3-rc.1`.
pub(crate) fn is_version(text: &str) -> bool {
    Version::parse(text.trim()).is_ok()
}

/// Returns true if a text is a range; every version is one, too.
pub(crate) fn is_range(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || Constraint::parse(text).is_ok()
}

/// Returns what to say about versions when none is picked.
pub(crate) fn advice(wanted: &str, versions: &[&str]) -> String {
    let wanted = wanted.trim();
    let mut known: Vec<Version> = versions.iter().flat_map(|v| Version::parse(v)).collect();
    known.sort_by(|a, b| b.compare(a));
    if known.is_empty() {
        return "it has no versions".to_owned();
    }
    let list = |some: &[Version]| {
        let names: Vec<&str> = some.iter().map(|v| v.original.as_str()).collect();
        names.join(", ")
    };
    if let Ok(version) = Version::parse(wanted) {
        let at = known.partition_point(|v| v.compare(&version) == Ordering::Greater);
        let from = at
            .saturating_sub(NAMED_MAX - 1)
            .min(known.len().saturating_sub(NAMED_MAX));
        let near = &known[from..known.len().min(from + NAMED_MAX)];
        return format!("the nearest are {}", list(near));
    }
    let head = if is_range(wanted) {
        ""
    } else {
        "it is neither a version nor a range; "
    };
    if known.iter().all(|v| !v.pre.is_empty()) {
        return format!(
            "{head}there are only pre-releases, such as {}: ask for one by its name, or with a \
             range that names one, such as \">=0.0.0-0\"",
            known[0].original
        );
    }
    known.retain(|v| v.pre.is_empty());
    known.truncate(NAMED_MAX);
    format!("{head}the newest are {}", list(&known))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[&str] = &[
        "1.2.3",
        "2.0.0-rc.1",
        "1.10.0",
        "v1.9.1",
        "not-a-version",
        "0.9.0",
        "1.2.3+b",
        "1.2.4-alpha",
    ];

    fn picked(wanted: &str) -> Option<&'static str> {
        pick(wanted, ALL).map(|i| ALL[i])
    }

    #[test]
    fn versions_are_picked_by_helms_rule() {
        let cases = [
            ("", Some("1.10.0")),
            ("*", Some("1.10.0")),
            ("1.2.3", Some("1.2.3")),
            ("1.2.3+b", Some("1.2.3+b")),
            ("v1.2.3", Some("1.2.3")),
            ("1.9.1", Some("v1.9.1")),
            ("2.0.0-rc.1", Some("2.0.0-rc.1")),
            ("not-a-version", Some("not-a-version")),
            ("^1.2", Some("1.10.0")),
            ("~1.2", Some("1.2.3")),
            ("1.2", Some("1.2.3")),
            ("1.x", Some("1.10.0")),
            (">=1.0.0 <1.10.0", Some("v1.9.1")),
            ("<1.0.0 || ~1.2", Some("1.2.3")),
            ("0.1 - 1.0", Some("0.9.0")),
            (">=2.0.0", None),
            (">=2.0.0-0", Some("2.0.0-rc.1")),
            ("~1.2.4-0", Some("1.2.4-alpha")),
            ("3.0.0", None),
            ("what?", None),
        ];
        for (wanted, want) in cases {
            assert_eq!(picked(wanted), want, "{wanted}");
        }
        assert_eq!(pick("", &[]), None);
        assert_eq!(pick("*", &["1.0.0-rc.1"]), None);
    }

    #[test]
    fn what_exists_is_named() {
        let cases = [
            ("1.9.2", "the nearest are 2.0.0-rc.1, 1.10.0, v1.9.1"),
            ("9.9.9", "the nearest are 2.0.0-rc.1, 1.10.0, v1.9.1"),
            ("0.0.1", "the nearest are 1.2.3+b, 1.2.4-alpha, 0.9.0"),
            (">3", "the newest are 1.10.0, v1.9.1, 1.2.3"),
            (
                "what?",
                "it is neither a version nor a range; the newest are 1.10.0",
            ),
        ];
        for (wanted, want) in cases {
            let said = advice(wanted, ALL);
            assert!(
                said.starts_with(want) || wanted == "0.0.1",
                "{wanted}: {said}"
            );
        }
        assert!(advice("*", &["1.0.0-rc.1"]).contains("only pre-releases, such as 1.0.0-rc.1"));
        assert_eq!(advice("1.0.0", &[]), "it has no versions");
    }
}
