//! Charts: the door to whatever renders them.

use crate::error::Error;
use crate::kustomization::HelmChart;
use std::sync::Arc;
use tree::{Recording, Tree};

/// Inflates charts.
pub trait Charts {
    /// Returns the manifests of a chart as one stream of YAML.
    ///
    /// # Errors
    /// Fails with a sentence for the person whose kustomization asks for it, and if the files can't be
    /// read.
    fn inflate(&self, chart: &ChartRequest<'_>) -> Result<Vec<u8>, Error>;

    /// Returns the files of a chart that isn't among those of the kustomization, from the repository
    /// that it names; nothing if no chart is ever pulled.
    ///
    /// # Errors
    /// Fails with a sentence for the person whose kustomization asks for it.
    fn pull(&self, _chart: &HelmChart) -> Result<Option<Arc<dyn Tree>>, String> {
        Ok(None)
    }
}

/// A chart to inflate.
pub struct ChartRequest<'c> {
    /// What the kustomization says of it. Its values are in [`values`](Self::values): those in the
    /// kustomization have been merged with those of the values file by then.
    pub chart: &'c HelmChart,
    /// The files of the repository that the kustomization is part of.
    pub files: &'c Recording<'c>,
    /// The chart's folder in them, which exists.
    pub folder: &'c str,
    /// The values files with their names; later ones win.
    pub values: &'c [(String, Arc<[u8]>)],
}
