//! Functions that aren't written in jq.

use crate::encode::{preview, to_json, typed};
use crate::json::{Json, exact};
use crate::ops::SIZE_MAX;
use crate::{dates, formats, ops, path, regex};
use std::cmp::Ordering;
use std::rc::Rc;
use value::Value;

/// What functions may use besides their arguments.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) patterns: regex::Cache,
}

type Native = fn(&mut World, &Json, &[Json]) -> Result<Json, String>;

/// A function by its name and arity.
#[derive(Clone, Copy)]
pub(crate) enum Builtin {
    /// Values in, a value out.
    Native(Native),
    /// Something that decides itself what is evaluated.
    Special(Special),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    Empty,
    Error,
    Path,
    GetPath,
    Last,
    Range,
    Halt,
    HaltError,
}

/// Returns a function; nothing if there is none of that arity.
pub(crate) fn find(name: &str, arity: usize) -> Option<Builtin> {
    let special = match (name, arity) {
        ("empty", 0) => Some(Special::Empty),
        ("error", 0 | 1) => Some(Special::Error),
        ("path", 1) => Some(Special::Path),
        ("getpath", 1) => Some(Special::GetPath),
        ("last", 1) => Some(Special::Last),
        ("_range", 3) => Some(Special::Range),
        ("halt", 0) => Some(Special::Halt),
        ("halt_error", 0 | 1) => Some(Special::HaltError),
        _ => None,
    };
    if let Some(special) = special {
        return Some(Builtin::Special(special));
    }
    native(name, arity)
        .or_else(|| mathematical(name, arity))
        .map(Builtin::Native)
}

