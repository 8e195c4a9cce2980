//! What Kustomize does with parts of documents.
//!
//! A scalar that is changed keeps what it was, a number or text, as far as Kustomize's library does
//! the same; where that loses a type, so does this.

use crate::error::{Error, Result, mistake};
use crate::link;
use yaml::v3::{Node, NodeKind};

/// Returns what stands at a path of members.
pub(crate) fn at<'n>(node: &'n Node, path: &[&str]) -> Option<&'n Node> {
    path.iter().try_fold(node, |node, name| node.get(name))
}

/// Returns a member, made if it is missing.
pub(crate) fn member_or<'n>(
    node: &'n mut Node,
    name: &str,
    make: impl FnOnce() -> Node,
) -> Result<&'n mut Node> {
    if !node.is_mapping() {
        return Err(wrong_kind("MappingNode", node));
    }
    let members = node.members_mut().expect("it is a mapping");
    let known = members
        .iter()
        .position(|(key, _)| key.as_text() == Some(name));
    let i = known.unwrap_or_else(|| {
        members.push((Node::string(name, 0), make()));
        members.len() - 1
    });
    Ok(&mut members[i].1)
}

/// Removes the first member of a name.
pub(crate) fn remove(node: &mut Node, name: &str) -> Option<Node> {
    let members = node.members_mut()?;
    let i = members
        .iter()
        .position(|(key, _)| key.as_text() == Some(name))?;
    Some(members.remove(i).1)
}

/// Sets a member; `null` removes it. What stood there gives the new value its style.
pub(crate) fn set_member(node: &mut Node, name: &str, value: Node) -> Result<()> {
    if value.is_null() {
        if !node.is_null() && !node.is_mapping() {
            return Err(wrong_kind("MappingNode", node));
        }
        remove(node, name);
        return Ok(());
    }
    if node.is_null() {
        return Ok(());
    }
    put_member(node, name, value)
}

/// Sets a member, even to `null`.
pub(crate) fn put_member(node: &mut Node, name: &str, value: Node) -> Result<()> {
    let line = link::line_only(value.line);
    let NodeKind::Mapping { members, .. } = &mut node.kind else {
        return Err(wrong_kind("MappingNode", node));
    };
    match members
        .iter_mut()
        .find(|(key, _)| key.as_text() == Some(name))
    {
        Some((_, old)) => *old = link::in_place_of(value.styled_like(old), old),
        None => members.push((Node::string(name, line), value)),
    }
    Ok(())
}

/// Sets a scalar to another one.
pub(crate) fn set_scalar(node: &mut Node, value: Node) -> Result<()> {
    if !node.is_scalar() {
        return Err(wrong_kind("ScalarNode", node));
    }
    *node = link::in_place_of(value.styled_like(node), node);
    Ok(())
}

/// Writes over a scalar: it becomes what the new text looks like, if it has no quotes.
pub(crate) fn overwrite(node: &mut Node, new: &str, line: u32) -> Result<()> {
    let NodeKind::Scalar { text, .. } = &mut node.kind else {
        return Err(wrong_kind("ScalarNode", node));
    };
    if text.as_ref() != new {
        *text = new.into();
        if !link::is_mark(node.line) {
            node.line = line;
        }
    }
    // Even the same text counts as written anew.
    node.untag();
    Ok(())
}

/// Writes over a member, or makes it as text.
pub(crate) fn overwrite_member(node: &mut Node, name: &str, new: &str, line: u32) -> Result<()> {
    match node.get_mut(name) {
        Some(old) if old.is_scalar() => overwrite(old, new, line),
        _ => put_member(node, name, Node::string(new, line)),
    }
}

/// Returns an error in the words that people search for.
pub(crate) fn wrong_kind(wanted: &str, node: &Node) -> Error {
    let found = match &node.kind {
        NodeKind::Scalar { .. } => "ScalarNode",
        NodeKind::Sequence { .. } => "SequenceNode",
        NodeKind::Mapping { .. } => "MappingNode",
    };
    let contents = node.to_value().map(|v| yaml::to_yaml(&v));
    let contents = match (contents, node.as_text()) {
        (Ok(text), _) => text,
        (Err(_), Some(text)) => format!("{text}\n"),
        (Err(_), None) => String::new(),
    };
    mistake!("wrong node kind: expected {wanted} but got {found}: node contents:\n{contents}")
}

/// Names that a path may have: whoever walks the tree afterwards may recurse.
pub(crate) const PATH_NAMES_MAX: usize = 512;
/// Collections inside one another in what is put into an object.
pub(crate) const DEPTH_MAX: usize = 512;

/// Refuses paths that would make an object too deep.
pub(crate) fn check_path(names: usize) -> Result<()> {
    if names > PATH_NAMES_MAX {
        return Err(mistake!("a path may have {PATH_NAMES_MAX} names"));
    }
    Ok(())
}

/// Returns the number of parts of a node, and how many collections stand inside one another.
pub(crate) fn measure(node: &Node) -> (usize, usize) {
    let (mut count, mut depth) = (1, 0);
    let parts = node.elements().iter();
    for part in parts.chain(node.members().iter().map(|(_, value)| value)) {
        let (more, deeper) = measure(part);
        count += more;
        depth = depth.max(deeper + 1);
    }
    (count, depth)
}
