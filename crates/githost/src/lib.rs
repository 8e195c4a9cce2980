//! Bare Git repositories over Git's smart HTTP protocol, in process: no `git` binary is run.
//!
//! A stock `git` clones, fetches (protocol version 2) and pushes. The demo serves its sample
//! repository with it, and tests serve their fixtures. It is made for loopback: requests and
//! answers are whole buffers ([`BODY_MAX`]), and it never opens a socket itself: the caller brings
//! the HTTP server and hands over a [`Request`].
//!
//! ```
//! let dir = tempfile::tempdir().unwrap();
//! let host = githost::Host::new(dir.path());
//! let repository = host.create("shop").unwrap();
//! let author = githost::Author { name: "alice", email: "alice@example.com", seconds: 1_700_000_000 };
//! let files = [("web.yaml", Some(&b"kind: Service"[..]))];
//! let commit = repository.commit("main", &files, "shop v1", author).unwrap();
//! assert_eq!(repository.branch("main").unwrap(), Some(commit));
//! ```

mod pack;
mod pktline;
mod repository;
mod service;

pub use repository::{Author, CommitId, Error, Repository};
pub use service::{BODY_MAX, BasicAuth, Host, Push, Request, Response};
