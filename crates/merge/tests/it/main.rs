//! Structured merge and diff against the behaviour that others recorded.

mod builtin;
mod drift;
mod hostile;
mod paths;
mod recorded;
mod reference;
mod shared;
mod strategic;
