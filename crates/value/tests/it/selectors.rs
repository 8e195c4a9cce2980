//! Label selectors.

use crate::cases;
use value::selector::LabelSelector;
use value::{Object, Value, json};

fn labels(text: &str) -> Value {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.collect::<Object>().into()
}

#[test]
fn label_selectors_are_those_of_kubernetes() {
    for case in cases(&["selector"]) {
        let got = match case.str_at(&["in", "selector"]).parse::<LabelSelector>() {
            Err(error) => json!({"error": error.to_string()}),
            Ok(selector) => {
                let sets = case.array_at(&["in", "labels"]).iter();
                let matches = sets
                    .map(|set| selector.matches(&labels(set.as_str().unwrap_or(""))))
                    .collect::<Value>();
                json!({"want": {"matches": matches, "string": selector.to_string()}})
            }
        };
        assert_eq!(got.get("want"), case.get("want"), "{case}");
        assert_eq!(got.get("error"), case.get("error"), "{case}");
    }
}

#[test]
fn the_object_form_selects_like_the_text_form() {
    let selector = LabelSelector::from_value(&json!({
        "matchLabels": {"app": "web"},
        "matchExpressions": [
            {"key": "tier", "operator": "NotIn", "values": ["b", "a"]},
            {"key": "x", "operator": "Exists"},
        ],
    }))
    .expect("it is well formed");
    assert_eq!(selector.to_string(), "app in (web),tier notin (a,b),x");
    assert!(selector.matches(&json!({"app": "web", "x": ""})));
    assert!(!selector.matches(&json!({"app": "web", "x": "", "tier": "a"})));
    assert!(
        !LabelSelector::from_value(&Value::Null)
            .expect("null is fine")
            .matches(&json!({}))
    );
    assert!(
        LabelSelector::from_value(&json!({}))
            .expect("{} is fine")
            .matches(&json!({}))
    );
    let error =
        LabelSelector::from_value(&json!({"matchExpressions": [{"key": "a", "operator": "Gt"}]}));
    assert_eq!(
        error.expect_err("Gt is for text only").to_string(),
        "\"Gt\" is not a valid label selector operator"
    );
}
