//! The order of the items of a merged list.

use super::{StrategicError, go_plain};
use value::Value;

fn same(a: &Value, b: &Value, key: Option<&str>) -> bool {
    match key {
        None => a.equivalent(b),
        Some(key) => a
            .get(key)
            .zip(b.get(key))
            .is_some_and(|(a, b)| a.equivalent(b)),
    }
}

fn index(list: &[Value], item: &Value, key: Option<&str>) -> Option<usize> {
    list.iter().position(|other| same(other, item, key))
}

/// Checks that `order` names every item of the patch, in the order of the patch.
pub(super) fn check(
    patch: &[Value],
    order: &[Value],
    key: Option<&str>,
) -> Result<(), StrategicError> {
    let deletes = |item: &&Value| item.str_at(&["$patch"]) == "delete";
    let kept: Vec<&Value> = patch
        .iter()
        .filter(|item| key.is_none() || !deletes(item))
        .collect();
    if order.is_empty() || patch.is_empty() {
        return Ok(());
    }
    let mut named = order.iter();
    let all = kept
        .iter()
        .all(|item| named.any(|other| same(item, other, key)));
    if all {
        return Ok(());
    }
    let print = |list: &[Value]| go_plain(&Value::Array(list.to_vec()));
    Err(StrategicError::Order(print(patch), print(order)))
}

/// Puts the items that are in `order` into that order, and the others, in the order of the live
/// list, between them as near to their old neighbours as can be.
pub(super) fn by_patch(
    merged: Vec<Value>,
    order: &[Value],
    live: &[Value],
    key: Option<&str>,
) -> Vec<Value> {
    let (mut ours, mut others): (Vec<Value>, Vec<Value>) = merged
        .into_iter()
        .partition(|item| index(order, item, key).is_some());
    ours.sort_by_key(|item| index(order, item, key));
    // What the live list does not have comes last.
    others.sort_by_key(|item| index(live, item, key).unwrap_or(usize::MAX));
    let mut out = Vec::with_capacity(ours.len() + others.len());
    let (mut ours, mut others) = (ours.into_iter().peekable(), others.into_iter().peekable());
    loop {
        let other_first = match (others.peek(), ours.peek()) {
            (None, None) => return out,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(other), Some(our)) => index(live, other, key)
                .zip(index(live, our, key))
                .is_some_and(|(other, our)| other < our),
        };
        out.extend(if other_first {
            others.next()
        } else {
            ours.next()
        });
    }
}
