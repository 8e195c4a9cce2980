//! Parsing a chart's templates.

use super::cache::Cache;
use super::failure::{RenderError, of_parsing};
use gotemplate::{Dialect, Parsed, parse_shared};
use std::sync::Arc;

/// Parses texts by their names, or remembers them; returns the first error in their order.
///
/// One thread does it all: a second one costs a tenth more, for its memory, and on a machine with
/// other things to do it makes a render later, not sooner. Charts are rendered side by side instead.
pub(super) fn parse(
    texts: &[(&str, &Arc<[u8]>)],
    cache: Option<&Cache>,
    dialect: Dialect,
) -> Result<Vec<Arc<Parsed>>, RenderError> {
    let one = |(name, text): &(&str, &Arc<[u8]>)| {
        let parsed = match cache {
            Some(cache) => cache.parse(name, text, dialect),
            None => parse_shared(name, text, dialect).map(Arc::new),
        };
        parsed.map_err(|error| of_parsing(name, &error))
    };
    texts.iter().map(one).collect()
}
