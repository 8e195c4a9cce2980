//! Values on a command line: `a.b[0].c={x,y}`.

use crate::values::to_floats;
use value::{Object, Value};

/// Names inside names, as in Helm.
const NAMES_NESTED_MAX: usize = 30;
/// Largest index of a list, as in Helm.
const INDEX_MAX: i64 = 65_536;
/// Lists in lists: every index costs two characters, but the stack is not endless.
const LISTS_NESTED_MAX: usize = 500;

/// What a text after `=` means.
#[derive(Clone, Copy)]
pub enum Kind<'r> {
    /// `--set`: whole numbers, booleans and `null` are what they look like.
    Set,
    /// `--set-string`: always text.
    SetString,
    /// `--set-json`: JSON.
    SetJson,
    /// `--set-literal`: text, commas, braces and backslashes included.
    SetLiteral,
    /// `--set-file`: the path of a file, which the function reads.
    SetFile(&'r dyn Fn(&str) -> Result<String, String>),
}

impl Kind<'_> {
    const fn flag(self) -> &'static str {
        match self {
            Self::Set => "--set",
            Self::SetString => "--set-string",
            Self::SetJson => "--set-json",
            Self::SetLiteral => "--set-literal",
            Self::SetFile(_) => "--set-file",
        }
    }
}

/// Sets values as a flag of Helm does.
///
/// # Errors
/// Fails with Helm's text.
///
/// ```
/// use helm::strvals::{Kind, set};
/// let mut values = value::json!({"a": {"b": 1}});
/// set(&mut values, "a.c={x,2},d=true", Kind::Set).unwrap();
/// assert_eq!(values.to_json(), r#"{"a":{"b":1,"c":["x",2]},"d":true}"#);
/// ```
pub fn set(values: &mut Value, text: &str, kind: Kind<'_>) -> Result<(), String> {
    if !values.is_object() {
        *values = Value::object();
    }
    if matches!(kind, Kind::SetJson) && text.trim().starts_with('{') {
        let parsed = Value::parse(text.trim().as_bytes())
            .ok()
            .filter(Value::is_object);
        let mut parsed =
            parsed.ok_or_else(|| format!("failed parsing --set-json data JSON: {text}"))?;
        to_floats(&mut parsed);
        crate::values::merge(values, parsed);
        return Ok(());
    }
    let Some(object) = values.as_object_mut() else {
        return Ok(());
    };
    let mut parser = Parser {
        rest: text,
        kind,
        lists: 0,
    };
    loop {
        match parser.key(object, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(()),
            Err(Stop::Failed(_)) if matches!(kind, Kind::SetJson) => {
                return Err(format!("failed parsing --set-json data {text}"));
            }
            Err(Stop::Failed(message) | Stop::Panicked(message)) => {
                let flag = kind.flag();
                return Err(format!("failed parsing {flag} data: {message}"));
            }
        }
    }
}

/// Why reading stopped.
enum Stop {
    /// Nothing is left.
    End,
    Failed(String),
    /// Something that the reference dies of, up to the next key around it.
    Panicked(String),
}

struct Parser<'t, 'r> {
    rest: &'t str,
    kind: Kind<'r>,
    lists: usize,
}

type Parsed<T> = Result<T, Stop>;

/// The text before a stop, and the stop; nothing if there was none.
struct Piece {
    text: String,
    stop: Option<char>,
}

fn set_member(object: &mut Object, key: &str, value: Value) {
    if !key.is_empty() {
        object.insert(key, value);
    }
}

fn conversion(value: &Value, wanted: &str) -> Stop {
    let got = match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::UInt(_) => "int64",
        Value::Float(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    };
    Stop::Panicked(format!(
        "interface conversion: interface {{}} is {got}, not {wanted}"
    ))
}

