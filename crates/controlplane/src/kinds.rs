//! Kinds are rows: what a kind is called, where it lives and what it can do, as data.
//!
//! A request names a group, a version and a plural; [`Kinds`] turns them into a [`Kind`]. The
//! built-in rows are fixed, further rows (custom resources) may come and go at run time.

mod table;

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use base64::Engine as _;
use sha2::Digest as _;

pub use crate::definition::Definition;
pub use crate::strategy::{Dependents, Generation, NameRule, Strategy, UnknownField};

/// Whether objects of a kind live in namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Objects live in a namespace.
    Namespaced,
    /// Objects belong to the cluster.
    Cluster,
}

/// A part of an object with a path of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subresource {
    /// The last segment of the path, like `status`.
    pub name: &'static str,
    /// Group, version and kind of what is sent and answered; `None` for the object itself.
    pub kind: Option<(&'static str, &'static str, &'static str)>,
    /// The verbs that it knows, separated by blanks.
    pub verbs: &'static str,
}

/// One row of the table of kinds.
#[derive(Debug, Clone)]
pub struct Kind {
    /// The API group, empty for the core group.
    pub group: String,
    /// The version, like `v1`.
    pub version: String,
    /// The kind, like `Deployment`.
    pub kind: String,
    /// The plural that paths use, like `deployments`.
    pub plural: String,
    /// The singular, like `deployment`.
    pub singular: String,
    /// Short names for the command line, like `deploy`.
    pub short_names: Vec<String>,
    /// Groups of kinds that it belongs to, like `all`.
    pub categories: Vec<String>,
    /// Where objects live.
    pub scope: Scope,
    /// The verbs that it knows, separated by blanks, in alphabetical order.
    pub verbs: String,
    /// Parts with a path of their own.
    pub subresources: Vec<Subresource>,
    /// The group whose rows hold the objects: versions and groups of one kind share them.
    pub storage_group: String,
    /// The version in which objects are stored.
    pub storage_version: String,
    /// True for a custom resource: no Go type stands behind it.
    pub custom: bool,
    /// How it behaves.
    pub strategy: Strategy,
    /// What its CustomResourceDefinition says, if it has one.
    pub definition: Option<Arc<Definition>>,
}

impl Kind {
    /// Returns `group/version`, or the version alone in the core group.
    #[must_use]
    pub fn api_version(&self) -> String {
        api_version(&self.group, &self.version)
    }

    /// Returns `plural.group`, as error messages name a kind.
    #[must_use]
    pub fn resource(&self) -> String {
        if self.group.is_empty() {
            self.plural.clone()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// Returns `Kind.group`, as validation errors name a kind.
    #[must_use]
    pub fn qualified_kind(&self) -> String {
        if self.group.is_empty() {
            self.kind.clone()
        } else {
            format!("{}.{}", self.kind, self.group)
        }
    }

    /// Returns true if objects live in namespaces.
    #[must_use]
    pub fn namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }

    /// Returns true if the kind knows `verb`.
    #[must_use]
    pub fn can(&self, verb: &str) -> bool {
        self.verbs.split(' ').any(|v| v == verb)
    }

    /// Returns the kind of its lists.
    #[must_use]
    pub fn list_kind(&self) -> String {
        self.definition
            .as_ref()
            .map(|d| d.list_kind.clone())
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| format!("{}List", self.kind))
    }

    /// Returns the subresource `name`.
    #[must_use]
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|s| s.name == name)
    }

    /// Returns true if the kind has a status that only its subresource writes.
    #[must_use]
    pub fn has_status(&self) -> bool {
        self.subresource("status").is_some()
    }

    /// Returns the hash by which clients see that stored versions changed.
    #[must_use]
    pub fn storage_version_hash(&self) -> String {
        // Some kinds are still stored in the version in which they began.
        let version = match (self.group.as_str(), self.kind.as_str()) {
            ("apiextensions.k8s.io", _)
            | (
                "admissionregistration.k8s.io",
                "MutatingAdmissionPolicy" | "MutatingAdmissionPolicyBinding",
            ) => "v1beta1",
            _ => &self.storage_version,
        };
        let name = format!("{}/{version}/{}", self.storage_group, self.kind);
        let digest = sha2::Sha256::digest(name.as_bytes());
        base64::engine::general_purpose::STANDARD.encode(&digest[..8])
    }
}

