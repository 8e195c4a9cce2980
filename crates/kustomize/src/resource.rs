//! An object on its way through a build.

use crate::error::{Error, Result};
use crate::id::{Id, text_of};
use crate::link;
use crate::node;
use std::sync::Arc;
use yaml::v3::{Node, NodeKind};

/// What happens if a generated object exists already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Behavior {
    #[default]
    Unspecified,
    Create,
    Replace,
    Merge,
}

impl Behavior {
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "create" => Self::Create,
            "replace" => Self::Replace,
            "merge" => Self::Merge,
            _ => Self::Unspecified,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Merge => "merge",
        }
    }
}

/// What an object was called before a transformer changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Previous {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) kind: String,
}

/// A field that a transformer set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// A JSON pointer.
    pub pointer: String,
    /// The file that says so.
    pub file: Arc<str>,
    /// The line, from 1; 0 if none is known.
    pub line: u32,
    /// What did it, as `images` or `patches`.
    pub what: &'static str,
}

impl Change {
    /// Returns true if it changed what `pointer` points at, something around it or something inside.
    #[must_use]
    pub fn concerns(&self, pointer: &str) -> bool {
        let is_in = |inner: &str, outer: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        is_in(pointer, &self.pointer) || is_in(&self.pointer, pointer)
    }
}

/// An object: the document, shared until it is changed, and what happened to it.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    node: Arc<Node>,
    /// The file that it comes from.
    pub(crate) file: Arc<str>,
    state: Option<Box<State>>,
}

/// What only some objects have.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) previous: Vec<Previous>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) suffixes: Vec<String>,
    pub(crate) behavior: Behavior,
    pub(crate) needs_hash: bool,
    pub(crate) is_helm: bool,
    pub(crate) may_change_name: bool,
    pub(crate) may_change_kind: bool,
    pub(crate) vars: Vec<String>,
    pub(crate) changes: Vec<Change>,
    /// Numbers of fields that change together, and what they hold.
    pub(crate) links: Vec<(u32, Node)>,
    /// The last number that was given.
    pub(crate) last_link: u32,
}

static NOTHING: State = State {
    previous: Vec::new(),
    prefixes: Vec::new(),
    suffixes: Vec::new(),
    behavior: Behavior::Unspecified,
    needs_hash: false,
    is_helm: false,
    may_change_name: false,
    may_change_kind: false,
    vars: Vec::new(),
    changes: Vec::new(),
    links: Vec::new(),
    last_link: 0,
};

/// Where the object's own files, and this program, keep notes about a build.
const INTERNAL: &str = "internal.config.kubernetes.io/";
/// Annotations that never leave a build.
const BUILD_ANNOTATIONS: [&str; 19] = [
    "internal.config.kubernetes.io/previousKinds",
    "internal.config.kubernetes.io/previousNames",
    "internal.config.kubernetes.io/prefixes",
    "internal.config.kubernetes.io/suffixes",
    "internal.config.kubernetes.io/previousNamespaces",
    "internal.config.kubernetes.io/allowNameChange",
    "internal.config.kubernetes.io/allowKindChange",
    "internal.config.kubernetes.io/refBy",
    "internal.config.kubernetes.io/generatorBehavior",
    "internal.config.kubernetes.io/needsHashSuffix",
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/seqindent",
    "internal.config.kubernetes.io/id",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s.io/id",
    "internal.config.kubernetes.io/helm-generated",
];

impl Resource {
    pub(crate) fn new(node: Node, file: Arc<str>) -> Self {
        let mut resource = Self {
            node: Arc::new(node),
            file,
            state: None,
        };
        resource.take_notes();
        resource
    }

