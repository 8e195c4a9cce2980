//! Which transformer set which field: what is there after it and wasn't before.

use crate::read;
use crate::resource::{Change, Resource};
use crate::set::Set;
use crate::transform::Source;
use std::sync::Arc;
use value::pointer;
use yaml::v3::{Node, NodeKind};

/// Changes of one object that are kept.
const CHANGES_MAX: usize = 10_000;

/// Notes in the objects what a transformer changed.
pub(crate) fn note(before: &Set, after: &mut Set, source: &Source) {
    let is_aligned = before.len() == after.len();
    for (i, resource) in after.iter_mut().enumerate() {
        let old = if is_aligned {
            before.get(i)
        } else {
            let id = resource.original_id();
            before.iter().find(|old| old.original_id() == id)
        };
        let Some(old) = old.filter(|old| !resource.is_unchanged_from(old)) else {
            continue;
        };
        let changes = changes(old, resource, source);
        let noted = &mut resource.state_mut().changes;
        noted.extend(changes);
        noted.truncate(CHANGES_MAX);
    }
}

fn changes(old: &Resource, new: &Resource, source: &Source) -> Vec<Change> {
    let mut differ = Differ {
        source,
        changes: Vec::new(),
        pointer: String::new(),
    };
    differ.node(old.node(), new.node());
    differ.changes
}

struct Differ<'s> {
    source: &'s Source,
    changes: Vec<Change>,
    pointer: String,
}

impl Differ<'_> {
    fn note(&mut self, node: Option<&Node>) {
        // What a patch brought stands in the patch.
        let (file, line) = match (&self.source.patch, node.and_then(read::patch_line)) {
            (Some(file), Some(line)) => (file, line),
            _ => (&self.source.file, self.source.line),
        };
        self.changes.push(Change {
            pointer: self.pointer.clone(),
            file: Arc::clone(file),
            line,
            what: self.source.what,
        });
    }

    fn child(&mut self, token: &str, old: Option<&Node>, new: Option<&Node>) {
        let len = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&pointer::escape(token));
        match (old, new) {
            (Some(old), Some(new)) => self.node(old, new),
            (_, new) => self.note(new),
        }
        self.pointer.truncate(len);
    }

    fn node(&mut self, old: &Node, new: &Node) {
        match (&old.kind, &new.kind) {
            (
                NodeKind::Mapping {
                    members: old_members,
                    ..
                },
                NodeKind::Mapping { members, .. },
            ) => {
                for (key, value) in members {
                    let name = key.as_text().unwrap_or("");
                    self.child(name, old.get(name), Some(value));
                }
                for (key, value) in old_members {
                    let name = key.as_text().unwrap_or("");
                    if new.get(name).is_none() {
                        self.child(name, Some(value), None);
                    }
                }
            }
            (NodeKind::Sequence { elements: old, .. }, NodeKind::Sequence { elements, .. }) => {
                for (i, element) in elements.iter().enumerate() {
                    self.child(&i.to_string(), old.get(i), Some(element));
                }
            }
            (NodeKind::Scalar { text: old_text, .. }, NodeKind::Scalar { text, .. })
                if old_text == text && old.short_tag() == new.short_tag() => {}
            _ => self.note(Some(new)),
        }
    }
}
