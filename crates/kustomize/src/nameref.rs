//! Names of other objects, once those are called something else.

use crate::config::Config;
use crate::error::{Result, mistake};
use crate::fieldspec::{self, Make};
use crate::id::{Gvk, Id};
use crate::node;
use crate::resource::Resource;
use crate::set::Set;
use std::collections::{HashMap, HashSet};
use yaml::v3::{Node, NodeKind};

/// An object as others may name it.
struct Candidate {
    id: Id,
    original_namespace: String,
    previous: Vec<Id>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

/// Puts present names in place of former ones.
pub(crate) fn fix(set: &mut Set, config: &Config) -> Result<()> {
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    let mut candidates: HashMap<usize, Candidate> = HashMap::new();
    for (i, resource) in set.iter().enumerate() {
        let state = resource.state();
        let previous = resource.previous_ids();
        let names: HashSet<&str> = previous.iter().map(|id| id.name.as_str()).collect();
        for name in names {
            by_name.entry(name.to_owned()).or_default().push(i);
        }
        let candidate = Candidate {
            id: resource.id(),
            original_namespace: resource.original_id().effective_namespace().to_owned(),
            previous,
            prefixes: state.prefixes.clone(),
            suffixes: state.suffixes.clone(),
        };
        candidates.insert(i, candidate);
    }
    for resource in set.iter_mut() {
        let original = resource.original_id().gvk;
        let mut referrer: Option<Referrer<'_>> = None;
        let may_refer = !by_name.is_empty() || resource.kind() == "RoleBinding";
        if !may_refer {
            continue;
        }
        for (reference, spec) in config.references_of(&original.kind) {
            if !original.is_selected_by(&spec.gvk) {
                continue;
            }
            if !may_have(resource.node(), &spec.path) {
                continue;
            }
            let referrer = match &mut referrer {
                Some(referrer) => referrer,
                None => referrer.insert(Referrer::new(resource, &candidates, &by_name)?),
            };
            let mut visit = Visit {
                referrer,
                target: &reference.gvk,
                role: None,
            };
            if spec.path.ends_with("roleRef/name") {
                visit.role = role(resource.node());
            }
            fieldspec::visit_path(resource.node_mut(), spec, Make::Nothing, &mut |field| {
                visit.set(field)
            })
            .map_err(|e| {
                e.context(format_args!(
                    "updating name reference in '{}' field of '{}'",
                    &*spec.path,
                    Id::of(resource.node())
                ))
                .at(&resource.file, resource.node().line)
            })?;
        }
    }
    Ok(())
}

/// Returns false if the object can't have the field: then it stays shared.
fn may_have(node: &Node, path: &str) -> bool {
    let mut node = node;
    for name in path.split('/') {
        let name = name.strip_suffix("[]").unwrap_or(name);
        if name.ends_with('\\') {
            return true;
        }
        match &node.kind {
            NodeKind::Mapping { .. } => match node.get(name) {
                Some(child) => node = child,
                None => return false,
            },
            // It may be wrong there, or a list: a closer look is needed.
            NodeKind::Scalar { .. } => return !node.is_null(),
            NodeKind::Sequence { elements, .. } => return !elements.is_empty(),
        }
    }
    true
}

/// Returns the kind that a role binding names.
fn role(node: &Node) -> Option<Gvk> {
    let text = |name| node::at(node, &["roleRef", name])?.as_text();
    Some(Gvk {
        group: text("apiGroup")?.to_owned(),
        version: String::new(),
        kind: text("kind")?.to_owned(),
    })
}

/// An object that names others.
struct Referrer<'s> {
    id: Id,
    is_cluster_scoped: bool,
    namespace: String,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    /// Namespaces of the service accounts that it binds.
    bound: HashSet<String>,
    candidates: &'s HashMap<usize, Candidate>,
    by_name: &'s HashMap<String, Vec<usize>>,
}

impl<'s> Referrer<'s> {
    fn new(
        resource: &Resource,
        candidates: &'s HashMap<usize, Candidate>,
        by_name: &'s HashMap<String, Vec<usize>>,
    ) -> Result<Self> {
        let id = resource.id();
        Ok(Self {
            is_cluster_scoped: id.gvk.is_cluster_scoped(),
            namespace: id.effective_namespace().to_owned(),
            prefixes: resource.state().prefixes.clone(),
            suffixes: resource.state().suffixes.clone(),
            bound: bound_namespaces(resource.node(), &id)?,
            id,
            candidates,
            by_name,
        })
    }

    fn could_name(&self, candidate: &Candidate) -> bool {
        self.is_cluster_scoped
            || candidate.id.gvk.is_cluster_scoped()
            || candidate.id.effective_namespace() == self.namespace
            || self.bound.contains(&candidate.id.namespace)
    }
}

fn bound_namespaces(node: &Node, id: &Id) -> Result<HashSet<String>> {
    let mut bound = HashSet::new();
    if id.gvk.kind != "RoleBinding" {
        return Ok(bound);
    }
    for subject in node.get("subjects").map_or(&[][..], Node::elements) {
        let Some(namespace) = subject.get("namespace") else {
            continue;
        };
        if subject.get("kind").and_then(Node::as_text) != Some("ServiceAccount") {
            continue;
        }
        match namespace
            .as_text()
            .filter(|_| namespace.short_tag() == "!!str")
        {
            Some(text) => drop(bound.insert(text.to_owned())),
            None => {
                return Err(mistake!(
                    "Invalid Input: namespace is blank for resource \"{id}\"\n"
                ));
            }
        }
    }
    Ok(bound)
}

