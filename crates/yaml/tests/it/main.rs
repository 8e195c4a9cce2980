//! What Go's libraries make of the same texts, case by case.

mod lines;
mod properties;
mod read;
mod write;

use value::Value;

/// Returns the recorded cases of a file; none without `WINDLASS_SHARED`.
#[expect(clippy::print_stderr, reason = "a skipped test must be visible")]
fn cases(file: &str) -> Vec<Value> {
    let Ok(shared) = std::env::var("WINDLASS_SHARED") else {
        eprintln!("skipped: WINDLASS_SHARED is not set");
        return Vec::new();
    };
    let path = format!("{shared}/conformance/go/{file}");
    let text = std::fs::read_to_string(&path).expect("the recorded cases are readable");
    text.lines()
        .map(|line| Value::parse(line.as_bytes()).expect("a case is JSON"))
        .collect()
}

/// Returns `text` without the line numbers of Go's error texts.
fn without_lines(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(i) = rest.find("line ") {
        let (before, after) = rest.split_at(i);
        let after = &after["line ".len()..];
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        out.push_str(before);
        rest = &after[digits..];
        if digits == 0 {
            out.push_str("line ");
        } else {
            rest = rest.strip_prefix(": ").unwrap_or(rest);
        }
    }
    out + rest
}
