//! Writing.

use crate::cases;
use value::{Object, Value};

/// The reference was given every number as a float; with `ints`, whole ones in 64 signed bits.
fn as_decoded(value: Value, ints: bool) -> Value {
    match value {
        Value::Int(_) if ints => value,
        Value::Int(_) | Value::UInt(_) => Value::Float(value.as_f64().unwrap_or_default()),
        Value::Array(a) => a.into_iter().map(|v| as_decoded(v, ints)).collect(),
        Value::Object(o) => o
            .into_iter()
            .map(|(k, v)| (k, as_decoded(v, ints)))
            .collect::<Object>()
            .into(),
        other => other,
    }
}

/// Compares what `write` makes of every value with the recorded `column`.
fn check(column: &str, write: impl Fn(&Value) -> String) {
    let mut differences = Vec::new();
    let mut count = 0;
    for case in cases("yaml-write.jsonl") {
        let json = case.str_at(&["json"]);
        let Some(want) = case.get(column).and_then(Value::as_str) else {
            continue;
        };
        // Half a surrogate pair isn't text.
        let Ok(value) = Value::parse(json.as_bytes()) else {
            continue;
        };
        count += 1;
        let ints = case.get("ints").is_some();
        let value = if ints && json == "-0" {
            Value::Int(0)
        } else {
            as_decoded(value, ints)
        };
        let got = write(&value);
        if got != want {
            differences.push(format!("{json}\ngot  {got:?}\nwant {want:?}"));
        }
    }
    let shown: Vec<_> = differences.iter().take(12).map(String::as_str).collect();
    assert!(
        differences.is_empty(),
        "{column}: {} of {count} cases differ\n{}",
        differences.len(),
        shown.join("\n\n")
    );
}

/// Helm's functions cut the last line break off, and print nothing where they fail.
fn without_end(text: Result<String, yaml::Error>) -> String {
    let text = text.unwrap_or_default();
    text.strip_suffix('\n').unwrap_or(&text).to_owned()
}

#[test]
fn values_are_written_as_sigs_yaml_does() {
    check("toYaml", |v| without_end(yaml::to_yaml_through_json(v)));
    check("kustomize", |v| {
        yaml::to_yaml_through_json(v).unwrap_or_default()
    });
}

#[test]
fn values_are_written_as_the_third_version_does() {
    check("toYamlPretty", |v| without_end(Ok(yaml::to_yaml_pretty(v))));
    check("kyaml", yaml::to_yaml_compact);
}

#[test]
fn control_characters_are_refused_in_the_words_of_the_reference() {
    let error = yaml::to_yaml_through_json(&Value::from("a\u{7F}")).map_err(|e| e.to_string());
    assert_eq!(
        error,
        Err("yaml: control characters are not allowed".into())
    );
}
