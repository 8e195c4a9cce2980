//! The control plane as clients see it.

#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod client;
mod definitions;
mod durable;
mod kube_client;
mod kubectl;
mod normalise;
mod replay;
