//! Tokens that were given up before they ended.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Tokens that are remembered; who logs out more often than that has others ended sooner.
const REVOKED_MAX: usize = 100_000;
/// How long a token without an end is remembered.
const FOREVER: i64 = i64::MAX;

/// The tokens whose owners logged out, until they would have ended anyway.
#[derive(Debug, Default)]
pub struct Revoked {
    /// When each would have ended, by its unique name.
    ends: Mutex<HashMap<String, i64>>,
}

impl Revoked {
    /// Ends a token.
    pub fn revoke(&self, token_id: &str, expires_at: Option<i64>, now: i64) {
        if token_id.is_empty() {
            return;
        }
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        if ends.len() >= REVOKED_MAX {
            ends.retain(|_, ends| *ends > now);
        }
        if ends.len() >= REVOKED_MAX {
            let soonest = ends.iter().min_by_key(|(_, ends)| **ends);
            if let Some(id) = soonest.map(|(id, _)| id.clone()) {
                ends.remove(&id);
            }
        }
        ends.insert(token_id.to_owned(), expires_at.unwrap_or(FOREVER));
    }

    /// Returns true if a token was given up.
    #[must_use]
    pub fn contains(&self, token_id: &str) -> bool {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.contains_key(token_id)
    }
}
