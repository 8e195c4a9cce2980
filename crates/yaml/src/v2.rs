//! YAML as `sigs.k8s.io/yaml` reads it: what Kubernetes manifests and Helm values mean.
//!
//! That library decodes with go-yaml v2 and then converts to JSON. Both steps show: `yes` is true,
//! also as a key; a number as a key is printed; a `null` key is an error; a later key of the same
//! name wins; and `<<` overrides what stands before it.

mod go_value;
mod plain;

use crate::alias::Budget;
use crate::error::{Error, ErrorKind};
use crate::input::Input;
use crate::lines::{self, Lines};
use crate::resolve::{self, Scalar};
use crate::scan::{Dialect, Style};
use crate::tree::{self, NodeId, NodeKind, Tree};
pub(crate) use go_value::{
    float_text as shortest_float, lossy_text, non_finite as non_finite_text, quote as go_quote,
};
use value::{Key, Object, Value, format_float};

/// A document and where its parts stand.
#[derive(Debug, Clone, Default)]
pub struct Decoded {
    /// What the document says.
    pub value: Value,
    /// Where each part of it stands.
    pub lines: Lines,
    /// Keys that occur twice in one mapping; the later one is in `value`.
    pub duplicates: Vec<Duplicate>,
}

/// A key that its mapping already has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The line of the second one, from 1.
    pub line: u32,
    /// The column of the second one, from 1.
    pub column: u32,
    /// The line of its value, which Go reports.
    value_line: u32,
    /// The key as Go prints it: text in quotes.
    pub key: String,
    /// True if one of the two came from a `<<`.
    pub merged: bool,
}

impl Duplicate {
    pub(crate) fn new(line: u32, column: u32, key: String) -> Self {
        Self {
            line,
            column,
            value_line: line,
            key,
            merged: false,
        }
    }
}

/// Reads the first document of `text` as JSON would have it. `null` if there is none.
///
/// # Errors
/// Fails with Go's words if the text isn't YAML, or means nothing in JSON.
pub fn to_value(text: &[u8]) -> Result<Value, Error> {
    let input = Input::new(text)?;
    if let Some(value) = plain(&input, None) {
        return Ok(value);
    }
    let Some(tree) = tree::first(&input, Dialect::V2)? else {
        return Ok(Value::Null);
    };
    let mut decoder = Decoder::new(&tree, lines::Builder::none());
    decoder.root().and_then(|v| decoder.converted(v))
}

/// Reads a document the short way; nothing if it has to be read the long way.
fn plain(input: &Input<'_>, lines: Option<&mut lines::Builder>) -> Option<Value> {
    if input.bad.is_some() || input.two_marks {
        return None;
    }
    plain::read(&input.text, lines)
}

/// Like [`to_value`], and refuses a key that occurs twice in one mapping.
///
/// # Errors
/// Fails like [`to_value`], and at duplicate keys.
pub fn to_value_strict(text: &[u8]) -> Result<Value, Error> {
    let input = Input::new(text)?;
    // What is read the short way has no duplicates.
    if let Some(value) = plain(&input, None) {
        return Ok(value);
    }
    let Some(tree) = tree::first(&input, Dialect::V2)? else {
        return Ok(Value::Null);
    };
    let mut decoder = Decoder::new(&tree, lines::Builder::none());
    let value = decoder.root()?;
    let Some(first) = decoder.duplicates.first() else {
        return decoder.converted(value);
    };
    let problems = decoder.duplicates.iter().map(|d| {
        format!(
            "\n  line {}: key {} already set in map",
            d.value_line, d.key
        )
    });
    let message = format!("unmarshal errors:{}", problems.collect::<String>());
    Err(Error::new(ErrorKind::DuplicateKey, message).or_at(first.line, first.column))
}

/// Reads the first document of `text` with the lines of its parts and its duplicate keys.
///
/// # Errors
/// Fails like [`to_value`].
pub fn decode(text: &[u8]) -> Result<Decoded, Error> {
    decode_at(text, 0)
}

