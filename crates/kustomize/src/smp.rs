//! Strategic merge, as Kustomize does it.
//!
//! It differs from that of a Kubernetes API server: new elements of a list go before the old ones,
//! kinds without a schema have their lists replaced, and `$retainKeys`, `$setElementOrder` and
//! `$deleteFromPrimitiveList` are members like any other. Lists that merge are put together anew even
//! where the patch says nothing, which shows when two elements have the same key.

use crate::error::{Error, Result, mistake};
use crate::link;
use crate::node::{self, wrong_kind};
use crate::schema::{Place, Schema};
use yaml::v3::{Node, NodeKind};

/// What a patch says to do with a mapping or a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

const DIRECTIVE: &str = "$patch";

/// Returns `target` with `patch` merged into it; nothing if the patch deletes it.
pub(crate) fn merge(schema: &Schema, target: Node, patch: Node) -> Result<Option<Node>> {
    let merger = Merger { schema };
    let merged = merger.walk(Some(target), Some(patch), None)?;
    Ok(merged.node)
}

/// What came of a walk.
struct Walked {
    node: Option<Node>,
    /// It is what the target had, changed.
    from_target: bool,
}

impl Walked {
    const fn target(node: Option<Node>) -> Self {
        Self {
            node,
            from_target: true,
        }
    }

    const fn other(node: Option<Node>) -> Self {
        Self {
            node,
            from_target: false,
        }
    }
}

struct Merger<'s> {
    schema: &'s Schema,
}

fn is_missing(node: Option<&Node>) -> bool {
    node.is_none_or(Node::is_null)
}

