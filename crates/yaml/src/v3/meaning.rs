//! What a document means as JSON.

use super::{Node, NodeKind, fold};
use crate::error::{Error, ErrorKind};
use crate::parse::Layout;
use crate::resolve::{self, Scalar};
use crate::scan::Style;
use crate::v2;
use std::collections::HashMap;
use std::fmt::Write as _;
use value::{Key, Object, Value};

impl Node {
    /// Returns what the document says, as kyaml turns it into JSON.
    ///
    /// # Errors
    /// Fails with Go's words if it is a scalar, if a mapping has two keys of one name, if a key
    /// inside isn't text, and if a tag doesn't fit.
    pub fn to_value(&self) -> Result<Value, Error> {
        let mut reader = Reader::default();
        let value = match &self.kind {
            NodeKind::Mapping { members, layout } => reader.root(members, *layout)?,
            NodeKind::Sequence { .. } => reader.value(self, Layout::Block)?,
            NodeKind::Scalar { .. } => {
                reader.mismatch(self, "map[string]interface {}");
                Value::Null
            }
        };
        if let Some(line) = reader.problem_line {
            let message = format!("unmarshal errors:{}", reader.problems);
            return Err(Error::new(reader.kind, message).or_at(line, 0));
        }
        let Some(float) = v2::first_non_finite(&value) else {
            return Ok(value);
        };
        let (message, line) = if float.to_bits() == ODD_KEYS {
            let message = "json: unsupported type: map[interface {}]interface {}".to_owned();
            (message, reader.odd_keys)
        } else {
            let message = format!("json: unsupported value: {}", v2::non_finite_text(float));
            (message, None)
        };
        let error = Error::new(ErrorKind::Decode, message).with_prefix("");
        Err(error.or_at(line.unwrap_or(0), 0))
    }
}

/// The bits of a float that stands for a mapping whose keys aren't all text, until Go's encoder would
/// come across it. No scalar reads as this one.
const ODD_KEYS: u64 = 0x7FF8_0000_6F64_6421;

/// Keys of a mapping that are compared with each other rather than hashed.
const FEW_KEYS: usize = 24;

struct Reader {
    problems: String,
    /// The line of the first problem.
    problem_line: Option<u32>,
    kind: ErrorKind,
    /// The line of a mapping inside whose keys aren't all text.
    odd_keys: Option<u32>,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            problems: String::new(),
            problem_line: None,
            kind: ErrorKind::Decode,
            odd_keys: None,
        }
    }
}

type Member = (Node, Node);

impl Reader {
    fn problem(&mut self, line: u32, message: &str) {
        self.problem_line.get_or_insert(line);
        let _ = write!(self.problems, "\n  line {line}: {message}");
    }

    fn mismatch(&mut self, node: &Node, wanted: &str) {
        let tag = node.short_tag();
        let text = node.as_text().unwrap_or("");
        let text = match tag.as_str() {
            "!!seq" | "!!map" => String::new(),
            _ if text.len() > 10 => {
                let cut = (0..=7)
                    .rev()
                    .find(|i| text.is_char_boundary(*i))
                    .unwrap_or(0);
                format!(" `{}...`", &text[..cut])
            }
            _ => format!(" `{text}`"),
        };
        self.problem(
            node.line,
            &format!("cannot unmarshal {tag}{text} into {wanted}"),
        );
    }

    /// The outermost mapping takes any scalar as a name, as it is written.
    fn root(&mut self, members: &[Member], layout: Layout) -> Result<Value, Error> {
        if self.has_duplicates(members) {
            return Ok(Value::Null);
        }
        let mut object = Object::with_capacity(members.len());
        for (key, value) in members {
            let NodeKind::Scalar { text, style } = &key.kind else {
                self.mismatch(key, "string");
                continue;
            };
            let name = match scalar(key, text, *style)? {
                Scalar::Binary(bytes) => Key::from(v2::lossy_text(&bytes)),
                _ => Key::new(text),
            };
            object.insert(name, self.value(value, layout)?);
        }
        Ok(Value::Object(object))
    }

    /// Returns a value; `around` is `Flow` anywhere inside brackets or braces.
    fn value(&mut self, node: &Node, around: Layout) -> Result<Value, Error> {
        match &node.kind {
            NodeKind::Scalar { text, style } => {
                // An empty plain scalar can't be written there: it comes back as empty text.
                if text.is_empty()
                    && *style == Style::Plain
                    && around == Layout::Flow
                    && node.tag.is_none()
                {
                    return Ok(Value::from(""));
                }
                Ok(match scalar(node, text, *style)? {
                    Scalar::Null => Value::Null,
                    Scalar::Bool(b) => Value::Bool(b),
                    Scalar::Int(i) => Value::Int(i),
                    Scalar::Uint(u) => Value::UInt(u),
                    Scalar::Float(f) => v2::json_number(f),
                    Scalar::Timestamp(t) => Value::from(t.to_string()),
                    Scalar::Text if *style == Style::Folded && around == Layout::Block => {
                        Value::from(fold::written_and_read(text))
                    }
                    Scalar::Text => Value::from(text.as_ref()),
                    Scalar::Binary(bytes) => Value::from(v2::lossy_text(&bytes)),
                })
            }
            NodeKind::Sequence { elements, layout } => {
                let inside = inside(around, *layout);
                elements
                    .iter()
                    .map(|e| self.value(e, inside))
                    .collect::<Result<Vec<_>, _>>()
                    .map(Value::Array)
            }
            NodeKind::Mapping { members, layout } => {
                self.mapping(node, members, inside(around, *layout))
            }
        }
    }

