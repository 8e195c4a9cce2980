//! Structured merge and diff against the behaviour that others recorded.

mod builtin;
mod reference;
mod shared;
