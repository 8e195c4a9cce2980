//! The conformance cases of Helm.

#![expect(clippy::print_stderr, reason = "skipped cases and counts are shown")]

mod cases;
mod templates;
mod values;
