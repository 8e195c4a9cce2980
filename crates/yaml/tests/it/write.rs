//! Writing.

use crate::cases;
use value::Value;

/// Characters that the reference can't write or changes: its way leads through JSON text that it
/// reads as YAML.
fn is_lost(c: char) -> bool {
    matches!(c, '\u{7F}'..='\u{9F}' | '\u{FFFE}' | '\u{FFFF}')
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
        if json.contains(is_lost) {
            continue;
        }
        count += 1;
        let value = Value::parse(json.as_bytes()).expect("the case is JSON");
        let got = yaml::to_yaml(&value);
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
