//! The objects of a build.

use crate::error::{Result, mistake};
use crate::id::{Id, Key};
use crate::kustomization::Selector;
use crate::regex::Pattern;
use crate::resource::{Behavior, Resource};
use std::collections::HashSet;
use value::selector::LabelSelector;
use yaml::v3::Node;

/// The objects of a build, no two of one id.
pub(crate) type Set = Vec<Resource>;

/// Adds objects whose ids must be new.
pub(crate) fn append_all(set: &mut Set, new: impl IntoIterator<Item = Resource>) -> Result<()> {
    let mut known: HashSet<Key> = set.iter().map(|r| r.id().key()).collect();
    for resource in new {
        let id = resource.id();
        if !known.insert(id.key()) {
            let error = mistake!("may not add resource with an already registered id: {id}");
            return Err(error.at(&resource.file, resource.node().line));
        }
        set.push(resource);
    }
    Ok(())
}

/// Adds generated objects, or lets them replace or add to those that are there.
pub(crate) fn absorb(set: &mut Set, mut new: Resource) -> Result<()> {
    let id = new.id();
    let matches: Vec<usize> = (0..set.len())
        .filter(|i| !set[*i].node().is_null_or_empty() && set[*i].was_ever(|old| old.is_same(&id)))
        .collect();
    let behavior = new.state().behavior;
    match (matches.as_slice(), behavior) {
        ([], Behavior::Merge | Behavior::Replace) => {
            Err(mistake!("id {id} does not exist; cannot merge or replace"))
        }
        ([], _) => append_all(set, [new]),
        ([i], Behavior::Merge | Behavior::Replace) => {
            let old = &set[*i];
            let origin = old.annotation(crate::resource::ORIGIN).map(str::to_owned);
            new.inherit(old)?;
            if behavior == Behavior::Merge {
                new.merge_data(old)?;
                if let Some(origin) = origin {
                    new.set_annotation(crate::resource::ORIGIN, &origin)?;
                }
            }
            set[*i] = new;
            Ok(())
        }
        ([_], _) => Err(mistake!(
            "id {id} exists; can not use behavior: '{}', behavior must be merge or replace",
            behavior.as_str()
        )),
        _ => Err(mistake!(
            "found multiple objects that could accept merge of {id}"
        )),
    }
}

/// Returns the one object that ever had an id.
pub(crate) fn by_id(set: &Set, id: &Id) -> Result<usize> {
    let fits = |r: &Resource| !r.node().is_null_or_empty() && r.was_ever(|own| own.is_same(id));
    let mut found = (0..set.len()).filter(|i| fits(&set[*i]));
    let problem = match (found.next(), found.next()) {
        (Some(i), None) => return Ok(i),
        (Some(_), Some(_)) => "multiple matches for Id",
        _ => "no matches for Id",
    };
    Err(mistake!(
        "{problem} {id}; failed to find unique target for patch {id}"
    ))
}

/// A selector ready to be used.
pub(crate) struct Select {
    group: Pattern,
    version: Pattern,
    kind: Pattern,
    name: Pattern,
    namespace: Pattern,
    annotations: LabelSelector,
    labels: LabelSelector,
    pub(crate) has_no_id: bool,
    pub(crate) has_no_texts: bool,
}

impl Select {
    pub(crate) fn new(selector: &Selector) -> Result<Self> {
        let parse =
            |text: &str| -> Result<LabelSelector> { text.parse().map_err(|e| mistake!("{e}")) };
        let id = [
            &selector.group,
            &selector.version,
            &selector.kind,
            &selector.name,
            &selector.namespace,
        ];
        Ok(Self {
            group: Pattern::anchored(&selector.group)?,
            version: Pattern::anchored(&selector.version)?,
            kind: Pattern::anchored(&selector.kind)?,
            name: Pattern::anchored(&selector.name)?,
            namespace: Pattern::anchored(&selector.namespace)?,
            annotations: parse(&selector.annotation_selector)?,
            labels: parse(&selector.label_selector)?,
            has_no_id: id.iter().all(|part| part.is_empty()),
            has_no_texts: selector.annotation_selector.is_empty()
                && selector.label_selector.is_empty(),
        })
    }

