//! The server through HTTP, against a real control plane.

mod accounts;
mod bad_input;
mod change;
mod openapi;
mod read;
mod stream;
mod support;
