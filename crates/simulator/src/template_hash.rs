//! The hash of a pod template, as kube-controller-manager computes it: ReplicaSets get the names
//! that they have on a real cluster.
//!
//! It is FNV-1a over what a Go printer shows of the template: every field of every struct in the
//! order of its declaration, set or not. `types.txt` says what these structs are: a line each,
//! with fields as `Name:type`, or `Name:json:type` where the name in JSON isn't the same but for
//! its first letter; a field without a name in JSON is spread out. Types begin with `*` (pointer),
//! `[` (list) or `{key,` (map); scalars end in `=s`, `=n`, `=b` or `=y`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use value::Value;

/// How deep values may nest; templates have fewer levels.
const DEPTH_MAX: usize = 64;

/// A field of a struct.
struct Field {
    name: &'static str,
    /// The name in JSON; empty if the fields of this one stand in its place.
    json: String,
    of: &'static str,
}

static TYPES: LazyLock<HashMap<&str, Vec<Field>>> = LazyLock::new(|| {
    let lines = include_str!("template_hash/types.txt").lines();
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(name, fields)| (name, fields.split(' ').filter_map(field).collect()))
        .collect()
});

fn field(text: &'static str) -> Option<Field> {
    let (name, rest) = text.split_once(':')?;
    let (json, of) = match rest.split_once(':') {
        Some((json, of)) => (json.to_owned(), of),
        None => {
            let (first, more) = name.split_at(1);
            (format!("{}{more}", first.to_lowercase()), rest)
        }
    };
    Some(Field { name, json, of })
}

/// Returns the hash of a pod template after `collisions` of other hashes.
pub(crate) fn of(template: &Value, collisions: Option<i32>) -> String {
    let mut shown = String::with_capacity(16 * 1_024);
    print(
        &mut shown,
        "v1.PodTemplateSpec",
        Some(template),
        Type::Shown,
        0,
    );
    let mut hash = fnv(0x811c_9dc5, shown.as_bytes());
    if let Some(collisions) = collisions {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&collisions.to_le_bytes());
        hash = fnv(hash, &bytes);
    }
    safe(&hash.to_string())
}

fn fnv(hash: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// Writes digits with letters that spell no words.
pub(crate) fn safe(text: &str) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let letter = |b: u8| char::from(LETTERS[usize::from(b) % LETTERS.len()]);
    text.bytes().map(letter).collect()
}

/// Whether the type of a value is printed before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Shown,
    /// What is around it says it.
    Known,
}

/// Returns a type as Go writes it.
fn name_of(of: &str) -> String {
    if let Some(inner) = of.strip_prefix('*') {
        return format!("*{}", name_of(inner));
    }
    if let Some(inner) = of.strip_prefix('[') {
        return format!("[]{}", name_of(inner));
    }
    if let Some((key, value)) = of.strip_prefix('{').and_then(|m| m.split_once(',')) {
        // Lists of resources have a name of their own.
        if value == "resource.Quantity" {
            return "v1.ResourceList".to_owned();
        }
        return format!("map[{}]{}", name_of(key), name_of(value));
    }
    of.split_once('=').map_or(of, |(name, _)| name).to_owned()
}

fn print(out: &mut String, of: &str, value: Option<&Value>, shown: Type, depth: usize) {
    if depth > DEPTH_MAX {
        return;
    }
    let value = value.filter(|v| !v.is_null());
    if let Some(inner) = of.strip_prefix('*') {
        match (shown, value) {
            (Type::Shown, _) => {
                let _ = write!(out, "({})", name_of(of));
            }
            (Type::Known, Some(_)) => out.push_str("<*>"),
            (Type::Known, None) => {}
        }
        match value {
            Some(_) => print(out, inner, value, Type::Known, depth + 1),
            None => out.push_str("<nil>"),
        }
        return;
    }
    if shown == Type::Shown {
        let _ = write!(out, "({})", name_of(of));
    }
    if let Some(inner) = of.strip_prefix('[') {
        let items = value.and_then(Value::as_array).unwrap_or_default();
        list(out, inner, items, depth);
    } else if let Some((_, inner)) = of.strip_prefix('{').and_then(|m| m.split_once(',')) {
        map(out, inner, value, depth);
    } else {
        single(out, of, value, depth);
    }
}

fn list(out: &mut String, of: &str, items: &[Value], depth: usize) {
    if items.is_empty() {
        out.push_str("<nil>");
        return;
    }
    out.push('[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        print(out, of, Some(item), Type::Known, depth + 1);
    }
    out.push(']');
}

