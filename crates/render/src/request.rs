//! What is to be rendered.

use crate::tool::Tool;
use helm::Compat;
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
    /// What counts if the folder holds a chart.
    pub helm: Helm,
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
            helm: Helm::default(),
            manifest_bytes_max: MANIFEST_BYTES_MAX,
        }
    }
}

/// How a value is given on Helm's command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetKind {
    /// `--set-json`.
    Json,
    /// `--set`.
    Plain,
    /// `--set-string`.
    Text,
    /// `--set-file`.
    File,
    /// `--set-literal`.
    Literal,
}

impl SetKind {
    /// Lowest precedence first.
    pub const ORDER: [Self; 5] = [
        Self::Json,
        Self::Plain,
        Self::Text,
        Self::File,
        Self::Literal,
    ];

    /// Returns the option of Helm's command line.
    #[must_use]
    pub const fn option(self) -> &'static str {
        match self {
            Self::Json => "--set-json",
            Self::Plain => "--set",
            Self::Text => "--set-string",
            Self::File => "--set-file",
            Self::Literal => "--set-literal",
        }
    }
}

/// What counts for a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Helm {
    /// The release; the application's name if empty.
    pub release: String,
    /// The release's namespace.
    pub namespace: String,
    /// Values files of the repository, from the chart's folder or, with a leading `/`, its root;
    /// `$name/path` is a file of the source with that name. Globs stand for all that fit, sorted.
    pub value_files: Vec<String>,
    /// Values files that don't exist are left out.
    pub ignore_missing_value_files: bool,
    /// Values as text, with a name for errors; they win over the files.
    pub values: Vec<(String, String)>,
    /// Single values; they win over all others.
    pub sets: Vec<(SetKind, String)>,
    /// Leave out what is below `crds/`.
    pub skip_crds: bool,
    /// Leave out hooks.
    pub skip_hooks: bool,
    /// Leave out hooks that are tests.
    pub skip_tests: bool,
    /// Values may break the chart's schema.
    pub skip_schema: bool,
    /// The cluster's version; that of Helm's client if empty.
    pub kube_version: String,
    /// What the cluster serves besides what every cluster does: `example.com/v1`,
    /// `example.com/v1/Thing`.
    pub api_versions: Vec<String>,
    /// Where random text comes from: secret, and the same for the same application.
    pub seed: [u8; 32],
    /// What `now` is, in seconds since 1970.
    pub now_seconds: i64,
    /// The Helm whose answers are given. An application's `version: v3` doesn't ask for another one:
    /// to Argo CD it only ever said which binary to run, and that is Helm 4 now.
    pub compat: Compat,
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
