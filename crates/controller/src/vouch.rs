//! Who asked for which operation: what the ledger knows for certain.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use value::Value;

/// Somebody who was authenticated, and the operation that they asked for.
#[derive(Debug)]
struct Vouch {
    user: Box<str>,
    operation: Value,
}

/// Operations that are vouched for, by application; each for one time.
#[derive(Debug, Default)]
pub(crate) struct Vouches(Mutex<HashMap<Box<str>, Vouch>>);

impl Vouches {
    /// Takes note of who asked for an operation of an application.
    pub(crate) fn give(&self, app: &str, user: &str, operation: &Value) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let vouch = Vouch {
            user: user.into(),
            operation: operation.clone(),
        };
        known.insert(app.into(), vouch);
    }

    /// Returns true, once, if somebody who authenticated `user` said that they asked for this very
    /// operation of an application. What anybody else writes under their name, later or in its
    /// place, says nothing.
    pub(crate) fn take(&self, app: &str, user: &str, operation: &Value) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .remove(app)
            .is_some_and(|it| *it.user == *user && is_same(&it.operation, operation))
    }
}

/// Returns true for equal values; the API server puts members in an order of its own.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let has = |name: &str, value| b.get(name).is_some_and(|it| is_same(value, it));
            a.len() == b.len() && a.iter().all(|(name, value)| has(name.as_str(), value))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| is_same(a, b))
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use value::json;

    #[test]
    fn a_forged_operation_is_nobodys() {
        let hers = json!({"initiatedBy": {"username": "dana"}, "sync": {"prune": false}});
        let stored = json!({"sync": {"prune": false}, "initiatedBy": {"username": "dana"}});
        let forged = json!({"initiatedBy": {"username": "dana"}, "sync": {"prune": true}});
        let vouches = Vouches::default();
        let take = |operation| vouches.take("shop", "dana", operation);
        assert!(!take(&hers), "nobody said so");
        vouches.give("shop", "dana", &hers);
        assert!(take(&stored), "the order of members is nothing");
        assert!(!take(&stored), "it counts once");
        vouches.give("shop", "dana", &hers);
        assert!(!take(&forged), "it took the place of hers");
        vouches.give("shop", "erin", &hers);
        assert!(!take(&hers), "another one asked");
    }
}
