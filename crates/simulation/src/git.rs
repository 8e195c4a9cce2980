//! A repository as the controller sees it.

use crate::objects::{Manifest, edited, first, mended};
use crate::random::Random;
use engine::{Problem, Target, Tracking};
use std::sync::Arc;

/// A repository with one branch.
#[derive(Debug)]
pub(crate) struct Repository {
    commits: Vec<Commit>,
    head: usize,
    /// Nobody answers at its address.
    pub(crate) is_down: bool,
    /// Before the names of all its objects.
    prefix: &'static str,
}

#[derive(Debug)]
struct Commit {
    id: String,
    manifests: Vec<Manifest>,
    /// Its manifests can't be read.
    is_broken: bool,
}

impl Repository {
    pub(crate) fn new(number: usize, random: &mut Random) -> Self {
        let manifests = first(random);
        let mut it = Self {
            commits: Vec::new(),
            head: 0,
            is_down: false,
            prefix: if number == 0 { "" } else { "other-" },
        };
        it.push(number, manifests, false);
        it
    }

    fn push(&mut self, number: usize, mut manifests: Vec<Manifest>, is_broken: bool) {
        // Two applications that want the same object are another story.
        for manifest in &mut manifests {
            manifest.prefix = self.prefix;
        }
        let id = format!("{:039x}{number}", self.commits.len() + 1);
        self.commits.push(Commit {
            id,
            manifests,
            is_broken,
        });
        self.head = self.commits.len() - 1;
    }

    /// Somebody pushes: an edit, a mistake, a revert, or a branch forced back.
    pub(crate) fn change(&mut self, number: usize, random: &mut Random) {
        let manifests = self.commits[self.head].manifests.clone();
        match random.below(10) {
            0 if self.head > 0 => {
                let reverted = self.commits[self.head - 1].manifests.clone();
                self.push(number, reverted, false);
            }
            1 => {
                let count = self.commits.len() as u64;
                self.head = usize::try_from(random.below(count)).unwrap_or(0);
            }
            2 => self.push(number, manifests, true),
            n => {
                let after = edited(&manifests, random, n < 6);
                self.push(number, after, false);
            }
        }
    }

    /// Somebody mends whatever is wrong.
    pub(crate) fn mend(&mut self, number: usize) {
        self.is_down = false;
        let manifests = mended(&self.commits[self.head].manifests);
        self.push(number, manifests, false);
    }

    pub(crate) fn head(&self) -> &str {
        &self.commits[self.head].id
    }

    /// Returns the manifests of the branch's newest commit.
    pub(crate) fn wanted(&self) -> &[Manifest] {
        &self.commits[self.head].manifests
    }

    pub(crate) fn resolve(&self) -> Result<String, Problem> {
        if self.is_down {
            return Err(problem("RepositoryUnreachable: nobody answers", true));
        }
        Ok(self.head().to_owned())
    }

    pub(crate) fn load(
        &self,
        revision: &str,
        app: &str,
        tracking: &Tracking,
    ) -> Result<Arc<Target>, Problem> {
        let Some(commit) = self.commits.iter().find(|c| c.id == revision) else {
            return Err(problem("RevisionNotFound: there is no such commit", false));
        };
        if commit.is_broken {
            return Err(problem("a.yaml:1: it can't be read", false));
        }
        let manifests = commit.manifests.iter();
        let mut objects: Vec<_> = manifests.map(|m| m.desired(app, tracking)).collect();
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Arc::new(Target {
            revision: revision.to_owned(),
            objects,
            notes: Vec::new(),
            source_types: vec!["Directory"],
        }))
    }
}

fn problem(message: &str, transient: bool) -> Problem {
    Problem {
        kind: "ComparisonError",
        message: message.to_owned(),
        transient,
    }
}
