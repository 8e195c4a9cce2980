//! Loaded charts, parsed templates and documents, kept from render to render.

use crate::chart::Chart;
use gotemplate::{Dialect, Error, Parsed, parse_shared};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};
use tree::{ReadSet, Recording, TreeError};
use value::Value;

/// Bytes of template text whose parsed form is kept; then everything is forgotten.
const TEXT_BYTES_MAX: usize = 64 << 20;
/// Texts of one template that are kept: that many versions of a chart are in use at a time.
const VERSIONS_MAX: usize = 32;

/// Bytes of charts' files that are kept; then everything is forgotten.
const CHART_BYTES_MAX: usize = 32 << 20;
/// Charts of one folder that are kept.
const CHARTS_MAX: usize = 4;

/// Bytes of documents that are kept; then everything is forgotten.
const DOCUMENT_BYTES_MAX: usize = 8 << 20;
/// Shorter documents are read as fast as they are found.
const DOCUMENT_BYTES_MIN: usize = 512;
/// Documents that look alike at first sight of which that many are kept.
const ALIKE_MAX: usize = 8;

/// Charts loaded before, by what was read of them, templates parsed before, by name and text, and
/// documents read before, by their text: other values mostly leave a chart's definitions alone.
/// It can be shared between threads.
#[derive(Debug, Default)]
pub struct Cache {
    templates: Mutex<Known>,
    charts: Mutex<Charts>,
    documents: Mutex<Documents>,
}

/// Documents that look alike at first sight, with what they say.
type Alike = Vec<(Box<str>, Arc<Value>)>;

#[derive(Debug, Default)]
struct Documents {
    by_look: HashMap<u64, Alike>,
    bytes: usize,
}

/// Returns a number that tells most texts apart, from their length and a few places.
fn look(text: &str) -> u64 {
    const PLACES: usize = 8;
    let bytes = text.as_bytes();
    let mut hasher = DefaultHasher::new();
    hasher.write_usize(bytes.len());
    for place in 0..PLACES {
        let from = bytes.len() * place / PLACES;
        hasher.write(&bytes[from..bytes.len().min(from + 32)]);
    }
    hasher.write(&bytes[bytes.len().saturating_sub(32)..]);
    hasher.finish()
}

/// The charts that a folder held, with what was read of each.
type Loaded = Vec<(Arc<ReadSet>, Arc<Chart>)>;

#[derive(Debug, Default)]
struct Charts {
    by_folder: HashMap<Box<str>, Loaded>,
    bytes: usize,
}

/// The texts that a template had, with what they were parsed to.
type Texts = Vec<(Arc<[u8]>, Dialect, Arc<Parsed>)>;

#[derive(Debug, Default)]
struct Known {
    by_name: HashMap<Box<str>, Texts>,
    bytes: usize,
}

impl Known {
    fn get(&self, name: &str, text: &Arc<[u8]>, dialect: Dialect) -> Option<Arc<Parsed>> {
        let texts = self.by_name.get(name)?;
        // Mostly it is the very same text, which needs no comparison.
        let same = |known: &Arc<[u8]>| Arc::ptr_eq(known, text) || known == text;
        let mut texts = texts.iter();
        let found = texts.find(|(known, of, _)| *of == dialect && same(known));
        found.map(|(_, _, parsed)| Arc::clone(parsed))
    }

    fn put(&mut self, name: &str, text: &Arc<[u8]>, dialect: Dialect, parsed: &Arc<Parsed>) {
        if self.bytes + text.len() > TEXT_BYTES_MAX {
            *self = Self::default();
        }
        self.bytes += text.len();
        let texts = self.by_name.entry(name.into()).or_default();
        if texts.len() >= VERSIONS_MAX {
            let (forgotten, ..) = texts.remove(0);
            self.bytes = self.bytes.saturating_sub(forgotten.len());
        }
        texts.push((Arc::clone(text), dialect, Arc::clone(parsed)));
    }
}

impl Cache {
    /// Returns an empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns what all of these templates were parsed to, if every one was parsed before.
    pub(super) fn parsed(
        &self,
        texts: &[(&str, &Arc<[u8]>)],
        dialect: Dialect,
    ) -> Option<Vec<Arc<Parsed>>> {
        let known = self
            .templates
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let all = texts.iter();
        all.map(|(name, text)| known.get(name, text, dialect))
            .collect()
    }

    /// Parses a template, or remembers it.
    pub(super) fn parse(
        &self,
        name: &str,
        text: &Arc<[u8]>,
        dialect: Dialect,
    ) -> Result<Arc<Parsed>, Error> {
        {
            let known = self
                .templates
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(parsed) = known.get(name, text, dialect) {
                return Ok(parsed);
            }
        }
        let parsed = Arc::new(parse_shared(name, text, dialect)?);
        let mut known = self
            .templates
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.put(name, text, dialect, &parsed);
        Ok(parsed)
    }

    /// Returns what a document says, if it was read before.
    pub(crate) fn document(&self, text: &str) -> Option<Arc<Value>> {
        if text.len() < DOCUMENT_BYTES_MIN {
            return None;
        }
        let documents = self
            .documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let alike = documents.by_look.get(&look(text))?;
        let found = alike.iter().find(|(known, _)| **known == *text);
        found.map(|(_, object)| Arc::clone(object))
    }

    /// Remembers what a document says.
    pub(crate) fn keep_document(&self, text: &str, object: &Arc<Value>) {
        if !(DOCUMENT_BYTES_MIN..DOCUMENT_BYTES_MAX).contains(&text.len()) {
            return;
        }
        let mut documents = self
            .documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if documents.bytes + text.len() > DOCUMENT_BYTES_MAX {
            *documents = Documents::default();
        }
        documents.bytes += text.len();
        let alike = documents.by_look.entry(look(text)).or_default();
        let forgotten = (alike.len() >= ALIKE_MAX).then(|| alike.remove(0));
        alike.push((text.into(), Arc::clone(object)));
        if let Some((forgotten, _)) = forgotten {
            documents.bytes = documents.bytes.saturating_sub(forgotten.len());
        }
    }

    /// Returns the chart that was loaded from files that look the same; what was read of them then
    /// counts as read now.
    pub(crate) fn chart(
        &self,
        files: &Recording<'_>,
        folder: &str,
    ) -> Result<Option<Arc<Chart>>, TreeError> {
        let known = {
            let charts = self.charts.lock().unwrap_or_else(PoisonError::into_inner);
            charts.by_folder.get(folder).cloned().unwrap_or_default()
        };
        for (reads, chart) in known {
            if files.absorb(&reads)? {
                return Ok(Some(chart));
            }
        }
        Ok(None)
    }

    /// Remembers a chart by what was read of it.
    pub(crate) fn keep_chart(&self, folder: &str, reads: ReadSet, chart: &Arc<Chart>) {
        let size = chart.size_bytes();
        let mut charts = self.charts.lock().unwrap_or_else(PoisonError::into_inner);
        if charts.bytes + size > CHART_BYTES_MAX {
            *charts = Charts::default();
        }
        if size > CHART_BYTES_MAX {
            return;
        }
        charts.bytes += size;
        let loaded = charts.by_folder.entry(folder.into()).or_default();
        let forgotten = (loaded.len() >= CHARTS_MAX).then(|| loaded.remove(0));
        loaded.push((Arc::new(reads), Arc::clone(chart)));
        if let Some((_, forgotten)) = forgotten {
            charts.bytes = charts.bytes.saturating_sub(forgotten.size_bytes());
        }
    }
}
