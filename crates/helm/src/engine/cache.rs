//! Parsed templates, kept from render to render.

use gotemplate::{Dialect, Error, Parsed, parse_shared};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of template text whose parsed form is kept; then everything is forgotten.
const TEXT_BYTES_MAX: usize = 64 << 20;
/// Texts of one template that are kept: that many versions of a chart are in use at a time.
const VERSIONS_MAX: usize = 32;

/// Templates parsed before, by name and text. It can be shared between threads.
#[derive(Debug, Default)]
pub struct Cache(Mutex<Known>);

/// The texts that a template had, with what they were parsed to.
type Texts = Vec<(Arc<[u8]>, Arc<Parsed>)>;

#[derive(Debug, Default)]
struct Known {
    by_name: HashMap<Box<str>, Texts>,
    bytes: usize,
}

impl Known {
    fn get(&self, name: &str, text: &Arc<[u8]>) -> Option<Arc<Parsed>> {
        let texts = self.by_name.get(name)?;
        // Mostly it is the very same text, which needs no comparison.
        let same = |known: &Arc<[u8]>| Arc::ptr_eq(known, text) || known == text;
        let found = texts.iter().find(|(known, _)| same(known));
        found.map(|(_, parsed)| Arc::clone(parsed))
    }

    fn put(&mut self, name: &str, text: &Arc<[u8]>, parsed: &Arc<Parsed>) {
        if self.bytes + text.len() > TEXT_BYTES_MAX {
            *self = Self::default();
        }
        self.bytes += text.len();
        let texts = self.by_name.entry(name.into()).or_default();
        if texts.len() >= VERSIONS_MAX {
            let (forgotten, _) = texts.remove(0);
            self.bytes = self.bytes.saturating_sub(forgotten.len());
        }
        texts.push((Arc::clone(text), Arc::clone(parsed)));
    }
}

impl Cache {
    /// Returns an empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a template that was parsed before.
    pub(super) fn get(&self, name: &str, text: &Arc<[u8]>) -> Option<Arc<Parsed>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(name, text)
    }

    /// Parses a template, and remembers it.
    pub(super) fn parse(&self, name: &str, text: &Arc<[u8]>) -> Result<Arc<Parsed>, Error> {
        let parsed = Arc::new(parse_shared(name, text, Dialect::Helm)?);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.put(name, text, &parsed);
        Ok(parsed)
    }
}