/// Like [`decode`] for a document that begins `first_line` lines down in its file.
pub(crate) fn decode_at(text: &[u8], first_line: u32) -> Result<Decoded, Error> {
    let input = Input::new(text).map_err(|e| e.shifted(first_line))?;
    // A part takes some twenty bytes of text.
    let mut parts = lines::Builder::with_capacity(text.len() / 24 + 4);
    if let Some(value) = plain(&input, Some(&mut parts)) {
        return Ok(Decoded {
            value,
            lines: parts.build(first_line + 1),
            duplicates: Vec::new(),
        });
    }
    decode_the_long_way(&input, first_line)
}

/// Reads a document that may hold anything.
fn decode_the_long_way(input: &Input<'_>, first_line: u32) -> Result<Decoded, Error> {
    let shift = |e: Error| e.shifted(first_line);
    let Some(tree) = tree::first(input, Dialect::V2).map_err(shift)? else {
        return Ok(Decoded::default());
    };
    let mut decoder = Decoder::new(&tree, lines::Builder::with_capacity(tree.len()));
    let value = decoder
        .root()
        .and_then(|v| decoder.converted(v))
        .map_err(shift)?;
    let mut duplicates = decoder.duplicates;
    for duplicate in &mut duplicates {
        duplicate.line += first_line;
        duplicate.value_line += first_line;
    }
    Ok(Decoded {
        value,
        lines: decoder.lines.build(first_line + 1),
        duplicates,
    })
}

struct Decoder<'t, 'a> {
    tree: &'t Tree<'a>,
    budget: Budget,
    lines: lines::Builder,
    duplicates: Vec<Duplicate>,
    /// The first key that JSON can't have, with its value. Go finds it only when all is decoded.
    bad_key: Option<(NodeId, NodeId)>,
    /// A float that JSON can't have is somewhere.
    has_non_finite: bool,
}

/// A mapping while it is filled.
struct Filling {
    object: Object,
    /// The Go types of keys that aren't strings: 1 and "1" are two keys to Go.
    types: Vec<(Key, &'static str)>,
    merging: bool,
}

/// A key as JSON has it, and its type in Go.
struct MapKey {
    key: Key,
    go_type: &'static str,
}

impl<'t, 'a> Decoder<'t, 'a> {
    fn new(tree: &'t Tree<'a>, lines: lines::Builder) -> Self {
        Self {
            tree,
            budget: Budget::default(),
            lines,
            duplicates: Vec::new(),
            bad_key: None,
            has_non_finite: false,
        }
    }

    fn root(&mut self) -> Result<Value, Error> {
        let root = Tree::ROOT;
        self.lines.add(lines::ROOT, self.tree.node(root).mark.line);
        self.node(root, lines::ROOT)
    }

    /// Returns the value, unless JSON can't hold it.
    fn converted(&self, value: Value) -> Result<Value, Error> {
        if let Some((key, v)) = self.bad_key {
            let (go_type, key_text) = go_value::of(self.tree, key).type_and_text();
            let message = format!(
                "unsupported map key of type: {go_type}, key: {key_text}, value: {}",
                go_value::of(self.tree, v).top_level_text()
            );
            return Err(self
                .tree
                .error(ErrorKind::Decode, message, key)
                .with_prefix(""));
        }
        if self.has_non_finite
            && let Some(float) = first_non_finite(&value)
        {
            let float = go_value::non_finite(float);
            let message = format!("json: unsupported value: {float}");
            return Err(Error::new(ErrorKind::Decode, message).with_prefix(""));
        }
        Ok(value)
    }

