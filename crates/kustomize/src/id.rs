//! What objects are called.

use std::fmt;
use yaml::v3::Node;

/// The namespace of what has none by its nature.
const NOWHERE: &str = "_non_namespaceable_";
/// The namespace of what names none.
const DEFAULT_NAMESPACE: &str = "default";

/// Group, version and kind; empty parts of a selector match anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Gvk {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
}

impl Gvk {
    pub(crate) fn new(api_version: &str, kind: &str) -> Self {
        let (group, version) = split_api_version(api_version);
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
        }
    }

    pub(crate) fn of(node: &Node) -> Self {
        Self::new(text_of(node, "apiVersion"), text_of(node, "kind"))
    }

    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Returns true if `selector` means this.
    pub(crate) fn is_selected_by(&self, selector: &Self) -> bool {
        let fits = |own: &str, wanted: &str| wanted.is_empty() || own == wanted;
        fits(&self.kind, &selector.kind)
            && fits(&self.group, &selector.group)
            && fits(&self.version, &selector.version)
    }

    pub(crate) fn is_cluster_scoped(&self) -> bool {
        crate::schema::is_cluster_scoped(&self.group, &self.version, &self.kind)
    }

    /// Returns what decides the order among kinds of one rank.
    pub(crate) fn sort_text(&self) -> String {
        format!(
            "{}_{}_{}",
            or(&self.group, "~G"),
            or(&self.version, "~V"),
            or(&self.kind, "~K")
        )
    }
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = or(&self.kind, "[noKind]");
        let version = or(&self.version, "[noVer]");
        write!(f, "{kind}.{version}.{}", or(&self.group, "[noGrp]"))
    }
}

pub(crate) fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// Returns the text of a member; empty if it is missing or holds nothing.
pub(crate) fn text_of<'n>(node: &'n Node, name: &str) -> &'n str {
    let value = node.get(name).filter(|v| !v.is_null_or_empty());
    value.and_then(Node::as_text).unwrap_or("")
}

/// Which object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Id {
    pub(crate) gvk: Gvk,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

impl Id {
    pub(crate) fn of(node: &Node) -> Self {
        let metadata = node.get("metadata");
        let text = |name| metadata.map_or("", |m| text_of(m, name));
        Self {
            gvk: Gvk::of(node),
            name: text("name").to_owned(),
            namespace: text("namespace").to_owned(),
        }
    }

    pub(crate) fn effective_namespace(&self) -> &str {
        if self.gvk.is_cluster_scoped() {
            NOWHERE
        } else if self.namespace.is_empty() {
            DEFAULT_NAMESPACE
        } else {
            &self.namespace
        }
    }

    /// Returns true for two names of one object.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.gvk == other.gvk
            && self.effective_namespace() == other.effective_namespace()
    }

    /// Returns what two names of one object have in common.
    pub(crate) fn key(&self) -> Key {
        let namespace = self.effective_namespace().to_owned();
        (self.gvk.clone(), self.name.clone(), namespace)
    }

    /// Returns true if a selector with these exact parts means this; empty ones match anything.
    pub(crate) fn is_selected_by(&self, selector: &Self) -> bool {
        let namespace = || {
            // The selector's kind may be empty: then it is taken for one with namespaces.
            self.effective_namespace() == selector.effective_namespace()
        };
        (selector.name.is_empty() || selector.name == self.name)
            && (selector.namespace.is_empty() || namespace())
            && self.gvk.is_selected_by(&selector.gvk)
    }
}

/// What makes two ids the same.
pub(crate) type Key = (Gvk, String, String);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = or(&self.name, "[noName]");
        let namespace = or(&self.namespace, "[noNs]");
        write!(f, "{}/{name}.{namespace}", self.gvk)
    }
}
