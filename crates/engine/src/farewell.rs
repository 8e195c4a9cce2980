//! What was asked of objects that are to go. The cluster's answer comes at once, but the watch may
//! tell of it much later: until then it must not be asked over and over.

use crate::object::ObjectKey;
use crate::spec::Propagation;
use crate::step::{Effect, Outcome};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// How long the watch may take to tell, and a refusal to be another answer.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(10);
/// How often a deletion is refused before it is given up.
const REFUSALS_MAX: u32 = 3;

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wish {
    LetGo,
    Delete,
}

#[derive(Clone, Debug)]
struct Asked {
    again_at: Timestamp,
    is_granted: bool,
    refusals: u32,
}

impl Asked {
    fn is_given_up(&self) -> bool {
        self.refusals >= REFUSALS_MAX
    }
}

/// What was asked of objects that are to go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Farewells(BTreeMap<(ObjectKey, Wish), Asked>);

impl Farewells {
    /// Takes a hook's finalizer off. Returns true once that was done.
    pub(crate) fn let_go(
        &mut self,
        key: &ObjectKey,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let is_new = self.ask(key, Wish::LetGo, now, effects);
        if is_new {
            effects.push(Effect::LetGo { key: key.clone() });
        }
        // What isn't granted throws the memory away that this is in.
        !is_new
    }

    /// Deletes an object. Returns true once the cluster has granted it, or refused it too often.
    pub(crate) fn delete(
        &mut self,
        key: &ObjectKey,
        propagation: Propagation,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> bool {
        if self.deletion(key).is_some_and(Asked::is_given_up) {
            return true;
        }
        if self.ask(key, Wish::Delete, now, effects) {
            effects.push(Effect::Delete {
                key: key.clone(),
                propagation,
                dry_run: false,
            });
            return false;
        }
        self.deletion(key).is_some_and(|asked| asked.is_granted)
    }

    /// Takes the cluster's answer to a deletion. Returns true if it is given up.
    pub(crate) fn answer(&mut self, key: &ObjectKey, outcome: &Outcome) -> bool {
        let Some(asked) = self.0.get_mut(&(key.clone(), Wish::Delete)) else {
            return false;
        };
        match outcome {
            Ok(_) => asked.is_granted = true,
            Err(_) => asked.refusals += 1,
        }
        asked.is_given_up()
    }

    fn deletion(&self, key: &ObjectKey) -> Option<&Asked> {
        self.0.get(&(key.clone(), Wish::Delete))
    }

    /// Returns true if it is to be asked now; else the core wakes when it is.
    fn ask(
        &mut self,
        key: &ObjectKey,
        wish: Wish,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let again_at = now.saturating_add(AGAIN_AFTER).unwrap_or(now);
        let asked = self.0.entry((key.clone(), wish));
        let mut is_new = false;
        let asked = asked.or_insert_with(|| {
            is_new = true;
            Asked {
                again_at,
                is_granted: false,
                refusals: 0,
            }
        });
        if !is_new && now < asked.again_at {
            effects.push(Effect::WakeAt(asked.again_at));
            return false;
        }
        asked.again_at = again_at;
        asked.is_granted = false;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Farewells, REFUSALS_MAX};
    use crate::object::ObjectKey;
    use crate::spec::Propagation;
    use crate::step::Effect;
    use jiff::{SignedDuration, Timestamp};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH
            .saturating_add(SignedDuration::from_secs(seconds))
            .expect("a time")
    }

    /// Returns whether it is granted, and whether the cluster was asked.
    fn delete(farewells: &mut Farewells, key: &ObjectKey, seconds: i64) -> (bool, bool) {
        let mut effects = Vec::new();
        let granted = farewells.delete(key, Propagation::Foreground, at(seconds), &mut effects);
        let asked = effects.iter().any(|e| matches!(e, Effect::Delete { .. }));
        let wakes = effects.iter().any(|e| matches!(e, Effect::WakeAt(_)));
        assert!(granted || asked || wakes, "somebody must go on");
        (granted, asked)
    }

    #[test]
    fn a_watch_that_lags_is_not_a_reason_to_ask_again() {
        let key = ObjectKey::new("batch", "Job", "place", "announce");
        let mut farewells = Farewells::default();
        assert_eq!(delete(&mut farewells, &key, 0), (false, true));
        assert_eq!(delete(&mut farewells, &key, 1), (false, false));
        farewells.answer(&key, &Ok("pruned".to_owned()));
        assert_eq!(delete(&mut farewells, &key, 2), (true, false));
        // Somebody may have made it anew.
        assert_eq!(delete(&mut farewells, &key, 12), (false, true));
    }

    #[test]
    fn a_refused_deletion_is_tried_again_and_given_up() {
        let key = ObjectKey::new("batch", "Job", "place", "announce");
        let mut farewells = Farewells::default();
        for i in 1..=REFUSALS_MAX {
            let now = i64::from(i) * 20;
            assert_eq!(delete(&mut farewells, &key, now), (false, true));
            let given_up = farewells.answer(&key, &Err("forbidden".to_owned()));
            assert_eq!(given_up, i == REFUSALS_MAX);
            assert_eq!(delete(&mut farewells, &key, now + 1), (given_up, false));
        }
    }
}