    /// Honours notes that the document itself brings along.
    fn take_notes(&mut self) {
        let Some(annotations) = node::at(&self.node, &["metadata", "annotations"]) else {
            return;
        };
        let notes: Vec<(String, String)> = annotations
            .members()
            .iter()
            .filter_map(|(k, v)| {
                let name = k.as_text()?.strip_prefix(INTERNAL)?;
                Some((name.to_owned(), v.as_text()?.to_owned()))
            })
            .collect();
        let list = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        let (mut names, mut namespaces, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
        for (name, text) in &notes {
            match name.as_str() {
                "needsHashSuffix" => self.state_mut().needs_hash = text == "enabled",
                "generatorBehavior" => self.state_mut().behavior = Behavior::parse(text),
                "allowNameChange" => self.state_mut().may_change_name = text == "enabled",
                "allowKindChange" => self.state_mut().may_change_kind = text == "enabled",
                "prefixes" => self.state_mut().prefixes = list(text),
                "suffixes" => self.state_mut().suffixes = list(text),
                "previousNames" => names = list(text),
                "previousNamespaces" => namespaces = list(text),
                "previousKinds" => kinds = list(text),
                _ => {}
            }
        }
        for ((name, namespace), kind) in names.into_iter().zip(namespaces).zip(kinds) {
            self.state_mut().previous.push(Previous {
                name,
                namespace,
                kind,
            });
        }
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Returns the document to change it; if it is shared, a copy of its own.
    pub(crate) fn node_mut(&mut self) -> &mut Node {
        Arc::make_mut(&mut self.node)
    }

    pub(crate) fn is_unchanged_from(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.node, &other.node)
    }

    pub(crate) fn set_node(&mut self, node: Node) {
        self.node = Arc::new(node);
    }

    pub(crate) fn state(&self) -> &State {
        self.state.as_deref().unwrap_or(&NOTHING)
    }

    pub(crate) fn state_mut(&mut self) -> &mut State {
        self.state.get_or_insert_default()
    }

    pub(crate) fn id(&self) -> Id {
        Id::of(&self.node)
    }

    pub(crate) fn kind(&self) -> &str {
        text_of(&self.node, "kind")
    }

    pub(crate) fn name(&self) -> &str {
        self.metadata("name")
    }

    pub(crate) fn namespace(&self) -> &str {
        self.metadata("namespace")
    }

    fn metadata(&self, name: &str) -> &str {
        let metadata = self.node.get("metadata");
        metadata.map_or("", |m| text_of(m, name))
    }

    /// Returns what it was called, oldest first.
    pub(crate) fn previous_ids(&self) -> Vec<Id> {
        let gvk = crate::id::Gvk::of(&self.node);
        let id = |previous: &Previous| Id {
            gvk: crate::id::Gvk {
                kind: previous.kind.clone(),
                ..gvk.clone()
            },
            name: previous.name.clone(),
            namespace: previous.namespace.clone(),
        };
        self.state().previous.iter().map(id).collect()
    }

    /// Returns what it was called at first.
    pub(crate) fn original_id(&self) -> Id {
        let mut id = self.id();
        if let Some(previous) = self.state().previous.first() {
            id.gvk.kind.clone_from(&previous.kind);
            id.name.clone_from(&previous.name);
            id.namespace.clone_from(&previous.namespace);
        }
        id
    }

    /// Returns true if any of its names, past or present, is `id`.
    pub(crate) fn was_ever(&self, matches: impl Fn(&Id) -> bool) -> bool {
        matches(&self.id())
            || !self.state().previous.is_empty() && self.previous_ids().iter().any(matches)
    }

    /// Notes what it is called now, before that changes.
    pub(crate) fn store_previous_id(&mut self) {
        let id = self.id();
        let namespace = id.effective_namespace().to_owned();
        self.state_mut().previous.push(Previous {
            namespace,
            name: id.name,
            kind: id.gvk.kind,
        });
    }

    pub(crate) fn set_name(&mut self, name: &str) -> Result<()> {
        self.set_metadata("name", name)
    }

    pub(crate) fn set_namespace(&mut self, namespace: &str) -> Result<()> {
        if namespace.is_empty() {
            if let Some(metadata) = self.node_mut().get_mut("metadata") {
                node::remove(metadata, "namespace");
            }
            return Ok(());
        }
        self.set_metadata("namespace", namespace)
    }

    fn set_metadata(&mut self, name: &str, text: &str) -> Result<()> {
        let metadata =
            node::member_or(self.node_mut(), "metadata", || Node::mapping(Vec::new(), 0))?;
        node::overwrite_member(metadata, name, text, 0)
    }

    /// Returns labels or annotations as they are written.
    pub(crate) fn texts(&self, field: &str) -> Vec<(String, String)> {
        texts(&self.node, field)
    }

    pub(crate) fn annotation(&self, name: &str) -> Option<&str> {
        let annotations = node::at(&self.node, &["metadata", "annotations"])?;
        annotations.get(name)?.as_text()
    }

    /// Sets labels or annotations; without any, the field goes.
    pub(crate) fn set_texts(&mut self, field: &str, texts: &[(String, String)]) -> Result<()> {
        set_texts(self.node_mut(), field, texts)
    }

    /// Drops what was only noted for the build; annotations become text.
    pub(crate) fn finish(&mut self, keeps_origin: bool, keeps_transformations: bool) -> Result<()> {
        let annotations = node::at(&self.node, &["metadata", "annotations"]);
        // Mostly there is nothing to do.
        let is_done = annotations.is_none_or(|a| {
            !a.members().is_empty()
                && a.members().iter().all(|(k, v)| {
                    let is_text = v.short_tag() == "!!str";
                    is_text && k.as_text().is_some_and(|k| !is_note(k))
                })
        });
        if is_done {
            return Ok(());
        }
        let mut texts = self.texts("annotations");
        texts.retain(|(name, _)| {
            !BUILD_ANNOTATIONS.contains(&name.as_str())
                && (keeps_origin || name != ORIGIN)
                && (keeps_transformations || name != TRANSFORMATIONS)
        });
        // Kustomize writes them again when it drops its notes of where they come from.
        self.set_texts("annotations", &texts)
    }

    /// Returns true if the build doesn't give it back.
    pub(crate) fn is_local(&self) -> bool {
        self.annotation("config.kubernetes.io/local-config")
            .is_some_and(|text| text != "false")
    }

    pub(crate) fn to_value(&self) -> Result<value::Value> {
        self.node
            .to_value()
            .map_err(|e| Error::from(e).at(&self.file, 0))
    }
}

/// Where an object comes from.
pub(crate) const ORIGIN: &str = "config.kubernetes.io/origin";
/// What changed an object.
pub(crate) const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";

fn is_note(name: &str) -> bool {
    BUILD_ANNOTATIONS.contains(&name) || name == ORIGIN || name == TRANSFORMATIONS
}

/// Returns labels or annotations as they are written.
pub(crate) fn texts(node: &Node, field: &str) -> Vec<(String, String)> {
    let texts = node::at(node, &["metadata", field]);
    let text = |node: &Node| node.as_text().unwrap_or("").to_owned();
    let members = texts.map_or(&[][..], Node::members);
    let mut pairs: Vec<_> = members.iter().map(|(k, v)| (text(k), text(v))).collect();
    pairs.sort();
    pairs
}

/// Sets labels or annotations; without any, the field goes.
pub(crate) fn set_texts(node: &mut Node, field: &str, texts: &[(String, String)]) -> Result<()> {
    let metadata = node::member_or(node, "metadata", || Node::mapping(Vec::new(), 0))?;
    let old = node::remove(metadata, field);
    if texts.is_empty() {
        return Ok(());
    }
    let line_of = |name: &str| {
        let line = old.as_ref().and_then(|old| Some(old.get(name)?.line));
        link::line_only(line.unwrap_or(0))
    };
    let members = texts.iter().map(|(name, text)| {
        let line = line_of(name);
        (
            Node::string(name.as_str(), line),
            Node::string(text.as_str(), line),
        )
    });
    let line = old.as_ref().map_or(0, |old| old.line);
    let members = Node::mapping(members.collect(), line);
    node::put_member(metadata, field, members)
}

/// Returns true if `node` has what every object has.
pub(crate) fn validate(node: &Node) -> Result<()> {
    if !matches!(node.kind, NodeKind::Mapping { .. }) {
        return Err(Error::new("missing Resource metadata"));
    }
    let id = Id::of(node);
    let metadata = node.get("metadata").filter(|m| !m.is_null_or_empty());
    let meta = |field: &str| {
        let pairs = texts(node, field);
        let pairs: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}:{v}")).collect();
        format!("map[{}]", pairs.join(" "))
    };
    let shown = || {
        format!(
            "{{{{{} {}}} {{{{{} {}}} {} {}}}}}",
            id.gvk.api_version(),
            id.gvk.kind,
            id.name,
            id.namespace,
            meta("labels"),
            meta("annotations")
        )
    };
    if id.gvk.kind.is_empty() && id.gvk.version.is_empty() && metadata.is_none() {
        return Err(Error::new("missing Resource metadata"));
    }
    if id.gvk.kind.is_empty() {
        return Err(crate::error::mistake!("missing kind in object {}", shown()));
    }
    if !id.gvk.kind.ends_with("List") && id.name.is_empty() {
        return Err(crate::error::mistake!(
            "missing metadata.name in object {}",
            shown()
        ));
    }
    Ok(())
}
