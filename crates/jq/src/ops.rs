//! Operators on values.

use crate::ast::Op;
use crate::encode::typed;
use crate::json::{Json, Map, Members};
use std::cmp::Ordering;
use std::rc::Rc;

/// What a program may make in one piece: texts in bytes, arrays in elements.
pub(crate) const SIZE_MAX: usize = 16 << 20;

pub(crate) fn binary(op: Op, left: &Json, right: &Json) -> Result<Json, String> {
    let compare = |holds: fn(Ordering) -> bool| Ok(Json::Bool(holds(left.cmp(right))));
    match op {
        Op::Add => add(left, right),
        Op::Subtract => subtract(left, right),
        Op::Multiply => multiply(left, right),
        Op::Divide => divide(left, right),
        Op::Modulo => modulo(left, right),
        Op::Equal => compare(Ordering::is_eq),
        Op::NotEqual => compare(Ordering::is_ne),
        Op::Less => compare(Ordering::is_lt),
        Op::LessEqual => compare(Ordering::is_le),
        Op::Greater => compare(Ordering::is_gt),
        Op::GreaterEqual => compare(Ordering::is_ge),
    }
}

fn wrong(what: &str, left: &Json, right: &Json) -> String {
    format!("cannot {what}: {} and {}", typed(left), typed(right))
}

/// Computes with whole numbers if they fit, else with floats.
fn numbers(
    left: &Json,
    right: &Json,
    whole: fn(i64, i64) -> Option<i64>,
    float: fn(f64, f64) -> f64,
) -> Option<Json> {
    if let (Json::Int(a), Json::Int(b)) = (left, right)
        && let Some(result) = whole(*a, *b)
    {
        return Some(Json::Int(result));
    }
    Some(Json::Float(float(left.as_f64()?, right.as_f64()?)))
}

pub(crate) fn add(left: &Json, right: &Json) -> Result<Json, String> {
    Ok(match (left, right) {
        (Json::Null, other) | (other, Json::Null) => other.clone(),
        (Json::Text(a), Json::Text(b)) => {
            if a.len() + b.len() > SIZE_MAX {
                return Err("string too large".to_owned());
            }
            Json::Text([a.as_ref(), b.as_ref()].concat().into())
        }
        (Json::Array(a), _) if a.is_empty() && matches!(right, Json::Array(_)) => right.clone(),
        (Json::Array(_), Json::Array(b)) if b.is_empty() => left.clone(),
        (Json::Array(a), Json::Array(b)) => {
            if a.len() + b.len() > SIZE_MAX {
                return Err("array too large".to_owned());
            }
            Json::array(a.iter().chain(b.iter()).cloned().collect())
        }
        (Json::Object(a), _) if a.is_empty() && matches!(right, Json::Object(_)) => right.clone(),
        (Json::Object(_), Json::Object(b)) if b.is_empty() => left.clone(),
        (Json::Object(a), Json::Object(b)) => {
            let mut members = Map::clone(a);
            members.extend(
                b.iter()
                    .map(|(name, value)| (Rc::clone(name), value.clone())),
            );
            Json::members(members)
        }
        _ => {
            return numbers(left, right, i64::checked_add, |a, b| a + b)
                .ok_or_else(|| wrong("add", left, right));
        }
    })
}

fn subtract(left: &Json, right: &Json) -> Result<Json, String> {
    if let (Json::Array(a), Json::Array(b)) = (left, right) {
        let keep = |item: &&Json| b.iter().all(|other| item.cmp(other) != Ordering::Equal);
        return Ok(Json::array(a.iter().filter(keep).cloned().collect()));
    }
    numbers(left, right, i64::checked_sub, |a, b| a - b)
        .ok_or_else(|| wrong("subtract", left, right))
}

fn multiply(left: &Json, right: &Json) -> Result<Json, String> {
    match (left, right) {
        (Json::Object(a), Json::Object(b)) => Ok(merge(a, b)),
        (Json::Text(text), times) | (times, Json::Text(text)) if times.as_f64().is_some() => {
            let times = times.as_f64().unwrap_or_default();
            if times < 0.0 || times.is_nan() {
                return Ok(Json::Null);
            }
            let count = times as usize;
            match text.len().checked_mul(count) {
                Some(size) if size <= SIZE_MAX => Ok(Json::Text(text.repeat(count).into())),
                _ => Err(format!(
                    "repeat string result too large: {} * {}",
                    crate::encode::preview(&Json::Text(Rc::clone(text))),
                    crate::encode::preview(&Json::Float(times))
                )),
            }
        }
        _ => numbers(left, right, i64::checked_mul, |a, b| a * b)
            .ok_or_else(|| wrong("multiply", left, right)),
    }
}

/// Objects within objects are merged too.
fn merge(left: &Rc<Members>, right: &Rc<Members>) -> Json {
    let mut members = Map::clone(left);
    for (name, value) in right.iter() {
        let merged = match (members.get(name), value) {
            (Some(Json::Object(a)), Json::Object(b)) => merge(a, b),
            _ => value.clone(),
        };
        members.insert(Rc::clone(name), merged);
    }
    Json::members(members)
}

fn divide(left: &Json, right: &Json) -> Result<Json, String> {
    if let (Json::Text(a), Json::Text(b)) = (left, right) {
        return Ok(split(a, b));
    }
    let (Some(a), Some(b)) = (left.as_f64(), right.as_f64()) else {
        return Err(wrong("divide", left, right));
    };
    if b == 0.0 {
        return Err(format!(
            "cannot divide {} by: {}",
            typed(left),
            typed(right)
        ));
    }
    if let (Json::Int(a), Json::Int(b)) = (left, right)
        && let (Some(0), Some(quotient)) = (a.checked_rem(*b), a.checked_div(*b))
    {
        return Ok(Json::Int(quotient));
    }
    Ok(Json::Float(a / b))
}

/// Splits a text; nothing by nothing into its characters.
pub(crate) fn split(text: &str, by: &str) -> Json {
    Json::array(if text.is_empty() && !by.is_empty() {
        Vec::new()
    } else if by.is_empty() {
        text.chars()
            .map(|c| Json::text(c.encode_utf8(&mut [0; 4])))
            .collect()
    } else {
        text.split(by).map(Json::text).collect()
    })
}

fn modulo(left: &Json, right: &Json) -> Result<Json, String> {
    let (Some(a), Some(b)) = (left.as_f64(), right.as_f64()) else {
        return Err(wrong("modulo", left, right));
    };
    if a.is_nan() || b.is_nan() {
        return Ok(Json::Float(f64::NAN));
    }
    let whole = |value: &Json| value.as_index().unwrap_or_default();
    match whole(right) {
        0 => Err(format!(
            "cannot modulo {} by: {}",
            typed(left),
            typed(right)
        )),
        by => Ok(Json::Int(whole(left).wrapping_rem(by))),
    }
}

pub(crate) fn negate(value: &Json) -> Result<Json, String> {
    match value {
        Json::Int(whole) => Ok(whole
            .checked_neg()
            .map_or(Json::Float(-(*whole as f64)), Json::Int)),
        Json::Float(number) => Ok(Json::Float(-number)),
        other => Err(format!("cannot negate: {}", typed(other))),
    }
}

pub(crate) fn plus(value: &Json) -> Result<Json, String> {
    match value {
        Json::Int(_) | Json::Float(_) => Ok(value.clone()),
        other => Err(format!("cannot plus: {}", typed(other))),
    }
}
