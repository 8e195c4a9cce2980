//! TOML, in the style of the `BurntSushi` library.

mod read;

pub(crate) use read::read;

use crate::fmt::float_text;
use crate::json::NESTING_MAX;
use crate::text;
use crate::value::{IntKind, Value};

/// Writes a value.
pub(crate) fn write(value: &Value) -> Result<Vec<u8>, String> {
    let mut writer = Writer { out: Vec::new() };
    writer.node(&[], value)?;
    Ok(writer.out)
}

/// What a value becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Plain,
    Table,
    TableArray,
}

fn shape(value: &Value) -> Result<Shape, String> {
    Ok(match value {
        Value::Map(_) => Shape::Table,
        Value::List(list) if !list.is_empty() => list.with(|items| {
            let mut all_tables = true;
            for item in items {
                if item.is_nil() {
                    return Err("toml: cannot encode array with nil element".to_owned());
                }
                all_tables &= matches!(item, Value::Map(_));
            }
            Ok(if all_tables {
                Shape::TableArray
            } else {
                Shape::Plain
            })
        })?,
        _ => Shape::Plain,
    })
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::List(l) => l.is_nil(),
        Value::Map(m) => m.is_nil(),
        _ => false,
    }
}

struct Writer {
    out: Vec<u8>,
}

impl Writer {
    fn put(&mut self, text: impl AsRef<[u8]>) {
        self.out.extend_from_slice(text.as_ref());
    }

    fn line(&mut self) {
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
    }

    fn indent(&mut self, keys: usize) {
        self.out
            .resize(self.out.len() + 2 * keys.saturating_sub(1), b' ');
    }

    fn node(&mut self, path: &[&[u8]], value: &Value) -> Result<(), String> {
        if path.len() > NESTING_MAX {
            return Err("toml: values are nested too deep".to_owned());
        }
        match shape(value)? {
            Shape::Plain => self.member(path, value),
            Shape::TableArray => self.tables(path, value),
            Shape::Table => {
                if is_nil(value) {
                    return Ok(());
                }
                if path.len() == 1 {
                    self.line();
                }
                if !path.is_empty() {
                    self.header(path, "[", "]");
                    self.line();
                }
                self.members(path, value)
            }
        }
    }

    fn header(&mut self, path: &[&[u8]], open: &str, close: &str) {
        self.indent(path.len());
        self.put(open);
        for (i, key) in path.iter().enumerate() {
            if i > 0 {
                self.out.push(b'.');
            }
            self.key(key);
        }
        self.put(close);
    }

    fn tables(&mut self, path: &[&[u8]], value: &Value) -> Result<(), String> {
        if path.is_empty() {
            return Err("toml: top-level values must be Go maps or structs".to_owned());
        }
        for table in value.elements().unwrap_or_default() {
            if is_nil(&table) {
                continue;
            }
            self.line();
            self.header(path, "[[", "]]");
            self.line();
            self.members(path, &table)?;
        }
        Ok(())
    }

    /// Writes the plain members of a table, then the tables in it.
    fn members(&mut self, path: &[&[u8]], value: &Value) -> Result<(), String> {
        let Value::Map(map) = value else {
            return Ok(());
        };
        let members = map.to_vec();
        for tables in [false, true] {
            for (key, item) in &members {
                if (shape(item)? != Shape::Plain) == tables && !is_nil(item) {
                    let mut inner = path.to_vec();
                    inner.push(key);
                    self.node(&inner, item)?;
                }
            }
        }
        Ok(())
    }

    fn member(&mut self, path: &[&[u8]], value: &Value) -> Result<(), String> {
        let Some(key) = path.last() else {
            return self.element(value, 0);
        };
        if is_nil(value) {
            return Ok(());
        }
        self.indent(path.len());
        self.key(key);
        self.put(" = ");
        self.element(value, 0)?;
        self.line();
        Ok(())
    }

    fn key(&mut self, key: &[u8]) {
        let bare = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        if !key.is_empty() && key.iter().all(bare) {
            self.put(key);
        } else {
            self.quoted(key);
        }
    }

    fn quoted(&mut self, s: &[u8]) {
        self.out.push(b'"');
        for (at, c, width) in text::rune_indices(s) {
            match c {
                '\t' => self.put("\\t"),
                '\n' => self.put("\\n"),
                '\r' => self.put("\\r"),
                '\x08' => self.put("\\b"),
                '\x0c' => self.put("\\f"),
                '"' => self.put("\\\""),
                '\\' => self.put("\\\\"),
                c if c < ' ' || c == '\x7f' => self.put(format!("\\u{:04x}", u32::from(c))),
                _ => self.put(&s[at..at + width]),
            }
        }
        self.out.push(b'"');
    }

    /// Writes members on one line. The reference puts a comma after all but the last, also where
    /// that last one is `nil` and left out.
    fn inline_members(
        &mut self,
        members: &[&(crate::Str, Value)],
        more_follow: bool,
        depth: usize,
    ) -> Result<(), String> {
        for (i, (key, item)) in members.iter().enumerate() {
            if is_nil(item) {
                continue;
            }
            self.key(key);
            self.put(" = ");
            self.element(item, depth + 1)?;
            if more_follow || i + 1 != members.len() {
                self.put(", ");
            }
        }
        Ok(())
    }

    fn element(&mut self, value: &Value, depth: usize) -> Result<(), String> {
        if depth > NESTING_MAX || self.out.len() > crate::fmt::TEXT_BYTES_MAX {
            return Err("toml: values are nested too deep".to_owned());
        }
        match value {
            Value::Nil => return Err("toml: cannot encode array with nil element".to_owned()),
            Value::Bool(b) => self.put(b.to_string()),
            #[expect(clippy::cast_sign_loss, reason = "the bits are kept")]
            Value::Int(IntKind::Uint64, i) => self.put((*i as u64).to_string()),
            Value::Int(IntKind::Duration, i) => {
                let text = crate::time::format_duration(*i);
                self.quoted(text.as_bytes());
            }
            Value::Int(_, i) => self.put(i.to_string()),
            Value::Float(f) => self.put(float(*f)),
            Value::Complex(..) => {
                return Err("unsupported type for key '': complex128".to_owned());
            }
            Value::Str(s) => self.quoted(s),
            Value::Bytes(_) | Value::List(_) => {
                self.out.push(b'[');
                for (i, item) in value.elements().unwrap_or_default().iter().enumerate() {
                    if i > 0 {
                        self.put(", ");
                    }
                    self.element(item, depth + 1)?;
                }
                self.out.push(b']');
            }
            Value::Map(map) => {
                self.out.push(b'{');
                let members = map.to_vec();
                let mut plain = Vec::with_capacity(members.len());
                let mut tables = Vec::new();
                for member in &members {
                    if shape(&member.1)? == Shape::Plain {
                        plain.push(member);
                    } else {
                        tables.push(member);
                    }
                }
                let has_tables = !tables.is_empty();
                self.inline_members(&plain, has_tables, depth)?;
                self.inline_members(&tables, false, depth)?;
                self.out.push(b'}');
            }
            Value::Object(object) => match object.json() {
                Some(Value::Str(s)) if object.type_name() == "time.Time" => self.put(&*s),
                Some(json) => self.element(&json, depth + 1)?,
                None => self.put("{}"),
            },
        }
        Ok(())
    }
}

fn float(f: f64) -> String {
    if f.is_nan() {
        return "nan".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let text = float_text(f, 'g', -1);
    if text.contains(['.', 'e']) {
        text
    } else {
        format!("{text}.0")
    }
}