fn map(out: &mut String, of: &str, value: Option<&Value>, depth: usize) {
    let members = value.and_then(Value::as_object).into_iter().flatten();
    let mut members: Vec<(&str, &Value)> = members.map(|(k, v)| (k.as_str(), v)).collect();
    if members.is_empty() {
        out.push_str("<nil>");
        return;
    }
    members.sort_by_key(|(name, _)| *name);
    out.push_str("map[");
    for (i, (name, member)) in members.into_iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        let _ = write!(out, "{name}:");
        print(out, of, Some(member), Type::Known, depth + 1);
    }
    out.push(']');
}

/// Prints what is neither pointer nor list nor map.
fn single(out: &mut String, of: &str, value: Option<&Value>, depth: usize) {
    match of.split_once('=').map(|(_, kind)| kind) {
        Some("n") => {
            let _ = write!(out, "{}", value.and_then(Value::as_i64).unwrap_or(0));
            return;
        }
        Some("b") => {
            let _ = write!(out, "{}", value.and_then(Value::as_bool).unwrap_or(false));
            return;
        }
        Some(_) => {
            out.push_str(value.and_then(Value::as_str).unwrap_or_default());
            return;
        }
        None => {}
    }
    match of {
        // No template has a time: what could set one, the server empties.
        "v1.Time" => out
            .push_str("{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}"),
        "resource.Quantity" => quantity(out, value.and_then(Value::as_str).unwrap_or("0")),
        "intstr.IntOrString" => {
            let text = value.and_then(Value::as_str);
            let number = value.and_then(Value::as_i64).unwrap_or(0);
            let _ = write!(
                out,
                "{{Type:(intstr.Type){} IntVal:(int32){number} StrVal:(string){}}}",
                i32::from(text.is_some()),
                text.unwrap_or_default()
            );
        }
        _ => structure(out, of, value, depth),
    }
}

fn structure(out: &mut String, of: &str, value: Option<&Value>, depth: usize) {
    out.push('{');
    for (i, field) in TYPES.get(of).into_iter().flatten().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        let _ = write!(out, "{}:", field.name);
        let member = if field.json.is_empty() {
            value
        } else {
            value.and_then(|v| v.get(&field.json))
        };
        print(out, field.of, member, Type::Shown, depth + 1);
    }
    out.push('}');
}

/// Prints a quantity as its parser leaves it: a number, a power of ten, and the text itself if it
/// is sure to be the canonical one. Numbers beyond 64 bits are not told apart.
fn quantity(out: &mut String, text: &str) {
    let (number, scale, kept, format) = parsed(text);
    let _ = write!(
        out,
        "{{i:(resource.int64Amount){{value:(int64){number} scale:(resource.Scale){scale}}} \
         d:(resource.infDecAmount){{Dec:(*inf.Dec)<nil>}} s:(string){} Format:(resource.Format){format}}}",
        if kept { text } else { "" }
    );
}

fn parsed(text: &str) -> (i64, i32, bool, &'static str) {
    if text == "0" {
        return (0, 0, true, "DecimalSI");
    }
    let unsigned = text.trim_start_matches(['+', '-']);
    let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(unsigned);
    let rest = &unsigned[whole..];
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(after) => after.split_at(digits(after)),
        None => ("", rest),
    };
    let shifted = format!("{}{fraction}", unsigned[..whole].trim_start_matches('0'));
    let value: i64 = shifted.parse().unwrap_or(0);
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
        .iter()
        .position(|s| *s == suffix);
    if let Some(power) = binary {
        let exponent = 10 * (power + 1);
        let number = value.checked_shl(u32::try_from(exponent).unwrap_or(0));
        return (sign * number.unwrap_or(0), 0, value & 7 != 0, "BinarySI");
    }
    let (exponent, format) = match suffix {
        "n" => (-9, "DecimalSI"),
        "u" => (-6, "DecimalSI"),
        "m" => (-3, "DecimalSI"),
        "" => (0, "DecimalSI"),
        "k" => (3, "DecimalSI"),
        "M" => (6, "DecimalSI"),
        "G" => (9, "DecimalSI"),
        "T" => (12, "DecimalSI"),
        "P" => (15, "DecimalSI"),
        "E" => (18, "DecimalSI"),
        other => (other[1..].parse().unwrap_or(0), "DecimalExponent"),
    };
    let scale = exponent - i32::try_from(fraction.len()).unwrap_or(0);
    let kept = scale % 3 == 0 && !shifted.ends_with("000") && !shifted.starts_with('0');
    (sign * value, scale, kept, format)
}

#[cfg(test)]
mod tests;
