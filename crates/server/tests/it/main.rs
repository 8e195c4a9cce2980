//! The server through HTTP, against a real control plane.

mod accounts;
mod bad_input;
mod change;
mod installation;
mod openapi;
mod preferences;
mod read;
mod shapes;
mod stream;
mod support;
