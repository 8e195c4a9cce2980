//! How values come together.

use crate::cases;
use helm::strvals::{Kind, set};
use helm::values::{coalesce, process_dependencies, to_floats};
use helm::{Chart, File};
use value::Value;

const CHART: &str = "apiVersion: v2\nname: c\nversion: 1.2.3\n";

fn file(name: &str, text: &str) -> File {
    File {
        name: name.to_owned(),
        data: text.as_bytes().into(),
    }
}

fn names(chart: &Chart, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    for inner in &chart.dependencies {
        names(inner, &format!("{path}/{}", inner.name()), found);
    }
}

fn chart(case: &Value) -> Result<(Value, Vec<String>), String> {
    let mut files = Vec::new();
    if case.at(&["files", "Chart.yaml"]).is_none() {
        files.push(file("Chart.yaml", CHART));
    }
    if let Some(given) = case.get("files").and_then(Value::as_object) {
        files.extend(
            given
                .iter()
                .map(|(name, text)| file(name, text.as_str().unwrap_or(""))),
        );
    }
    let mut chart = Chart::from_files(files).map_err(|e| e.to_string())?;
    let mut given = case.get("values").cloned().unwrap_or_else(Value::object);
    to_floats(&mut given);
    process_dependencies(&mut chart, &given).map_err(|e| e.to_string())?;
    let values = coalesce(&chart, &given).map_err(|e| e.to_string())?;
    helm::schema::validate(&chart, &values)?;
    let mut found = Vec::new();
    names(&chart, chart.name(), &mut found);
    found.sort();
    Ok((values, found))
}

fn flags(case: &Value) -> Result<Value, String> {
    let mut values = Value::object();
    for (flag, kind) in [
        ("set_json", Kind::SetJson),
        ("set", Kind::Set),
        ("set_string", Kind::SetString),
        ("set_literal", Kind::SetLiteral),
    ] {
        for text in case.array_at(&[flag]) {
            set(&mut values, text.as_str().unwrap_or(""), kind)?;
        }
    }
    Ok(values)
}

/// Returns the values with their Go types, as the cases write them.
fn typed(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Array(items) => items.iter().map(typed).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(k, v)| (k.clone(), typed(v))).collect())
        }
        Value::Bool(b) => format!("bool:{b}").into(),
        Value::Int(i) => format!("int64:{i}").into(),
        Value::UInt(u) => format!("uint64:{u}").into(),
        Value::Float(f) => {
            let text = gotemplate::text_of(&(*f).into());
            format!("float64:{text}").into()
        }
        Value::String(s) => format!("string:{s}").into(),
    }
}

fn check(case: &Value) -> Option<String> {
    let is_chart = case.str_at(&["kind"]) == "chart";
    let got = if is_chart {
        chart(case)
    } else {
        flags(case).map(|values| (values, Vec::new()))
    };
    let (values, charts) = match (&got, case.get("error").and_then(Value::as_str)) {
        (Err(e), Some(want)) if e == want => return None,
        (Err(e), want) => {
            return Some(format!(
                "error {e:?}\nwant  {want:?} {}",
                case.str_at(&["want"])
            ));
        }
        (Ok((values, _)), Some(want)) => {
            return Some(format!("got {}\nwant error {want:?}", values.to_json()));
        }
        (Ok(got), None) => got,
    };
    let want = Value::parse(case.str_at(&["want"]).as_bytes()).expect("JSON");
    if !values.equivalent(&want) {
        return Some(format!(
            "got  {}\nwant {}",
            values.to_json(),
            want.to_json()
        ));
    }
    if let Some(want) = case.get("typed").and_then(Value::as_str) {
        let got = typed(values).to_json();
        if got != want {
            return Some(format!("got  {got}\nwant {want}"));
        }
    }
    let mut wanted: Vec<String> = case
        .array_at(&["charts"])
        .iter()
        .filter_map(|c| c.as_str().map(str::to_owned))
        .collect();
    wanted.sort();
    (is_chart && *charts != wanted).then(|| format!("charts {charts:?}\nwant   {wanted:?}"))
}

#[test]
fn values_come_together_as_in_helm() {
    let Some(all) = cases::load("go/values.jsonl") else {
        return;
    };
    let failures: Vec<String> = all
        .iter()
        .filter_map(|case| {
            let wrong = check(case)?;
            let mut case = case.clone();
            for key in ["want", "typed", "kind"] {
                case.remove_at(&[key]);
            }
            Some(format!("{}\n{wrong}", case.to_json()))
        })
        .collect();
    cases::report("go/values.jsonl", all.len(), &failures);
}
