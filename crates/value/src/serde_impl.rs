//! Reading and writing JSON, and the bridge to `serde`.

use crate::{Key, Object, Value, format_float};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// Nesting that a parser accepts; `serde_json` itself stops at 128.
const DEPTH_MAX: usize = 120;

/// Input that isn't JSON. The message gives line and column.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(#[from] serde_json::Error);

impl ParseError {
    /// Returns the line, from 1; 0 if it isn't known.
    #[must_use]
    pub fn line(&self) -> usize {
        self.0.line()
    }
}

impl Value {
    /// Reads one JSON document. Of two members with one name the later wins, as in Go.
    ///
    /// # Errors
    /// Fails if `json` is not exactly one document or nests deeper than 120 levels.
    pub fn parse(json: &[u8]) -> Result<Self, ParseError> {
        Ok(serde_json::from_slice(json)?)
    }

    /// Returns the compact JSON text: members in order of their names, floats as Go prints them.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(256);
        write_json(self, &mut out);
        out
    }

    /// Returns the compact JSON text as bytes.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        self.to_json().into_bytes()
    }

    /// Reads a typed structure from this value.
    ///
    /// # Errors
    /// Fails if the value doesn't have the shape of `T`; the message names the field.
    pub fn to_typed<T: serde::de::DeserializeOwned>(&self) -> Result<T, ParseError> {
        Ok(serde_json::from_str(&self.to_json())?)
    }

    /// Returns a typed structure as a value.
    ///
    /// # Errors
    /// Fails if `T` has map keys that aren't strings.
    pub fn from_typed<T: Serialize + ?Sized>(typed: &T) -> Result<Self, ParseError> {
        Self::parse(&serde_json::to_vec(typed)?)
    }
}

fn write_json(v: &Value, out: &mut String) {
    use std::fmt::Write as _;
    match v {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Int(i) => {
            let _ = write!(out, "{i}");
        }
        Value::UInt(u) => {
            let _ = write!(out, "{u}");
        }
        Value::Float(f) => out.push_str(&format_float(*f)),
        Value::String(s) => write_string(s, out),
        Value::Array(a) => {
            out.push('[');
            for (i, v) in a.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_json(v, out);
            }
            out.push(']');
        }
        Value::Object(o) => {
            out.push('{');
            for (i, (k, v)) in o.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_string(k, out);
                out.push(':');
                write_json(v, out);
            }
            out.push('}');
        }
    }
}

fn write_string(s: &str, out: &mut String) {
    use std::fmt::Write as _;
    out.push('"');
    let mut clean_from = 0;
    for (i, b) in s.bytes().enumerate() {
        if b >= 0x20 && b != b'"' && b != b'\\' {
            continue;
        }
        out.push_str(&s[clean_from..i]);
        clean_from = i + 1;
        match b {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b => {
                let _ = write!(out, "\\u{b:04x}");
            }
        }
    }
    out.push_str(&s[clean_from..]);
    out.push('"');
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => s.serialize_unit(),
            Self::Bool(b) => s.serialize_bool(*b),
            Self::Int(i) => s.serialize_i64(*i),
            Self::UInt(u) => s.serialize_u64(*u),
            Self::Float(f) => match self.as_i64() {
                Some(whole) => s.serialize_i64(whole),
                None => s.serialize_f64(*f),
            },
            Self::String(t) => s.serialize_str(t),
            Self::Array(a) => {
                let mut seq = s.serialize_seq(Some(a.len()))?;
                for v in a {
                    seq.serialize_element(v)?;
                }
                seq.end()
            }
            Self::Object(o) => o.serialize(s),
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(Some(self.len()))?;
        for (k, v) in self.iter() {
            map.serialize_entry(k.as_str(), v)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        ValueSeed { depth: 0 }.deserialize(d)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        match Value::deserialize(d)? {
            Value::Object(o) => Ok(o),
            Value::Null => Ok(Self::new()),
            other => Err(D::Error::custom(format_args!(
                "expected an object, got {other}"
            ))),
        }
    }
}

#[derive(Clone, Copy)]
struct ValueSeed {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        d.deserialize_any(self)
    }
    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }
    fn visit_i64<E>(self, i: i64) -> Result<Value, E> {
        Ok(Value::Int(i))
    }
    fn visit_u64<E>(self, u: u64) -> Result<Value, E> {
        Ok(Value::from(u))
    }
    fn visit_f64<E>(self, f: f64) -> Result<Value, E> {
        Ok(Value::from(f))
    }
    fn visit_str<E>(self, s: &str) -> Result<Value, E> {
        Ok(Value::from(s))
    }
    fn visit_string<E>(self, s: String) -> Result<Value, E> {
        Ok(Value::from(s))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let seed = self.deeper::<A::Error>()?;
        let mut array = Vec::new();
        while let Some(v) = seq.next_element_seed(seed)? {
            array.push(v);
        }
        array.shrink_to_fit();
        Ok(Value::Array(array))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let seed = self.deeper::<A::Error>()?;
        let mut object = Object::new();
        while let Some(key) = map.next_key_seed(KeySeed)? {
            let value = map.next_value_seed(seed)?;
            object.insert(key, value);
        }
        object.shrink_to_fit();
        Ok(Value::Object(object))
    }
}

impl ValueSeed {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= DEPTH_MAX {
            return Err(E::custom(format_args!(
                "nested deeper than {DEPTH_MAX} levels"
            )));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Key, D::Error> {
        d.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Key;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }
    fn visit_str<E>(self, s: &str) -> Result<Key, E> {
        Ok(Key::new(s))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Value, json};

    #[test]
    fn json_round_trips_with_all_64_bits() {
        let text = r#"{"a":9007199254740993,"b":18446744073709551615,"c":[1.5,-1,null,true,"x\ny\u0001"],"d":{}}"#;
        let v = Value::parse(text.as_bytes()).unwrap();
        assert_eq!(v.to_json(), text);
        assert_eq!(serde_json::to_string(&v).unwrap(), text);
        assert_eq!(v.get("b"), Some(&Value::UInt(u64::MAX)));
    }

    #[test]
    fn members_are_sorted_and_the_last_of_two_wins() {
        let v = Value::parse(br#"{"b":1,"a":2,"b":3}"#).unwrap();
        assert_eq!(v.to_json(), r#"{"a":2,"b":3}"#);
    }

    #[test]
    fn deep_nesting_is_refused() {
        let text = "[".repeat(1000) + &"]".repeat(1000);
        assert!(Value::parse(text.as_bytes()).is_err());
    }

    #[test]
    fn numbers_compare_by_value_only_when_asked() {
        assert_ne!(json!(1), json!(1.0));
        assert!(json!({"a": [1]}).equivalent(&json!({"a": [1.0]})));
        assert_eq!(json!(1.0).to_json(), "1");
    }
}
