//! Who may see which rows: asked once for each person and row, while the policy stays.

use super::Row;
use crate::access::{Caller, rbac_name};
use rbac::{Resource, Subject, action};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The row may be seen.
pub(crate) const SEES: u8 = 1;
/// The application may be synced.
pub(crate) const SYNCS: u8 = 2;

/// Nobody has asked about the row yet.
const UNKNOWN: u8 = 1 << 7;

/// People whose sight is remembered; who comes when it is full makes room for themselves.
const PEOPLE_MAX: usize = 1_000;

/// By the numbers of rows.
type Masks = Arc<Mutex<Vec<u8>>>;

/// What everybody sees.
#[derive(Default)]
pub(super) struct Sights {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    generation: u64,
    people: HashMap<Subject, Masks>,
}

impl Sights {
    /// Returns what somebody may do with each row.
    pub(super) fn masks(&self, caller: &Caller, control: &str, rows: &[Arc<Row>]) -> Vec<u8> {
        let masks = self.of(caller);
        let mut masks = masks.lock().unwrap_or_else(PoisonError::into_inner);
        let judge = caller.current().policy.judge(caller.subject());
        let ask = |row: &Arc<Row>| {
            let object = rbac_name(&row.project, control, &row.ns, &row.name);
            let may = |what| judge.allows(Resource::Applications, what, &object);
            if !may(action::GET) {
                return 0;
            }
            SEES | if may(action::SYNC) { SYNCS } else { 0 }
        };
        let most = rows.iter().map(|row| row.id as usize).max();
        let length = masks.len().max(most.map_or(0, |id| id + 1));
        masks.resize(length, UNKNOWN);
        rows.iter()
            .map(|row| {
                let known = &mut masks[row.id as usize];
                if *known == UNKNOWN {
                    *known = ask(row);
                }
                *known
            })
            .collect()
    }

    fn of(&self, caller: &Caller) -> Masks {
        let generation = caller.current().generation;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.generation < generation || known.people.len() >= PEOPLE_MAX {
            known.people.clear();
            known.generation = generation;
        }
        if known.generation > generation {
            // Asked by the policy of before: not worth remembering.
            return Masks::default();
        }
        Arc::clone(known.people.entry(caller.subject().clone()).or_default())
    }
}