    fn mapping(&mut self, node: &Node, members: &[Member], inside: Layout) -> Result<Value, Error> {
        if self.has_duplicates(members) {
            return Ok(Value::Null);
        }
        let mut object = Object::with_capacity(members.len());
        let mut is_odd = false;
        for (key, value) in members {
            let name = match &key.kind {
                NodeKind::Scalar { text, style } => {
                    if !matches!(scalar(key, text, *style)?, Scalar::Text)
                        || key.short_tag() != "!!str"
                    {
                        let empty = text.is_empty() && *style == Style::Plain;
                        is_odd |= !(empty && key.tag.is_none());
                    }
                    Key::new(text)
                }
                _ => {
                    let key_value = self.value(key, inside)?;
                    let message = format!("invalid map key: {}", go_text(key, &key_value));
                    return Err(Error::new(ErrorKind::Decode, message).or_at(key.line, 0));
                }
            };
            object.insert(name, self.value(value, inside)?);
        }
        if is_odd {
            self.odd_keys.get_or_insert(node.line);
            return Ok(Value::Float(f64::from_bits(ODD_KEYS)));
        }
        Ok(Value::Object(object))
    }

    /// Notes the keys that a mapping has twice.
    fn has_duplicates(&mut self, members: &[Member]) -> bool {
        // Mostly there are few keys, and none is `null`.
        let are_few = members.len() <= FEW_KEYS
            && members.iter().enumerate().all(|(i, (key, _))| {
                let own = identity(key);
                !key.is_null() && members[..i].iter().all(|(other, _)| identity(other) != own)
            });
        if are_few {
            return false;
        }
        let keys = members.iter().map(|(key, _)| key);
        // kyaml doesn't find a `null` key that it looks for, and adds it again.
        let again = keys
            .clone()
            .filter(|k| k.is_null() && k.as_text().is_some_and(|t| !t.is_empty()));
        let all: Vec<&Node> = keys.chain(again).collect();
        let mut places: HashMap<(u8, &str), Vec<usize>> = HashMap::with_capacity(all.len());
        for (i, key) in all.iter().enumerate() {
            places.entry(identity(key)).or_default().push(i);
        }
        if places.len() == all.len() {
            return false;
        }
        for (i, key) in all.iter().enumerate() {
            for j in places[&identity(key)].iter().filter(|j| **j > i) {
                let mut name = String::new();
                v2::go_quote(key.as_text().unwrap_or(""), &mut name);
                let message = format!("mapping key {name} already defined at line {}", key.line);
                self.kind = ErrorKind::DuplicateKey;
                self.problem(all[*j].line, &message);
            }
        }
        true
    }
}

/// What makes two keys the same: their sort and their text.
fn identity(key: &Node) -> (u8, &str) {
    match &key.kind {
        NodeKind::Scalar { text, .. } => (0, text),
        NodeKind::Sequence { .. } => (1, ""),
        NodeKind::Mapping { .. } => (2, ""),
    }
}

const fn inside(around: Layout, own: Layout) -> Layout {
    match around {
        Layout::Flow => Layout::Flow,
        Layout::Block => own,
    }
}

fn scalar(node: &Node, text: &str, style: Style) -> Result<Scalar, Error> {
    resolve::v3(node.tag.as_deref(), text, style)
        .map_err(|message| Error::new(ErrorKind::Decode, message).or_at(node.line, 0))
}

/// Returns a key that is a collection as Go prints it.
fn go_text(node: &Node, value: &Value) -> String {
    let mut out = String::new();
    write_go(node, value, &mut out);
    out
}

fn write_go(node: &Node, value: &Value, out: &mut String) {
    match (&node.kind, value) {
        (NodeKind::Sequence { elements, .. }, Value::Array(values)) => {
            out.push_str("[]interface {}{");
            for (i, (node, value)) in elements.iter().zip(values).enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write_go(node, value, out);
            }
            out.push('}');
        }
        (NodeKind::Mapping { .. }, Value::Object(object)) => {
            out.push_str("map[string]interface {}{");
            for (i, (name, value)) in object.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                v2::go_quote(name, out);
                out.push(':');
                match node.get(name) {
                    Some(node) => write_go(node, value, out),
                    None => out.push_str("interface {}(nil)"),
                }
            }
            out.push('}');
        }
        (_, Value::String(text)) => v2::go_quote(text, out),
        (_, Value::Null) => out.push_str("interface {}(nil)"),
        (_, Value::UInt(u)) => {
            let _ = write!(out, "0x{u:x}");
        }
        (_, value) => out.push_str(&value.to_json()),
    }
}
