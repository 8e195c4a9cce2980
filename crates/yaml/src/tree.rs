//! Documents as trees of nodes, before scalars mean anything.

use crate::error::{Error, ErrorKind};
use crate::input::Input;
use crate::limits::DEPTH_MAX;
use crate::parse::{EventKind, Layout, Parser, Properties};
use crate::scan::{Dialect, Mark, Style, error_at};
use std::borrow::Cow;
use std::collections::HashMap;

/// The number of a node in its [`Tree`].
pub(crate) type NodeId = u32;

/// No node: the root is nobody's child, so its number is free.
const NONE: NodeId = 0;

#[derive(Debug)]
pub(crate) enum NodeKind<'a> {
    Scalar {
        text: Cow<'a, str>,
        style: Style,
    },
    /// The first element.
    Sequence(NodeId),
    /// The first key; each key is followed by its value.
    Mapping(NodeId),
    /// The name, and the node that has it as its anchor.
    Alias(&'a str, NodeId),
}

#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) kind: NodeKind<'a>,
    pub(crate) tag: Option<Box<str>>,
    pub(crate) mark: Mark,
    /// Of a collection.
    pub(crate) layout: Layout,
    next: NodeId,
}

/// One document.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    pub(crate) text: &'a str,
    nodes: Vec<Node<'a>>,
}

impl<'a> Tree<'a> {
    pub(crate) const ROOT: NodeId = 0;

    /// Returns the number of nodes.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node<'a> {
        &self.nodes[id as usize]
    }

    /// Returns the siblings from `first` on.
    pub(crate) fn chain(&self, first: NodeId) -> Chain<'_, 'a> {
        Chain {
            tree: self,
            next: first,
        }
    }

    /// Returns the keys and values of a mapping.
    pub(crate) fn pairs(&self, first: NodeId) -> impl Iterator<Item = (NodeId, NodeId)> {
        let mut chain = self.chain(first);
        std::iter::from_fn(move || Some((chain.next()?, chain.next()?)))
    }

    pub(crate) fn error(&self, kind: ErrorKind, message: impl Into<Box<str>>, at: NodeId) -> Error {
        error_at(self.text, kind, message, self.node(at).mark)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Chain<'t, 'a> {
    tree: &'t Tree<'a>,
    next: NodeId,
}

impl Iterator for Chain<'_, '_> {
    type Item = NodeId;
    fn next(&mut self) -> Option<NodeId> {
        let id = self.next;
        if id == NONE {
            return None;
        }
        self.next = self.tree.node(id).next;
        Some(id)
    }
}

/// Returns the first document; nothing if there is none.
pub(crate) fn first<'a>(input: &'a Input<'_>, dialect: Dialect) -> Result<Option<Tree<'a>>, Error> {
    Reader::new(input, dialect).next_document()
}

/// Reads one document after the other.
pub(crate) struct Reader<'a> {
    text: &'a str,
    parser: Parser<'a>,
}

/// A collection that is being read.
struct Open {
    id: NodeId,
    last: NodeId,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(input: &'a Input<'_>, dialect: Dialect) -> Self {
        let text = input.text.as_ref();
        Self {
            text,
            parser: Parser::new(text, input.bad.clone(), input.two_marks, dialect),
        }
    }

    pub(crate) fn next_document(&mut self) -> Result<Option<Tree<'a>>, Error> {
        if matches!(self.parser.next()?.kind, EventKind::StreamEnd) {
            return Ok(None);
        }
        let mut tree = Tree {
            text: self.text,
            // A node takes some twenty bytes of text.
            nodes: Vec::with_capacity(self.text.len() / 24 + 4),
        };
        let mut open: Vec<Open> = Vec::with_capacity(16);
        let mut anchors: HashMap<&'a str, NodeId> = HashMap::new();
        loop {
            let event = self.parser.next()?;
            let mark = event.mark;
            let mut layout = Layout::Block;
            let (kind, properties) = match event.kind {
                EventKind::DocumentStart => continue,
                EventKind::DocumentEnd | EventKind::StreamEnd => return Ok(Some(tree)),
                EventKind::End => {
                    open.pop();
                    continue;
                }
                EventKind::Alias(name) => {
                    let Some(&target) = anchors.get(name) else {
                        let message = format!("unknown anchor '{name}' referenced");
                        return Err(error_at(self.text, ErrorKind::Alias, message, mark));
                    };
                    (NodeKind::Alias(name, target), Properties::default())
                }
                EventKind::Scalar {
                    properties,
                    text,
                    style,
                } => (NodeKind::Scalar { text, style }, properties),
                EventKind::SequenceStart(properties, l) => {
                    layout = l;
                    (NodeKind::Sequence(NONE), properties)
                }
                EventKind::MappingStart(properties, l) => {
                    layout = l;
                    (NodeKind::Mapping(NONE), properties)
                }
            };
            let id = NodeId::try_from(tree.nodes.len()).expect("the input is bounded");
            if let Some(anchor) = properties.anchor {
                anchors.insert(anchor, id);
            }
            let opens = matches!(kind, NodeKind::Sequence(_) | NodeKind::Mapping(_));
            tree.nodes.push(Node {
                kind,
                tag: properties.tag,
                mark,
                layout,
                next: NONE,
            });
            if let Some(parent) = open.last_mut() {
                tree.link(parent, id);
            }
            if opens {
                if open.len() >= DEPTH_MAX {
                    let message = format!("exceeded max depth of {DEPTH_MAX}");
                    return Err(error_at(self.text, ErrorKind::Limit, message, mark));
                }
                open.push(Open { id, last: NONE });
            }
        }
    }
}

impl Tree<'_> {
    fn link(&mut self, parent: &mut Open, child: NodeId) {
        if parent.last == NONE {
            match &mut self.nodes[parent.id as usize].kind {
                NodeKind::Sequence(first) | NodeKind::Mapping(first) => *first = child,
                _ => unreachable!("only collections are open"),
            }
        } else {
            self.nodes[parent.last as usize].next = child;
        }
        parent.last = child;
    }
}
