//! Writing.

use crate::cases;
use value::{Object, Value};

/// Characters that the reference can't write or changes: its way leads through JSON text that it
/// reads as YAML.
fn is_lost(c: char) -> bool {
    matches!(c, '\u{7F}'..='\u{9F}' | '\u{FFFE}' | '\u{FFFF}')
}

/// The reference was given every number as a float, or in 64 signed bits.
fn with_floats(value: Value) -> Value {
    match value {
        Value::UInt(_) => Value::from(value.as_f64()),
        Value::Array(a) => a.into_iter().map(with_floats).collect(),
        Value::Object(o) => o
            .into_iter()
            .map(|(k, v)| (k, with_floats(v)))
            .collect::<Object>()
            .into(),
        other => other,
    }
}

#[test]
fn values_are_written_as_sigs_yaml_does() {
    let mut differences = Vec::new();
    let mut count = 0;
    for case in cases("yaml-write.jsonl") {
        let json = case.str_at(&["json"]);
        let Some(want) = case.get("toYaml").and_then(Value::as_str) else {
            continue;
        };
        // Half a surrogate pair isn't text.
        let Ok(value) = Value::parse(json.as_bytes()) else {
            continue;
        };
        if json.contains(is_lost) {
            continue;
        }
        count += 1;
        let got = yaml::to_yaml(&with_floats(value));
        // The function cuts the last line break off.
        if got.strip_suffix('\n') != Some(want) {
            differences.push(format!("{json}\ngot  {got:?}\nwant {want:?}"));
        }
    }
    let shown: Vec<_> = differences.iter().take(12).map(String::as_str).collect();
    assert!(
        differences.is_empty(),
        "{} of {count} cases differ\n{}",
        differences.len(),
        shown.join("\n\n")
    );
}
