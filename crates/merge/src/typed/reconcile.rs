//! Paths that were recorded under an older schema.

use crate::schema::{Atom, Kind, Scalar};
use crate::typed::TypeError;
use crate::typed::no_type;
use crate::{PathElement, Schema, Set, TypeId};
use std::borrow::Cow;

impl Set {
    /// Returns the set as today's schema would have recorded it: paths into what has become one
    /// value are that value's path. Borrows if nothing changes, which is nearly always.
    ///
    /// # Errors
    ///
    /// If the set names parts of something that has no type.
    pub fn reconciled(&self, schema: &Schema, of: TypeId) -> Result<Cow<'_, Self>, TypeError> {
        match visit(schema, of, self, false)? {
            Outcome::Same => Ok(Cow::Borrowed(self)),
            Outcome::Changed(set) => Ok(Cow::Owned(set)),
            // The root is one value: it has no path to own.
            Outcome::Whole => Ok(Cow::Owned(Self::new())),
        }
    }
}

enum Outcome {
    Same,
    Changed(Set),
    /// What is here is one value now: own it, and nothing below.
    Whole,
}

fn visit(schema: &Schema, of: TypeId, set: &Set, is_leaf: bool) -> Result<Outcome, TypeError> {
    let atom = schema.atom(of);
    let kind = atom
        .kind(crate::schema::Deduced::Whole)
        .ok_or_else(no_type)?;
    if kind == Kind::Scalar || is_deduced(schema, atom) {
        return Ok(Outcome::Same);
    }
    let atomic = match kind {
        Kind::Map => atom.map.as_ref().is_some_and(|m| m.atomic),
        _ => atom.list.as_ref().is_some_and(|l| !l.associative),
    };
    if atomic && !is_leaf {
        return Ok(if kind == Kind::List || !set.is_empty() {
            Outcome::Whole
        } else {
            Outcome::Same
        });
    }
    let mut changed: Option<Set> = None;
    for (i, node) in set.0.iter().enumerate() {
        let below = match (kind, &node.element) {
            (Kind::Map, PathElement::Field(name)) => atom.map.as_ref().and_then(|m| m.member(name)),
            (Kind::Map, _) => atom.map.as_ref().and_then(|m| m.element),
            _ => atom.list.as_ref().map(|l| l.element),
        };
        let Some(below) = below else { continue };
        let leaf = node.member && node.children.is_empty();
        let outcome =
            visit(schema, below, &node.children, leaf).map_err(|e| e.below(&node.element))?;
        let (member, children) = match outcome {
            Outcome::Same => continue,
            Outcome::Changed(children) => (node.member, children),
            Outcome::Whole => (true, Set::new()),
        };
        let node = &mut changed.get_or_insert_with(|| set.clone()).0[i];
        node.member = member;
        node.children = children;
    }
    Ok(changed.map_or(Outcome::Same, Outcome::Changed))
}

/// Returns true for a map of which nothing is declared.
fn is_deduced(schema: &Schema, atom: &Atom) -> bool {
    let Some(map) = atom.map.as_ref().filter(|m| m.fields.is_empty()) else {
        return false;
    };
    // A schema may bring its own deduced type; it is told by its name.
    let deduced = schema.named("__untyped_deduced_");
    map.element.is_some_and(|element| {
        Some(element) == deduced || schema.atom(element).scalar == Some(Scalar::Untyped)
    })
}
