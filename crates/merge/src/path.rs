//! Steps from an object to its parts, and how they are written for people.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use value::{Key, Value};

/// One step of a path.
///
/// In order: fields, keys, values, indices; keys field by field; values as
/// [`Value::total_cmp`].
#[derive(Clone, Debug)]
pub enum PathElement {
    /// The member of a map.
    Field(Key),
    /// The item of an associative list whose key fields have these values; sorted by name.
    Key(Box<[(Key, Value)]>),
    /// The item of a set.
    Value(Value),
    /// The item of a list by position.
    Index(i64),
}

impl PathElement {
    /// Returns the step to the member `name`.
    #[must_use]
    pub fn field(name: &str) -> Self {
        Self::Field(Key::new(name))
    }

    /// Returns the step to the list item with these key values, given in any order.
    pub fn key<K: Into<Key>, V: Into<Value>>(fields: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut fields: Vec<_> = fields
            .into_iter()
            .map(|(k, v)| (k.into(), v.into()))
            .collect();
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        Self::Key(fields.into())
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Field(_) => 0,
            Self::Key(_) => 1,
            Self::Value(_) => 2,
            Self::Index(_) => 3,
        }
    }
}

impl Ord for PathElement {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => a.cmp(b),
            (Self::Key(a), Self::Key(b)) => {
                let (a, b) = (a.iter(), b.iter());
                compare_keys(a.map(|(k, v)| (k, v)), b.map(|(k, v)| (k, v)))
            }
            (Self::Value(a), Self::Value(b)) => a.total_cmp(b),
            (Self::Index(a), Self::Index(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// Compares the key fields of two list items; fewer fields that begin alike come first.
pub(crate) fn compare_keys<'a, 'b>(
    mut a: impl Iterator<Item = (&'a Key, &'a Value)>,
    mut b: impl Iterator<Item = (&'b Key, &'b Value)>,
) -> Ordering {
    loop {
        match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some((ka, va)), Some((kb, vb))) => {
                let order = ka.cmp(kb).then_with(|| va.total_cmp(vb));
                if order.is_ne() {
                    return order;
                }
            }
        }
    }
}

impl PartialOrd for PathElement {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for PathElement {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for PathElement {}

impl fmt::Display for PathElement {
    /// Writes `.name`, `[name="a",port=80]`, `[="value"]` or `[3]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(fields) => {
                f.write_str("[")?;
                for (i, (name, value)) in fields.iter().enumerate() {
                    let comma = if i == 0 { "" } else { "," };
                    write!(f, "{comma}{name}={}", display_value(value))?;
                }
                f.write_str("]")
            }
            Self::Value(value) => write!(f, "[={}]", display_value(value)),
            Self::Index(i) => write!(f, "[{i}]"),
        }
    }
}

/// Writes a value as the API server prints it in paths.
fn display_value(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(s) => Cow::Owned(quote(s)),
        Value::Null => Cow::Borrowed("null"),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(display_value).collect();
            Cow::Owned(format!("[{}]", items.join(",")))
        }
        Value::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(k, v)| format!("{k}={}", display_value(v)))
                .collect();
            Cow::Owned(format!("{{{}}}", members.join(";")))
        }
        other => Cow::Owned(other.to_json()),
    }
}

/// Quotes a string as Go's `%q` does.
fn quote(s: &str) -> String {
    let mut out = String::with_capacity(s.len() + 2);
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\u{b}' => out.push_str("\\v"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                out.push_str(&format!("\\x{:02x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A sequence of steps, written for people: `.spec.containers[name="web"].image`.
#[derive(Clone, Copy, Debug)]
pub struct DisplayPath<'a>(pub &'a [PathElement]);

impl fmt::Display for DisplayPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|element| element.fmt(f))
    }
}