struct Visit<'v, 's> {
    referrer: &'v Referrer<'s>,
    target: &'v Gvk,
    /// What a role binding says that it refers to.
    role: Option<Gvk>,
}

impl<'s> Visit<'_, 's> {
    fn set(&mut self, field: &mut Node) -> Result<()> {
        if field.is_null() {
            return Ok(());
        }
        match &mut field.kind {
            NodeKind::Scalar { .. } => self.set_scalar(field),
            NodeKind::Mapping { .. } => self.set_mapping(field),
            NodeKind::Sequence { elements, .. } => {
                for element in elements.iter_mut().filter(|e| !e.is_null()) {
                    match &element.kind {
                        NodeKind::Scalar { .. } => self.set_scalar(element)?,
                        NodeKind::Mapping { .. } => self.set_mapping(element)?,
                        NodeKind::Sequence { .. } => {
                            return Err(mistake!(
                                "node is expected to be either a string or a map of string"
                            ));
                        }
                    }
                }
                Ok(())
            }
        }
    }

    fn set_scalar(&self, field: &mut Node) -> Result<()> {
        let old = field.as_text().unwrap_or("").to_owned();
        let same = |found: &[&Candidate]| found.iter().all(|c| c.id.name == found[0].id.name);
        match self.select(&old, None, same)? {
            Some(found) if found.id.name != old => node::overwrite(field, &found.id.name, 0),
            _ => Ok(()),
        }
    }

    fn set_mapping(&self, field: &mut Node) -> Result<()> {
        let Some(name) = field.get("name") else {
            return Err(mistake!("path config error; no 'name' field in node"));
        };
        let old = name.as_text().unwrap_or("").to_owned();
        let namespace = field
            .get("namespace")
            .map(|n| n.as_text().unwrap_or("").to_owned());
        let same = |found: &[&Candidate]| {
            found
                .iter()
                .all(|c| c.id.name == found[0].id.name && c.id.namespace == found[0].id.namespace)
        };
        let Some(found) = self.select(&old, namespace.as_deref(), same)? else {
            return Ok(());
        };
        let id = &found.id;
        if id.name == old && id.namespace.is_empty() {
            return Ok(());
        }
        node::overwrite_member(field, "name", &id.name, 0)?;
        if id.namespace.is_empty() {
            return Ok(());
        }
        node::overwrite_member(field, "namespace", &id.namespace, 0)
    }

    fn select(
        &self,
        old: &str,
        namespace: Option<&str>,
        all_same: impl Fn(&[&'s Candidate]) -> bool,
    ) -> Result<Option<&'s Candidate>> {
        let referrer = self.referrer;
        let Some(named) = referrer.by_name.get(old) else {
            return Ok(None);
        };
        let named = named.iter().map(|i| &referrer.candidates[i]);
        let mut found: Vec<&'s Candidate> = named.filter(|c| referrer.could_name(c)).collect();
        if let Some(namespace) = namespace {
            // What was there at first counts before what is there now.
            let is_namespaced = |c: &&&Candidate| !c.id.gvk.is_cluster_scoped();
            let all = || {
                referrer
                    .candidates
                    .values()
                    .filter(|c| referrer.could_name(c))
            };
            let any_original =
                all().any(|c| is_namespaced(&&c) && c.original_namespace == namespace);
            found.retain(|c| {
                is_namespaced(&c)
                    && if any_original {
                        c.original_namespace == namespace
                    } else {
                        c.id.effective_namespace() == namespace
                    }
            });
        }
        found.retain(|c| {
            c.previous
                .iter()
                .any(|id| id.gvk.is_selected_by(self.target))
        });
        if let Some(role) = &self.role {
            found.retain(|c| c.previous.iter().any(|id| id.gvk.is_selected_by(role)));
        }
        if !referrer.is_cluster_scoped {
            found.retain(|c| {
                c.id.gvk.is_cluster_scoped()
                    || c.id.gvk.kind == "ServiceAccount"
                    || c.id.effective_namespace() == referrer.namespace
            });
        }
        if let [one] = found.as_slice() {
            return Ok(Some(one));
        }
        let same_ends = |c: &&Candidate, allow_empty: bool| {
            let fits = |own: &[String], other: &[String]| {
                allow_empty && (own.is_empty() || other.is_empty()) || ends_alike(own, other)
            };
            fits(&c.prefixes, &referrer.prefixes) && fits(&c.suffixes, &referrer.suffixes)
        };
        found.retain(|c| same_ends(c, true));
        if found.len() > 1 {
            found.retain(|c| same_ends(c, false));
        }
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            [first, ..] if all_same(&found) => Ok(Some(first)),
            many => {
                let ids: Vec<String> = many.iter().map(|c| c.id.to_string()).collect();
                Err(mistake!(
                    "found multiple possible referrals: {}\n{}",
                    ids.join(", "),
                    self.referrer.id
                ))
            }
        }
    }
}

/// Returns true if the shorter list is the end of the longer one.
fn ends_alike(a: &[String], b: &[String]) -> bool {
    let (short, long) = if a.len() > b.len() { (b, a) } else { (a, b) };
    if short.is_empty() {
        return long.is_empty();
    }
    long.ends_with(short)
}
