//! How often passwords may be tried.

use crate::LoginError;
use crate::config::ADMIN;
use std::collections::HashMap;
use std::sync::{Condvar, Mutex, PoisonError};

/// The limits; the defaults are Argo CD's, with the environment variables that set them there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Failures of one name before it has to wait (`ARGOCD_SESSION_FAILURE_MAX_FAIL_COUNT`).
    pub failures_max: u32,
    /// How long failures count, in seconds (`ARGOCD_SESSION_FAILURE_WINDOW_SECONDS`); 0 is until
    /// a restart.
    pub window_seconds: i64,
    /// Names that are remembered (`ARGOCD_SESSION_MAX_CACHE_SIZE`).
    pub names_max: usize,
    /// Logins at a time (`ARGOCD_MAX_CONCURRENT_LOGIN_REQUESTS_COUNT`).
    pub concurrent_max: u32,
    /// Hashes that are computed at a time, while the other logins wait: each takes a processor and
    /// 19 MiB.
    pub hashes_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            failures_max: 5,
            window_seconds: 300,
            names_max: 10_000,
            concurrent_max: 50,
            hashes_max: 4,
        }
    }
}

#[derive(Debug, Default)]
struct Tries {
    failures: u32,
    failed_at: i64,
    running: u32,
}

#[derive(Debug, Default)]
struct State {
    names: HashMap<String, Tries>,
    running: u32,
}

/// Counts failures by name, whether an account has it or not.
#[derive(Debug)]
pub struct Gate {
    limits: Limits,
    state: Mutex<State>,
    /// Hashes that are being computed, and the end of one.
    hashing: Mutex<u32>,
    hashed: Condvar,
}

/// A password that is being checked. Dropped, it neither failed nor succeeded.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    gate: &'a Gate,
    name: String,
}

impl Gate {
    /// Makes a gate that nobody has tried yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: Mutex::default(),
            hashing: Mutex::new(0),
            hashed: Condvar::new(),
        }
    }

    /// Returns the failures of a name that still count.
    #[must_use]
    pub fn failures(&self, name: &str, now: i64) -> u32 {
        self.with(|state| {
            let tries = state.names.get(name).filter(|t| self.counts(t, now));
            tries.map_or(0, |t| t.failures)
        })
    }

    pub(crate) fn enter(&self, name: &str, now: i64) -> Result<Pass<'_>, LoginError> {
        let limits = self.limits;
        self.with(|state| {
            if state.running >= limits.concurrent_max {
                return Err(LoginError::Busy);
            }
            state
                .names
                .retain(|_, t| t.running > 0 || self.counts(t, now));
            if let Some(tries) = state.names.get(name) {
                if tries.failures >= limits.failures_max && self.counts(tries, now) {
                    let ends = tries.failed_at.saturating_add(limits.window_seconds);
                    return Err(LoginError::TooManyFailures {
                        seconds: (limits.window_seconds > 0).then(|| ends.saturating_sub(now) + 1),
                    });
                }
                // Many guesses at once would all be made before the first has failed.
                if tries.failures + tries.running >= limits.failures_max {
                    return Err(LoginError::Busy);
                }
            } else if state.names.len() >= limits.names_max {
                // A flood of made-up names must not wash away what is known of the administrator.
                let others = state
                    .names
                    .iter()
                    .filter(|(n, t)| *n != ADMIN && t.running == 0);
                let oldest = others.min_by_key(|(n, t)| (t.failed_at, (*n).clone()));
                let oldest = oldest.map(|(n, _)| n.clone()).ok_or(LoginError::Busy)?;
                state.names.remove(&oldest);
            }
            state.running += 1;
            state.names.entry(name.to_owned()).or_default().running += 1;
            Ok(Pass {
                gate: self,
                name: name.to_owned(),
            })
        })
    }

    /// Computes when it is its turn.
    fn in_turn<T>(&self, compute: impl FnOnce() -> T) -> T {
        let max = self.limits.hashes_max.max(1);
        let hashing = self.hashing.lock().unwrap_or_else(PoisonError::into_inner);
        let hashing = self.hashed.wait_while(hashing, |running| *running >= max);
        *hashing.unwrap_or_else(PoisonError::into_inner) += 1;
        let _turn = Turn(self);
        compute()
    }

    fn counts(&self, tries: &Tries, now: i64) -> bool {
        let window = self.limits.window_seconds;
        tries.failures > 0 && (window == 0 || now.saturating_sub(tries.failed_at) <= window)
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The turn to compute; it ends also if that panics.
struct Turn<'a>(&'a Gate);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let hashing = self.0.hashing.lock();
        *hashing.unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.hashed.notify_one();
    }
}

impl Pass<'_> {
    /// Computes a hash when it is its turn.
    pub(crate) fn compute<T>(&self, compute: impl FnOnce() -> T) -> T {
        self.gate.in_turn(compute)
    }

    pub(crate) fn failed(self, now: i64) {
        self.gate.with(|state| {
            let tries = state.names.entry(self.name.clone()).or_default();
            if !self.gate.counts(tries, now) {
                tries.failures = 0;
            }
            tries.failures += 1;
            tries.failed_at = now;
        });
    }

    pub(crate) fn succeeded(self) {
        self.gate.with(|state| {
            if let Some(tries) = state.names.get_mut(&self.name) {
                tries.failures = 0;
            }
        });
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.gate.with(|state| {
            state.running = state.running.saturating_sub(1);
            if let Some(tries) = state.names.get_mut(&self.name) {
                tries.running = tries.running.saturating_sub(1);
                if tries.running == 0 && tries.failures == 0 {
                    state.names.remove(&self.name);
                }
            }
        });
    }
}
