//! Versions and constraints on them, as the `Masterminds/semver` library reads them.

mod constraint;

pub use constraint::Constraint;

use crate::error::Error;
use crate::exec::Exec;
use crate::value::{IntKind, Kind, Method, Object, Type, Value};
use regex::Regex;
use std::any::Any;
use std::cmp::Ordering;
use std::fmt;
use std::rc::Rc;
use std::sync::LazyLock;

/// Longest version that is read.
const VERSION_BYTES_MAX: usize = 256;

/// What may follow the numbers of a version: a pre-release and metadata.
const TAIL: &str =
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?";

static VERSION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(
        r"^v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?{TAIL}$"
    ))
    .expect("the pattern is a constant")
});

/// A version: up to three numbers, a pre-release, and metadata that doesn't count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The first number.
    pub major: u64,
    /// The second number.
    pub minor: u64,
    /// The third number.
    pub patch: u64,
    /// What stands after `-`.
    pub pre: String,
    /// What stands after `+`.
    pub metadata: String,
    /// The text it was read from.
    pub original: String,
}

impl Version {
    /// Reads a version; a `v` in front is fine, and missing numbers are 0.
    ///
    /// # Errors
    /// Fails with the text of the reference.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > VERSION_BYTES_MAX {
            return Err(format!(
                "version string is too long (max {VERSION_BYTES_MAX} bytes)"
            ));
        }
        let parts = VERSION.captures(text).ok_or("invalid semantic version")?;
        let part = |i: usize| parts.get(i).map_or("", |m| m.as_str());
        let number = |i: usize| {
            match part(i) {
            "" => Ok(0),
            digits => digits.parse::<u64>().map_err(|_| {
                let digits = crate::strconv::quote(digits.as_bytes());
                format!(
                    "error parsing version segment: strconv.ParseUint: parsing {digits}: value out of range"
                )
            }),
        }
        };
        let version = Self {
            major: number(1)?,
            minor: number(2)?,
            patch: number(3)?,
            pre: part(4).to_owned(),
            metadata: part(5).to_owned(),
            original: text.to_owned(),
        };
        for identifier in version.pre.split('.') {
            let is_number = identifier.bytes().all(|b| b.is_ascii_digit());
            if is_number && identifier.len() > 1 && identifier.starts_with('0') {
                return Err("version segment starts with 0".to_owned());
            }
        }
        Ok(version)
    }

    /// Compares; metadata doesn't count.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        (self.major, self.minor, self.patch)
            .cmp(&(other.major, other.minor, other.patch))
            .then_with(|| compare_pre(&self.pre, &other.pre))
    }
}

