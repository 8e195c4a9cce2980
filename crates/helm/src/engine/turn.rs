//! Whether a render has the machine to itself.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Renders that go on.
static RENDERS: AtomicUsize = AtomicUsize::new(0);
/// Work of fewer bytes isn't worth a thread.
const BYTES_MIN: usize = 256 * 1024;
/// What is handed to another thread at once: waking it costs as much as reading a page of text.
const BATCH_BYTES: usize = 32 * 1024;

/// A render that goes on, until it is dropped.
///
/// Many charts are rendered side by side, each by one thread: a second one costs a tenth more, for
/// its memory, and would make all of them later. One chart that somebody waits for is parsed by two.
pub(crate) struct Turn {
    is_alone: bool,
}

impl Turn {
    pub(crate) fn begin() -> Self {
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

    /// Makes parts, one after the other, and does something with each; a second thread does the
    /// latter if there is much to do and nothing else goes on. `bytes` guesses how much all parts
    /// are, `size` says how much one is.
    pub(crate) fn piped<P: Send, R: Send, T>(
        &self,
        bytes: usize,
        size: impl Fn(&P) -> usize,
        make: impl FnOnce(&mut dyn FnMut(P)) -> T,
        work: impl Fn(P) -> R + Send,
    ) -> (T, Vec<R>) {
        if !self.is_alone || bytes < BYTES_MIN {
            let mut results = Vec::new();
            let made = make(&mut |part| results.push(work(part)));
            return (made, results);
        }
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel::<Vec<P>>();
            let helper =
                scope.spawn(move || receiver.into_iter().flatten().map(work).collect::<Vec<R>>());
            let (mut batch, mut length) = (Vec::new(), 0);
            // A helper that is gone has panicked: that comes out when it is joined.
            let made = make(&mut |part| {
                length += size(&part);
                batch.push(part);
                if length >= BATCH_BYTES {
                    length = 0;
                    sender.send(std::mem::take(&mut batch)).ok();
                }
            });
            sender.send(batch).ok();
            drop(sender);
            match helper.join() {
                Ok(results) => (made, results),
                Err(panic) => std::panic::resume_unwind(panic),
            }
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
    fn parts_are_worked_on_in_the_order_in_which_they_are_made() {
        for bytes in [0, 1 << 20] {
            let mut turn = Turn::begin();
            turn.is_alone = true;
            let make = |out: &mut dyn FnMut(usize)| {
                (0..1000).for_each(out);
                "made"
            };
            let (made, doubled) = turn.piped(bytes, |_| 1000, make, |part| part * 2);
            assert_eq!(made, "made");
            assert!(doubled.into_iter().eq((0..1000).map(|part| part * 2)));
        }
    }

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
