//! Charts: the door to whatever renders them.

use crate::kustomization::{HelmChart, HelmGlobals};
use tree::Recording;

/// Inflates charts.
pub trait Charts {
    /// Returns the manifests of a chart as one stream of YAML.
    ///
    /// # Errors
    /// Fails with a sentence for the person whose kustomization asks for it.
    fn inflate(&self, chart: &ChartRequest<'_>) -> Result<Vec<u8>, String>;
}

/// A chart to inflate.
pub struct ChartRequest<'c> {
    /// What the kustomization says; values are merged already.
    pub chart: &'c HelmChart,
    /// What it says about all charts.
    pub globals: &'c HelmGlobals,
    /// The kustomization's folder.
    pub root: &'c str,
    /// The tree, if the kustomization is part of the one that is built.
    pub tree: Option<&'c Recording<'c>>,
}
