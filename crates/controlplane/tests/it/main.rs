//! The control plane as clients see it.

mod client;
mod normalise;
mod replay;
