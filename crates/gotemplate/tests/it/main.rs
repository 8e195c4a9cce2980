//! The conformance cases of Go, Sprig and the libraries that templates call.

mod application_sets;
mod cases;
mod libraries;
mod sprig;
mod writers;
