//! Applications lived through in simulated time: the engine's core and the real verdicts on the
//! registry of the embedded control plane, while people, Git, the network and the controller itself
//! do what they shouldn't.
//!
//! A seed is a life: repositories with their commits, people who push, edit, delete, sync and hold,
//! requests that are refused, lost or answered late, watches that repeat, lag and break, crashes at
//! any effect. After every step the invariants of [`check`] hold; once the storm is over,
//! everything must come to what Git wants. The same seed is the same life.
//!
//! ```
//! simulation::run(&simulation::Life::new(1)).unwrap();
//! ```

pub mod check;
mod cluster;
mod controller;
mod git;
mod life;
mod objects;
mod people;
mod random;
mod workloads;

pub use life::{Life, Report, Wrong, run};
