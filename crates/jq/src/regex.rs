//! `test`, `match` and what is made of them.

use crate::encode::{preview, typed};
use crate::json::Json;
use gotemplate::regexp::Regexp;
use std::collections::HashMap;
use std::rc::Rc;

/// Patterns that were compiled in this run.
#[derive(Default)]
pub(crate) struct Cache(HashMap<(Rc<str>, Rc<str>), Rc<Regexp>>);

/// Matches that one call may find.
const MATCHES_MAX: usize = 100_000;

fn compile(cache: &mut Cache, pattern: &Rc<str>, flags: &Rc<str>) -> Result<Rc<Regexp>, String> {
    let key = (Rc::clone(pattern), Rc::clone(flags));
    if let Some(known) = cache.0.get(&key) {
        return Ok(Rc::clone(known));
    }
    if flags.contains(|c| !matches!(c, 'g' | 'i' | 'm')) {
        return Err(format!("unsupported regular expression flag: {flags:?}"));
    }
    let mut text = pattern.to_string();
    if flags.contains('i') {
        text.insert_str(0, "(?i)");
    }
    if flags.contains('m') {
        text.insert_str(0, "(?s)");
    }
    let regexp = Regexp::new(text.as_bytes())
        .map_err(|error| format!("invalid regular expression {text:?}: {error}"))?;
    let regexp = Rc::new(regexp);
    cache.0.insert(key, Rc::clone(&regexp));
    Ok(regexp)
}

/// Finds a pattern in a text. `testing` says only whether it is there.
pub(crate) fn find(
    cache: &mut Cache,
    value: &Json,
    pattern: &Json,
    flags: &Json,
    testing: bool,
) -> Result<Json, String> {
    let name = if testing { "test" } else { "match" };
    let wrong = || {
        let (pattern, flags) = (preview(pattern), preview(flags));
        format!(
            "{name}({pattern}; {flags}) cannot be applied to: {}",
            typed(value)
        )
    };
    let no_flags: Rc<str> = "".into();
    let flags_text = match flags {
        Json::Null => &no_flags,
        Json::Text(flags) => flags,
        _ => return Err(wrong()),
    };
    let (Json::Text(text), Json::Text(pattern_text)) = (value, pattern) else {
        return Err(wrong());
    };
    let regexp = compile(cache, pattern_text, flags_text)?;
    if testing {
        return Ok(Json::Bool(regexp.is_match(text.as_bytes())));
    }
    let limit = if flags_text.contains('g') {
        MATCHES_MAX
    } else {
        1
    };
    let matches = regexp.find_all_groups(text.as_bytes(), limit);
    let described = matches.iter().map(|groups| describe(text, &regexp, groups));
    Ok(Json::array(described.collect()))
}

fn describe(text: &str, regexp: &Regexp, groups: &[Option<(usize, usize)>]) -> Json {
    let place = |group: Option<(usize, usize)>| match group {
        None => [
            ("offset", Json::Int(-1)),
            ("length", Json::Int(0)),
            ("string", Json::Null),
        ],
        Some((start, end)) => {
            let characters = |part: &str| Json::Int(part.chars().count() as i64);
            [
                ("offset", characters(&text[..start])),
                ("length", characters(&text[start..end])),
                ("string", Json::text(&text[start..end])),
            ]
        }
    };
    let captures = groups.iter().enumerate().skip(1).map(|(i, group)| {
        let name = regexp.group_name(i).map_or(Json::Null, Json::text);
        Json::object(place(*group).into_iter().chain([("name", name)]))
    });
    let captures = ("captures", Json::array(captures.collect()));
    let whole = groups.first().copied().flatten();
    Json::object(place(whole).into_iter().chain([captures]))
}

/// Makes an object of captures that have names.
pub(crate) fn captures(value: &Json) -> Result<Json, String> {
    let Json::Array(captures) = value else {
        return Err(format!("expected an array but got: {}", typed(value)));
    };
    let named = captures.iter().filter_map(|capture| match capture {
        Json::Object(capture) => match capture.get("name") {
            Some(Json::Text(name)) => {
                let text = capture.get("string").cloned().unwrap_or(Json::Null);
                Some((Rc::clone(name), text))
            }
            _ => None,
        },
        _ => None,
    });
    Ok(Json::members(named.collect()))
}
