//! The conformance cases of Go, Sprig and the libraries that templates call.

#![expect(clippy::print_stderr, reason = "skipped cases and counts are shown")]

mod application_sets;
mod cases;
mod libraries;
mod limits;
mod sprig;
mod writers;
