//! What happens by itself: namespaces end, and dependents are collected.

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::registry::Registry;

/// Starts the tasks.
pub(crate) fn start(_registry: &Registry, _stopped: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
    Vec::new()
}
