//! Bases of kustomizations in other repositories, fetched by this command itself.

use crate::cmd::target::cache_dir;
use kustomize::RepoSpec;
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

impl kustomize::Remotes for Clones {
    fn tree(&self, repository: &RepoSpec) -> Result<Arc<dyn Tree>, String> {
        let (url, reference) = (&repository.url, &repository.reference);
        let since = Freshness::Since(self.since);
        let commit = self.sources.resolve(url, reference, since);
        let snapshot = commit.and_then(|commit| self.sources.snapshot(url, commit));
        Ok(Arc::new(snapshot.map_err(|e| e.to_string())?))
    }
}