/// Compares pre-releases; none is above any.
fn compare_pre(a: &str, b: &str) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => compare_identifiers(a, b),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Numbers are below words.
fn compare_identifiers(a: &str, b: &str) -> Ordering {
    let number = |s: &str| {
        s.parse::<u64>()
            .ok()
            .filter(|_| s.bytes().all(|b| b.is_ascii_digit()))
    };
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.pre.is_empty() {
            write!(f, "-{}", self.pre)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

/// What `semver` returns: a pointer to a version.
const POINTER: &str = "*semver.Version";
/// What its `Inc` methods return.
const PLAIN: &str = "semver.Version";

struct VersionObject {
    version: Version,
    type_name: &'static str,
}

impl Version {
    /// Returns the version as templates see it.
    #[must_use]
    pub fn into_value(self) -> Value {
        object(self, POINTER)
    }
}

fn object(version: Version, type_name: &'static str) -> Value {
    Value::Object(Rc::new(VersionObject { version, type_name }))
}

impl Object for VersionObject {
    fn type_name(&self) -> &'static str {
        self.type_name
    }

    fn kind(&self) -> Kind {
        if self.type_name == POINTER {
            Kind::Ptr
        } else {
            Kind::Struct
        }
    }

    fn method(&self, name: &str) -> Option<&'static Method> {
        METHODS.iter().find(|m| m.name == name)
    }

    fn text(&self) -> String {
        self.version.to_string()
    }

    fn is_stringer(&self) -> bool {
        true
    }

    fn deep_copy(&self) -> Option<Value> {
        // What a version knows is hidden from those who copy.
        let zero = Version {
            major: 0,
            minor: 0,
            patch: 0,
            pre: String::new(),
            metadata: String::new(),
            original: String::new(),
        };
        Some(object(zero, self.type_name))
    }

    fn json(&self) -> Option<Value> {
        Some(self.version.to_string().into())
    }

    fn equals(&self, other: &dyn Object) -> bool {
        let other = other.as_any().downcast_ref::<Self>();
        other.is_some_and(|o| o.version == self.version && o.type_name == self.type_name)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn of(value: &Value) -> Option<&Version> {
    match value {
        Value::Object(o) => o
            .as_any()
            .downcast_ref::<VersionObject>()
            .map(|o| &o.version),
        _ => None,
    }
}

type Called = Result<Value, Error>;
type Body = fn(&mut Exec<'_, '_>, &Value, &[Value]) -> Called;

const fn method(name: &'static str, parameters: &'static [Type], call: Body) -> Method {
    Method {
        name,
        parameters,
        call,
    }
}

const OTHER: Type = Type::Object(POINTER, Kind::Ptr);

fn me(receiver: &Value) -> Result<&Version, Error> {
    of(receiver).ok_or_else(|| {
        Error::new("runtime error: invalid memory address or nil pointer dereference")
    })
}

#[expect(clippy::cast_possible_wrap, reason = "the bits are kept")]
const fn uint(n: u64) -> Value {
    Value::Int(IntKind::Uint64, n as i64)
}

fn increased(receiver: &Value, change: fn(&mut Version) -> Option<u64>) -> Called {
    let mut version = me(receiver)?.clone();
    change(&mut version).ok_or("version increment would overflow uint64")?;
    version.pre.clear();
    version.metadata.clear();
    let prefix = if version.original.starts_with('v') {
        "v"
    } else {
        ""
    };
    version.original = format!("{prefix}{version}");
    Ok(object(version, PLAIN))
}

static METHODS: &[Method] = &[
    method("Major", &[], |_, r, _| Ok(uint(me(r)?.major))),
    method("Minor", &[], |_, r, _| Ok(uint(me(r)?.minor))),
    method("Patch", &[], |_, r, _| Ok(uint(me(r)?.patch))),
    method("Prerelease", &[], |_, r, _| Ok(me(r)?.pre.as_str().into())),
    method("Metadata", &[], |_, r, _| {
        Ok(me(r)?.metadata.as_str().into())
    }),
    method("Original", &[], |_, r, _| {
        Ok(me(r)?.original.as_str().into())
    }),
    method("String", &[], |_, r, _| Ok(me(r)?.to_string().into())),
    method("Compare", &[OTHER], |_, r, a| {
        Ok(Value::int(me(r)?.compare(me(&a[0])?) as i64))
    }),
    method("Equal", &[OTHER], |_, r, a| {
        Ok(me(r)?.compare(me(&a[0])?).is_eq().into())
    }),
    method("LessThan", &[OTHER], |_, r, a| {
        Ok(me(r)?.compare(me(&a[0])?).is_lt().into())
    }),
    method("LessThanEqual", &[OTHER], |_, r, a| {
        Ok(me(r)?.compare(me(&a[0])?).is_le().into())
    }),
    method("GreaterThan", &[OTHER], |_, r, a| {
        Ok(me(r)?.compare(me(&a[0])?).is_gt().into())
    }),
    method("GreaterThanEqual", &[OTHER], |_, r, a| {
        Ok(me(r)?.compare(me(&a[0])?).is_ge().into())
    }),
    method("IncMajor", &[], |_, r, _| {
        increased(r, |v| {
            (v.minor, v.patch) = (0, 0);
            v.major = v.major.checked_add(1)?;
            Some(v.major)
        })
    }),
    method("IncMinor", &[], |_, r, _| {
        increased(r, |v| {
            v.patch = 0;
            v.minor = v.minor.checked_add(1)?;
            Some(v.minor)
        })
    }),
    method("IncPatch", &[], |_, r, _| {
        increased(r, |v| {
            if v.pre.is_empty() {
                v.patch = v.patch.checked_add(1)?;
            }
            Some(v.patch)
        })
    }),
    method("SetPrerelease", &[Type::String], |_, r, a| {
        set(r, &a[0], true)
    }),
    method("SetMetadata", &[Type::String], |_, r, a| {
        set(r, &a[0], false)
    }),
];

fn set(receiver: &Value, to: &Value, pre: bool) -> Called {
    let mut version = me(receiver)?.clone();
    let text = to.as_str().map(ToString::to_string).unwrap_or_default();
    let (sign, what) = if pre {
        ('-', "prerelease")
    } else {
        ('+', "metadata")
    };
    if !text.is_empty() {
        Version::parse(&format!("0.0.0{sign}{text}")).map_err(|e| {
            if e == "invalid semantic version" {
                format!("invalid {what} string")
            } else {
                e
            }
        })?;
    }
    let prefix = if version.original.starts_with('v') {
        "v"
    } else {
        ""
    };
    if pre {
        version.pre = text;
    } else {
        version.metadata = text;
    }
    version.original = format!("{prefix}{version}");
    Ok(object(version, PLAIN))
}
