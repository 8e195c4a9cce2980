//! Conformance data, which lives outside of the repository.

use std::path::PathBuf;
use value::Value;

/// Returns the folder of the conformance data; says so and returns nothing if there is none.
pub(crate) fn folder() -> Option<PathBuf> {
    let folder =
        std::env::var_os("WINDLASS_SHARED").map(|dir| PathBuf::from(dir).join("conformance"));
    if folder.is_none() {
        skipped();
    }
    folder
}

#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
fn skipped() {
    eprintln!("skipped: WINDLASS_SHARED is not set");
}

/// Reads a JSON file of the conformance data.
pub(crate) fn json(name: &str) -> Option<Value> {
    let path = folder()?.join(name);
    let text = std::fs::read(&path).expect("the conformance data is complete");
    Some(Value::parse(&text).expect("the conformance data is valid JSON"))
}
