//! Health of any Kubernetes object by Argo CD's rules.

mod status;

pub use status::{Health, HealthStatus};
