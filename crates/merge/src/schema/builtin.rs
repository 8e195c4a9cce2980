//! The types that every Kubernetes API server has.

use super::Schema;
use std::sync::LazyLock;

/// Written by `examples/schemagen.rs`.
static TABLE: &str = include_str!("../builtin.schema");

static BUILTIN: LazyLock<Schema> = LazyLock::new(|| {
    let mut schema = Schema::from_table(TABLE).expect("a test reads the table");
    schema.mark_empty();
    schema
});

/// Returns the built-in types of Kubernetes 1.36. They are read when they are first needed.
#[must_use]
pub fn builtin() -> &'static Schema {
    &BUILTIN
}