fn native(name: &str, arity: usize) -> Option<Native> {
    let native: Native = match (name, arity) {
        ("env", 0) => |_, _, _| Ok(Json::members(Default::default())),
        ("builtins", 0) => |_, _, _| Ok(Json::array(Vec::new())),
        ("now", 0) => |_, _, _| Ok(Json::Int(0)),
        ("length", 0) => |_, v, _| length(v),
        ("abs", 0) => |_, v, _| match v {
            Json::Int(_) | Json::Float(_) => length(v),
            _ => Err(cannot("abs", v)),
        },
        ("utf8bytelength", 0) => |_, v, _| match v {
            Json::Text(text) => Ok(count(text.len())),
            _ => Err(cannot("utf8bytelength", v)),
        },
        ("keys", 0) => |_, v, _| match v {
            Json::Array(items) => Ok(Json::array((0..items.len()).map(count).collect())),
            Json::Object(members) => {
                let names = members.keys().map(|name| Json::Text(Rc::clone(name)));
                Ok(Json::array(names.collect()))
            }
            _ => Err(cannot("keys", v)),
        },
        ("has", 1) => |_, v, a| has(v, &a[0]),
        ("add", 0) => |_, v, _| {
            let values = v.values().ok_or_else(|| cannot("add", v))?;
            sum(&values)
        },
        ("toboolean", 0) => |_, v, _| match v {
            Json::Bool(_) => Ok(v.clone()),
            Json::Text(text) => match text.as_ref() {
                "true" => Ok(Json::Bool(true)),
                "false" => Ok(Json::Bool(false)),
                _ => Err(cannot_because("toboolean", v, "invalid boolean")),
            },
            _ => Err(cannot("toboolean", v)),
        },
        ("tonumber", 0) => |_, v, _| match v {
            Json::Int(_) | Json::Float(_) => Ok(v.clone()),
            Json::Text(text) => {
                to_number(text).ok_or_else(|| cannot_because("tonumber", v, "invalid number"))
            }
            _ => Err(cannot("tonumber", v)),
        },
        ("tostring", 0) => |_, v, _| match v {
            Json::Text(_) => Ok(v.clone()),
            _ => Ok(Json::text(&to_json(v))),
        },
        ("tojson", 0) => |_, v, _| Ok(Json::text(&to_json(v))),
        ("fromjson", 0) => |_, v, _| from_json(v),
        ("type", 0) => |_, v, _| Ok(Json::text(v.type_name())),
        ("reverse", 0) => |_, v, _| match v {
            Json::Array(items) => Ok(Json::array(items.iter().rev().cloned().collect())),
            _ => Err(cannot("reverse", v)),
        },
        ("contains", 1) => |_, v, a| contains(v, &a[0]).map(Json::Bool),
        ("inside", 1) => |_, v, a| contains(&a[0], v).map(Json::Bool),
        ("indices", 1) => |_, v, a| places("indices", v, &a[0]),
        ("index", 1) => |_, v, a| Ok(one(places("index", v, &a[0])?, <[Json]>::first)),
        ("rindex", 1) => |_, v, a| Ok(one(places("rindex", v, &a[0])?, <[Json]>::last)),
        ("startswith", 1) => |_, v, a| {
            texts("startswith", v, &a[0], |text, part| {
                Json::Bool(text.starts_with(part))
            })
        },
        ("endswith", 1) => |_, v, a| {
            texts("endswith", v, &a[0], |text, part| {
                Json::Bool(text.ends_with(part))
            })
        },
        ("ltrimstr", 1) => |_, v, a| {
            texts("ltrimstr", v, &a[0], |text, part| {
                Json::text(text.strip_prefix(part).unwrap_or(text))
            })
        },
        ("rtrimstr", 1) => |_, v, a| {
            texts("rtrimstr", v, &a[0], |text, part| {
                Json::text(text.strip_suffix(part).unwrap_or(text))
            })
        },
        ("trimstr", 1) => |_, v, a| {
            texts("trimstr", v, &a[0], |text, part| {
                let text = text.strip_prefix(part).unwrap_or(text);
                Json::text(text.strip_suffix(part).unwrap_or(text))
            })
        },
        ("ltrim", 0) => |_, v, _| text("ltrim", v, |text| Json::text(text.trim_start())),
        ("rtrim", 0) => |_, v, _| text("rtrim", v, |text| Json::text(text.trim_end())),
        ("trim", 0) => |_, v, _| text("trim", v, |text| Json::text(text.trim())),
        ("explode", 0) => |_, v, _| text("explode", v, explode),
        ("implode", 0) => |_, v, _| implode(v),
        ("split", 1) => |_, v, a| {
            let Json::Text(whole) = v else {
                return Err(cannot("split", v));
            };
            let Json::Text(by) = &a[0] else {
                return Err(cannot("split", &a[0]));
            };
            Ok(match whole.is_empty() && !by.is_empty() {
                true => Json::array(vec![Json::text("")]),
                false => ops::split(whole, by),
            })
        },
        ("join", 1) => |_, v, a| join(v, &a[0]),
        ("ascii_downcase", 0) => |_, v, _| {
            text("ascii_downcase", v, |text| {
                Json::text(&text.to_ascii_lowercase())
            })
        },
        ("ascii_upcase", 0) => |_, v, _| {
            text("ascii_upcase", v, |text| {
                Json::text(&text.to_ascii_uppercase())
            })
        },
        ("format", 1) => |_, v, a| match &a[0] {
            Json::Text(name) => formats::format(&format!("@{name}"), v),
            other => Err(cannot("format", other)),
        },
        ("flatten", 0 | 1) => |_, v, a| flatten(v, a.first()),
        ("min", 0) => |_, v, _| extreme("min", v, None, Ordering::Less),
        ("max", 0) => |_, v, _| extreme("max", v, None, Ordering::Greater),
        ("_min_by", 1) => |_, v, a| extreme("min_by", v, Some(&a[0]), Ordering::Less),
        ("_max_by", 1) => |_, v, a| extreme("max_by", v, Some(&a[0]), Ordering::Greater),
        ("sort", 0) => |_, v, _| sorted("sort", v, None, only_values),
        ("_sort_by", 1) => |_, v, a| sorted("sort_by", v, Some(&a[0]), only_values),
        ("_group_by", 1) => |_, v, a| {
            sorted("group_by", v, Some(&a[0]), |items| {
                groups(items).into_iter().map(Json::array).collect()
            })
        },
        ("unique", 0) => |_, v, _| sorted("unique", v, None, firsts),
        ("_unique_by", 1) => |_, v, a| sorted("unique_by", v, Some(&a[0]), firsts),
        ("infinite", 0) => |_, _, _| Ok(Json::Float(f64::INFINITY)),
        ("nan", 0) => |_, _, _| Ok(Json::Float(f64::NAN)),
        ("isfinite", 0) => |_, v, _| Ok(Json::Bool(v.as_f64().is_some_and(|n| !n.is_infinite()))),
        ("isinfinite", 0) => |_, v, _| Ok(Json::Bool(v.as_f64().is_some_and(f64::is_infinite))),
        ("isnormal", 0) => |_, v, _| Ok(Json::Bool(v.as_f64().is_some_and(f64::is_normal))),
        ("isnan", 0) => |_, v, _| match (v, v.as_f64()) {
            (_, Some(number)) => Ok(Json::Bool(number.is_nan())),
            (Json::Null, None) => Ok(Json::Bool(false)),
            _ => Err(cannot("isnan", v)),
        },
        ("setpath", 2) => |_, v, a| path::set(v, &a[0], &a[1]),
        ("delpaths", 1) => |_, v, a| path::delete(v, &a[0]),
        ("transpose", 0) => |_, v, _| transpose(v),
        ("bsearch", 1) => |_, v, a| match v {
            Json::Array(items) => Ok(match items.binary_search_by(|item| item.cmp(&a[0])) {
                Ok(_) => count(items.partition_point(|item| item.cmp(&a[0]).is_lt())),
                Err(at) => Json::Int(-(at as i64) - 1),
            }),
            _ => Err(cannot_with("bsearch", &a[0], v)),
        },
        ("gmtime" | "localtime", 0) => |_, v, _| dates::gmtime(v),
        ("mktime", 0) => |_, v, _| dates::mktime(v),
        ("strftime" | "strflocaltime", 1) => |_, v, a| dates::strftime(v, &a[0]),
        ("strptime", 1) => |_, v, a| dates::strptime(v, &a[0]),
        ("_match", 3) => |world, v, a| {
            let testing = matches!(a[2], Json::Bool(true));
            regex::find(&mut world.patterns, v, &a[0], &a[1], testing)
        },
        ("_captures", 0) => |_, v, _| regex::captures(v),
        _ => return None,
    };
    Some(native)
}

