//! What a render looked at, so that a later commit can be compared by ids alone.

use crate::digest::Digest;
use crate::entry::{ContentId, Entry, EntryKind, Named, Tree, TreeError};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Links that one path may go through.
const LINKS_MAX: usize = 16;

/// What a render saw at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nothing.
    Absent,
    /// A file, link or submodule with this content.
    Entry(Entry),
    /// A folder, of which only the names were looked at.
    Folder {
        /// Its content. Equal contents prove that nothing below it changed, either.
        id: ContentId,
        /// A digest of the names in it and of what they are.
        names: u128,
    },
}

/// Every path that a render looked at, and what it saw there. A render of a tree that looks the
/// same at these paths gives the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadSet {
    /// Sorted by path.
    reads: Box<[(Box<str>, Seen)]>,
}

impl ReadSet {
    /// Returns the paths and what was seen, sorted by path.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Seen)> {
        self.reads.iter().map(|(path, seen)| (path.as_ref(), *seen))
    }

    /// Returns the number of paths.
    #[must_use]
    pub fn len(&self) -> usize {
        self.reads.len()
    }

    /// Returns true if nothing was looked at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reads.is_empty()
    }

    /// Returns true if `tree` looks the same at all paths. No file is read.
    ///
    /// # Errors
    /// Fails if the tree can't be read.
    pub fn is_current(&self, tree: &dyn Tree) -> Result<bool, TreeError> {
        // What lies below a folder that didn't change needs no look.
        let mut unchanged: Option<&str> = None;
        for (path, seen) in self.iter() {
            if unchanged.is_some_and(|folder| is_below(path, folder)) {
                continue;
            }
            let now = tree.entry(path)?;
            let same = match (seen, now) {
                (Seen::Absent, now) => now.is_none(),
                (Seen::Entry(entry), now) => now == Some(entry),
                (Seen::Folder { id, .. }, Some(now))
                    if now.kind == EntryKind::Directory && now.id == id =>
                {
                    unchanged = Some(path);
                    true
                }
                (Seen::Folder { names, .. }, Some(now)) if now.kind == EntryKind::Directory => {
                    digest_of_names(&tree.folder(now.id)?) == names
                }
                (Seen::Folder { .. }, _) => false,
            };
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

fn digest_of_names(entries: &[Named]) -> u128 {
    let digest = entries.iter().fold(Digest::new(), |digest, e| {
        digest.bytes(e.name.as_bytes()).bytes(&[e.entry.kind as u8])
    });
    digest.number()
}

/// Why a path can't be followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// A link leads out of the tree.
    #[error("{0:?} leads out of the repository")]
    LeavesTree(String),
    /// Links go in a circle, or through more than 16.
    #[error("{0:?} goes through too many symbolic links")]
    TooManyLinks(String),
    /// The tree can't be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The path without links.
    pub path: String,
    /// What stands there; never a link.
    pub entry: Entry,
}

/// A tree that notes everything that is looked at, found or not, and follows links inside the tree.
pub struct Recording<'t> {
    tree: &'t dyn Tree,
    reads: RefCell<BTreeMap<Box<str>, Seen>>,
    /// What was looked at, in order, while a part of a render is being noted.
    log: RefCell<Option<Log>>,
}

/// Paths and what was seen there, in the order of looking.
type Log = Vec<(Box<str>, Seen)>;

/// A moment of a [`Recording`].
#[derive(Clone, Copy, Debug)]
pub struct Mark(usize);

impl<'t> Recording<'t> {
    /// Returns a recording that has seen nothing yet.
    #[must_use]
    pub fn new(tree: &'t dyn Tree) -> Self {
        Self {
            tree,
            reads: RefCell::default(),
            log: RefCell::default(),
        }
    }

    /// Returns this moment: what is looked at from now on can be asked for by itself.
    pub fn mark(&self) -> Mark {
        Mark(self.log.borrow_mut().get_or_insert_default().len())
    }

    /// Returns what was looked at since a moment.
    #[must_use]
    pub fn reads_since(&self, mark: Mark) -> ReadSet {
        let log = self.log.borrow();
        let since = log
            .iter()
            .flat_map(|log| log[mark.0.min(log.len())..].iter().cloned());
        let reads: BTreeMap<Box<str>, Seen> = since.collect();
        ReadSet {
            reads: reads.into_iter().collect(),
        }
    }

