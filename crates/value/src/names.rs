//! A fast hash for tables of names that we choose ourselves.

use std::hash::Hasher;

/// A hash for short names, eight bytes at a time. Whoever can choose the names can make them
/// collide: it is for tables that are written in the source.
#[derive(Debug, Default)]
pub struct NameHasher(u64);

impl NameHasher {
    fn take(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 ^= self.0 >> 32;
    }
}

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((word, after)) = rest.split_first_chunk() {
            self.take(u64::from_le_bytes(*word));
            rest = after;
        }
        // What is left, without a loop over its bytes.
        let word = match (rest.first_chunk(), rest.last_chunk(), rest) {
            (Some(first), Some(last), _) => {
                u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
            }
            (_, _, [first, .., last]) => {
                let middle = rest[rest.len() / 2];
                u64::from(u32::from_le_bytes([*first, middle, *last, 1]))
            }
            (_, _, [only]) => u64::from(*only),
            _ => return,
        };
        self.take(word);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
