//! What kustomizations have in other repositories, fetched by this command itself.

use crate::cmd::target::cache_dir;
use kustomize::{HelmChart, RepoSpec};
use source::{Freshness, Sources};
use std::sync::Arc;
use std::time::Instant;
use tree::Tree;

/// Mirrors of repositories below the user's cache.
pub(super) struct Clones {
    sources: Sources,
    since: Instant,
}

impl Clones {
    pub(super) fn new() -> Self {
        Self {
            sources: Sources::new(&cache_dir()),
            since: Instant::now(),
        }
    }
}

impl Clones {
    /// Returns the files of a chart that a kustomization names with its repository.
    pub(super) fn pull(&self, chart: &HelmChart) -> Result<Arc<dyn Tree>, String> {
        let pull = || {
            let repository = self.sources.chart_repository(&chart.repo)?;
            let since = Freshness::Since(self.since);
            let (name, wanted) = (&chart.name, &chart.version);
            let found = self
                .sources
                .resolve_chart(&repository, name, wanted, since)?;
            self.sources.chart(&repository, &found)
        };
        let files = pull().map_err(|e: source::Error| e.to_string())?;
        Ok(Arc::new(files))
    }
}

impl kustomize::Remotes for Clones {
    fn tree(&self, repository: &RepoSpec) -> Result<Arc<dyn Tree>, String> {
        let (url, reference) = (&repository.url, &repository.reference);
        let since = Freshness::Since(self.since);
        let commit = self.sources.resolve(url, reference, since);
        let snapshot = commit.and_then(|commit| self.sources.snapshot(url, commit));
        Ok(Arc::new(snapshot.map_err(|e| e.to_string())?))
    }
}
