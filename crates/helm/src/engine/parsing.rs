//! Parsing a chart's templates.

use super::cache::Cache;
use super::failure::{RenderError, of_parsing};
use super::turn::Turn;
use gotemplate::{Dialect, Parsed, parse_shared};
use std::sync::Arc;

/// Parses texts by their names, or remembers them; returns the first error in their order.
pub(super) fn parse(
    turn: &Turn,
    texts: &[(&str, &Arc<[u8]>)],
    cache: Option<&Cache>,
    dialect: Dialect,
) -> Result<Vec<Arc<Parsed>>, RenderError> {
    if let Some(all) = cache.and_then(|cache| cache.parsed(texts, dialect)) {
        return Ok(all);
    }
    let one = |(name, text): &(&str, &Arc<[u8]>)| {
        let parsed = match cache {
            Some(cache) => cache.parse(name, text, dialect),
            None => parse_shared(name, text, dialect).map(Arc::new),
        };
        parsed.map_err(|error| of_parsing(name, &error))
    };
    let parsed = turn.each(texts, |(_, text)| text.len(), one);
    parsed.into_iter().collect()
}