impl Merger<'_> {
    fn place(
        &self,
        known: Option<Place>,
        target: Option<&Node>,
        patch: Option<&Node>,
    ) -> Option<Place> {
        if known.is_some() {
            return known;
        }
        // An object in an object says itself what it is.
        let of = |node: &Node| {
            let kind = crate::id::text_of(node, "kind");
            let api_version = crate::id::text_of(node, "apiVersion");
            if kind.is_empty() || api_version.is_empty() {
                return None;
            }
            self.schema.kind(api_version, kind)
        };
        target.and_then(of).or_else(|| patch.and_then(of))
    }

    fn walk(
        &self,
        target: Option<Node>,
        patch: Option<Node>,
        place: Option<Place>,
    ) -> Result<Walked> {
        let place = self.place(place, target.as_ref(), patch.as_ref());
        let first = [target.as_ref(), patch.as_ref()]
            .into_iter()
            .flatten()
            .find(|node| !node.is_null());
        let (wanted, fits): (_, fn(&Node) -> bool) = match first.map(|node| &node.kind) {
            Some(NodeKind::Scalar { .. }) => ("ScalarNode", Node::is_scalar),
            Some(NodeKind::Sequence { .. }) => ("SequenceNode", Node::is_sequence),
            Some(NodeKind::Mapping { .. }) => ("MappingNode", Node::is_mapping),
            None => return self.mapping(target, patch, place),
        };
        for node in [&target, &patch].into_iter().flatten() {
            if !node.is_null() && !fits(node) {
                return Err(wrong_kind(wanted, node));
            }
        }
        match wanted {
            "MappingNode" => self.mapping(target, patch, place),
            "SequenceNode" => match place.as_ref().and_then(Place::merge_keys) {
                Some(_) => self.list(target, patch, place.as_ref()),
                None => Ok(either(target, patch)),
            },
            _ => Ok(either(target, patch)),
        }
    }

    fn mapping(
        &self,
        target: Option<Node>,
        patch: Option<Node>,
        place: Option<Place>,
    ) -> Result<Walked> {
        let Some(mut target) = target.filter(|t| !t.is_null() || patch.is_none()) else {
            return self.added(patch, place);
        };
        if target.is_null() {
            // `null` stays, nothing at all doesn't.
            let stays = target.as_text().is_some_and(|text| !text.is_empty());
            return Ok(Walked::target(stays.then_some(target)));
        }
        let mut patch = match patch {
            Some(patch) if patch.is_null() => return Ok(Walked::other(None)),
            patch => patch,
        };
        if let Some(patch) = &mut patch {
            match mapping_directive(patch)? {
                Directive::Delete => return Ok(Walked::other(None)),
                Directive::Replace => {
                    return self.added(Some(std::mem::replace(patch, empty())), place);
                }
                Directive::Merge => {}
            }
        }
        let new = patch.map(into_members).unwrap_or_default();
        self.members(&mut target, new, place.as_ref())?;
        Ok(Walked::target(Some(target)))
    }

    /// Walks what only the patch has: its directives and nulls are carried out.
    fn added(&self, patch: Option<Node>, place: Option<Place>) -> Result<Walked> {
        let Some(mut patch) = patch else {
            return Ok(Walked::other(None));
        };
        if patch.is_null() {
            return Ok(Walked::other(Some(patch)));
        }
        match mapping_directive(&mut patch) {
            Ok(Directive::Delete) => return Ok(Walked::other(None)),
            Ok(_) => {}
            Err(error) if patch.is_mapping() => return Err(error),
            Err(_) => {}
        }
        let place = self.place(place, Some(&patch), None);
        let members = patch.members_mut().map(std::mem::take).unwrap_or_default();
        for (key, value) in members {
            let name = key.as_text().unwrap_or("").to_owned();
            let place = place.as_ref().and_then(|p| self.schema.field(p, &name));
            let is_null = value.is_null();
            let walked = if is_null {
                None
            } else {
                self.walk_with_itself(value, place)?
            };
            if let (Some(value), Some(members)) = (walked, patch.members_mut()) {
                members.push((key, value));
            }
        }
        Ok(Walked::other(Some(patch)))
    }

    fn walk_with_itself(&self, node: Node, place: Option<Place>) -> Result<Option<Node>> {
        match &node.kind {
            NodeKind::Scalar { .. } => Ok(Some(node)),
            NodeKind::Mapping { .. } => Ok(self.added(Some(node), place)?.node),
            NodeKind::Sequence { .. } => {
                if place.as_ref().is_some_and(|p| p.merge_keys().is_some()) {
                    let walked = self.list(Some(node.clone()), Some(node), place.as_ref())?;
                    return Ok(walked.node);
                }
                Ok(Some(node))
            }
        }
    }

    fn members(
        &self,
        target: &mut Node,
        mut new: Vec<(Node, Node)>,
        place: Option<&Place>,
    ) -> Result<()> {
        let Some(members) = target.members_mut() else {
            return Ok(());
        };
        let old = std::mem::take(members);
        let mut merged = Vec::with_capacity(old.len() + new.len());
        let field = |name: &str| place.and_then(|p| self.schema.field(p, name));
        for (key, value) in old {
            let name = key.as_text().unwrap_or("");
            let patched = new.iter().position(|(k, _)| k.as_text() == Some(name));
            let patch = patched.map(|i| new.remove(i).1);
            if patch.is_none() && value.is_scalar() && !value.is_null() {
                // Setting a field makes text of what only looks like something else.
                let is_odd = value.tag.is_some() && value.is_text() && value.short_tag() != "!!str";
                let value = match (is_odd, value.as_text()) {
                    (true, Some(text)) => Node::string(text, value.line),
                    _ => value,
                };
                merged.push((key, value));
                continue;
            }
            let old_scalar = (value.is_scalar() && patch.is_some()).then(|| value.clone());
            let was_null = value.is_null() && patch.is_none();
            let Some(value) = self.walk(Some(value), patch, field(name))?.node else {
                continue;
            };
            if value.is_null() && !was_null {
                continue;
            }
            let value = match &old_scalar {
                Some(old) => link::in_place_of(value.styled_like(old), old),
                None => value,
            };
            merged.push((key, value));
        }
        for (key, value) in new {
            let name = key.as_text().unwrap_or("");
            let Some(value) = self.walk(None, Some(value), field(name))?.node else {
                continue;
            };
            if !value.is_null() {
                merged.push((key, value));
            }
        }
        if let Some(members) = target.members_mut() {
            *members = merged;
        }
        Ok(())
    }

    fn list(
        &self,
        target: Option<Node>,
        patch: Option<Node>,
        place: Option<&Place>,
    ) -> Result<Walked> {
        let Some(target) = target.filter(|t| !t.is_null()) else {
            let Some(patch) = patch else {
                return Ok(Walked::other(None));
            };
            return self
                .elements(patch.clone(), Some(&patch), place)
                .map(Walked::other);
        };
        if patch.as_ref().is_some_and(Node::is_null) {
            return Ok(Walked::other(None));
        }
        let mut patch = patch;
        if let Some(list) = &mut patch {
            match list_directive(list)? {
                Directive::Delete => return Ok(Walked::other(None)),
                Directive::Replace => {
                    let list = std::mem::replace(list, empty());
                    return self
                        .elements(list.clone(), Some(&list), place)
                        .map(Walked::other);
                }
                Directive::Merge => {}
            }
        }
        self.elements(target, patch.as_ref(), place)
            .map(Walked::target)
    }

    /// Puts a list together: what the patch names first, then the others, by their keys.
    fn elements(
        &self,
        mut target: Node,
        patch: Option<&Node>,
        place: Option<&Place>,
    ) -> Result<Option<Node>> {
        let keys: Vec<&str> = place
            .and_then(Place::merge_keys)
            .map(|keys| keys.iter().map(AsRef::as_ref).collect())
            .unwrap_or_default();
        let is_primitive = keys.is_empty();
        let keys = if is_primitive { vec![""] } else { keys };
        let mut values: Vec<Vec<String>> = Vec::new();
        for list in patch.into_iter().chain([&target]) {
            for element in list.elements() {
                let value = key_values(element, &keys);
                if !values.contains(&value) {
                    values.push(value);
                }
            }
        }
        if keys.len() > 1 {
            unify(&mut values);
        }
        let element_place = place.and_then(Place::element);
        let mut list: Vec<Node> = Vec::new();
        let mut valid_keys = keys.clone();
        for value in &values {
            let (own_keys, own_values) = valid(&values, value, &keys);
            valid_keys.clone_from(&own_keys);
            let (find_keys, find_values) =
                valid(std::slice::from_ref(&own_values), &own_values, &own_keys);
            let find = |list: &Node| {
                let fits = |e: &Node| matches_exactly(e, &find_keys, &find_values);
                list.elements().iter().position(fits)
            };
            let at = find(&target);
            let old = at.and_then(|i| Some(target.elements().get(i)?.clone()));
            let new = patch.and_then(|p| find(p).map(|i| p.elements()[i].clone()));
            let walked = self.walk(old, new, element_place.clone())?;
            let merged = walked.node.filter(|n| !is_missing(Some(n)));
            let Some(mut merged) = merged.filter(|n| !(n.is_mapping() && n.members().is_empty()))
            else {
                set_element(&mut target, None, &own_keys, &own_values)?;
                continue;
            };
            if !is_primitive {
                for (key, value) in own_keys.iter().zip(&own_values) {
                    if merged.is_mapping() && merged.get(key).is_none() && !value.is_empty() {
                        node::put_member(&mut merged, key, Node::string(value.as_str(), 0))?;
                    }
                }
            }
            if let (true, Some(i), Some(elements)) = (walked.from_target, at, target.elements_mut())
            {
                elements[i] = merged.clone();
            }
            set(&mut list, Some(merged), &own_keys, &own_values)?;
        }
        if !values.is_empty() {
            let elements = target
                .elements_mut()
                .map(std::mem::take)
                .unwrap_or_default();
            append(&mut list, elements, &valid_keys)?;
            if let Some(elements) = target.elements_mut() {
                *elements = list;
            }
        }
        Ok(Some(target))
    }
}

