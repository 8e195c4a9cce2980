//! YAML as kyaml reads it: what Kustomize works on.
//!
//! A document is a tree of [`Node`]s that keeps the order of keys, the spelling and style of scalars,
//! and explicit tags; comments are dropped, aliases are copies, and `<<` is carried out. Its meaning,
//! [`Node::to_value`], is that of go-yaml v3 after kyaml has written the tree and read it again.

mod edit;
mod expand;
mod fold;
mod meaning;

use crate::error::{Error, ErrorKind};
use crate::input::Input;
use crate::parse::Layout;
use crate::resolve;
use crate::scan::{Dialect, Style};
use crate::tree;

pub use crate::emit::node_text as to_text;

/// What a line that separates documents begins with.
const SEPARATOR: &[u8] = b"\n---";

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// The tag as written, in its long form; nothing if there is none.
    pub tag: Option<Box<str>>,
    /// The line of the file, from 1.
    pub line: u32,
}

/// What a [`Node`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// A scalar: its text, not yet its meaning.
    Scalar {
        /// The text without quotes and escapes.
        text: Box<str>,
        /// How it is written.
        style: Style,
    },
    /// A sequence.
    Sequence {
        /// Its elements.
        elements: Vec<Node>,
        /// How it is written.
        layout: Layout,
    },
    /// A mapping.
    Mapping {
        /// Its members in the order written; names may occur twice.
        members: Vec<(Node, Node)>,
        /// How it is written.
        layout: Layout,
    },
}

impl Node {
    /// Returns the text of a scalar.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Returns the value of the member `name` of a mapping.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        let NodeKind::Mapping { members, .. } = &self.kind else {
            return None;
        };
        let member = members.iter().find(|(key, _)| key.as_text() == Some(name));
        member.map(|(_, value)| value)
    }

    /// Returns the tag, explicit or by the look of it, in its short form.
    #[must_use]
    pub fn short_tag(&self) -> String {
        let tag = self.tag.as_deref();
        match &self.kind {
            NodeKind::Scalar { text, style } => resolve::v3_tag(tag, text, *style),
            NodeKind::Sequence { .. } => collection_tag(tag, "!!seq"),
            NodeKind::Mapping { .. } => collection_tag(tag, "!!map"),
        }
    }
}

fn collection_tag(tag: Option<&str>, default: &str) -> String {
    tag.filter(|tag| *tag != "!")
        .map_or_else(|| default.to_owned(), resolve::short_tag)
}

/// Reads all documents of `text`; empty ones are left out, and a single `List` is taken apart.
///
/// # Errors
/// Fails with kyaml's words at a separator with text behind it, at the first document that isn't
/// YAML, and at aliases and merges that can't be carried out.
pub fn documents(text: &[u8]) -> Result<Vec<Node>, Error> {
    let text = without_returns(text);
    let pieces = split(&text)?;
    let malformed = |e: Error, line: u32| e.with_prefix("MalformedYAMLError: yaml: ").shifted(line);
    let mut trees = Vec::with_capacity(pieces.len());
    for (i, (line, piece)) in pieces.iter().enumerate() {
        // The last line break of a piece is part of the separator; it is put back.
        let end: &[u8] = if i + 1 < pieces.len() { b"\n" } else { b"" };
        trees.push((*line, [piece, end].concat()));
    }
    let mut nodes = Vec::with_capacity(trees.len());
    for (line, piece) in &trees {
        let input = Input::new(piece).map_err(|e| malformed(e, *line))?;
        let tree = tree::first(&input, Dialect::V3).map_err(|e| malformed(e, *line))?;
        if let Some(tree) = tree {
            nodes.push(expand::document(&tree, *line));
        }
    }
    let mut documents = Vec::with_capacity(nodes.len());
    for node in nodes {
        let node = node?;
        if !node.is_null() {
            documents.push(node);
        }
    }
    if let [only] = documents.as_mut_slice()
        && pieces.len() == 1
        && let Some(items) = take_items(only)
    {
        return Ok(items);
    }
    Ok(documents)
}

/// Returns the items of a `List`.
fn take_items(node: &mut Node) -> Option<Vec<Node>> {
    if !matches!(node.get("kind")?.as_text()?, "List" | "ResourceList") {
        return None;
    }
    let NodeKind::Mapping { members, .. } = &mut node.kind else {
        return None;
    };
    let items = members
        .iter_mut()
        .find(|(key, _)| key.as_text() == Some("items"))?;
    match &mut items.1.kind {
        NodeKind::Sequence { elements, .. } => Some(std::mem::take(elements)),
        _ => Some(Vec::new()),
    }
}

/// Returns the text with plain line feeds.
fn without_returns(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for (i, b) in text.iter().enumerate() {
        if !(*b == b'\r' && text.get(i + 1) == Some(&b'\n')) {
            out.push(*b);
        }
    }
    out
}

/// Cuts at lines that begin with `---`, even inside a block scalar. Returns each piece with the
/// number of lines before it.
fn split(text: &[u8]) -> Result<Vec<(u32, &[u8])>, Error> {
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut line = 0;
    let count = |text: &[u8]| {
        u32::try_from(text.iter().filter(|b| **b == b'\n').count()).unwrap_or(u32::MAX)
    };
    let next_separator = |from: usize| {
        let rest = &text[from..];
        rest.windows(SEPARATOR.len())
            .position(|w| w == SEPARATOR)
            .map(|i| from + i)
    };
    while let Some(start) = next_separator(from) {
        let rest = &text[start + 1..];
        let Some(len) = rest.iter().position(|b| *b == b'\n') else {
            break;
        };
        let separator = String::from_utf8_lossy(&rest[..len]);
        let behind = separator[3..].trim();
        if !behind.is_empty() && !behind.starts_with('#') {
            let message = format!("invalid document separator: {}", separator.trim());
            let error = Error::new(ErrorKind::Parse, message).with_prefix("");
            return Err(error.or_at(line + count(&text[from..=start]) + 1, 4));
        }
        pieces.push((line, &text[from..start]));
        let next = start + 1 + len + 1;
        line += count(&text[from..next]);
        from = next;
    }
    if !text.is_empty() {
        pieces.push((line, &text[from..]));
    }
    Ok(pieces)
}