/// Returns `group/version`, or the version alone in the core group.
#[must_use]
pub fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}

/// Splits an `apiVersion` into group and version.
#[must_use]
pub fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// All kinds that the server knows.
#[derive(Debug)]
pub struct Kinds {
    rows: RwLock<Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    ordered: Vec<Arc<Kind>>,
    by_plural: HashMap<(String, String), Vec<Arc<Kind>>>,
}

/// Which custom kinds are known beside Kubernetes' own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KindSet {
    /// Kubernetes' kinds alone.
    Kubernetes,
    /// Kubernetes' kinds, and those of Argo CD and Windlass.
    #[default]
    Windlass,
}

impl Kinds {
    /// Returns the table with the rows of `set`.
    #[must_use]
    pub fn new(set: KindSet) -> Self {
        let kinds = Self {
            rows: RwLock::default(),
        };
        for kind in table::kubernetes() {
            kinds.add(kind);
        }
        if set == KindSet::Windlass {
            for kind in table::windlass() {
                kinds.add(kind);
            }
        }
        kinds
    }

    /// Adds a row, or replaces the one of the same group, version and plural.
    pub fn add(&self, kind: Kind) {
        let kind = Arc::new(kind);
        let mut rows = self.rows.write().expect("no holder of this lock panics");
        let same = |k: &Arc<Kind>| {
            k.group == kind.group && k.version == kind.version && k.plural == kind.plural
        };
        rows.ordered.retain(|k| !same(k));
        rows.ordered.push(Arc::clone(&kind));
        let versions = rows
            .by_plural
            .entry((kind.group.clone(), kind.plural.clone()))
            .or_default();
        versions.retain(|k| !same(k));
        versions.push(Arc::clone(&kind));
    }

    /// Puts `rows` in the place of all rows of one resource that definitions made. Rows that were
    /// there from the start stay, and nothing takes their place.
    pub(crate) fn define(&self, group: &str, plural: &str, rows: Vec<Kind>) {
        let mut table = self.rows.write().expect("no holder of this lock panics");
        let same = |k: &Arc<Kind>| k.group == group && k.plural == plural;
        let fixed = |k: &Arc<Kind>| same(k) && k.definition.is_none();
        if table.ordered.iter().any(fixed) {
            return;
        }
        let place = table.ordered.iter().position(same);
        table.ordered.retain(|k| !same(k));
        let rows: Vec<Arc<Kind>> = rows.into_iter().map(Arc::new).collect();
        let at = place.unwrap_or(table.ordered.len());
        table.ordered.splice(at..at, rows.iter().cloned());
        table
            .by_plural
            .insert((group.to_owned(), plural.to_owned()), rows);
    }

    /// Returns the kind that a path names.
    #[must_use]
    pub fn get(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Kind>> {
        let rows = self.rows.read().expect("no holder of this lock panics");
        let versions = rows.by_plural.get(&(group.to_owned(), plural.to_owned()))?;
        versions.iter().find(|k| k.version == version).cloned()
    }

    /// Returns the kind that an object's `apiVersion` and `kind` name.
    #[must_use]
    pub fn of_object(&self, api_version: &str, kind: &str) -> Option<Arc<Kind>> {
        let (group, version) = split_api_version(api_version);
        let rows = self.rows.read().expect("no holder of this lock panics");
        let mut named = rows
            .ordered
            .iter()
            .filter(|k| k.group == group && k.kind == kind);
        named.find(|k| k.version == version).cloned()
    }

    /// Returns the row in which objects of `group` and `plural` are stored.
    #[must_use]
    pub fn storage(&self, group: &str, plural: &str) -> Option<Arc<Kind>> {
        let rows = self.rows.read().expect("no holder of this lock panics");
        let versions = rows.by_plural.get(&(group.to_owned(), plural.to_owned()))?;
        // A version in which objects are stored need not be served.
        versions
            .iter()
            .find(|k| k.version == k.storage_version)
            .or_else(|| versions.first())
            .cloned()
    }

    /// Returns all rows in the order of discovery.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Kind>> {
        self.rows
            .read()
            .expect("no holder of this lock panics")
            .ordered
            .clone()
    }
}