impl Parser<'_, '_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn until(&mut self, stops: &[char]) -> Piece {
        let mut text = String::new();
        while let Some(c) = self.next() {
            if stops.contains(&c) {
                return Piece {
                    text,
                    stop: Some(c),
                };
            }
            if c == '\\' && !matches!(self.kind, Kind::SetLiteral) {
                match self.next() {
                    Some(escaped) => text.push(escaped),
                    None => break,
                }
            } else {
                text.push(c);
            }
        }
        Piece { text, stop: None }
    }

    fn key(&mut self, object: &mut Object, level: usize) -> Parsed<()> {
        self.one_key(object, level).map_err(|stop| match stop {
            Stop::Panicked(message) => Stop::Failed(format!("unable to parse key: {message}")),
            stop => stop,
        })
    }

    fn one_key(&mut self, object: &mut Object, level: usize) -> Parsed<()> {
        let stops: &[char] = if matches!(self.kind, Kind::SetLiteral) {
            &['=', '[', '.']
        } else {
            &['=', '[', ',', '.']
        };
        let Piece { text: key, stop } = self.until(stops);
        match stop {
            None if key.is_empty() => Err(Stop::End),
            None => Err(Stop::Failed(format!("key {key:?} has no value"))),
            Some('[') => {
                let index = self.index()?;
                let mut list = match object.get(&key) {
                    None => Vec::new(),
                    Some(Value::Array(list)) => list.clone(),
                    Some(other) => return Err(conversion(other, "[]interface {}")),
                };
                let result = self.item(&mut list, index, level);
                if !matches!(result, Err(Stop::Panicked(_))) {
                    set_member(object, &key, Value::Array(list));
                }
                result
            }
            Some('=') => {
                let (value, ends) = self.value()?;
                set_member(object, &key, value);
                if ends { Err(Stop::End) } else { Ok(()) }
            }
            Some(',') => {
                set_member(object, &key, "".into());
                Err(Stop::Failed(format!(
                    "key {key:?} has no value (cannot end with ,)"
                )))
            }
            Some(_) => {
                let level = level + 1;
                if level > NAMES_NESTED_MAX {
                    return Err(Stop::Failed(format!(
                        "value name nested level is greater than maximum supported nested level of {NAMES_NESTED_MAX}"
                    )));
                }
                let mut inner = match object.get(&key) {
                    None => Object::new(),
                    Some(Value::Object(inner)) => inner.clone(),
                    Some(other) => return Err(conversion(other, "map[string]interface {}")),
                };
                let result = self.key(&mut inner, level);
                if result.is_ok() && inner.is_empty() {
                    return Err(Stop::Failed(format!("key map {key:?} has no value")));
                }
                if !inner.is_empty() {
                    set_member(object, &key, Value::Object(inner));
                }
                result
            }
        }
    }

    fn index(&mut self) -> Parsed<i64> {
        let Piece { text, stop } = self.until(&[']']);
        if stop.is_none() {
            return Err(Stop::End);
        }
        text.parse::<i64>().map_err(|e| {
            let what = match e.kind() {
                std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => {
                    "value out of range"
                }
                _ => "invalid syntax",
            };
            Stop::Failed(format!(
                "error parsing index: strconv.Atoi: parsing {text:?}: {what}"
            ))
        })
    }

    /// Reads what follows an index.
    fn item(&mut self, list: &mut Vec<Value>, index: i64, level: usize) -> Parsed<()> {
        if index < 0 {
            return Err(Stop::Failed(format!("negative {index} index not allowed")));
        }
        self.lists += 1;
        if self.lists > LISTS_NESTED_MAX {
            return Err(Stop::Failed(format!(
                "more than {LISTS_NESTED_MAX} indexes"
            )));
        }
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        let Piece { text, stop } = self.until(&['[', '.', '=']);
        if !text.is_empty() {
            let letters: Vec<String> = text.chars().map(|c| format!("'{c}'")).collect();
            let letters = letters.join(" ");
            return Err(Stop::Failed(format!(
                "unexpected data at end of array index: [{letters}]"
            )));
        }
        match stop {
            None => Err(Stop::End),
            Some('=') => {
                let (value, _) = self.value()?;
                place(list, index, value)
            }
            Some('[') => {
                let next = self.index()?;
                let mut inner = match list.get(at) {
                    None | Some(Value::Null) => Vec::new(),
                    Some(Value::Array(inner)) => inner.clone(),
                    Some(other) => return Err(conversion(other, "[]interface {}")),
                };
                self.item(&mut inner, next, level)?;
                place(list, index, Value::Array(inner))
            }
            Some(_) => {
                let mut inner = match list.get_mut(at) {
                    None => Object::new(),
                    Some(Value::Object(inner)) => inner.clone(),
                    Some(other) => {
                        *other = Value::object();
                        Object::new()
                    }
                };
                let result = self.key(&mut inner, level);
                if let Some(slot) = list.get_mut(at) {
                    *slot = Value::Object(inner.clone());
                }
                result?;
                place(list, index, Value::Object(inner))
            }
        }
    }

    /// Reads what follows `=`; true if there was nothing at all.
    fn value(&mut self) -> Parsed<(Value, bool)> {
        match self.kind {
            Kind::SetLiteral => {
                let text = std::mem::take(&mut self.rest);
                return Ok((text.into(), false));
            }
            Kind::SetJson => return self.json().map(|value| (value, false)),
            _ => {}
        }
        if self.rest.is_empty() {
            return Ok(("".into(), true));
        }
        if self.rest.starts_with('{') {
            self.next();
            return self.list().map(|list| (list, false));
        }
        let Piece { text, .. } = self.until(&[',']);
        Ok((self.convert(&text)?, false))
    }

    fn list(&mut self) -> Parsed<Value> {
        let mut items = Vec::new();
        loop {
            let Piece { text, stop } = self.until(&[',', '}']);
            match stop {
                None => {
                    return Err(Stop::Failed("list must terminate with '}'".to_owned()));
                }
                Some(',') => items.push(self.convert(&text)?),
                Some(_) => {
                    if self.rest.starts_with(',') {
                        self.next();
                    }
                    items.push(self.convert(&text)?);
                    return Ok(Value::Array(items));
                }
            }
        }
    }

    fn convert(&self, text: &str) -> Parsed<Value> {
        match self.kind {
            Kind::Set => Ok(typed(text)),
            Kind::SetFile(read) => read(text).map(Value::from).map_err(Stop::Failed),
            _ => Ok(text.into()),
        }
    }

    /// Goes over spaces; true if nothing or a comma follows, which is taken.
    fn is_blank(&mut self) -> bool {
        self.rest = self.rest.trim_start();
        if self.rest.starts_with(',') {
            self.next();
            return true;
        }
        self.rest.is_empty()
    }

    fn json(&mut self) -> Parsed<Value> {
        if self.is_blank() {
            return Ok(Value::Null);
        }
        let length = json_length(self.rest);
        let mut value = Value::parse(&self.rest.as_bytes()[..length])
            .map_err(|e| Stop::Failed(e.to_string()))?;
        to_floats(&mut value);
        self.rest = &self.rest[length..];
        self.is_blank();
        Ok(value)
    }
}

