//! Repositories to immutable snapshots: Git, Helm repositories, OCI registries.
//!
//! Every repository URL has one bare mirror on disk, shared by all applications and fetched in
//! process; a local path is its own mirror. A revision (branch, tag, commit, `HEAD`) resolves to a
//! commit, a commit gives a [`Snapshot`], and files are read straight from the object database by
//! tree and blob id: there is no checkout.
//!
//! A [`ChartRepository`] is an HTTP repository with an index or an OCI registry. A version or range
//! resolves to a [`ChartVersion`], and that gives a [`ChartSnapshot`]: the files of an archive whose
//! digest was checked. Archives and indexes are kept on disk by digest and asked for conditionally.
//!
//! This crate never renders, never writes to a remote, and everything it keeps on disk is a cache
//! that may be deleted while it isn't running. A login goes to nobody but whom it is for, and is in no
//! error. All calls block: run them on threads of their own.
//!
//! ```
//! let cache = tempfile::tempdir().unwrap();
//! let sources = source::Sources::new(cache.path());
//! let missing = sources.resolve("/nowhere", "HEAD", source::Freshness::Latest);
//! assert!(missing.unwrap_err().to_string().contains("/nowhere"));
//! ```

mod chart;
mod credentials;
mod digest;
mod error;
mod mirror;
mod snapshot;
mod url;

pub use chart::{
    ChartRepository, ChartSnapshot, ChartVersion, Login, PassCredentials, Tls, Verify,
};
pub use credentials::{Credential, Credentials};
pub use digest::Digest;
pub use error::{Error, Reason};
pub use mirror::{Commit, CommitInfo, Freshness, Sources, Tag, TagNames};
pub use snapshot::Snapshot;
pub use url::redact;

/// The id of a commit, tree or blob.
pub type Id = gix::ObjectId;
