//! The files that a render reads.

use std::fmt;
use std::sync::Arc;

/// The id of a content: equal ids, equal contents. Git's own fits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentId(pub [u8; 20]);

impl fmt::Debug for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link; its content is where it leads.
    Link,
    /// Another repository; nothing of it is here.
    Submodule,
}

/// What stands at a path, and which content it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Its content; a folder's covers everything below it.
    pub id: ContentId,
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: Box<str>,
    /// What it is.
    pub entry: Entry,
}

/// A tree that can't be read just now; nothing that the user wrote is at fault.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct TreeError(#[from] pub Box<dyn std::error::Error + Send + Sync>);

/// The files of one commit. Paths are `/`-separated, without a leading one; `""` is the root.
///
/// Links aren't followed here: that is the business of [`Recording`](crate::Recording).
pub trait Tree {
    /// Returns what stands at a path; nothing if there is nothing, or a part of it is no folder.
    ///
    /// # Errors
    /// Fails if the tree can't be read.
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError>;

    /// Returns the bytes of a file, or where a link leads.
    ///
    /// # Errors
    /// Fails if the tree can't be read.
    fn content(&self, id: ContentId) -> Result<Arc<[u8]>, TreeError>;

    /// Returns the entries of a folder, sorted bytewise by name.
    ///
    /// # Errors
    /// Fails if the tree can't be read.
    fn folder(&self, id: ContentId) -> Result<Arc<[Named]>, TreeError>;
}

/// Returns the path of `name` in a folder.
#[must_use]
pub fn join(folder: &str, name: &str) -> String {
    let folder = folder.trim_matches('/');
    if folder.is_empty() || folder == "." {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}
