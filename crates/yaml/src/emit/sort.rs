//! The order of keys.

use super::Flavour;
use std::cmp::Ordering;
use value::{Key, Object, Value};

/// Returns the members in natural order: numbers inside names count as numbers, and letters come
/// after everything else.
pub(super) fn naturally(object: &Object, flavour: Flavour) -> Vec<(&Key, &Value)> {
    let mut members: Vec<_> = object.iter().collect();
    merge_sort(&mut members, flavour);
    members
}

/// Sorts by [`compare`]. That order is not transitive for some sets of names, so the standard
/// library's sort, which may panic then, can't be used.
fn merge_sort(members: &mut Vec<(&Key, &Value)>, flavour: Flavour) {
    if members.len() < 2 {
        return;
    }
    let mut right = members.split_off(members.len() / 2);
    let mut left = std::mem::take(members);
    merge_sort(&mut left, flavour);
    merge_sort(&mut right, flavour);
    let mut left = left.into_iter().peekable();
    let mut right = right.into_iter().peekable();
    while let (Some((l, _)), Some((r, _))) = (left.peek(), right.peek()) {
        let side = if compare(r, l, flavour) == Ordering::Less {
            &mut right
        } else {
            &mut left
        };
        members.extend(side.next());
    }
    members.extend(left);
    members.extend(right);
}

fn compare(a: &str, b: &str, flavour: Flavour) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(i) = a.iter().zip(&b).position(|(a, b)| a != b) else {
        return a.len().cmp(&b.len());
    };
    match (a[i].is_alphabetic(), b[i].is_alphabetic()) {
        (true, true) => return a[i].cmp(&b[i]),
        (a_letter, b_letter) if a_letter != b_letter => {
            // The third version has letters before other characters right behind a digit.
            let flipped = flavour != Flavour::V2 && i > 0 && a[i - 1].is_numeric();
            return if a_letter == flipped {
                Ordering::Less
            } else {
                Ordering::Greater
            };
        }
        _ => {}
    }
    // A zero inside a number that began before is a digit; at its start it is not.
    let inside = (a[i] == '0' || b[i] == '0')
        && a[..i]
            .iter()
            .rev()
            .take_while(|c| c.is_ascii_digit())
            .any(|c| *c != '0');
    let start = u64::from(inside);
    let (a_number, a_end) = number(&a, i, start);
    let (b_number, b_end) = number(&b, i, start);
    a_number
        .cmp(&b_number)
        .then(a_end.cmp(&b_end))
        .then(a[i].cmp(&b[i]))
}

fn number(chars: &[char], from: usize, start: u64) -> (u64, usize) {
    let mut number = start;
    let mut end = from;
    while let Some(digit) = chars.get(end).and_then(|c| c.to_digit(10)) {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        end += 1;
    }
    (number, end)
}
