//! What is to be rendered.

use crate::tool::Tool;
use kustomize::{LoadRestrictor, Overrides};

/// Bytes of all manifests of a folder together, unless a request says otherwise; Argo CD's default.
pub const MANIFEST_BYTES_MAX: usize = 10_000_000;

/// What is to be rendered, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The folder, from the tree's root.
    pub path: String,
    /// The application's name, which names its own overrides file.
    pub app_name: String,
    /// The tool, if the source names one; otherwise the folder's files decide.
    pub tool: Option<Tool>,
    /// What counts if the folder holds plain manifests.
    pub directory: Directory,
    /// What counts if the folder holds a kustomization.
    pub kustomize: Kustomize,
    /// Bytes of all manifests together.
    pub manifest_bytes_max: usize,
}

impl Request {
    /// Returns a request for a folder with nothing else said.
    #[must_use]
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            app_name: String::new(),
            tool: None,
            directory: Directory::default(),
            kustomize: Kustomize::default(),
            manifest_bytes_max: MANIFEST_BYTES_MAX,
        }
    }
}

/// What counts for a kustomization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kustomize {
    /// What the application changes in it.
    pub overrides: Overrides,
    /// Whether files outside a kustomization's folder may be read.
    pub load_restrictor: LoadRestrictor,
}

/// How deep a folder is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// Only the files in it.
    #[default]
    Flat,
    /// The files in all folders below it, too.
    Recursive,
}

/// Which files of a folder with plain manifests count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// How deep it is read.
    pub depth: Depth,
    /// A glob of the files that count, relative to the folder; empty is all of them.
    pub include: String,
    /// A glob of the files that don't.
    pub exclude: String,
}
