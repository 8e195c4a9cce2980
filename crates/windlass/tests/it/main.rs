//! The real binary, from the outside.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests are tests"
)]

mod bad_input;
mod can_i;
mod crash;
mod demo;
mod health;
mod kubectl;
mod layout;
mod origin;
mod process;
mod render;
