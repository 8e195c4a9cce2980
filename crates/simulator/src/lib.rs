//! Workload controllers and a simulated kubelet for the embedded control plane.
//!
//! The controllers do what those of kube-controller-manager do: a Deployment makes ReplicaSets,
//! those make Pods, and their statuses are written back under the names that people know
//! (`kube-controller-manager`, `kubelet`). With [`Mode::Workloads`] a node is there too, on which
//! pods start, become ready, fail as their images tell them to ([`Fault`]), and end.
//!
//! Nothing is ever run: images are names, addresses are made up. Everything goes through the
//! control plane's [`Registry`], in the same process, driven by its changes; nothing polls.
//!
//! ```no_run
//! # async fn example(plane: controlplane::ControlPlane) {
//! use simulator::{Mode, Simulator, Speed};
//! let simulator = Simulator::start(plane.registry().clone(), Mode::Workloads, Speed::default());
//! // ... a Deployment is applied, and becomes available ...
//! simulator.shutdown().await;
//! # }
//! ```

mod accounts;
mod budgets;
mod claims;
mod daemonset;
mod deployment;
mod faults;
mod job;
mod kubelet;
mod pods;
mod replicaset;
mod services;
mod statefulset;
mod template_hash;
mod world;

use std::time::Duration;

use controlplane::Registry;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use faults::Fault;

/// The name of the node that runs pods.
pub const NODE: &str = "windlass-node";

/// How much of a cluster is simulated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Controllers alone: pods are made, and wait for a node for ever.
    Controllers,
    /// Controllers, and a node that runs pods.
    #[default]
    Workloads,
}

/// How fast the simulation goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speed {
    /// How long a pod takes from its creation to being ready.
    pub start_delay: Duration,
    /// How long a pod takes to end once it is told to; its grace period, if that is shorter.
    pub stop_delay: Duration,
    /// How long slow pods take to become ready.
    pub slow_delay: Duration,
    /// The first pause between attempts to pull an image or to restart a container; it doubles up
    /// to thirty times itself.
    pub back_off: Duration,
    /// How long the container of a job works.
    pub job_delay: Duration,
}

impl Default for Speed {
    fn default() -> Self {
        Self {
            start_delay: Duration::from_millis(150),
            stop_delay: Duration::from_millis(100),
            slow_delay: Duration::from_secs(5),
            back_off: Duration::from_secs(10),
            job_delay: Duration::from_millis(300),
        }
    }
}

/// A running simulation.
#[derive(Debug)]
pub struct Simulator {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Simulator {
    /// Starts to simulate on the objects of a control plane. The simulation ends with the value
    /// that is returned.
    #[must_use]
    pub fn start(registry: Registry, mode: Mode, speed: Speed) -> Self {
        let (stop, stopped) = watch::channel(false);
        let world = world::World::new(registry, mode, speed);
        Self {
            stop,
            task: tokio::spawn(world.run(stopped)),
        }
    }

    /// Stops. What is under way stays as it is.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the simulation panicked");
        }
    }
}