    fn node(&mut self, id: NodeId, path: u64) -> Result<Value, Error> {
        let tree = self.tree;
        self.budget.step(tree, id)?;
        match &tree.node(id).kind {
            NodeKind::Alias(name, target) => {
                self.budget.enter(tree, id, name)?;
                let value = self.node(*target, path);
                self.budget.leave();
                value
            }
            NodeKind::Scalar { text, style } => {
                let scalar = self.scalar(id, text, *style)?;
                self.budget.copied(tree, id, text.len())?;
                Ok(self.scalar_value(scalar, text))
            }
            NodeKind::Sequence(first) => {
                self.budget.deeper(tree, id)?;
                let mut array = Vec::with_capacity(tree.chain(*first).count());
                for (i, element) in tree.chain(*first).enumerate() {
                    let path = lines::element(path, i);
                    self.lines.add(path, tree.node(element).mark.line);
                    array.push(self.node(element, path)?);
                }
                self.budget.shallower();
                Ok(Value::Array(array))
            }
            NodeKind::Mapping(first) => {
                let mut filling = Filling {
                    object: Object::with_capacity(tree.pairs(*first).count()),
                    types: Vec::new(),
                    merging: false,
                };
                self.fill(id, *first, path, &mut filling)?;
                Ok(Value::Object(filling.object))
            }
        }
    }

    fn scalar(&self, id: NodeId, text: &str, style: Style) -> Result<Scalar, Error> {
        let tag = self.tree.node(id).tag.as_deref();
        resolve::v2(tag, text, style).map_err(|m| self.tree.error(ErrorKind::Decode, m, id))
    }

    fn scalar_value(&mut self, scalar: Scalar, text: &str) -> Value {
        match scalar {
            Scalar::Null => Value::Null,
            Scalar::Bool(b) => Value::Bool(b),
            Scalar::Int(i) => Value::Int(i),
            Scalar::Uint(u) => Value::UInt(u),
            Scalar::Float(f) => {
                self.has_non_finite |= !f.is_finite();
                json_number(f)
            }
            Scalar::Text | Scalar::Timestamp(_) => Value::from(text),
            Scalar::Binary(bytes) => Value::from(lossy_text(&bytes)),
        }
    }

    fn fill(
        &mut self,
        id: NodeId,
        first: NodeId,
        path: u64,
        filling: &mut Filling,
    ) -> Result<(), Error> {
        let tree = self.tree;
        self.budget.deeper(tree, id)?;
        let mut has_merge = filling.merging;
        for (key, value) in tree.pairs(first) {
            let node = tree.node(key);
            if let NodeKind::Scalar { text, style } = &node.kind
                && resolve::is_merge(node.tag.as_deref(), text, *style)
            {
                has_merge = true;
                let merging = std::mem::replace(&mut filling.merging, true);
                self.merge(value, path, filling)?;
                filling.merging = merging;
                continue;
            }
            let map_key = self.key(key)?;
            let Some(MapKey { key: name, go_type }) = map_key else {
                self.bad_key.get_or_insert((key, value));
                self.node(value, path)?;
                continue;
            };
            let member = lines::child(path, &name);
            self.lines.add(member, node.mark.line);
            let new = self.node(value, member)?;
            if filling.is_new(&name, go_type) {
                filling.object.insert(name, new);
                continue;
            }
            let merged =
                has_merge && (filling.merging || !self.is_written_before(first, key, &name)?);
            let error = tree.error(ErrorKind::DuplicateKey, "", key);
            self.duplicates.push(Duplicate {
                line: error.line().unwrap_or(0),
                column: error.column().unwrap_or(0),
                value_line: tree.node(value).mark.line + 1,
                key: go_value::of(tree, key).text(),
                merged,
            });
            filling.object.insert(name, new);
        }
        self.budget.shallower();
        Ok(())
    }