/// Defines a function of one number.
macro_rules! one_number {
    ($name:literal, $compute:expr) => {
        |_, v, _| {
            let compute: fn(f64) -> f64 = $compute;
            let result = compute(v.as_f64().ok_or_else(|| cannot($name, v))?);
            Ok(number(result))
        }
    };
}

/// Defines a function of two numbers.
macro_rules! two_numbers {
    ($name:literal, $compute:expr) => {
        |_, _, a| {
            let compute: fn(f64, f64) -> f64 = $compute;
            let number_of = |v: &Json| v.as_f64().ok_or_else(|| cannot($name, v));
            Ok(number(compute(number_of(&a[0])?, number_of(&a[1])?)))
        }
    };
}

fn mathematical(name: &str, arity: usize) -> Option<Native> {
    let native: Native = match (name, arity) {
        ("floor", 0) => one_number!("floor", f64::floor),
        ("ceil", 0) => one_number!("ceil", f64::ceil),
        ("round", 0) => one_number!("round", f64::round),
        ("rint" | "nearbyint", 0) => one_number!("rint", f64::round_ties_even),
        ("trunc", 0) => one_number!("trunc", f64::trunc),
        ("fabs", 0) => one_number!("fabs", f64::abs),
        ("sqrt", 0) => one_number!("sqrt", f64::sqrt),
        ("cbrt", 0) => one_number!("cbrt", f64::cbrt),
        ("exp", 0) => one_number!("exp", f64::exp),
        ("exp2", 0) => one_number!("exp2", f64::exp2),
        ("exp10", 0) => one_number!("exp10", |n| 10f64.powf(n)),
        ("expm1", 0) => one_number!("expm1", f64::exp_m1),
        ("log", 0) => one_number!("log", f64::ln),
        ("log2", 0) => one_number!("log2", f64::log2),
        ("log10", 0) => one_number!("log10", f64::log10),
        ("log1p", 0) => one_number!("log1p", f64::ln_1p),
        ("sin", 0) => one_number!("sin", f64::sin),
        ("cos", 0) => one_number!("cos", f64::cos),
        ("tan", 0) => one_number!("tan", f64::tan),
        ("asin", 0) => one_number!("asin", f64::asin),
        ("acos", 0) => one_number!("acos", f64::acos),
        ("atan", 0) => one_number!("atan", f64::atan),
        ("sinh", 0) => one_number!("sinh", f64::sinh),
        ("cosh", 0) => one_number!("cosh", f64::cosh),
        ("tanh", 0) => one_number!("tanh", f64::tanh),
        ("pow", 2) => two_numbers!("pow", f64::powf),
        ("atan2", 2) => two_numbers!("atan2", f64::atan2),
        ("fmod", 2) => two_numbers!("fmod", |a, b| a % b),
        ("fmin", 2) => two_numbers!("fmin", f64::min),
        ("fmax", 2) => two_numbers!("fmax", f64::max),
        ("hypot", 2) => two_numbers!("hypot", f64::hypot),
        ("copysign", 2) => two_numbers!("copysign", f64::copysign),
        _ => return None,
    };
    Some(native)
}