    /// Returns true for an id that all patterns match.
    pub(crate) fn matches_id(&self, id: &Id) -> bool {
        self.matches_kind(id)
            && self.name.matches(&id.name)
            && self.namespace.matches(&id.namespace)
    }

    fn matches_kind(&self, id: &Id) -> bool {
        self.kind.matches(&id.gvk.kind)
            && self.group.matches(&id.gvk.group)
            && self.version.matches(&id.gvk.version)
    }

    /// Returns true if labels and annotations fit.
    pub(crate) fn matches_texts(&self, node: &Node) -> bool {
        let fits = |selector: &LabelSelector, field: &str| {
            selector.is_everything() || {
                let texts = crate::node::at(node, &["metadata", field]);
                let text = |name: &str| texts.and_then(|t| t.get(name)?.as_text());
                selector.matches_with(text)
            }
        };
        fits(&self.labels, "labels") && fits(&self.annotations, "annotations")
    }

    /// Returns the numbers of the objects that it means, by their first or present names.
    pub(crate) fn select(&self, set: &Set) -> Vec<usize> {
        let fits = |resource: &Resource| {
            let (now, first) = (resource.id(), resource.original_id());
            let namespace = |id: &Id| self.namespace.matches(id.effective_namespace());
            (namespace(&first) || namespace(&now))
                && (self.name.matches(&first.name) || self.name.matches(&now.name))
                && self.matches_kind(&now)
                && self.matches_texts(resource.node())
        };
        (0..set.len()).filter(|i| fits(&set[*i])).collect()
    }
}

impl Resource {
    pub(crate) fn set_annotation(&mut self, name: &str, text: &str) -> Result<()> {
        let mut texts = self.texts("annotations");
        texts.retain(|(own, _)| own != name);
        texts.push((name.to_owned(), text.to_owned()));
        texts.sort();
        self.set_texts("annotations", &texts)
    }

    /// Takes over name, namespace, labels and annotations, where it has none of its own, and the
    /// history of the object that it replaces.
    pub(crate) fn inherit(&mut self, old: &Self) -> Result<()> {
        for field in ["labels", "annotations"] {
            let mut texts: std::collections::BTreeMap<_, _> =
                old.texts(field).into_iter().collect();
            texts.extend(self.texts(field));
            let texts: Vec<_> = texts.into_iter().collect();
            self.set_texts(field, &texts)?;
        }
        self.set_name(old.name())?;
        self.set_namespace(old.namespace())?;
        let needs_hash = self.state().needs_hash && old.state().needs_hash;
        let new = old.state().clone();
        let own = self.state_mut();
        *own = new;
        own.needs_hash = needs_hash;
        Ok(())
    }

    /// Adds the data that the old object has and this one hasn't.
    pub(crate) fn merge_data(&mut self, old: &Self) -> Result<()> {
        let text = |node: &Node| {
            node.as_text()
                .filter(|_| !node.is_null())
                .unwrap_or("")
                .to_owned()
        };
        let mut rest = std::collections::BTreeMap::new();
        for field in ["data", "binaryData"] {
            let mut pairs = std::collections::BTreeMap::new();
            for source in [old.node().get(field), self.node().get(field)]
                .into_iter()
                .flatten()
            {
                for (key, value) in source.members() {
                    pairs.insert(text(key), (text(value), value.line));
                }
            }
            rest.insert(field, pairs);
        }
        for (field, pairs) in rest {
            let node = self.node_mut();
            crate::node::remove(node, field);
            if pairs.is_empty() {
                continue;
            }
            let members = pairs
                .into_iter()
                .map(|(key, (text, line))| (Node::string(key, line), Node::string(text, line)));
            let data = Node::mapping(members.collect(), 0);
            crate::node::put_member(node, field, data)?;
        }
        Ok(())
    }
}
