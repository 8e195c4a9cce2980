//! Constraints: `>=1.2, <2`, `~1.2`, `^0.3 || 1.x`, `1.0 - 2.0`.

use super::{TAIL, Version, compare_pre};
use crate::strconv::quote;
use regex::{Captures, Regex};
use std::cmp::Ordering;
use std::sync::LazyLock;

/// Longest constraint that is read, and most alternatives in it.
const CONSTRAINT_BYTES_MAX: usize = 512;
const ALTERNATIVES_MAX: usize = 32;

const OPERATORS: &str = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";
/// A part of a version in a constraint: a number or a wildcard.
const PART: &str = r"[0-9|xX*]+";
const SPACE: &str = r"[\t\n\f\r ]";

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a constant")
}

fn version_pattern() -> String {
    format!(r"v?({PART})(\.{PART})?(\.{PART})?{TAIL}")
}

/// [`version_pattern`] without groups.
fn plain_version() -> String {
    let tail = TAIL.replace("(?:", "(").replace('(', "(?:");
    format!(r"v?{PART}(?:\.{PART})?(?:\.{PART})?{tail}")
}

static ONE: LazyLock<Regex> = LazyLock::new(|| {
    let version = version_pattern();
    regex(&format!(
        "^{SPACE}*({OPERATORS}){SPACE}*({version}){SPACE}*$"
    ))
});
static FIND: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!("(?:{OPERATORS}){SPACE}*(?:{})", plain_version())));
static RANGE: LazyLock<Regex> = LazyLock::new(|| {
    let version = plain_version();
    regex(&format!(
        "{SPACE}*({version}){SPACE}+-{SPACE}+({version}){SPACE}*"
    ))
});
static VALID: LazyLock<Regex> = LazyLock::new(|| {
    let one = format!("(?:{OPERATORS}){SPACE}*(?:{}){SPACE}*", plain_version());
    regex(&format!(
        "^(?:{SPACE}*{one})(?:(?:{SPACE}+|,{SPACE}*){one})*$"
    ))
});

/// A constraint on versions.
#[derive(Clone, Debug)]
pub struct Constraint {
    alternatives: Vec<Alternative>,
}

#[derive(Clone, Debug)]
struct Alternative {
    conditions: Vec<Condition>,
    has_pre: bool,
}

/// Which of the numbers were left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Nothing,
    Patch,
    Minor,
    All,
}

#[derive(Clone, Debug)]
struct Condition {
    operator: String,
    version: Version,
    open: Open,
}

impl Constraint {
    /// Reads a constraint.
    ///
    /// # Errors
    /// Fails with the text of the reference.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > CONSTRAINT_BYTES_MAX {
            return Err(format!(
                "constraint string is too long (max {CONSTRAINT_BYTES_MAX} bytes)"
            ));
        }
        let text = RANGE.replace_all(text, |c: &Captures<'_>| {
            format!(">= {}, <= {} ", &c[1], &c[2])
        });
        let parts: Vec<&str> = text.split("||").collect();
        if parts.len() > ALTERNATIVES_MAX {
            return Err(format!(
                "too many constraint groups (max {ALTERNATIVES_MAX})"
            ));
        }
        let mut alternatives = Vec::with_capacity(parts.len());
        for part in parts {
            if !VALID.is_match(part) {
                return Err(improper(part));
            }
            let conditions: Result<Vec<_>, _> = FIND
                .find_iter(part)
                .map(|m| Condition::parse(m.as_str()))
                .collect();
            let conditions = conditions?;
            let has_pre = conditions.iter().any(|c| !c.version.pre.is_empty());
            alternatives.push(Alternative {
                conditions,
                has_pre,
            });
        }
        Ok(Self { alternatives })
    }

    /// Returns true if a version meets the constraint. Pre-releases do only where the constraint
    /// names one.
    #[must_use]
    pub fn check(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|alternative| {
            (version.pre.is_empty() || alternative.has_pre)
                && alternative.conditions.iter().all(|c| c.check(version))
        })
    }
}

fn improper(text: &str) -> String {
    format!("improper constraint: {}", quote(text.as_bytes()))
}

impl Condition {
    fn parse(text: &str) -> Result<Self, String> {
        let parts = ONE.captures(text).ok_or_else(|| improper(text))?;
        let part = |i: usize| parts.get(i).map_or("", |m| m.as_str());
        let is_open = |s: &str| matches!(s.trim_start_matches('.'), "" | "x" | "X" | "*");
        let pre = match part(6) {
            "" => String::new(),
            pre => format!("-{pre}"),
        };
        let (version, open) = if is_open(part(3)) {
            (format!("0.0.0{pre}"), Open::All)
        } else if is_open(part(4)) {
            (format!("{}.0.0{pre}", part(3)), Open::Minor)
        } else if is_open(part(5)) {
            (format!("{}{}.0{pre}", part(3), part(4)), Open::Patch)
        } else {
            (part(2).to_owned(), Open::Nothing)
        };
        let version = Version::parse(&version).map_err(|_| "constraint parser error")?;
        Ok(Self {
            operator: part(1).to_owned(),
            version,
            open,
        })
    }

    fn check(&self, v: &Version) -> bool {
        let c = &self.version;
        let order = v.compare(c);
        let open = self.open;
        match self.operator.as_str() {
            "!=" => self.differs(v),
            ">" => match open {
                Open::Nothing => order.is_gt(),
                _ if v.major != c.major => v.major > c.major,
                Open::Minor => false,
                Open::Patch => v.minor > c.minor,
                Open::All => order.is_gt(),
            },
            "<" => order.is_lt(),
            ">=" | "=>" => order.is_ge(),
            "<=" | "=<" => match open {
                Open::Nothing => order.is_le(),
                _ => {
                    v.major < c.major
                        || (v.major == c.major && (v.minor <= c.minor || open == Open::Minor))
                }
            },
            "~" | "~>" => self.tilde(v),
            "^" => self.caret(v),
            _ if open == Open::Nothing => order.is_eq(),
            _ => self.tilde(v),
        }
    }

    fn differs(&self, v: &Version) -> bool {
        let c = &self.version;
        match self.open {
            Open::Nothing => v.compare(c).is_ne(),
            _ if v.major != c.major => true,
            Open::Minor => false,
            _ if v.minor != c.minor => true,
            Open::Patch => {
                !(v.pre.is_empty() && c.pre.is_empty())
                    && compare_pre(&v.pre, &c.pre) != Ordering::Equal
            }
            Open::All => v.compare(c).is_ne(),
        }
    }

    fn tilde(&self, v: &Version) -> bool {
        let c = &self.version;
        if v.compare(c).is_lt() {
            return false;
        }
        let is_zero = c.major == 0 && c.minor == 0 && c.patch == 0;
        if is_zero && !matches!(self.open, Open::Minor | Open::Patch) {
            return true;
        }
        v.major == c.major && (v.minor == c.minor || self.open == Open::Minor)
    }

    fn caret(&self, v: &Version) -> bool {
        let c = &self.version;
        if v.compare(c).is_lt() {
            return false;
        }
        if c.major > 0 || self.open == Open::Minor {
            return v.major == c.major;
        }
        if v.major > 0 {
            return false;
        }
        if c.minor > 0 || self.open == Open::Patch {
            return v.minor == c.minor;
        }
        v.minor == 0 && v.patch == c.patch
    }
}
