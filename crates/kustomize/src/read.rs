//! Objects from the text of a file.

use crate::error::{Error, Result, mistake};
use crate::id::text_of;
use crate::link;
use crate::resource::{Resource, validate};
use std::collections::VecDeque;
use std::sync::Arc;
use yaml::v3::{self, Node, NodeKind};

/// Objects that one text may hold, lists taken apart.
const OBJECTS_MAX: usize = 200_000;

/// Reads the objects of a text. `line` is where the text begins if it stands inside a file.
pub(crate) fn resources(text: &[u8], file: &Arc<str>, line: u32) -> Result<Vec<Resource>> {
    let mut pending: VecDeque<Node> = VecDeque::new();
    keep_valid(v3::documents(text)?, &mut pending)?;
    let mut resources = Vec::with_capacity(pending.len());
    while let Some(mut node) = pending.pop_front() {
        if resources.len() + pending.len() > OBJECTS_MAX {
            return Err(mistake!("a file may hold {OBJECTS_MAX} objects"));
        }
        // The items of a list come behind everything else.
        if text_of(&node, "kind").ends_with("List") && node.get("items").is_some() {
            let items = node.get_mut("items").map(std::mem::take);
            match items.map(|items| items.kind) {
                Some(NodeKind::Sequence { elements, .. }) => keep_valid(elements, &mut pending)?,
                Some(NodeKind::Mapping { .. }) => {
                    return Err(mistake!(
                        "expected array in {}/items, but found map[string]interface {{}}",
                        text_of(&node, "kind")
                    ));
                }
                _ => {}
            }
            continue;
        }
        if line > 0 {
            shift(&mut node, line);
        }
        resources.push(Resource::new(node, Arc::clone(file)));
    }
    Ok(resources)
}

fn keep_valid(nodes: Vec<Node>, kept: &mut VecDeque<Node>) -> Result<()> {
    for node in nodes {
        if node.is_null_or_empty() {
            continue;
        }
        validate(&node).map_err(|e| e.at("", node.line))?;
        kept.push_back(node);
    }
    Ok(())
}

fn shift(node: &mut Node, lines: u32) {
    change_lines(node, &|line| line.saturating_add(lines - 1));
}

fn change_lines(node: &mut Node, change: &impl Fn(u32) -> u32) {
    node.line = change(node.line);
    match &mut node.kind {
        NodeKind::Scalar { .. } => {}
        NodeKind::Sequence { elements, .. } => {
            elements.iter_mut().for_each(|e| change_lines(e, change));
        }
        NodeKind::Mapping { members, .. } => {
            for (key, value) in members {
                change_lines(key, change);
                change_lines(value, change);
            }
        }
    }
}

/// Marks lines of a patch, which stand in another file than those of the object that it changes.
const FOREIGN: u32 = 1 << 31;

/// Reads patches: their lines are marked as those of another file.
pub(crate) fn patches(text: &[u8], file: &Arc<str>, line: u32) -> Result<Vec<Resource>> {
    let mut patches = resources(text, file, line)?;
    for patch in &mut patches {
        change_lines(patch.node_mut(), &|line| line | FOREIGN);
    }
    Ok(patches)
}

/// Returns the line of a node in the file of its object, if it comes from there.
pub(crate) fn own_line(node: &Node) -> Option<u32> {
    (node.line > 0 && node.line & FOREIGN == 0 && !link::is_mark(node.line)).then_some(node.line)
}

/// Returns the line of a node in the file of the patch that brought it, if one did.
pub(crate) fn patch_line(node: &Node) -> Option<u32> {
    (node.line & FOREIGN != 0).then_some(node.line & !FOREIGN)
}

/// Says which file can't be read, in the words of the reference.
pub(crate) fn in_file(error: Error, path: &str, file: &Arc<str>) -> Error {
    let text = error.to_string();
    let error = if text.contains("MalformedYAMLError") {
        error
            .reworded(|text| format!("{text} in File: {path}"))
            .malformed()
    } else if text.contains("error converting YAML to JSON")
        || text.contains("error unmarshaling JSON")
    {
        error.reworded(|text| format!("YAML file [{path}] encounters a format error.\n{text}\n"))
    } else {
        error
    };
    match &error {
        Error::Mistake(m) => {
            let line = m.line;
            error.at(file, line)
        }
        Error::Tree(_) => error,
    }
}
