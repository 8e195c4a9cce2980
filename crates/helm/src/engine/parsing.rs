//! Parsing a chart's templates: a large chart's by two threads.

use super::cache::Cache;
use super::failure::{RenderError, of_parsing};
use gotemplate::{Dialect, Error, Parsed, parse_shared};
use std::sync::Arc;

/// Bytes of text from which on a second thread is worth its start, which takes some ten
/// microseconds: a hundred times that in parsing.
const BYTES_FOR_TWO: usize = 256 << 10;

type One = Result<Arc<Parsed>, Error>;

/// Parses texts by their names, or remembers them; returns the first error in their order.
pub(super) fn parse(
    texts: &[(&str, &Arc<[u8]>)],
    cache: Option<&Cache>,
) -> Result<Vec<Arc<Parsed>>, RenderError> {
    let known = |(name, text): &(&str, &Arc<[u8]>)| cache.and_then(|cache| cache.get(name, text));
    let mut parsed: Vec<Option<One>> = texts.iter().map(|text| known(text).map(Ok)).collect();
    let size = |i: usize| texts[i].1.len();
    let mut missing: Vec<usize> = (0..texts.len()).filter(|i| parsed[*i].is_none()).collect();
    let all: usize = missing.iter().map(|i| size(*i)).sum();
    let one = |i: usize| {
        let (name, text) = texts[i];
        let parsed = match cache {
            Some(cache) => cache.parse(name, text),
            None => parse_shared(name, text, Dialect::Helm).map(Arc::new),
        };
        (i, parsed)
    };
    let mut other = Vec::new();
    if all >= BYTES_FOR_TWO {
        let mut left = all / 2;
        let half = missing.iter().position(|i| {
            let is_over = left < size(*i);
            left = left.saturating_sub(size(*i));
            is_over
        });
        other = missing.split_off(half.unwrap_or(missing.len()));
    }
    let parse_all = |which: &[usize]| which.iter().map(|i| one(*i)).collect::<Vec<_>>();
    let done = std::thread::scope(|scope| {
        let second = (!other.is_empty()).then(|| scope.spawn(|| parse_all(&other)));
        let mut done = parse_all(&missing);
        match second.map(std::thread::ScopedJoinHandle::join) {
            Some(Ok(more)) => done.extend(more),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => {}
        }
        done
    });
    for (i, result) in done {
        parsed[i] = Some(result);
    }
    let found = parsed.into_iter().zip(texts);
    found
        .filter_map(|(parsed, (name, _))| {
            parsed.map(|parsed| parsed.map_err(|e| of_parsing(name, &e)))
        })
        .collect()
}