fn empty() -> Node {
    Node::mapping(Vec::new(), 0)
}

fn either(target: Option<Node>, patch: Option<Node>) -> Walked {
    match patch {
        Some(patch) => Walked::other(Some(patch)),
        None => Walked::target(target),
    }
}

fn into_members(mut node: Node) -> Vec<(Node, Node)> {
    node.members_mut().map(std::mem::take).unwrap_or_default()
}

fn directive(text: &str) -> Result<Directive> {
    match text {
        "merge" => Ok(Directive::Merge),
        "replace" => Ok(Directive::Replace),
        "delete" => Ok(Directive::Delete),
        other => Err(mistake!("unknown patch strategy '{other}'")),
    }
}

/// Takes the directive out of a mapping.
fn mapping_directive(patch: &mut Node) -> Result<Directive> {
    if !patch.is_mapping() {
        return Err(Error::new("no implemented strategic merge patch strategy"));
    }
    let Some(value) = patch.get(DIRECTIVE) else {
        return Ok(Directive::Merge);
    };
    let directive = directive(value.as_text().unwrap_or(""))?;
    node::remove(patch, DIRECTIVE);
    Ok(directive)
}

/// Takes the directive out of a list: an element of its own.
fn list_directive(patch: &mut Node) -> Result<Directive> {
    let found = patch.elements().iter().find_map(|e| {
        let value = e.get(DIRECTIVE)?;
        Some((e.members().len(), value.as_text()?.to_owned()))
    });
    let Some((1, text)) = found else {
        return Ok(Directive::Merge);
    };
    let directive = directive(&text)?;
    set_element(patch, None, &[DIRECTIVE], &[text])?;
    Ok(directive)
}

/// Returns the texts of an element's keys; that of the element itself for the key `""`.
fn key_values(element: &Node, keys: &[&str]) -> Vec<String> {
    let text = |key: &&str| {
        if key.is_empty() {
            return element.as_text().unwrap_or("").to_owned();
        }
        let value = element.get(key).filter(|v| !v.is_null_or_empty());
        value.and_then(Node::as_text).unwrap_or("").to_owned()
    };
    keys.iter().map(text).collect()
}

