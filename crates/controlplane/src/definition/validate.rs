//! Checking values against a schema, in the words of a kube-apiserver.
//!
//! What an object had before and still has is not checked again: a schema that became stricter
//! doesn't lock objects up.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use value::{Object, Value};

use super::structural::{ListType, Structural, join};
use super::{formats, lists};
use crate::failure::FieldError;

/// Checks a whole object.
pub(super) fn object(
    schema: &Structural,
    object: &Value,
    old: Option<&Value>,
    errors: &mut Vec<FieldError>,
) {
    check(schema, object, old, "", errors);
}

fn check(
    schema: &Structural,
    value: &Value,
    old: Option<&Value>,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    if old == Some(value) {
        return;
    }
    types(schema, value, path, errors);
    allowed(schema, value, path, errors);
    if value.is_null() {
        return;
    }
    combined(schema, value, path, errors);
    match value {
        Value::String(text) => string(schema, text, path, errors),
        Value::Array(items) => list(schema, items, old, path, errors),
        Value::Object(members) => members_of(schema, members, old, path, errors),
        number if number.is_number() => range(schema, number, path, errors),
        _ => {}
    }
}

/// Returns what a value is, in the words of schemas.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Int(_) | Value::UInt(_) => "integer",
        Value::Float(float) if float.fract() == 0.0 => "integer",
        Value::Float(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn types(schema: &Structural, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let wanted: Cow<'_, str> = if schema.int_or_string {
        "integer,string".into()
    } else {
        schema.kind.as_str().into()
    };
    if wanted.is_empty() || value.is_null() && schema.nullable {
        return;
    }
    let is = type_of(value);
    let fits = wanted
        .split(',')
        .any(|w| w == is || w == "number" && is == "integer");
    if fits {
        return;
    }
    let why = format!("{path} in body must be of type {wanted}: \"{is}\"");
    errors.push(FieldError::type_invalid(path, is, &why));
    if wanted == "integer" && is == "number" {
        let why = format!("Checked value must be of type integer (default format) in {path}");
        errors.push(FieldError::invalid("<nil>", "", &why));
    }
}

fn allowed(schema: &Structural, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let among = schema.allowed.iter().any(|a| a.equivalent(value));
    if schema.allowed.is_empty() || among {
        return;
    }
    let texts: Vec<Cow<'_, str>> = schema.allowed.iter().map(text_of).collect();
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    errors.push(FieldError::not_supported(path, value.clone(), &texts));
}

fn text_of(value: &Value) -> Cow<'_, str> {
    match value.as_str() {
        Some(text) => text.into(),
        None => value.to_json().into(),
    }
}

fn string(schema: &Structural, text: &str, path: &str, errors: &mut Vec<FieldError>) {
    let length = text.chars().count();
    if let Some(max) = schema.length_max.filter(|max| length > *max) {
        errors.push(FieldError::too_long(path, max));
    }
    if let Some(min) = schema.length_min.filter(|min| length < *min) {
        let why = format!("{path} in body should be at least {min} chars long");
        errors.push(FieldError::invalid(path, text, &why));
    }
    if let Some((source, Some(pattern))) = &schema.pattern
        && !pattern.is_match(text)
    {
        let why = format!("{path} in body should match '{source}'");
        errors.push(FieldError::invalid(path, text, &why));
    }
    if !formats::fits(&schema.format, text) {
        let format = &schema.format;
        let why = format!("{path} in body must be of type {format}: \"{text}\"");
        errors.push(FieldError::type_invalid(path, text, &why));
    }
}

/// Writes a number as Go's `%v` does.
fn shown(number: f64) -> String {
    let (small, large) = (1e-4, 1e21);
    if number == 0.0 || (small..large).contains(&number.abs()) {
        return format!("{number}");
    }
    let text = format!("{number:e}");
    match text.split_once("e-") {
        Some((digits, exponent)) => format!("{digits}e-{exponent:0>2}"),
        None => text.replace('e', "e+"),
    }
}

fn range(schema: &Structural, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let number = value.as_f64().unwrap_or(0.0);
    let mut wrong = |why: String| {
        let why = format!("{path} in body should be {why}");
        errors.push(FieldError::invalid(path, value.clone(), &why));
    };
    if let Some(of) = schema.multiple_of {
        let times = number / of;
        if (times - times.round()).abs() > f64::EPSILON * times.abs().max(1.0) {
            wrong(format!("a multiple of {}", shown(of)));
        }
    }
    if let Some(max) = schema.maximum {
        if schema.exclusive_maximum && number >= max {
            wrong(format!("less than {}", shown(max)));
        } else if number > max {
            wrong(format!("less than or equal to {}", shown(max)));
        }
    }
    if let Some(min) = schema.minimum {
        if schema.exclusive_minimum && number <= min {
            wrong(format!("greater than {}", shown(min)));
        } else if number < min {
            wrong(format!("greater than or equal to {}", shown(min)));
        }
    }
    let bits = match (schema.kind.as_str(), schema.format.as_str()) {
        ("integer", "int32") => i64::from(i32::MIN)..=i64::from(i32::MAX),
        _ => return,
    };
    if !value.as_i64().is_some_and(|n| bits.contains(&n)) {
        let format = &schema.format;
        let why = format!("Checked value must be of type integer with format {format} in {path}");
        errors.push(FieldError::invalid("<nil>", "", &why));
    }
}

