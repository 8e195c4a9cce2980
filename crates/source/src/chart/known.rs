//! What servers have said: asked once for all who want to know at the same time.

use crate::error::Error;
use crate::mirror::Freshness;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Answers that are kept; beyond it, everything is asked anew. Applications of one installation
/// name some hundred charts.
const ANSWERS_MAX: usize = 4_096;

/// Returns the content of a mutex, also if somebody panicked: nothing here is left half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The last answer to each question.
pub(crate) struct Known<K, T>(Mutex<HashMap<K, Arc<Slot<T>>>>);

struct Slot<T> {
    answer: Mutex<Option<(Instant, Arc<T>)>>,
    /// Shared by those who waited for it alone: the next one asks again.
    failure: Mutex<Option<(Instant, Error)>>,
    /// Held while the server is asked: whoever comes meanwhile waits and shares the answer.
    asking: Mutex<()>,
}

impl<K, T> Default for Known<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, T> Known<K, T> {
    /// Returns an answer that is fresh enough, if need be by asking; `ask` gets the last one.
    pub(crate) fn get(
        &self,
        question: K,
        freshness: Freshness,
        ask: impl FnOnce(Option<&T>) -> Result<T, Error>,
    ) -> Result<Arc<T>, Error> {
        let called = Instant::now();
        let slot = {
            let mut slots = lock(&self.0);
            if slots.len() >= ANSWERS_MAX && !slots.contains_key(&question) {
                slots.clear();
            }
            Arc::clone(slots.entry(question).or_insert_with(|| {
                Arc::new(Slot {
                    answer: Mutex::default(),
                    failure: Mutex::default(),
                    asking: Mutex::default(),
                })
            }))
        };
        if let Some(answer) = slot.since(freshness, called) {
            return Ok(answer);
        }
        let _asking = lock(&slot.asking);
        // Somebody may have asked while we waited.
        if let Some(answer) = slot.since(freshness, called) {
            return Ok(answer);
        }
        match lock(&slot.failure).as_ref() {
            Some((asked, failure)) if *asked >= called => return Err(failure.clone()),
            _ => {}
        }
        let last = lock(&slot.answer).as_ref().map(|(_, a)| Arc::clone(a));
        let asked = Instant::now();
        let answer = ask(last.as_deref())
            .map(Arc::new)
            .inspect_err(|e| *lock(&slot.failure) = Some((asked, e.clone())))?;
        *lock(&slot.answer) = Some((asked, Arc::clone(&answer)));
        Ok(answer)
    }
}

impl<T> Slot<T> {
    fn since(&self, freshness: Freshness, called: Instant) -> Option<Arc<T>> {
        let answer = lock(&self.answer);
        let (asked, answer) = answer.as_ref()?;
        let enough = match freshness {
            Freshness::Latest => *asked >= called,
            Freshness::Since(since) => *asked >= since,
            Freshness::Known => true,
        };
        enough.then(|| Arc::clone(answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Reason;

    #[test]
    fn answers_last_as_long_as_they_are_fresh_and_failures_not_at_all() {
        let known: Known<u8, u8> = Known::default();
        let fail = |_: Option<&u8>| Err(Error::new(Reason::RepositoryUnreachable, "down"));
        let start = Instant::now();
        assert!(known.get(1, Freshness::Known, fail).is_err());
        assert_eq!(*known.get(1, Freshness::Known, |_| Ok(7)).unwrap(), 7);
        for freshness in [Freshness::Known, Freshness::Since(start)] {
            assert_eq!(*known.get(1, freshness, fail).unwrap(), 7);
        }
        assert!(known.get(1, Freshness::Latest, fail).is_err());
        // What was known before the failure is still known, and what the next answer builds on.
        assert_eq!(*known.get(1, Freshness::Known, fail).unwrap(), 7);
        let next = |last: Option<&u8>| Ok(last.map_or(0, |last| last + 1));
        assert_eq!(*known.get(1, Freshness::Latest, next).unwrap(), 8);
        assert_eq!(*known.get(2, Freshness::Known, next).unwrap(), 0);
    }
}
