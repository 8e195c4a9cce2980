//! Work for two threads.

/// Bytes of text from which on a second thread is worth its start: that takes some twenty
/// microseconds, and reading so much a hundred times as long.
const BYTES_MIN: usize = 256 << 10;

/// Does the same with all items, in their order; with many bytes, two threads take a half each.
pub(crate) fn map<T: Sync, R: Send>(
    items: &[T],
    size: impl Fn(&T) -> usize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let all: usize = items.iter().map(&size).sum();
    if all < BYTES_MIN {
        return items.iter().map(work).collect();
    }
    let mut before = 0;
    let half = items.iter().take_while(|item| {
        before += size(item);
        before <= all / 2
    });
    let (mine, others) = items.split_at(half.count().max(1));
    std::thread::scope(|scope| {
        let other = scope.spawn(|| others.iter().map(&work).collect::<Vec<R>>());
        let mut done: Vec<R> = mine.iter().map(&work).collect();
        match other.join() {
            Ok(more) => done.extend(more),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        done
    })
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
