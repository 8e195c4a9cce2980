//! Reading the cases, and counting what passes.

use std::path::PathBuf;
use value::Value;

/// Returns the cases of a file; nothing, visibly, if they are not at hand.
pub(crate) fn load(path: &str) -> Option<Vec<Value>> {
    let Some(shared) = std::env::var_os("WINDLASS_SHARED") else {
        eprintln!("skipped: WINDLASS_SHARED is not set");
        return None;
    };
    let path = PathBuf::from(shared).join("conformance").join(path);
    let text = std::fs::read(&path).expect("the cases can be read");
    let lines = text.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    Some(
        lines
            .map(|line| Value::parse(line).expect("a case is JSON"))
            .collect(),
    )
}

/// Fails the test with what did not pass; `CASES_VERBOSE` shows more of it.
pub(crate) fn report(what: &str, total: usize, failures: &[String]) {
    let passed = total - failures.len();
    eprintln!("{what}: {passed}/{total}");
    let shown = std::env::var("CASES_VERBOSE")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(5);
    for failure in failures.iter().take(shown) {
        eprintln!("{failure}\n");
    }
    assert!(failures.is_empty(), "{what}: {passed}/{total}");
}
