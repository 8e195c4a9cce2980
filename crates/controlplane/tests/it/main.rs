//! The control plane as clients see it.

mod client;
mod durable;
mod kubectl;
mod normalise;
mod replay;
