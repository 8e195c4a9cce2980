//! Bases that a kustomization has in other repositories.

use crate::Installation;
use api::names;
use kustomize::RepoSpec;
use source::{Freshness, Sources};
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;
use tree::Tree;

/// A base in another repository, by what it was when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RemoteBase {
    url: String,
    /// A branch, tag or commit; empty for the default branch.
    reference: String,
    commit: source::Id,
}

impl RemoteBase {
    /// Returns true if its reference leads to the same commit still.
    pub(super) fn is_current(&self, sources: &Sources, since: Instant) -> bool {
        let now = sources.resolve(&self.url, &self.reference, Freshness::Since(since));
        now.is_ok_and(|id| id == self.commit)
    }
}

/// Opens other repositories to kustomizations, as far as the project allows it. One build sees one
/// commit of each.
pub(super) struct Remotes<'j> {
    pub(super) sources: &'j Sources,
    pub(super) installation: &'j Installation,
    pub(super) project: &'j str,
    /// What was learnt of a repository since then will do.
    pub(super) since: Instant,
    /// What was read.
    pub(super) used: RefCell<Vec<RemoteBase>>,
}

impl kustomize::Remotes for Remotes<'_> {
    fn tree(&self, repository: &RepoSpec) -> Result<Arc<dyn Tree>, String> {
        let url = &repository.url;
        if !self.installation.permits_remote_base(self.project, url) {
            let shown = source::redact(url);
            return Err(format!(
                "the repository {shown} is not allowed: bases in other repositories are read if the \
                 project {} has the annotation {}: \"true\" and permits the repository in sourceRepos",
                self.project,
                names::REMOTE_BASES
            ));
        }
        let reference = &repository.reference;
        let mut used = self.used.borrow_mut();
        let known = used
            .iter()
            .find(|base| base.url == *url && base.reference == *reference);
        let commit = match known {
            Some(base) => base.commit,
            None => {
                let since = Freshness::Since(self.since);
                let resolved = self.sources.resolve(url, reference, since);
                let commit = resolved.map_err(|e| e.to_string())?;
                used.push(RemoteBase {
                    url: url.clone(),
                    reference: reference.clone(),
                    commit,
                });
                commit
            }
        };
        let snapshot = self.sources.snapshot(url, commit);
        Ok(Arc::new(snapshot.map_err(|e| e.to_string())?))
    }
}
