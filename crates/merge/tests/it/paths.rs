//! Paths and sets as text: the tables of the reference implementation.

use crate::reference::{element, path};
use crate::shared;
use merge::{DisplayPath, FieldsError, PathElement, Set};
use value::Value;

/// Returns the table `name` of a test function.
fn table(file: &str, function: &str, name: &str) -> Vec<Value> {
    let Some(data) = shared::json("structured-merge-diff.json") else {
        return Vec::new();
    };
    let tests = data.array_at(&["files", file, "tests"]).iter();
    let mut found = tests.filter(|t| t.str_at(&["func"]) == function);
    let test = found.next().expect("the reference has the test");
    test.array_at(&["tables", name]).to_vec()
}

fn column<'a>(row: &'a Value, index: usize, name: &str) -> &'a Value {
    let items = row.as_array().or_else(|| row.get("$items")?.as_array());
    let value = items.map_or_else(|| row.get(name), |items| items.get(index));
    value.expect("a column")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// Reads an element of a table; keys are calls there.
fn table_element(value: &Value) -> PathElement {
    if value.get("$call").is_none() {
        return element(value);
    }
    PathElement::key(value.array_at(&["args"]).iter().map(|field| {
        let value = field.at(&["Value", "v"]).cloned().unwrap_or_default();
        (field.str_at(&["Name"]).to_owned(), value)
    }))
}

#[test]
fn paths_are_written_for_people() {
    for row in table("fieldpath/path_test.go", "TestPathString", "table") {
        let (steps, want) = match row.as_array() {
            Some(row) => (path(&row[1]), text(&row[2])),
            None => (path(column(&row, 1, "fp")), text(column(&row, 2, "expect"))),
        };
        assert_eq!(DisplayPath(&steps).to_string(), want);
    }
}

#[test]
fn elements_are_read_and_written() {
    let file = "fieldpath/serialize-pe_test.go";
    for row in table(file, "TestPathElementRoundTrip", "tests") {
        let (spelled, want) = (
            text(column(&row, 0, "")),
            table_element(column(&row, 1, "")),
        );
        assert_eq!(PathElement::from_fields_v1(spelled), Ok(Some(want.clone())));
        assert_eq!(want.to_fields_v1(), spelled);
    }
    for row in table(file, "TestDeserializePathElementSuccess", "tests") {
        let (spelled, want) = (
            text(column(&row, 0, "")),
            table_element(column(&row, 1, "")),
        );
        assert_eq!(PathElement::from_fields_v1(spelled), Ok(Some(want)));
    }
    for row in table(file, "TestDeserializePathElementError", "tests") {
        let read = PathElement::from_fields_v1(text(&row));
        assert!(!matches!(read, Ok(Some(_))), "{row}");
    }
}

fn read_set(json: &str) -> Result<Set, String> {
    let value = Value::parse(json.as_bytes()).map_err(|e| e.to_string())?;
    Set::from_fields_v1(&value).map_err(|e: FieldsError| e.to_string())
}

#[test]
fn sets_are_read_and_written() {
    let file = "fieldpath/serialize_test.go";
    for json in table(file, "TestSerializeV1GoldenData", "examples") {
        let want = Value::parse(text(&json).as_bytes()).expect("JSON");
        let set = Set::from_fields_v1(&want).expect("a set");
        assert_eq!(set.to_fields_v1(), want);
    }
    for row in table(file, "TestDeserializeForValidNonNormalized", "testCases") {
        let normal = read_set(row.str_at(&["normalizedString"]));
        assert!(normal.is_ok());
        assert_eq!(read_set(row.str_at(&["nonNormalizedString"])), normal);
    }
    for row in table(file, "TestSetFromJSON", "cases") {
        let set = read_set(text(column(&row, 1, "")));
        assert!(set.is_ok(), "{row} {set:?}");
    }
    for row in table(file, "TestSetFromJSONTokenTypeErrors", "cases") {
        let set = read_set(text(column(&row, 1, "")));
        assert!(set.is_err(), "{row} {set:?}");
    }
}

#[test]
fn values_have_one_order() {
    for row in table("value/less_test.go", "TestValueLess", "table") {
        let (Some(a), Some(b)) = (row.get("a"), row.get("b")) else {
            continue;
        };
        let is_data = |v: &Value| v.get("$id").is_none() && v.get("$call").is_none();
        if !is_data(a) || !is_data(b) {
            continue;
        }
        let equal = row.get("eq").and_then(Value::as_bool) == Some(true);
        let (a, b) = (PathElement::Value(a.clone()), PathElement::Value(b.clone()));
        assert_eq!(a == b, equal, "{row}");
        assert_eq!(a < b, !equal, "{row}");
        assert_eq!(b > a, !equal, "{row}");
    }
}