/// Fills in what elements with some of the keys lack from those that agree with them otherwise.
fn unify(values: &mut [Vec<String>]) {
    let agree = |a: &[String], b: &[String]| -> Option<Vec<String>> {
        let mut common = false;
        let mut both = Vec::with_capacity(a.len());
        for (a, b) in a.iter().zip(b) {
            if a == b {
                common = true;
            } else if !a.is_empty() && !b.is_empty() {
                return None;
            }
            both.push(if a.is_empty() { b.clone() } else { a.clone() });
        }
        common.then_some(both)
    };
    for i in 0..values.len() {
        for j in 0..values.len() {
            if let Some(both) = agree(&values[i], &values[j]) {
                values[i].clone_from(&both);
                values[j] = both;
            }
        }
    }
}

/// Returns the keys that any element has, and the values of one element for them.
fn valid<'k>(
    all: &[Vec<String>],
    values: &[String],
    keys: &[&'k str],
) -> (Vec<&'k str>, Vec<String>) {
    let has = |i: usize| all.iter().any(|v| v.get(i).is_some_and(|v| !v.is_empty()));
    if !(0..keys.len()).any(has) {
        return (keys.to_vec(), values.to_vec());
    }
    let valid_keys = keys
        .iter()
        .enumerate()
        .filter(|(i, _)| has(*i))
        .map(|(_, k)| *k)
        .collect();
    let keep = |(i, v): &(usize, &String)| !v.is_empty() || has(*i);
    let valid_values = values
        .iter()
        .enumerate()
        .filter(keep)
        .map(|(_, v)| v.clone())
        .collect();
    (valid_keys, valid_values)
}

/// Returns true for the element that has all keys with these texts.
fn matches_exactly(element: &Node, keys: &[&str], values: &[String]) -> bool {
    if keys.first().is_none_or(|k| k.is_empty()) {
        return element.as_text().unwrap_or("") == values.first().map_or("", String::as_str);
    }
    if keys.len() != values.len() || !element.is_mapping() {
        return false;
    }
    keys.iter().zip(values).all(|(key, value)| {
        let found = element.get(key);
        found.is_some_and(|found| found.as_text().unwrap_or("") == value)
    })
}

fn set_element(
    list: &mut Node,
    element: Option<Node>,
    keys: &[&str],
    values: &[String],
) -> Result<()> {
    match list.elements_mut() {
        Some(elements) => set(elements, element, keys, values),
        None => Ok(()),
    }
}

/// Puts `element` in place of those with its keys, or at the end; without an element, they go.
fn set(
    list: &mut Vec<Node>,
    element: Option<Node>,
    keys: &[&str],
    values: &[String],
) -> Result<()> {
    let for_mappings = keys.first().is_some_and(|k| !k.is_empty())
        && values.first().is_some_and(|v| !v.is_empty());
    let mut found_any = false;
    let mut kept = Vec::with_capacity(list.len() + 1);
    for old in list.drain(..) {
        if old.is_null() || old.is_mapping() && old.members().is_empty() {
            continue;
        }
        if !old.is_mapping() && for_mappings {
            kept.push(old);
            continue;
        }
        let mut found = true;
        let mut last = false;
        for (j, key) in keys.iter().enumerate() {
            if let Some(value) = values.get(j) {
                last = if key.is_empty() {
                    if !old.is_scalar() {
                        return Err(wrong_kind("ScalarNode", &old));
                    }
                    old.as_text().unwrap_or("") == value
                } else {
                    if !old.is_mapping() {
                        return Err(wrong_kind("MappingNode", &old));
                    }
                    let text = old.get(key).map(|v| v.as_text().unwrap_or(""));
                    text.is_some_and(|text| value.is_empty() || text == value)
                };
            }
            if !last {
                found = false;
                break;
            }
        }
        if !found {
            if !values.is_empty() {
                kept.push(old);
            }
            continue;
        }
        found_any = true;
        if let Some(element) = &element {
            kept.push(element.clone());
        }
    }
    *list = kept;
    if let Some(element) = element.filter(|e| !found_any && !e.is_null()) {
        list.push(element);
    }
    Ok(())
}

/// Adds the target's own elements behind, or in place of, those that are there.
fn append(list: &mut Vec<Node>, elements: Vec<Node>, keys: &[&str]) -> Result<()> {
    for element in elements {
        if keys.first().is_none_or(|k| k.is_empty()) {
            let value = element.as_text().unwrap_or("").to_owned();
            set(list, Some(element), &[""], &[value])?;
            continue;
        }
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            if !element.is_mapping() && !element.is_null() {
                return Err(wrong_kind("MappingNode", &element));
            }
            match element.get(key) {
                Some(value) => values.push(value.as_text().unwrap_or("").to_owned()),
                None => list.push(element.clone()),
            }
        }
        if keys.len() > 1 {
            set(list, None, keys, &values)?;
        }
        set(list, Some(element), keys, &values)?;
    }
    Ok(())
}
