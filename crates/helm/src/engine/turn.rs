//! Whether a render has the machine to itself.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Renders that go on.
static RENDERS: AtomicUsize = AtomicUsize::new(0);
/// Work of fewer bytes isn't worth a thread.
const BYTES_MIN: usize = 256 * 1024;

/// A render that goes on, until it is dropped.
///
/// Many charts are rendered side by side, each by one thread: a second one costs a tenth more, for
/// its memory, and would make all of them later. One chart that somebody waits for is parsed by two.
pub(super) struct Turn {
    is_alone: bool,
}

impl Turn {
    pub(super) fn begin() -> Self {
        let others = RENDERS.fetch_add(1, Ordering::Relaxed);
        Self {
            is_alone: others == 0,
        }
    }

    /// Does something with each part, in order; a second thread helps if there is much to do and
    /// nothing else goes on. `bytes` says how much a part is.
    pub(super) fn each<P: Sync, R: Send>(
        &self,
        parts: &[P],
        bytes: impl Fn(&P) -> usize,
        work: impl Fn(&P) -> R + Sync,
    ) -> Vec<R> {
        let all: usize = parts.iter().map(&bytes).sum();
        if !self.is_alone || all < BYTES_MIN {
            return parts.iter().map(work).collect();
        }
        let mut sum = 0;
        let middle = parts.iter().position(|part| {
            sum += bytes(part);
            sum * 2 >= all
        });
        let (ours, others) = parts.split_at(middle.map_or(0, |at| at + 1));
        std::thread::scope(|scope| {
            let helper = scope.spawn(|| others.iter().map(&work).collect::<Vec<R>>());
            let mut results: Vec<R> = ours.iter().map(&work).collect();
            match helper.join() {
                Ok(rest) => results.extend(rest),
                Err(panic) => std::panic::resume_unwind(panic),
            }
            results
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        RENDERS.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Turn;

    #[test]
    fn results_are_in_order_however_many_threads_there_are() {
        let parts: Vec<usize> = (0..1000).collect();
        for bytes in [0, 1, 1 << 20] {
            let mut turn = Turn::begin();
            turn.is_alone = true;
            let doubled = turn.each(&parts, |_| bytes, |part| part * 2);
            assert!(doubled.iter().zip(&parts).all(|(d, p)| *d == p * 2));
            assert_eq!(doubled.len(), parts.len());
            assert!(turn.each(&parts[..0], |_| bytes, |part| *part).is_empty());
        }
    }
}
