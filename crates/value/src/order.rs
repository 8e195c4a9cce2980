//! Comparing values: by number, and in one total order.

use crate::Value;
use std::cmp::Ordering;

impl Value {
    /// Returns true if the values are equal, numbers compared by value: the integer 1 equals the
    /// float 1.0. Arrays compare in order.
    #[must_use]
    pub fn equivalent(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Array(a), Self::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equivalent(b))
            }
            (Self::Object(a), Self::Object(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .zip(b.iter())
                        .all(|((ka, a), (kb, b))| ka == kb && a.equivalent(b))
            }
            _ if self.is_number() && other.is_number() => {
                compare_numbers(self, other) == Ordering::Equal
            }
            _ => self == other,
        }
    }

    /// Compares two values in the total order of structured merge and diff: numbers (by value) <
    /// strings < booleans < arrays < objects < null.
    #[must_use]
    pub fn total_cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::String(a), Self::String(b)) => a.cmp(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Array(a), Self::Array(b)) => {
                let pairs = a.iter().zip(b).map(|(a, b)| a.total_cmp(b));
                pairs
                    .into_iter()
                    .find(|o| o.is_ne())
                    .unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (Self::Object(a), Self::Object(b)) => {
                let pairs = a
                    .iter()
                    .zip(b.iter())
                    .map(|((ka, a), (kb, b))| ka.cmp(kb).then_with(|| a.total_cmp(b)));
                pairs
                    .into_iter()
                    .find(|o| o.is_ne())
                    .unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            _ if self.is_number() && other.is_number() => compare_numbers(self, other),
            _ => rank(self).cmp(&rank(other)),
        }
    }
}

const fn rank(v: &Value) -> u8 {
    match v {
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    }
}

fn compare_numbers(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::UInt(a), Value::UInt(b)) => a.cmp(b),
        (Value::Int(_), Value::UInt(_)) => Ordering::Less,
        (Value::UInt(_), Value::Int(_)) => Ordering::Greater,
        _ => {
            let (a, b) = (a.as_f64().unwrap_or(0.0), b.as_f64().unwrap_or(0.0));
            a.partial_cmp(&b).unwrap_or(Ordering::Equal)
        }
    }
}
