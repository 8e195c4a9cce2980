//! Structured merge and diff against the behaviour that others recorded.

mod reference;
mod shared;
