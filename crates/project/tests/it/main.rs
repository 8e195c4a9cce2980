//! What the libraries that Argo CD uses answer: patterns and schedules.

#![expect(clippy::print_stderr, reason = "helpers of tests are tests")]

use jiff::Timestamp;
use jiff::civil::DateTime;
use project::cron::{Schedule, time_zone};
use value::Value;

fn cases(kind: &str) -> Option<Vec<Value>> {
    let Ok(shared) = std::env::var("WINDLASS_SHARED") else {
        eprintln!("skipped: WINDLASS_SHARED is not set");
        return None;
    };
    let path = format!("{shared}/conformance/go/small.jsonl");
    let text = std::fs::read_to_string(&path).expect("the cases");
    let cases = text
        .lines()
        .map(|line| Value::parse(line.as_bytes()).expect("a case"))
        .filter(|case| case.str_at(&["kind"]) == kind);
    Some(cases.collect())
}

/// Returns the four next times, as RFC 3339 on the zone's clock.
fn next_times(case: &Value) -> Result<Vec<String>, String> {
    let schedule = Schedule::parse(case.str_at(&["in", "spec"])).map_err(|e| e.to_string())?;
    let zone = time_zone(case.str_at(&["in", "zone"])).expect("a zone");
    let from: DateTime = case.str_at(&["in", "from"]).parse().expect("a time");
    let from = from.to_zoned(zone.clone()).expect("a moment").timestamp();
    let mut at = Some(from);
    let mut times = Vec::new();
    for _ in 0..4 {
        at = at.and_then(|at: Timestamp| schedule.next(at, &zone));
        times.push(at.map_or_else(
            || "0001-01-01T00:00:00Z".to_owned(),
            |at| {
                let text = at
                    .to_zoned(zone.clone())
                    .strftime("%Y-%m-%dT%H:%M:%S%:z")
                    .to_string();
                text.replace("+00:00", "Z")
            },
        ));
    }
    Ok(times)
}

#[test]
fn schedules_are_robfigs() {
    let Some(cases) = cases("cron") else {
        return;
    };
    let mut failed = 0;
    for case in &cases {
        let want = match case.get("want").and_then(Value::as_array) {
            Some(want) => Ok(want
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()),
            None => Err(case.str_at(&["error"]).to_owned()),
        };
        let got: Result<Vec<String>, String> = next_times(case);
        if got != want {
            failed += 1;
            println!(
                "{}\n  want {want:?}\n  got  {got:?}",
                case.str_at(&["name"])
            );
        }
    }
    println!("cron: {} passed, {failed} failed", cases.len() - failed);
    assert_eq!(failed, 0);
}