    /// Notes everything that another render looked at, if the tree looks the same there; returns
    /// whether it does.
    ///
    /// # Errors
    /// Fails if the tree can't be read.
    pub fn absorb(&self, reads: &ReadSet) -> Result<bool, TreeError> {
        if !reads.is_current(self.tree)? {
            return Ok(false);
        }
        for (path, seen) in reads.iter() {
            // The folder itself may be another one with the same names.
            let seen = match (seen, self.tree.entry(path)?) {
                (Seen::Folder { names, .. }, Some(Entry { id, .. })) => Seen::Folder { id, names },
                (seen, _) => seen,
            };
            self.note(path, seen);
        }
        Ok(true)
    }

    /// Returns what was looked at.
    #[must_use]
    pub fn into_read_set(self) -> ReadSet {
        ReadSet {
            reads: self.reads.into_inner().into_iter().collect(),
        }
    }

    fn note(&self, path: &str, seen: Seen) {
        if let Some(log) = self.log.borrow_mut().as_mut() {
            log.push((path.into(), seen));
        }
        self.reads.borrow_mut().insert(path.into(), seen);
    }

    /// Returns what stands at a path, a link if it is one. That a folder exists isn't noted: what is
    /// read in it says so.
    fn look(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        let entry = self.tree.entry(path)?;
        match entry {
            None => self.note(path, Seen::Absent),
            Some(entry) if entry.kind != EntryKind::Directory => {
                self.note(path, Seen::Entry(entry));
            }
            Some(_) => {}
        }
        Ok(entry)
    }

    /// Returns what a path leads to once all links are followed; nothing if that doesn't exist.
    ///
    /// # Errors
    /// Fails if a link leaves the tree or links go in a circle, and if the tree can't be read.
    pub fn find(&self, path: &str) -> Result<Option<Found>, FollowError> {
        // Mostly there is no link: then one look is enough.
        let is_plain = path.split('/').all(|name| !matches!(name, "" | "." | ".."));
        if is_plain
            && let Some(entry) = self.tree.entry(path)?
            && entry.kind != EntryKind::Link
        {
            if entry.kind != EntryKind::Directory {
                self.note(path, Seen::Entry(entry));
            }
            let path = path.to_owned();
            return Ok(Some(Found { path, entry }));
        }
        let mut pending: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let mut done: Vec<String> = Vec::new();
        let mut links = 0;
        let mut entry = self.look("")?;
        while let Some(name) = pending.pop() {
            match name.as_str() {
                "" | "." => continue,
                ".." => {
                    if done.pop().is_none() {
                        return Err(FollowError::LeavesTree(path.to_owned()));
                    }
                    entry = self.look(&done.join("/"))?;
                    continue;
                }
                _ => done.push(name),
            }
            entry = self.look(&done.join("/"))?;
            let Some(found) = entry else {
                return Ok(None);
            };
            if found.kind != EntryKind::Link {
                continue;
            }
            links += 1;
            if links > LINKS_MAX {
                return Err(FollowError::TooManyLinks(path.to_owned()));
            }
            let target = self.tree.content(found.id)?;
            let target = String::from_utf8_lossy(&target);
            if target.starts_with('/') {
                return Err(FollowError::LeavesTree(path.to_owned()));
            }
            done.pop();
            pending.extend(target.split('/').rev().map(str::to_owned));
            entry = self.look(&done.join("/"))?;
        }
        let path = done.join("/");
        Ok(entry.map(|entry| Found { path, entry }))
    }

    /// Returns the bytes of a file; nothing if there is no file.
    ///
    /// # Errors
    /// Fails like [`Recording::find`].
    pub fn read(&self, path: &str) -> Result<Option<Arc<[u8]>>, FollowError> {
        match self.find(path)? {
            Some(found) if found.entry.kind == EntryKind::File => {
                Ok(Some(self.tree.content(found.entry.id)?))
            }
            _ => Ok(None),
        }
    }

    /// Returns the entries of a folder, sorted by name; nothing if there is no folder.
    ///
    /// # Errors
    /// Fails like [`Recording::find`].
    pub fn list(&self, path: &str) -> Result<Option<Arc<[Named]>>, FollowError> {
        let Some(found) = self.find(path)? else {
            return Ok(None);
        };
        if found.entry.kind != EntryKind::Directory {
            return Ok(None);
        }
        let id = found.entry.id;
        let entries = self.tree.folder(id)?;
        let names = digest_of_names(&entries);
        self.note(&found.path, Seen::Folder { id, names });
        Ok(Some(entries))
    }

    /// Returns true if there is a file, without reading it.
    ///
    /// # Errors
    /// Fails like [`Recording::find`].
    pub fn has_file(&self, path: &str) -> Result<bool, FollowError> {
        let found = self.find(path)?;
        Ok(found.is_some_and(|f| f.entry.kind == EntryKind::File))
    }
}
