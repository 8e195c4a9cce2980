//! Glob patterns.

use crate::cases;
use value::doublestar::PathGlob;
use value::glob::Glob;
use value::{Value, json};

#[test]
fn globs_match_as_recorded() {
    for case in cases(&["glob"]) {
        let separators: Vec<char> = case.str_at(&["in", "separators"]).chars().collect();
        let got = match Glob::new(case.str_at(&["in", "pattern"]), &separators) {
            Err(error) => json!({"error": error.to_string()}),
            Ok(glob) => {
                let inputs = case.array_at(&["in", "inputs"]).iter();
                let matches = inputs.map(|text| glob.matches(text.as_str().unwrap_or("")));
                json!({"want": matches.collect::<Value>()})
            }
        };
        assert_eq!(got.get("want"), case.get("want"), "{case}");
        assert_eq!(got.get("error"), case.get("error"), "{case}");
    }
}

#[test]
fn globs_over_paths_match_as_recorded() {
    for case in cases(&["doublestar"]) {
        let got = match PathGlob::new(case.str_at(&["in", "pattern"])) {
            Err(error) => json!({"error": error.to_string()}),
            Ok(glob) => {
                let inputs = case.array_at(&["in", "inputs"]).iter();
                let matches = inputs.map(|text| glob.matches(text.as_str().unwrap_or("")));
                json!({"want": matches.collect::<Value>()})
            }
        };
        assert_eq!(got.get("want"), case.get("want"), "{case}");
        assert_eq!(got.get("error"), case.get("error"), "{case}");
    }
}
