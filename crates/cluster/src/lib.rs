//! A target cluster: discovery, watches, the live cache, apply, prune and drift verdicts.
//!
//! The cache holds the bytes of each object and a small index, never trees. Watches resume where
//! they ended and list again only when the server has forgotten (410). Whether an object differs
//! from what Git wants is proved locally by structured merge; only what can't be proved is asked,
//! by a dry run, and the answer is remembered by content.
//!
//! This crate decides nothing about applications, never deletes on its own account, and holds no
//! lock while it waits.

mod change;
mod client;
mod diff;
mod discovery;
mod judge;
mod live;
mod pods;
mod selected;
mod store;
mod verdict;
mod watch;

pub use change::{Applied, Writer, apply_message, dry_run};
pub use client::{ApiError, Client, ConnectError};
pub use diff::difference;
pub use discovery::{Discovery, Resource};
pub use judge::Judge;
pub use live::LiveObject;
pub use selected::{Objects, follow_selected};
pub use store::{Change, ChangeKind, Cluster, Trouble};
pub use verdict::{Prepared, local_difference};
