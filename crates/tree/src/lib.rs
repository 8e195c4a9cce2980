//! The files of one commit as a render sees them, and what it saw of them.
//!
//! A [`Tree`] is read through a [`Recording`], which follows links inside the tree and notes every
//! path that is looked at, found or not. The [`ReadSet`] it leaves tells by ids alone whether a
//! later commit looks the same there.
//!
//! ```
//! use tree::{MemTree, Recording};
//! let tree = MemTree::new([("app/a.yaml", "kind: A")]);
//! let recording = Recording::new(&tree);
//! assert_eq!(recording.read("app/a.yaml").unwrap().as_deref(), Some(b"kind: A".as_slice()));
//! assert!(recording.into_read_set().is_current(&tree).unwrap());
//! ```

mod digest;
mod entry;
mod memory;
mod read_set;

pub use entry::{ContentId, Entry, EntryKind, Named, Tree, TreeError, join};
pub use memory::MemTree;
pub use read_set::{FollowError, Found, Mark, ReadSet, Recording, Seen};
