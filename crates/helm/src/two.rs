//! Work for two threads.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of text from which on a second thread is worth its start: that takes some twenty
/// microseconds, and reading so much a hundred times as long.
const BYTES_MIN: usize = 256 << 10;

/// Does the same with all items, and gives back what came of them in their order. With many bytes, a
/// second thread helps; if it gets no time, the first one does it all.
pub(crate) fn map<T: Sync, R: Send>(
    items: &[T],
    size: impl Fn(&T) -> usize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let all: usize = items.iter().map(&size).sum();
    if all < BYTES_MIN || items.len() < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::with_capacity(items.len());
        while let Some((i, item)) = {
            let i = next.fetch_add(1, Ordering::Relaxed);
            items.get(i).map(|item| (i, item))
        } {
            done.push((i, work(item)));
        }
        done
    };
    let (mine, others) = std::thread::scope(|scope| {
        let helper = scope.spawn(take);
        let mine = take();
        match helper.join() {
            Ok(others) => (mine, others),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    });
    // Both took them in order.
    let mut results = Vec::with_capacity(items.len());
    let (mut mine, mut others) = (mine.into_iter().peekable(), others.into_iter().peekable());
    loop {
        let is_mine = match (mine.peek(), others.peek()) {
            (Some((a, _)), Some((b, _))) => a < b,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => return results,
        };
        let taken = if is_mine { mine.next() } else { others.next() };
        results.extend(taken.map(|(_, result)| result));
    }
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn order_is_kept() {
        let items: Vec<usize> = (0..1000).collect();
        for size in [1, 1000] {
            let doubled = map(&items, |_| size, |i| i * 2);
            assert!(doubled.iter().enumerate().all(|(i, d)| *d == i * 2));
        }
        assert_eq!(map(&[1], |_| 1 << 30, |i| *i), [1]);
    }
}
