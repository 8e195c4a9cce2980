//! What Go's libraries answer, case by case.

mod globs;
mod quantities;
mod selectors;

use value::Value;

#[expect(clippy::print_stderr, reason = "a skipped test must be visible")]
/// Returns the recorded cases of these kinds; none without `WINDLASS_SHARED`.
fn cases(kinds: &[&str]) -> Vec<Value> {
    let Ok(shared) = std::env::var("WINDLASS_SHARED") else {
        eprintln!("skipped: WINDLASS_SHARED is not set");
        return Vec::new();
    };
    let path = format!("{shared}/conformance/go/small.jsonl");
    let text = std::fs::read_to_string(&path).expect("the recorded cases are readable");
    text.lines()
        .map(|line| Value::parse(line.as_bytes()).expect("a case is JSON"))
        .filter(|case| kinds.contains(&case.str_at(&["kind"])))
        .collect()
}
