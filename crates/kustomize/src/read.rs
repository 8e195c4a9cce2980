//! Objects from the text of a file.

use crate::error::{Error, Result, mistake};
use crate::id::text_of;
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
    node.line += lines - 1;
    match &mut node.kind {
        NodeKind::Scalar { .. } => {}
        NodeKind::Sequence { elements, .. } => {
            elements.iter_mut().for_each(|e| shift(e, lines));
        }
        NodeKind::Mapping { members, .. } => {
            for (key, value) in members {
                shift(key, lines);
                shift(value, lines);
            }
        }
    }
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
