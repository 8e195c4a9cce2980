//! Between the values of templates and [`value::Value`].

use super::{IntKind, List, ListType, Map, MapType, Value};
use crate::json::NESTING_MAX;
use crate::text::Str;

impl Value {
    /// Returns a tree as Go's JSON decoder gives it to templates: whole numbers of the tree are
    /// `int64` (as `--set` makes them), all others `float64`.
    #[must_use]
    pub fn from_tree(tree: &value::Value) -> Self {
        Self::import(tree, |i| Self::Int(IntKind::Int64, i))
    }

    /// Returns a tree with every number a `float64`, as read from YAML or JSON.
    #[must_use]
    pub fn from_tree_floats(tree: &value::Value) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "it is what Go does")]
        Self::import(tree, |i| Self::Float(i as f64))
    }

    fn import(tree: &value::Value, int: fn(i64) -> Self) -> Self {
        match tree {
            value::Value::Null => Self::Nil,
            value::Value::Bool(b) => Self::Bool(*b),
            value::Value::Int(i) => int(*i),
            #[expect(clippy::cast_precision_loss, reason = "it is what Go does")]
            value::Value::UInt(u) => Self::Float(*u as f64),
            value::Value::Float(f) => Self::Float(*f),
            value::Value::String(s) => Self::str(&**s),
            value::Value::Array(a) => {
                let items = a.iter().map(|v| Self::import(v, int)).collect();
                Self::List(List::new(ListType::ANY, items))
            }
            value::Value::Object(o) => {
                let members = o.iter().map(|(k, v)| (k.as_str(), Self::import(v, int)));
                Self::Map(Map::new(MapType::ANY, members))
            }
        }
    }

    /// Returns the value as a JSON encoder sees it: bytes in base64, times as text, bytes that are
    /// no UTF-8 as U+FFFD.
    ///
    /// # Errors
    /// Fails, in Go's words, for what JSON has no place for: NaN, infinities, complex numbers, and
    /// what nests without end.
    pub fn to_tree(&self) -> Result<value::Value, String> {
        Export::new(false).value(self, 0)
    }

    /// Returns the value as an encoder sees it that knows more than JSON: every `float64` stays
    /// one, also a whole one, and bytes are numbers.
    ///
    /// # Errors
    /// Fails like [`Value::to_tree`].
    pub fn to_plain_tree(&self) -> Result<value::Value, String> {
        Export::new(true).value(self, 0)
    }
}

/// An export under way.
struct Export {
    plain: bool,
    bytes: usize,
}

impl Export {
    const fn new(plain: bool) -> Self {
        Self { plain, bytes: 0 }
    }

    /// Text that is shared here is not shared there.
    fn pay(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > crate::fmt::TEXT_BYTES_MAX {
            return Err("json: the value is too large".to_owned());
        }
        Ok(())
    }

    fn value(&mut self, value: &Value, depth: usize) -> Result<value::Value, String> {
        if depth > NESTING_MAX {
            let name = value.type_name();
            return Err(format!(
                "json: unsupported value: encountered a cycle via {name}"
            ));
        }
        Ok(match value {
            Value::Nil => value::Value::Null,
            Value::Bool(b) => value::Value::Bool(*b),
            #[expect(clippy::cast_sign_loss, reason = "the bits are kept")]
            Value::Int(IntKind::Uint64, i) => value::Value::from(*i as u64),
            Value::Int(_, i) => value::Value::Int(*i),
            Value::Float(f) if self.plain => value::Value::Float(*f),
            Value::Float(f) => number(*f)?,
            Value::Complex(..) => return Err("json: unsupported type: complex128".to_owned()),
            Value::Str(s) => {
                self.pay(s.len())?;
                value::Value::from(&*s.lossy())
            }
            Value::Bytes(b) if self.plain => {
                b.iter().map(|b| value::Value::Int(i64::from(*b))).collect()
            }
            Value::Bytes(b) => value::Value::from(crate::encoding::base64(b)),
            // Encoders that know more than JSON write an empty list or map.
            Value::List(l) if l.is_nil() && !self.plain => value::Value::Null,
            Value::List(l) => l.with(|items| {
                let items: Result<Vec<_>, _> =
                    items.iter().map(|v| self.value(v, depth + 1)).collect();
                items.map(value::Value::Array)
            })?,
            Value::Map(m) if m.is_nil() && !self.plain => value::Value::Null,
            Value::Map(m) => m.with(|members| {
                let mut object = value::Object::with_capacity(members.len());
                for (k, v) in members {
                    object.insert(key(k), self.value(v, depth + 1)?);
                }
                Ok::<_, String>(value::Value::Object(object))
            })?,
            Value::Object(o) => match o.json() {
                Some(json) => self.value(&json, depth + 1)?,
                None => value::Value::object(),
            },
        })
    }
}

fn key(key: &Str) -> value::Key {
    value::Key::new(&key.lossy())
}

/// Returns a number as it stands after a way through JSON text: whole ones lose their point.
fn number(f: f64) -> Result<value::Value, String> {
    if !f.is_finite() {
        let text = crate::fmt::float_text(f, 'g', -1);
        return Err(format!("json: unsupported value: {text}"));
    }
    if f.fract() == 0.0 && f.abs() < 1e21 {
        let text = value::format_float(f);
        if let Ok(i) = text.parse::<i64>() {
            return Ok(value::Value::Int(i));
        }
        if let Ok(u) = text.parse::<u64>() {
            return Ok(value::Value::UInt(u));
        }
    }
    Ok(value::Value::Float(f))
}
