//! Reading.

use crate::{cases, without_lines};
use value::{Value, json};

/// Decodes standard base64.
fn base64(text: &str) -> Vec<u8> {
    let digit = |b: u8| match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut out = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for b in text.bytes().filter(|b| *b != b'=') {
        bits = bits << 6 | u32::from(digit(b));
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

fn text_of(case: &Value) -> Vec<u8> {
    match case.get("yaml") {
        Some(text) => text.as_str().expect("yaml is text").as_bytes().to_vec(),
        None => base64(case.str_at(&["yaml_b64"])),
    }
}

/// Returns JSON as Go's `json.Marshal` writes it, which escapes what HTML or JavaScript minds.
fn go_json(value: &Value) -> String {
    value
        .to_json()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
        .replace("\\u0008", "\\b")
        .replace("\\u000c", "\\f")
        .replace('\u{FFFD}', "\\ufffd")
}

/// Returns the recorded answer of `column`, with references followed.
fn want<'a>(case: &'a Value, column: &str) -> Option<&'a Value> {
    let answer = case.get(column)?;
    match answer.get("same_as").and_then(Value::as_str) {
        Some(other) => case.get(other),
        None => Some(answer),
    }
}

/// Returns "" if a result is as recorded, and else what differs.
fn difference(got: &Result<Value, yaml::Error>, want: &Value) -> String {
    match (got, want.get("json"), want.get("error")) {
        (Ok(got), Some(want), _) => {
            let want = want.as_str().unwrap_or("").replace('\u{FFFD}', "\\ufffd");
            let got = go_json(got);
            if got == want {
                String::new()
            } else {
                format!("got  {got}\nwant {want}")
            }
        }
        (Err(got), _, Some(want)) => {
            let got = without_lines(&got.to_string());
            let want = without_lines(want.as_str().unwrap_or(""));
            if got == want {
                String::new()
            } else {
                format!("got  error {got}\nwant error {want}")
            }
        }
        (got, ..) => format!("got  {got:?}\nwant {want}"),
    }
}

/// Fails with the first differences, if there are any.
fn report(column: &str, count: usize, differences: &[String]) {
    let shown: Vec<_> = differences.iter().take(12).map(String::as_str).collect();
    assert!(
        differences.is_empty(),
        "{column}: {} of {count} cases differ\n{}",
        differences.len(),
        shown.join("\n\n")
    );
}

fn check(column: &str, read: impl Fn(&[u8]) -> Result<Value, yaml::Error>) {
    let mut differences = Vec::new();
    let mut count = 0;
    for case in cases("yaml-read.jsonl") {
        let Some(want) = want(&case, column) else {
            continue;
        };
        count += 1;
        let difference = difference(&read(&text_of(&case)), want);
        if !difference.is_empty() {
            differences.push(format!("{case}\n{difference}"));
        }
    }
    report(column, count, &differences);
}

#[test]
fn v2_reads_as_recorded() {
    check("v2", yaml::v2::to_value);
}

#[test]
fn v2_strict_reads_as_recorded() {
    check("v2_strict", yaml::v2::to_value_strict);
}

#[test]
fn streams_are_cut_as_recorded() {
    let mut differences = Vec::new();
    let mut count = 0;
    for case in cases("yaml-read.jsonl") {
        let Some(want) = want(&case, "k8s_docs") else {
            continue;
        };
        count += 1;
        let got = yaml::manifests(&text_of(&case)).map(|documents| {
            let texts: Vec<String> = documents
                .iter()
                .map(|d| {
                    if d.value.is_null() {
                        String::new()
                    } else {
                        go_json(&d.value)
                    }
                })
                .collect();
            match (texts.as_slice(), want.get("json")) {
                ([one], Some(_)) => json!({"json": one}),
                _ => json!({"docs": texts}),
            }
        });
        let got = got.unwrap_or_else(|e| json!({"error": without_lines(&e.to_string())}));
        let mut want = want.clone();
        if let Some(error) = want.get("error").and_then(Value::as_str) {
            want = json!({"error": without_lines(error)});
        }
        if got != want {
            differences.push(format!("{case}\ngot  {got}\nwant {want}"));
        }
    }
    report("k8s_docs", count, &differences);
}

fn read_v3(text: &[u8]) -> Result<Vec<Value>, yaml::Error> {
    let documents = yaml::v3::documents(text)?;
    documents.iter().map(yaml::v3::Node::to_value).collect()
}

#[test]
fn v3_reads_as_recorded() {
    let mut differences = Vec::new();
    let mut count = 0;
    for case in cases("yaml-read.jsonl") {
        let Some(want) = want(&case, "v3") else {
            continue;
        };
        count += 1;
        let got = match read_v3(&text_of(&case)) {
            Err(error) => json!({"error": without_lines(&error.to_string())}),
            Ok(documents) => {
                let texts: Vec<String> = documents.iter().map(go_json).collect();
                match (texts.as_slice(), want.get("docs")) {
                    ([], _) => json!({"no_docs": true}),
                    ([one], None) => json!({"json": one}),
                    _ => json!({"docs": texts}),
                }
            }
        };
        let mut want = want.clone();
        if let Some(error) = want.get("error").and_then(Value::as_str) {
            let crash = error.starts_with("crash:") && got.get("error").is_some();
            want = if crash {
                got.clone()
            } else {
                json!({"error": without_lines(error)})
            };
        }
        let want = want.to_json().replace('\u{FFFD}', "\\\\ufffd");
        if got.to_json() != want {
            differences.push(format!("{case}\ngot  {got}\nwant {want}"));
        }
    }
    report("v3", count, &differences);
}

#[test]
fn streams_are_cut_as_helm_cuts_them() {
    let mut differences = Vec::new();
    let mut count = 0;
    for case in cases("yaml-read.jsonl") {
        let Some(want) = want(&case, "helm_split") else {
            continue;
        };
        count += 1;
        let text = text_of(&case);
        let text = String::from_utf8_lossy(&text);
        let documents: Vec<&str> = yaml::helm_split(&text).collect();
        let got = match documents.as_slice() {
            [] => json!({"no_docs": true}),
            _ => json!({"docs": documents}),
        };
        if &got != want {
            differences.push(format!("{case}\ngot  {got}\nwant {want}"));
        }
    }
    report("helm_split", count, &differences);
}
