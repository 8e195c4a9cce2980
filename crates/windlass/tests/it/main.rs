//! The real binary, from the outside.

mod bad_input;
mod crash;
mod demo;
mod kubectl;
mod process;
mod render;
