//! The health of Argo CD's own test objects.

use std::collections::BTreeMap;
use value::Value;

/// Returns a message with its white space folded.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn argo_cds_own_cases() {
    let Ok(shared) = std::env::var("WINDLASS_SHARED") else {
        eprintln!("skipped: WINDLASS_SHARED is not set");
        return;
    };
    let path = format!("{shared}/conformance/health.jsonl");
    let cases = std::fs::read_to_string(&path).expect("the cases");
    let (mut passed, mut failed) = (0, BTreeMap::new());
    for line in cases.lines().filter(|line| !line.is_empty()) {
        let case = Value::parse(line.as_bytes()).expect("a case");
        let object = case.get("object").expect("an object");
        let got = health::by_rules(object).map_or_else(
            || "no health".to_owned(),
            |h| format!("{}: {}", h.status, folded(&h.message)),
        );
        let want = format!(
            "{}: {}",
            case.str_at(&["status"]),
            folded(case.str_at(&["message"]))
        );
        if got == want {
            passed += 1;
        } else {
            failed.insert(
                case.str_at(&["name"]).to_owned(),
                format!("want {want}\n     got  {got}"),
            );
        }
    }
    println!("health.jsonl: {passed} passed, {} failed", failed.len());
    for (name, what) in &failed {
        println!("{name}\n     {what}");
    }
    assert!(failed.is_empty());
}