fn number(value: f64) -> Json {
    exact(value).map_or(Json::Float(value), Json::Int)
}

fn count(n: usize) -> Json {
    Json::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

pub(crate) fn cannot(name: &str, value: &Json) -> String {
    format!("{name} cannot be applied to: {}", typed(value))
}

fn cannot_with(name: &str, argument: &Json, value: &Json) -> String {
    format!(
        "{name}({}) cannot be applied to: {}",
        preview(argument),
        typed(value)
    )
}

fn cannot_because(name: &str, value: &Json, why: &str) -> String {
    format!("{name} cannot be applied to {}: {why}", preview(value))
}

fn length(value: &Json) -> Result<Json, String> {
    Ok(match value {
        Json::Null => Json::Int(0),
        Json::Int(whole) => whole
            .checked_abs()
            .map_or(Json::Float((*whole as f64).abs()), Json::Int),
        Json::Float(number) => Json::Float(number.abs()),
        Json::Text(text) => count(text.chars().count()),
        Json::Array(items) => count(items.len()),
        Json::Object(members) => count(members.len()),
        Json::Bool(_) => return Err(cannot("length", value)),
    })
}

fn has(value: &Json, key: &Json) -> Result<Json, String> {
    match (value, key, key.as_index()) {
        (Json::Array(items), _, Some(at)) => Ok(Json::Bool(
            usize::try_from(at).is_ok_and(|at| at < items.len()),
        )),
        (Json::Object(members), Json::Text(name), _) => Ok(Json::Bool(members.contains_key(name))),
        (Json::Null, ..) => Ok(Json::Bool(false)),
        _ => Err(cannot_with("has", key, value)),
    }
}

/// Adds values up; what is alike is put together at once.
fn sum(values: &[Json]) -> Result<Json, String> {
    let present = || values.iter().filter(|v| !matches!(v, Json::Null));
    if present().all(|v| matches!(v, Json::Text(_))) && present().next().is_some() {
        let texts: Vec<&str> = present()
            .filter_map(|v| match v {
                Json::Text(text) => Some(text.as_ref()),
                _ => None,
            })
            .collect();
        if texts.iter().map(|text| text.len()).sum::<usize>() > SIZE_MAX {
            return Err("string too large".to_owned());
        }
        return Ok(Json::text(&texts.concat()));
    }
    if present().all(|v| matches!(v, Json::Array(_))) && present().next().is_some() {
        let items: Vec<Json> = present().filter_map(Json::values).flatten().collect();
        return Ok(Json::array(items));
    }
    let mut total = Json::Null;
    for value in present() {
        total = ops::add(&total, value)?;
    }
    Ok(total)
}

/// Reads a number as a program writes it, with a sign.
fn to_number(text: &str) -> Option<Json> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let shape = digits.strip_prefix('.').unwrap_or(digits);
    let is_number = shape.starts_with(|c: char| c.is_ascii_digit())
        && !digits.ends_with(['e', 'E', '+', '-'])
        && digits
            .chars()
            .all(|c| matches!(c, '0'..='9' | '.' | 'e' | 'E' | '+' | '-'));
    let text = text.strip_prefix('+').unwrap_or(text);
    if !is_number {
        return None;
    }
    if let Ok(whole) = text.parse() {
        return Some(Json::Int(whole));
    }
    text.parse().ok().map(number)
}

fn from_json(value: &Json) -> Result<Json, String> {
    let Json::Text(text) = value else {
        return Err(cannot("fromjson", value));
    };
    let parsed = Value::parse(text.as_bytes())
        .map_err(|error| cannot_because("fromjson", value, &error.to_string()))?;
    Ok(Json::from(&parsed))
}

