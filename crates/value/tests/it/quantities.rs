//! Quantities.

use crate::cases;
use value::quantity::{Format, Quantity};
use value::{Value, json};

#[test]
fn quantities_are_those_of_kubernetes() {
    for case in cases(&["quantity"]) {
        let got = match case.str_at(&["in"]).parse::<Quantity>() {
            Err(error) => json!({"error": error.to_string()}),
            Ok(q) => json!({"want": {
                "canonical": q.to_string(),
                "format": match q.format() {
                    Format::DecimalExponent => "DecimalExponent",
                    Format::BinarySi => "BinarySI",
                    Format::DecimalSi => "DecimalSI",
                },
                "milli": q.milli_value(),
                "sign": q.signum(),
                "value": q.value(),
            }}),
        };
        assert_eq!(got.get("want"), case.get("want"), "{case}");
        assert_eq!(got.get("error"), case.get("error"), "{case}");
    }
}

#[test]
fn sums_and_order_are_those_of_kubernetes() {
    for case in cases(&["quantity-compare"]) {
        let read = |i: usize| -> Quantity {
            let text = case.array_at(&["in"])[i].as_str().expect("a text");
            text.parse().expect(text)
        };
        let (a, b) = (read(0), read(1));
        assert_eq!(
            case.at(&["want", "compare"]),
            Some(&Value::from(a.cmp(&b) as i32)),
            "{case}"
        );
        let sum = a.checked_add(&b).expect("the sum is small");
        assert_eq!(sum.to_string(), case.str_at(&["want", "sum"]), "{case}");
    }
}

#[test]
fn large_and_hostile_quantities_keep_their_order() {
    let q = |text: &str| text.parse::<Quantity>().expect(text);
    assert!(q("1e30") > q("999E"));
    assert!(q("-1e30") < q("-999E"));
    assert!(q("100000000000000000000000000000000001") > q("1e35"));
    assert_eq!(q("1e35"), q("100000000000000000000000000000000000"));
    assert!(q("1e2000000000") > q("1"));
    assert_eq!(q("1e-2000000000").to_string(), "1e-9");
    assert!("9".repeat(37).parse::<Quantity>().is_err());
    assert_eq!(
        q(&format!("0.{}", "1".repeat(100))).to_string(),
        "111111112n"
    );
    assert_eq!(q("1e2000000000").checked_add(&q("1")), None);
}
