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
        let last = lock(&slot.answer).as_ref().map(|(_, a)| Arc::clone(a));
        let asked = Instant::now();
        let answer = Arc::new(ask(last.as_deref())?);
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