fn contains(value: &Json, part: &Json) -> Result<bool, String> {
    match (value, part) {
        (Json::Text(text), Json::Text(part)) => Ok(text.contains(part.as_ref())),
        (Json::Array(items), Json::Array(parts)) => Ok(parts.iter().all(|part| {
            let has = |item: &Json| contains(item, part) == Ok(true);
            items.iter().any(has)
        })),
        (Json::Object(members), Json::Object(parts)) => Ok(parts.iter().all(|(name, part)| {
            members
                .get(name)
                .is_some_and(|member| contains(member, part) == Ok(true))
        })),
        _ if value.cmp(part).is_eq() => Ok(true),
        _ if value.as_f64().is_some() && part.as_f64().is_some() => Ok(false),
        _ => Err(cannot_with("contains", part, value)),
    }
}

fn places(name: &str, value: &Json, part: &Json) -> Result<Json, String> {
    match (value, part) {
        (Json::Null, _) => Ok(Json::Null),
        (Json::Array(items), Json::Array(parts)) => Ok(path::indices(items, parts)),
        (Json::Array(items), part) => Ok(path::indices(items, std::slice::from_ref(part))),
        (Json::Text(text), Json::Text(part)) => {
            let (text, part): (Vec<char>, Vec<char>) =
                (text.chars().collect(), part.chars().collect());
            if part.is_empty() {
                return Ok(Json::array(Vec::new()));
            }
            let found = text.windows(part.len()).enumerate();
            let found = found.filter(|(_, window)| *window == part.as_slice());
            Ok(Json::array(found.map(|(at, _)| count(at)).collect()))
        }
        _ => Err(cannot_with(name, part, value)),
    }
}

fn one(places: Json, choose: fn(&[Json]) -> Option<&Json>) -> Json {
    match &places {
        Json::Array(all) => choose(all).cloned().unwrap_or(Json::Null),
        _ => places,
    }
}

fn text(name: &str, value: &Json, make: fn(&str) -> Json) -> Result<Json, String> {
    match value {
        Json::Text(text) => Ok(make(text)),
        _ => Err(cannot(name, value)),
    }
}

fn texts(
    name: &str,
    value: &Json,
    part: &Json,
    make: fn(&str, &str) -> Json,
) -> Result<Json, String> {
    match (value, part) {
        (Json::Text(text), Json::Text(part)) => Ok(make(text, part)),
        _ => Err(cannot_with(name, part, value)),
    }
}

fn explode(text: &str) -> Json {
    Json::array(
        text.chars()
            .map(|c| Json::Int(i64::from(u32::from(c))))
            .collect(),
    )
}

fn implode(value: &Json) -> Result<Json, String> {
    let Json::Array(codes) = value else {
        return Err(cannot("implode", value));
    };
    let text: Option<String> = codes
        .iter()
        .map(|code| {
            let code = u32::try_from(code.as_index()?).ok();
            Some(
                code.and_then(char::from_u32)
                    .unwrap_or(char::REPLACEMENT_CHARACTER),
            )
        })
        .collect();
    text.map(|text| Json::text(&text))
        .ok_or_else(|| cannot("implode", value))
}

fn join(value: &Json, by: &Json) -> Result<Json, String> {
    let values = value
        .values()
        .ok_or_else(|| cannot_with("join", by, value))?;
    if values.is_empty() {
        return Ok(Json::text(""));
    }
    let mut parts = Vec::with_capacity(values.len() * 2);
    for (i, value) in values.iter().enumerate() {
        parts.push(if i == 0 { Json::text("") } else { by.clone() });
        parts.push(match value {
            Json::Bool(_) | Json::Int(_) | Json::Float(_) => Json::text(&to_json(value)),
            other => other.clone(),
        });
    }
    sum(&parts)
}

