//! Parsing a chart's templates.

use super::cache::Cache;
use super::failure::{RenderError, of_parsing};
use crate::two;
use gotemplate::{Dialect, Error, Parsed, parse_shared};
use std::sync::Arc;

/// Parses texts by their names, or remembers them; returns the first error in their order.
pub(super) fn parse(
    texts: &[(&str, &Arc<[u8]>)],
    cache: Option<&Cache>,
    dialect: Dialect,
) -> Result<Vec<Arc<Parsed>>, RenderError> {
    let failed = |(name, parsed): (&str, Result<Arc<Parsed>, Error>)| {
        parsed.map_err(|error| of_parsing(name, &error))
    };
    let Some(cache) = cache else {
        let size = |(_, text): &(&str, &Arc<[u8]>)| text.len();
        let parsed = two::map(texts, size, |(name, text)| {
            parse_shared(name, text, dialect).map(Arc::new)
        });
        let names = texts.iter().map(|(name, _)| *name);
        return names.zip(parsed).map(failed).collect();
    };
    let known = |(name, text): &(&str, &Arc<[u8]>)| cache.get(name, text, dialect);
    let known: Vec<Option<Arc<Parsed>>> = texts.iter().map(known).collect();
    let missing: Vec<usize> = (0..texts.len()).filter(|i| known[*i].is_none()).collect();
    let mut parsed = two::map(
        &missing,
        |i| texts[*i].1.len(),
        |i| cache.parse(texts[*i].0, texts[*i].1, dialect),
    )
    .into_iter();
    let all = known.into_iter().zip(texts).map(|(known, (name, _))| {
        let parsed = match known {
            Some(parsed) => Ok(parsed),
            None => parsed.next().expect("what was missing was parsed"),
        };
        failed((name, parsed))
    });
    all.collect()
}
