//! Random text that is the same for the same place in the same render.

use crate::exec::{Exec, Use};
use sha2::{Digest, Sha256};

/// Where random text comes from. It must be secret, or passwords that charts make can be guessed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// A stream of bytes that nobody without the seed can tell from noise.
pub(crate) struct Random {
    key: [u8; 32],
    block: [u8; 32],
    used: usize,
    counter: u64,
}

impl Random {
    fn new(key: [u8; 32]) -> Self {
        Self {
            key,
            block: [0; 32],
            used: 32,
            counter: 0,
        }
    }

    pub(crate) fn byte(&mut self) -> u8 {
        if self.used == self.block.len() {
            let mut hash = Sha256::new();
            hash.update(self.key);
            hash.update(self.counter.to_be_bytes());
            self.block = hash.finalize().into();
            self.counter += 1;
            self.used = 0;
        }
        self.used += 1;
        self.block[self.used - 1]
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        bytes.iter_mut().for_each(|b| *b = self.byte());
    }

    pub(crate) fn number(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_be_bytes(bytes)
    }

    /// Returns a number below `n`, all equally likely.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        let n = n.max(1);
        let fair = u64::MAX - u64::MAX % n;
        loop {
            let number = self.number();
            if number < fair {
                return number % n;
            }
        }
    }
}

impl Exec<'_, '_> {
    /// Notes that an answer depends on more than the arguments.
    pub(crate) fn note_use(&mut self, function: &'static str) {
        let place = self.place();
        self.run.uses.push(Use { function, place });
    }

    /// Returns random bytes for a call of `function` here: the same for the same call of the same
    /// session.
    pub(crate) fn random(&mut self, function: &'static str) -> Random {
        self.note_use(function);
        let place = self.place();
        let mut hash = Sha256::new();
        hash.update(self.run.options.seed.0);
        hash.update(function.as_bytes());
        hash.update([0]);
        hash.update(place.as_bytes());
        hash.update((self.run.uses.len() as u64).to_be_bytes());
        Random::new(hash.finalize().into())
    }

    /// Returns what `now` is.
    pub(crate) fn now(&mut self, function: &'static str) -> i64 {
        self.note_use(function);
        self.run.options.now_seconds
    }

    pub(crate) fn list_items_max(&self) -> usize {
        self.run.options.limits.list_items_max
    }
}
