//! Struct fields on the way to a path are paths too.

use crate::{PathElement, Schema, Set, TypeId};

impl Set {
    /// Returns the set with every declared field that leads to one of its paths. Members of plain
    /// maps and items of lists are not added.
    #[must_use]
    pub fn with_named_fields(&self, schema: &Schema, of: TypeId) -> Self {
        named(self, schema, Some(of))
    }
}

fn named(set: &Set, schema: &Schema, of: Option<TypeId>) -> Set {
    let atom = of.map(|of| schema.atom(of));
    let nodes = set.0.iter().map(|node| {
        let mut node = node.clone();
        if node.children.is_empty() {
            return node;
        }
        let mut below = None;
        match (&node.element, atom) {
            (PathElement::Field(name), Some(atom)) => {
                if let Some(map) = &atom.map {
                    node.member |= map.field(name).is_some();
                    below = map.member(name);
                }
            }
            (PathElement::Key(_), Some(atom)) => below = atom.list.as_ref().map(|l| l.element),
            _ => {}
        }
        node.children = named(&node.children, schema, below);
        node
    });
    Set(nodes.collect())
}