/// Returns where the JSON value at the start of a text ends.
fn json_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for (i, b) in text.bytes().enumerate() {
        if in_string {
            match b {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    in_string = false;
                    if depth == 0 {
                        return i + 1;
                    }
                }
                _ => {}
            }
            continue;
        }
        match b {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return i + 1;
                }
            }
            b',' if depth == 0 => return i,
            b if depth == 0 && i > 0 && b.is_ascii_whitespace() => return i,
            _ => {}
        }
    }
    text.len()
}

fn place(list: &mut Vec<Value>, index: i64, value: Value) -> Parsed<()> {
    if index > INDEX_MAX {
        return Err(Stop::Failed(format!(
            "index of {index} is greater than maximum supported index of {INDEX_MAX}"
        )));
    }
    let at = usize::try_from(index).unwrap_or(usize::MAX);
    if list.len() <= at {
        list.resize(at + 1, Value::Null);
    }
    list[at] = value;
    Ok(())
}

/// What a text looks like: a boolean, `null`, a whole number without a zero in front, or text.
fn typed(text: &str) -> Value {
    if text.eq_ignore_ascii_case("true") {
        return Value::Bool(true);
    }
    if text.eq_ignore_ascii_case("false") {
        return Value::Bool(false);
    }
    if text.eq_ignore_ascii_case("null") {
        return Value::Null;
    }
    if text == "0" {
        return Value::Int(0);
    }
    if !text.starts_with('0')
        && let Ok(i) = text.parse::<i64>()
    {
        return Value::Int(i);
    }
    text.into()
}
