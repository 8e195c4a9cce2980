//! Structured merge and diff against the behaviour that others recorded.

mod builtin;
mod recorded;
mod reference;
mod shared;
