//! No more than ten managers that update.

use super::{Entries, Identity, Operation};
use crate::Owned;
use std::collections::HashMap;

/// More updaters than this are folded, the oldest first.
const UPDATERS_MAX: usize = 10;
/// Who gets the fields of folded updaters.
const OLD_UPDATES: &str = "ancient-changes";

/// Folds the oldest updaters of a version into one until few enough are left.
pub(super) fn cap(entries: &mut Entries) {
    let updaters = entries.managers.iter().filter(|(_, owned)| !owned.applied);
    let mut updaters: Vec<String> = updaters.map(|(key, _)| key.clone()).collect();
    let mut left = updaters.len();
    if left <= UPDATERS_MAX {
        return;
    }
    let time = |key: &String| entries.times.get(key).map_or("", String::as_str);
    updaters.sort_by(|a, b| (time(a), a).cmp(&(time(b), b)));
    let mut first: HashMap<String, String> = HashMap::new();
    for key in updaters {
        if left <= UPDATERS_MAX {
            return;
        }
        let Some(version) = entries.managers.get(&key).map(|o| o.version.clone()) else {
            continue;
        };
        let Some(oldest) = first.get(&version).cloned() else {
            first.insert(version, key);
            continue;
        };
        let bucket = entries.know(Identity {
            manager: OLD_UPDATES.to_owned(),
            operation: Operation::Update,
            api_version: version,
            subresource: String::new(),
        });
        if !entries.managers.contains_key(&bucket)
            && let Some(owned) = entries.managers.remove(&oldest)
        {
            entries.managers.insert(bucket.clone(), owned);
        }
        if key == bucket {
            continue;
        }
        if let (Some(taken), Some(bucket_owned)) =
            (entries.managers.remove(&key), entries.managers.get(&bucket))
        {
            let set = taken.set.union(&bucket_owned.set);
            entries
                .managers
                .insert(bucket.clone(), Owned { set, ..taken });
        }
        left -= 1;
        match entries.times.get(&key).cloned() {
            Some(time) => entries.times.insert(bucket, time),
            None => entries.times.remove(&bucket),
        };
    }
}
