//! Parsed templates, kept from render to render.

use gotemplate::{Dialect, Error, Parsed, parse};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of template text whose parsed form is kept; then everything is forgotten.
const TEXT_BYTES_MAX: usize = 64 << 20;

/// Templates parsed before, by name and text. It can be shared between threads.
#[derive(Debug, Default)]
pub struct Cache(Mutex<Known>);

/// The texts that a template had, with what they were parsed to.
type Texts = HashMap<Box<[u8]>, Arc<Parsed>>;

#[derive(Debug, Default)]
struct Known {
    by_name: HashMap<Box<str>, Texts>,
    bytes: usize,
}

impl Cache {
    /// Returns an empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses a template, or remembers it.
    pub(super) fn parse(&self, name: &str, text: &[u8]) -> Result<Arc<Parsed>, Error> {
        {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(parsed) = known.by_name.get(name).and_then(|texts| texts.get(text)) {
                return Ok(Arc::clone(parsed));
            }
        }
        let parsed = Arc::new(parse(name, text, Dialect::Helm)?);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.bytes + text.len() > TEXT_BYTES_MAX {
            *known = Known::default();
        }
        known.bytes += text.len();
        let texts = known.by_name.entry(name.into()).or_default();
        texts.insert(text.into(), Arc::clone(&parsed));
        Ok(parsed)
    }
}
