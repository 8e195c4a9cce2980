//! Aliases copied in, merges carried out.

use super::{Node, NodeKind};
use crate::alias::Budget;
use crate::error::{Error, ErrorKind};
use crate::tree::{self, NodeId, Tree};

/// Returns a document without aliases and merges; it begins `first_line` lines down in its file.
pub(super) fn document(tree: &Tree<'_>, first_line: u32) -> Result<Node, Error> {
    let mut expander = Expander {
        tree,
        budget: Budget::default(),
        first_line,
    };
    let node = expander.node(Tree::ROOT);
    node.map_err(|e| e.shifted(first_line))
}

struct Expander<'t, 'a> {
    tree: &'t Tree<'a>,
    budget: Budget,
    first_line: u32,
}

type Members = Vec<(Node, Node)>;

impl Expander<'_, '_> {
    fn error(&self, message: &str, id: NodeId) -> Error {
        self.tree
            .error(ErrorKind::Decode, message, id)
            .with_prefix("")
    }

    fn node(&mut self, id: NodeId) -> Result<Node, Error> {
        let tree = self.tree;
        let node = tree.node(id);
        self.budget.step(tree, id)?;
        let kind = match &node.kind {
            tree::NodeKind::Alias(name, target) => {
                self.budget.enter(tree, id, name)?;
                let node = self.node(*target);
                self.budget.leave();
                return node;
            }
            tree::NodeKind::Scalar { text, style } => {
                self.budget.copied(tree, id, text.len())?;
                NodeKind::Scalar {
                    text: text.as_ref().into(),
                    style: *style,
                }
            }
            tree::NodeKind::Sequence(first) => {
                self.budget.deeper(tree, id)?;
                let elements = tree
                    .chain(*first)
                    .map(|id| self.node(id))
                    .collect::<Result<_, _>>()?;
                self.budget.shallower();
                NodeKind::Sequence {
                    elements,
                    layout: node.layout,
                }
            }
            tree::NodeKind::Mapping(first) => {
                self.budget.deeper(tree, id)?;
                let members = self.members(*first)?;
                self.budget.shallower();
                NodeKind::Mapping {
                    members,
                    layout: node.layout,
                }
            }
        };
        Ok(Node {
            kind,
            tag: node.tag.clone(),
            line: self.first_line + node.mark.line + 1,
        })
    }

    fn members(&mut self, first: NodeId) -> Result<Members, Error> {
        let tree = self.tree;
        let mut own: Members = Vec::new();
        let mut merge = None;
        for (key, value) in tree.pairs(first) {
            let name = self.node(key)?;
            if name.short_tag() == "!!merge"
                && matches!(tree.node(key).kind, tree::NodeKind::Scalar { .. })
            {
                if merge.replace(value).is_some() {
                    return Err(self.error("duplicate merge key", key));
                }
            } else if name.as_text() != Some("<<") {
                // A quoted `<<` is dropped, too: kyaml clears the field of that name.
                own.push((name, self.node(value)?));
            }
        }
        let Some(merge) = merge else {
            return Ok(own);
        };
        let mut merged = own.clone();
        for (name, value) in self.merge_values(merge)? {
            set(&mut merged, name, value);
        }
        for (name, value) in own {
            set(&mut merged, name, value);
        }
        Ok(merged)
    }

    /// Returns the members that a merge brings; of two with one name the later counts.
    fn merge_values(&mut self, id: NodeId) -> Result<Members, Error> {
        let tree = self.tree;
        match &tree.node(id).kind {
            tree::NodeKind::Sequence(first) => {
                let mut members = Vec::new();
                let elements: Vec<NodeId> = tree.chain(*first).collect();
                for element in elements.into_iter().rev() {
                    if matches!(tree.node(element).kind, tree::NodeKind::Sequence(_)) {
                        return Err(
                            self.error("invalid map merge: received a nested sequence", element)
                        );
                    }
                    members.append(&mut self.merge_values(element)?);
                }
                Ok(members)
            }
            tree::NodeKind::Alias(_, target)
                if !matches!(tree.node(*target).kind, tree::NodeKind::Mapping(_)) =>
            {
                Err(self.error("invalid map merge: received alias for a non-map value", id))
            }
            tree::NodeKind::Scalar { .. } => Err(self.error(
                "map merge requires map or sequence of maps as the value",
                id,
            )),
            _ => match self.node(id)?.kind {
                NodeKind::Mapping { members, .. } => Ok(members),
                _ => unreachable!("it is a mapping, or an alias of one"),
            },
        }
    }
}

/// Sets a member, in its place if there is one of the name.
fn set(members: &mut Members, name: Node, value: Node) {
    let same = |key: &Node| key.as_text().is_some() && key.as_text() == name.as_text();
    match members.iter_mut().find(|(key, _)| same(key)) {
        Some((_, old)) => *old = value,
        None => members.push((name, value)),
    }
}
