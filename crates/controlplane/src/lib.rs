//! The embedded Kubernetes API server.
//!
//! It answers as a kube-apiserver of version 1.36 does, over HTTP and HTTPS on one port, for the
//! kinds in its table ([`kinds`]), to which CustomResourceDefinitions add rows. Its state lives in
//! memory, and on disk if asked for. Whatever is in the same process uses the [`Registry`]
//! directly, with the same rules.
//!
//! It never runs anything: workloads stay what they were declared to be, until the `simulator` acts
//! on them. It never forms a cluster with others, and it listens on loopback unless told otherwise.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use controlplane::{ControlPlane, Options, Token};
//! let plane = ControlPlane::start(Options {
//!     tokens: vec![Token::admin("secret")],
//!     ..Options::default()
//! })
//! .await?;
//! std::fs::write("kubeconfig", plane.kubeconfig("secret", "admin"))?;
//! plane.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod allocate;
pub mod audit;
pub mod clock;
mod complete;
mod convert;
mod decode;
mod defaults;
mod definition;
pub mod failure;
mod http;
pub mod kinds;
mod lifecycle;
mod plane;
mod prepare;
pub mod registry;
mod rules;
mod store;
mod strategy;
mod tables;
mod tracking;
mod validate;
mod warnings;

pub use http::{Body, Mount};
pub use plane::{ControlPlane, Options, StartError, Storage, Token};
pub use registry::Registry;
pub use store::{Change, DiskError, Event, Object};