fn flatten(value: &Json, depth: Option<&Json>) -> Result<Json, String> {
    fn collect(items: &[Json], depth: f64, flat: &mut Vec<Json>) {
        for item in items {
            match item {
                Json::Array(items) if depth != 0.0 => collect(items, depth - 1.0, flat),
                other => flat.push(other.clone()),
            }
        }
    }
    let items = value.values().ok_or_else(|| cannot("flatten", value))?;
    let depth = match depth {
        None => -1.0,
        Some(depth) => match depth.as_f64() {
            None => return Err(cannot("flatten", depth)),
            Some(n) if n < 0.0 || n.is_nan() => {
                return Err(format!(
                    "flatten depth should not be negative: {}",
                    preview(depth)
                ));
            }
            Some(n) => n,
        },
    };
    let mut flat = Vec::new();
    collect(&items, depth, &mut flat);
    Ok(Json::array(flat))
}

/// Returns values with what they are compared by.
fn keyed(name: &str, value: &Json, keys: Option<&Json>) -> Result<Vec<(Json, Json)>, String> {
    let wrong = || match keys {
        None => cannot(name, value),
        Some(keys) => cannot_with(name, keys, value),
    };
    let Json::Array(items) = value else {
        return Err(wrong());
    };
    let keys = match keys {
        None => items,
        Some(Json::Array(keys)) => keys,
        Some(_) => return Err(wrong()),
    };
    if keys.len() != items.len() {
        return Err(format!("{}: length mismatch", wrong()));
    }
    Ok(keys.iter().cloned().zip(items.iter().cloned()).collect())
}

fn extreme(name: &str, value: &Json, keys: Option<&Json>, which: Ordering) -> Result<Json, String> {
    let mut items = keyed(name, value, keys)?.into_iter();
    let Some(mut best) = items.next() else {
        return Ok(Json::Null);
    };
    for item in items {
        // Of several, the first smallest and the last greatest.
        let order = item.0.cmp(&best.0);
        if order == which || (which == Ordering::Greater && order.is_eq()) {
            best = item;
        }
    }
    Ok(best.1)
}

fn sorted(
    name: &str,
    value: &Json,
    keys: Option<&Json>,
    make: fn(Vec<(Json, Json)>) -> Vec<Json>,
) -> Result<Json, String> {
    let mut items = keyed(name, value, keys)?;
    merge_sort(&mut items);
    Ok(Json::array(make(items)))
}

/// Sorts; NaN isn't ordered, which the library's sort may take amiss.
fn merge_sort(items: &mut Vec<(Json, Json)>) {
    if items.len() < 2 {
        return;
    }
    let mut right = items.split_off(items.len() / 2);
    merge_sort(items);
    merge_sort(&mut right);
    let left = std::mem::take(items);
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    loop {
        let take_right = match (left.peek(), right.peek()) {
            (Some(a), Some(b)) => b.0.cmp(&a.0).is_lt(),
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (None, None) => return,
        };
        items.extend(if take_right {
            right.next()
        } else {
            left.next()
        });
    }
}

fn only_values(items: Vec<(Json, Json)>) -> Vec<Json> {
    items.into_iter().map(|(_, value)| value).collect()
}

fn groups(items: Vec<(Json, Json)>) -> Vec<Vec<Json>> {
    let mut groups: Vec<Vec<Json>> = Vec::new();
    let mut last: Option<Json> = None;
    for (key, value) in items {
        let is_same = last.as_ref().is_some_and(|last| last.cmp(&key).is_eq());
        match groups.last_mut() {
            Some(group) if is_same => group.push(value),
            _ => groups.push(vec![value]),
        }
        last = Some(key);
    }
    groups
}

fn firsts(items: Vec<(Json, Json)>) -> Vec<Json> {
    let first = |group: Vec<Json>| group.into_iter().next();
    groups(items).into_iter().filter_map(first).collect()
}

fn transpose(value: &Json) -> Result<Json, String> {
    let wrong = || cannot("transpose", value);
    let Json::Array(rows) = value else {
        return Err(wrong());
    };
    let rows: Option<Vec<&[Json]>> = rows
        .iter()
        .map(|row| match row {
            Json::Array(row) => Some(&***row),
            _ => None,
        })
        .collect();
    let rows = rows.ok_or_else(wrong)?;
    let width = rows.iter().map(|row| row.len()).max().unwrap_or_default();
    if width.saturating_mul(rows.len()) > SIZE_MAX {
        return Err("array too large".to_owned());
    }
    let column = |at: usize| {
        let cells = rows
            .iter()
            .map(|row| row.get(at).cloned().unwrap_or(Json::Null));
        Json::array(cells.collect())
    };
    Ok(Json::array((0..width).map(column).collect()))
}
