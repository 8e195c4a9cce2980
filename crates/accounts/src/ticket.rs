//! Tickets that let somebody in once.

use crate::{Random, Redacted};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use std::sync::{Mutex, PoisonError};

/// Tickets that wait at a time; the oldest makes room.
const TICKETS_MAX: usize = 64;

#[derive(Debug)]
struct Ticket {
    digest: [u8; 32],
    name: String,
    ends: i64,
}

/// Tickets that wait: in the address that `windlass demo` prints, for example.
#[derive(Debug, Default)]
pub struct Tickets {
    waiting: Mutex<Vec<Ticket>>,
}

impl Tickets {
    /// Makes a ticket with which somebody becomes an account, once.
    pub fn issue(
        &self,
        name: &str,
        seconds: i64,
        now: i64,
        random: Random<'_>,
    ) -> Redacted<String> {
        let mut bytes = [0; 32];
        random(&mut bytes);
        let ticket = URL_SAFE_NO_PAD.encode(bytes);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|t| t.ends > now);
        if waiting.len() >= TICKETS_MAX {
            waiting.remove(0);
        }
        waiting.push(Ticket {
            digest: Sha256::digest(&ticket).into(),
            name: name.to_owned(),
            ends: now.saturating_add(seconds),
        });
        Redacted::new(ticket)
    }

    /// Takes a ticket; returns the account that its bearer becomes.
    #[must_use]
    pub fn redeem(&self, ticket: &str, now: i64) -> Option<String> {
        let digest: [u8; 32] = Sha256::digest(ticket).into();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|t| t.ends > now);
        // Digests are compared: how long that takes says nothing about the ticket.
        let at = waiting.iter().position(|t| t.digest == digest)?;
        Some(waiting.remove(at).name)
    }
}
