//! What gojq itself answers.

#![expect(clippy::print_stderr, reason = "helpers of tests are tests")]

use value::Value;

struct Case {
    name: String,
    got: Result<Vec<Value>, jq::Error>,
    want: Option<Vec<Value>>,
    error: String,
}

fn cases() -> Option<Vec<Case>> {
    let Ok(shared) = std::env::var("WINDLASS_SHARED") else {
        eprintln!("skipped: WINDLASS_SHARED is not set");
        return None;
    };
    let path = format!("{shared}/conformance/go/small.jsonl");
    let text = std::fs::read_to_string(&path).expect("the cases");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| Value::parse(line.as_bytes()).expect("a case"))
        .filter(|case| case.str_at(&["kind"]).starts_with("jq"))
        .collect();
    let shared_input = lines.iter().find(|c| c.str_at(&["kind"]) == "jq-input");
    let shared_input = shared_input
        .and_then(|c| c.get("in"))
        .expect("jq/input")
        .clone();
    let input_of = |case: &Value| match case.at(&["in", "input"]) {
        Some(input) if input.as_str() != Some("the object in the case named jq/input") => {
            input.clone()
        }
        _ => shared_input.clone(),
    };
    let cases = lines.iter().filter_map(|case| {
        let input = input_of(case);
        let program = match case.str_at(&["kind"]) {
            "jq" => jq::Program::parse(case.str_at(&["in", "program"])),
            "jq-del" => jq::Program::deleting(case.str_at(&["in", "path"])),
            _ => return None,
        };
        Some(Case {
            name: case.str_at(&["name"]).to_owned(),
            got: program.and_then(|program| program.run(&input)),
            want: case
                .get("want")
                .and_then(Value::as_array)
                .map(<[Value]>::to_vec),
            error: case.str_at(&["error"]).to_owned(),
        })
    });
    Some(cases.collect())
}

#[test]
fn gojqs_answers() {
    let Some(cases) = cases() else {
        return;
    };
    let mut failed = 0;
    for case in &cases {
        let good = match (&case.got, &case.want) {
            (Ok(got), Some(want)) => {
                got.len() == want.len() && got.iter().zip(want).all(|(a, b)| a.equivalent(b))
            }
            (Err(error), None) => error.to_string() == case.error,
            _ => false,
        };
        if !good {
            failed += 1;
            println!(
                "{}\n  want {:?} {}\n  got  {:?}",
                case.name, case.want, case.error, case.got
            );
        }
    }
    println!("jq: {} passed, {failed} failed", cases.len() - failed);
    assert_eq!(failed, 0);
}
