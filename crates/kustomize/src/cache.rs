//! What earlier builds made of bases.

use crate::error::Result;
use crate::load::LoadRestrictor;
use crate::target::Accumulated;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tree::{ReadSet, Recording};

/// Bases that are kept; the oldest go first.
const BASES_MAX: usize = 4_096;
/// Versions of one base that are kept: as many branches may be built in turns.
const VERSIONS_MAX: usize = 4;

/// Bases that are used by many kustomizations are built once, as long as their files stay the same.
/// One cache serves the trees of one repository.
#[derive(Default)]
pub struct Cache {
    bases: Mutex<Bases>,
}

#[derive(Default)]
struct Bases {
    by_root: HashMap<(String, bool), Vec<Entry>>,
    count: usize,
}

struct Entry {
    reads: ReadSet,
    accumulated: Arc<Accumulated>,
    warnings: Arc<[(String, String)]>,
}

/// A base, and what was said about it.
pub(crate) type Found = (Arc<Accumulated>, Arc<[(String, String)]>);

impl Cache {
    /// Returns an empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of bases in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().count
    }

    /// Returns true if nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Bases> {
        // Nothing is left half done if a holder panics.
        self.bases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(
        &self,
        root: &str,
        restrictor: LoadRestrictor,
        tree: &Recording<'_>,
    ) -> Result<Option<Found>> {
        let key = (root.to_owned(), restrictor == LoadRestrictor::RootOnly);
        let bases = self.lock();
        for entry in bases.by_root.get(&key).into_iter().flatten() {
            if tree.absorb(&entry.reads)? {
                return Ok(Some((
                    Arc::clone(&entry.accumulated),
                    Arc::clone(&entry.warnings),
                )));
            }
        }
        Ok(None)
    }

    pub(crate) fn put(
        &self,
        root: String,
        restrictor: LoadRestrictor,
        reads: ReadSet,
        accumulated: &Accumulated,
        warnings: Vec<(String, String)>,
    ) {
        let entry = Entry {
            reads,
            accumulated: Arc::new(accumulated.clone()),
            warnings: warnings.into(),
        };
        let mut bases = self.lock();
        if bases.count >= BASES_MAX {
            bases.by_root.clear();
            bases.count = 0;
        }
        let key = (root, restrictor == LoadRestrictor::RootOnly);
        let versions = bases.by_root.entry(key).or_default();
        let is_full = versions.len() >= VERSIONS_MAX;
        if is_full {
            versions.remove(0);
        }
        versions.push(entry);
        if !is_full {
            bases.count += 1;
        }
    }
}
