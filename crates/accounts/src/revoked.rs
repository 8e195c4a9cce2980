//! Tokens that were given up before they ended.

use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

/// Tokens that are remembered; who logs out more often than that has others ended sooner.
const REVOKED_MAX: usize = 100_000;
/// How long a token without an end is remembered.
const FOREVER: i64 = i64::MAX;

/// The tokens whose owners logged out, until they would have ended anyway. What is kept of one is a
/// digest of its unique name: whoever reads it learns nothing.
#[derive(Debug, Default)]
pub struct Revoked {
    /// When each would have ended.
    ends: Mutex<HashMap<String, i64>>,
}

/// What is kept of one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// A digest of its unique name: small letters and digits.
    pub mark: String,
    /// When it would have ended.
    pub ends_at: i64,
}

impl Revoked {
    /// Ends a token; returns what is to be kept of it, `None` if it has no name.
    pub fn revoke(&self, token_id: &str, expires_at: Option<i64>, now: i64) -> Option<Ended> {
        if token_id.is_empty() {
            return None;
        }
        let ended = Ended {
            mark: mark(token_id),
            ends_at: expires_at.unwrap_or(FOREVER),
        };
        self.know(&ended, now);
        Some(ended)
    }

    /// Takes note of a token that was ended elsewhere, or in an earlier life.
    pub fn know(&self, ended: &Ended, now: i64) {
        if ended.ends_at <= now {
            return;
        }
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        if ends.len() >= REVOKED_MAX {
            ends.retain(|_, ends| *ends > now);
        }
        if ends.len() >= REVOKED_MAX {
            let soonest = ends.iter().min_by_key(|(_, ends)| **ends);
            if let Some(mark) = soonest.map(|(mark, _)| mark.clone()) {
                ends.remove(&mark);
            }
        }
        ends.insert(ended.mark.clone(), ended.ends_at);
    }

    /// Returns true if a token was given up.
    #[must_use]
    pub fn contains(&self, token_id: &str) -> bool {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        // Most of the time nobody has logged out.
        !ends.is_empty() && ends.contains_key(&mark(token_id))
    }
}

/// Returns what stands for a token's unique name.
fn mark(token_id: &str) -> String {
    let digest = Sha256::digest(token_id.as_bytes());
    digest[..16].iter().fold(String::new(), |mut out, byte| {
        let _never = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_was_given_up_stays_so_in_another_life() {
        let revoked = Revoked::default();
        let ended = revoked.revoke("a", Some(100), 0).unwrap();
        assert!(revoked.contains("a") && !revoked.contains("b"));
        assert_eq!(revoked.revoke("", None, 0), None);
        let next = Revoked::default();
        next.know(&ended, 100);
        assert!(!next.contains("a"), "it has ended anyway");
        next.know(&ended, 99);
        assert!(next.contains("a"));
        assert!(!ended.mark.contains('a') || ended.mark.len() == 32);
    }
}
