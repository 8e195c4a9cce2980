//! What happens by itself: namespaces end, dependents are collected, and kinds are defined.
//!
//! A kube-apiserver leaves this to kube-controller-manager; here it is part of the server, because
//! nothing that uses it works without.

mod definitions;
mod garbage;
mod namespaces;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::registry::{Registry, WriteOptions};

/// Starts the tasks. They end when `stopped` turns true.
pub(crate) fn start(registry: &Registry, stopped: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
    definitions::restore(registry);
    vec![
        tokio::spawn(definitions::run(registry.clone(), stopped.clone())),
        tokio::spawn(garbage::run(registry.clone(), stopped.clone())),
        tokio::spawn(namespaces::run(registry.clone(), stopped.clone())),
    ]
}

/// Returns how these tasks write: under the name that people know from real clusters.
fn write_options() -> WriteOptions {
    WriteOptions::system("kube-controller-manager")
}
