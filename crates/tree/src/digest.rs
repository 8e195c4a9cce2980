//! A digest for contents that have no id of their own. Not a cryptographic one.

use crate::entry::ContentId;

/// FNV-1a with 128 bits.
#[derive(Clone, Copy)]
pub(crate) struct Digest(u128);

impl Digest {
    pub(crate) const fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    /// Adds bytes, and their number so that neighbours don't run together.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Self {
        let len = (bytes.len() as u64).to_le_bytes();
        let all = bytes.iter().chain(&len);
        Self(all.fold(self.0, |digest, b| {
            (digest ^ u128::from(*b)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013B)
        }))
    }

    pub(crate) fn id(self) -> ContentId {
        let mut id = [0; 20];
        id[..16].copy_from_slice(&self.0.to_le_bytes());
        ContentId(id)
    }

    pub(crate) const fn number(self) -> u128 {
        self.0
    }
}
