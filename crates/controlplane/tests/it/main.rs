//! The control plane as clients see it.

mod client;
mod durable;
mod kube_client;
mod kubectl;
mod normalise;
mod replay;
