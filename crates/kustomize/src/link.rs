//! Fields that change together.
//!
//! A label that Kustomize adds in several places of an object is one and the same node there: whoever
//! changes it in one place later, changes it everywhere. That selectors follow a label in this way is
//! nothing that anybody promises, but it is what clusters hold. Here such nodes share a number, which
//! stands where their line would be.

use crate::resource::Resource;
use crate::set::Set;
use yaml::v3::{Node, NodeKind};

/// Marks a line that is the number of a link.
const LINK: u32 = 1 << 30;

/// Returns the mark of a link.
pub(crate) const fn mark(number: u32) -> u32 {
    LINK | number
}

/// Returns true if `line` is the mark of a link.
pub(crate) const fn is_mark(line: u32) -> bool {
    line & LINK != 0
}

/// Returns a line, or 0 if it is the mark of a link.
pub(crate) const fn line_only(line: u32) -> u32 {
    if is_mark(line) { 0 } else { line }
}

/// Returns `new`, which is put in place of `old`, with the mark of the latter.
pub(crate) fn in_place_of(mut new: Node, old: &Node) -> Node {
    if is_mark(old.line) {
        new.line = old.line;
    }
    new
}

/// Changes everything that is linked to what a transformer changed.
pub(crate) fn settle(set: &mut Set) {
    for resource in set.iter_mut().filter(|r| !r.state().links.is_empty()) {
        let mut links = resource.state().links.clone();
        let mut changed = false;
        for (number, value) in &mut links {
            if let Some(new) = find(resource.node(), mark(*number), value) {
                *value = new;
                changed = true;
            }
        }
        if changed {
            let node = resource.node_mut();
            for (number, value) in &links {
                put(node, mark(*number), value);
            }
            resource.state_mut().links = links;
        }
    }
}

/// Forgets the links of an object that is made anew.
pub(crate) fn forget(resource: &mut Resource) {
    if !resource.state().links.is_empty() {
        resource.state_mut().links.clear();
    }
}

/// Returns a linked node that differs from what was known.
fn find(node: &Node, mark: u32, known: &Node) -> Option<Node> {
    if node.line == mark && (node.kind != known.kind || node.tag != known.tag) {
        return Some(node.clone());
    }
    match &node.kind {
        NodeKind::Scalar { .. } => None,
        NodeKind::Sequence { elements, .. } => elements.iter().find_map(|e| find(e, mark, known)),
        NodeKind::Mapping { members, .. } => members
            .iter()
            .find_map(|(_, value)| find(value, mark, known)),
    }
}

fn put(node: &mut Node, mark: u32, value: &Node) {
    if node.line == mark {
        node.clone_from(value);
        return;
    }
    match &mut node.kind {
        NodeKind::Scalar { .. } => {}
        NodeKind::Sequence { elements, .. } => {
            elements.iter_mut().for_each(|e| put(e, mark, value));
        }
        NodeKind::Mapping { members, .. } => {
            members
                .iter_mut()
                .for_each(|(_, member)| put(member, mark, value));
        }
    }
}