    /// Returns true if the mapping itself, not what it merges, has the key before `until`.
    fn is_written_before(
        &mut self,
        first: NodeId,
        until: NodeId,
        name: &Key,
    ) -> Result<bool, Error> {
        let tree = self.tree;
        for (key, _) in tree.pairs(first).take_while(|(key, _)| *key != until) {
            if self.key(key)?.is_some_and(|k| k.key == *name) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn merge(&mut self, id: NodeId, path: u64, filling: &mut Filling) -> Result<(), Error> {
        let tree = self.tree;
        match &tree.node(id).kind {
            NodeKind::Sequence(first) => {
                // What comes earlier counts more.
                let elements: Vec<NodeId> = tree.chain(*first).collect();
                for element in elements.into_iter().rev() {
                    self.merge_one(element, path, filling)?;
                }
                Ok(())
            }
            _ => self.merge_one(id, path, filling),
        }
    }

    fn merge_one(&mut self, id: NodeId, path: u64, filling: &mut Filling) -> Result<(), Error> {
        let tree = self.tree;
        self.budget.step(tree, id)?;
        match &tree.node(id).kind {
            NodeKind::Mapping(first) => self.fill(id, *first, path, filling),
            NodeKind::Alias(name, target) => {
                let NodeKind::Mapping(first) = tree.node(*target).kind else {
                    return Err(self.no_map(id));
                };
                self.budget.enter(tree, id, name)?;
                self.budget.step(tree, *target)?;
                self.fill(*target, first, path, filling)?;
                self.budget.leave();
                Ok(())
            }
            _ => Err(self.no_map(id)),
        }
    }

    fn no_map(&self, id: NodeId) -> Error {
        let message = "map merge requires map or sequence of maps as the value";
        self.tree.error(ErrorKind::Decode, message, id)
    }

    /// Returns a key; nothing if it is one that JSON can't have.
    fn key(&mut self, id: NodeId) -> Result<Option<MapKey>, Error> {
        let tree = self.tree;
        self.budget.step(tree, id)?;
        match &tree.node(id).kind {
            NodeKind::Alias(name, target) => {
                self.budget.enter(tree, id, name)?;
                let key = self.key(*target);
                self.budget.leave();
                key
            }
            NodeKind::Sequence(_) | NodeKind::Mapping(_) => {
                // What is wrong inside it comes first.
                self.node(id, lines::ROOT)?;
                let message = format!("invalid map key: {}", go_value::of(tree, id).text());
                Err(tree.error(ErrorKind::Decode, message, id))
            }
            NodeKind::Scalar { text, style } => {
                self.budget.copied(tree, id, text.len())?;
                let (key, go_type) = match self.scalar(id, text, *style)? {
                    Scalar::Text | Scalar::Timestamp(_) => (Key::new(text), "string"),
                    Scalar::Binary(bytes) => (Key::from(lossy_text(&bytes)), "string"),
                    Scalar::Bool(b) => (Key::new(if b { "true" } else { "false" }), "bool"),
                    Scalar::Int(i) => (Key::from(i.to_string()), "int"),
                    Scalar::Float(f) => (Key::from(go_value::float_key(f)), "float64"),
                    Scalar::Null | Scalar::Uint(_) => return Ok(None),
                };
                Ok(Some(MapKey { key, go_type }))
            }
        }
    }
}

impl Filling {
    /// Notes the key's type; returns false if the mapping has the key already.
    fn is_new(&mut self, name: &Key, go_type: &'static str) -> bool {
        let had = self.object.contains_key(name);
        let known = self.types.iter().any(|(k, t)| k == name && *t == go_type);
        if go_type == "string" {
            // Keys of other types are listed; this one may still be beside such a one.
            let listed = self.types.iter().any(|(k, _)| k == name);
            let is_new = !had || (listed && !known);
            if listed && !known {
                self.types.push((name.clone(), go_type));
            }
            return is_new;
        }
        if !known {
            self.types.push((name.clone(), go_type));
        }
        !known
    }
}

/// Returns the float as it comes back from JSON: without a fraction, it is a whole number.
pub(crate) fn json_number(f: f64) -> Value {
    if !f.is_finite() {
        return Value::Float(f);
    }
    let text = format_float(f);
    if text == "-0" {
        return Value::Float(f);
    }
    text.parse()
        .map(Value::Int)
        .or_else(|_| text.parse().map(Value::UInt))
        .unwrap_or(Value::Float(f))
}

/// Returns the first float that JSON can't hold, in the order in which Go writes JSON.
pub(crate) fn first_non_finite(value: &Value) -> Option<f64> {
    match value {
        Value::Float(f) if !f.is_finite() => Some(*f),
        Value::Array(a) => a.iter().find_map(first_non_finite),
        Value::Object(o) => o.values().find_map(first_non_finite),
        _ => None,
    }
}