fn list(
    schema: &Structural,
    items: &[Value],
    old: Option<&Value>,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    if let Some(of) = schema.items.as_deref() {
        let before = old.and_then(Value::as_array).unwrap_or_default();
        let known: HashMap<String, &Value> = match &schema.list_type {
            ListType::Map(_) => before
                .iter()
                .filter_map(|b| Some((lists::identity(schema, b)?.to_json(), b)))
                .collect(),
            _ => HashMap::new(),
        };
        for (i, item) in items.iter().enumerate() {
            let same = match &schema.list_type {
                ListType::Map(_) => lists::identity(schema, item)
                    .and_then(|identity| known.get(&identity.to_json()).copied()),
                _ => None,
            };
            check(of, item, same, &format!("{path}[{i}]"), errors);
        }
    }
    let count = items.len();
    if let Some(min) = schema.items_min.filter(|min| count < *min) {
        let why = format!("{path} in body should have at least {min} items");
        errors.push(FieldError::invalid(path, number(count), &why));
    }
    if let Some(max) = schema.items_max.filter(|max| count > *max) {
        errors.push(FieldError::too_many(path, count, max));
    }
    let repeats = || {
        let mut seen = HashSet::new();
        items.iter().any(|item| !seen.insert(item.to_json()))
    };
    if schema.unique_items && repeats() {
        let why = format!("{path} in body shouldn't contain duplicates");
        errors.push(FieldError::invalid(
            path,
            Value::Array(items.to_vec()),
            &why,
        ));
    }
}

fn number(count: usize) -> Value {
    i64::try_from(count).unwrap_or(i64::MAX).into()
}

fn members_of(
    schema: &Structural,
    members: &Object,
    old: Option<&Value>,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    let count = members.len();
    if let Some(min) = schema.properties_min.filter(|min| count < *min) {
        let why = format!("{path} in body should have at least {min} properties");
        errors.push(FieldError::invalid(path, number(count), &why));
    }
    if let Some(max) = schema.properties_max.filter(|max| count > *max) {
        errors.push(FieldError::too_many(path, count, max));
    }
    for name in &schema.required {
        if !members.contains_key(name) {
            errors.push(FieldError::required(&join(path, name), ""));
        }
    }
    for (name, member) in members {
        if let Some(of) = schema.member(name) {
            let before = old.and_then(|o| o.get(name));
            check(of, member, before, &join(path, name), errors);
        }
    }
}

/// Checks a value against schemas that are joined by logic.
fn combined(schema: &Structural, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let failures = |of: &Structural| {
        let mut found = Vec::new();
        check(of, value, None, path, &mut found);
        found
    };
    let mut wrong = |why: &str, found: Vec<FieldError>| {
        let why = format!("\"{path}\" must {why}");
        errors.push(FieldError::invalid("<nil>", "", &why));
        errors.extend(found);
    };
    if !schema.any_of.is_empty() {
        let tried: Vec<_> = schema.any_of.iter().map(failures).collect();
        if tried.iter().all(|found| !found.is_empty()) {
            let best = tried.into_iter().min_by_key(Vec::len).unwrap_or_default();
            wrong("validate at least one schema (anyOf)", best);
        }
    }
    if !schema.one_of.is_empty() {
        let tried: Vec<_> = schema.one_of.iter().map(failures).collect();
        let valid = tried.iter().filter(|found| found.is_empty()).count();
        if valid == 0 {
            let best = tried.into_iter().min_by_key(Vec::len).unwrap_or_default();
            wrong(
                "validate one and only one schema (oneOf). Found none valid",
                best,
            );
        } else if valid > 1 {
            let why = format!(
                "validate one and only one schema (oneOf). Found {valid} valid alternatives"
            );
            wrong(&why, Vec::new());
        }
    }
    if !schema.all_of.is_empty() {
        let found: Vec<_> = schema.all_of.iter().flat_map(failures).collect();
        if !found.is_empty() {
            let mut why = "validate all the schemas (allOf)".to_owned();
            if schema.all_of.iter().all(|of| !failures(of).is_empty()) {
                why.push_str(". None validated");
            }
            wrong(&why, found);
        }
    }
    if let Some(not) = &schema.not
        && failures(not).is_empty()
    {
        wrong("not validate the schema (not)", Vec::new());
    }
}
