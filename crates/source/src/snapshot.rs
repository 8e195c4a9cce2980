//! The files of one commit, read from the object database.

use crate::error::{Error, Reason, chain};
use gix::ObjectId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Decoded trees that a repository keeps; beyond it the cache starts anew. A tree of 1,000 entries
/// takes some 60 KB.
const TREES_MAX: usize = 4_096;
/// Links that one path may go through.
const LINKS_MAX: usize = 16;

/// What an entry of a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Link,
    /// Another repository's commit; nothing of it is here.
    Submodule,
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: Box<str>,
    /// What it is.
    pub kind: EntryKind,
    /// The id of its content.
    pub id: ObjectId,
}

type Tree = Arc<[Entry]>;

/// Decoded trees by id, shared by all snapshots of a repository.
#[derive(Default)]
pub(crate) struct TreeCache(Mutex<HashMap<ObjectId, Tree>>);

/// The files of one commit. Cheap to make and to clone; safe to use from several threads.
#[derive(Clone)]
pub struct Snapshot {
    repo: gix::ThreadSafeRepository,
    trees: Arc<TreeCache>,
    commit: ObjectId,
    root: ObjectId,
}

impl Snapshot {
    pub(crate) fn new(
        repo: gix::ThreadSafeRepository,
        trees: Arc<TreeCache>,
        commit: ObjectId,
        root: ObjectId,
    ) -> Self {
        Self {
            repo,
            trees,
            commit,
            root,
        }
    }

    /// Returns the commit.
    #[must_use]
    pub fn commit(&self) -> ObjectId {
        self.commit
    }

    /// Returns the id of the root folder: equal ids, equal files.
    #[must_use]
    pub fn root(&self) -> ObjectId {
        self.root
    }

    /// Returns what is at `path` (`/`-separated, `""` is the root), links not followed.
    ///
    /// # Errors
    /// Fails if the object database can't be read.
    pub fn entry(&self, path: &str) -> Result<Option<(EntryKind, ObjectId)>, Error> {
        let mut at = (EntryKind::Directory, self.root);
        for name in path.split('/').filter(|n| !n.is_empty() && *n != ".") {
            if at.0 != EntryKind::Directory {
                return Ok(None);
            }
            let tree = self.tree(at.1)?;
            let Ok(i) = tree.binary_search_by(|e| e.name.as_ref().cmp(name)) else {
                return Ok(None);
            };
            at = (tree[i].kind, tree[i].id);
        }
        Ok(Some(at))
    }

    /// Returns the path that `path` leads to once every symbolic link on it is followed.
    ///
    /// # Errors
    /// Fails if a link leaves the repository or the links go in a circle; the error names the path.
    pub fn canonical(&self, path: &str) -> Result<String, Error> {
        let mut pending: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let mut done: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(name) = pending.pop() {
            match name.as_str() {
                "" | "." => continue,
                ".." => {
                    if done.pop().is_none() {
                        return Err(self.path_error(path, "leaves the repository"));
                    }
                    continue;
                }
                _ => done.push(name),
            }
            let here = done.join("/");
            let Some((EntryKind::Link, id)) = self.entry(&here)? else {
                continue;
            };
            links += 1;
            if links > LINKS_MAX {
                return Err(self.path_error(path, "goes through too many symbolic links"));
            }
            let target = String::from_utf8_lossy(&self.blob(id)?).into_owned();
            if target.starts_with('/') {
                return Err(self.path_error(path, "is a symbolic link out of the repository"));
            }
            done.pop();
            pending.extend(target.split('/').rev().map(str::to_owned));
        }
        Ok(done.join("/"))
    }

    fn path_error(&self, path: &str, what: &str) -> Error {
        Error::new(Reason::PathNotFound, format!("path {path:?} {what}"))
    }

    /// Returns the entries of a folder by name, bytewise.
    ///
    /// # Errors
    /// Fails if the object database can't be read.
    pub fn tree(&self, id: ObjectId) -> Result<Arc<[Entry]>, Error> {
        let cached = {
            let trees = self.trees.0.lock().unwrap_or_else(PoisonError::into_inner);
            trees.get(&id).cloned()
        };
        if let Some(tree) = cached {
            return Ok(tree);
        }
        let repo = self.repo.to_thread_local();
        let tree = read_tree(&repo, id).map_err(|e| self.read_error("folder", id, &e))?;
        let mut trees = self.trees.0.lock().unwrap_or_else(PoisonError::into_inner);
        if trees.len() >= TREES_MAX {
            trees.clear();
        }
        trees.insert(id, Arc::clone(&tree));
        Ok(tree)
    }

    /// Returns the bytes of a file by its id.
    ///
    /// # Errors
    /// Fails if the object database can't be read.
    pub fn blob(&self, id: ObjectId) -> Result<Vec<u8>, Error> {
        let repo = self.repo.to_thread_local();
        let object = repo
            .find_object(id)
            .map_err(|e| self.read_error("file", id, &e))?;
        Ok(object.detach().data)
    }

    fn read_error(&self, what: &str, id: ObjectId, e: &gix::Error) -> Error {
        Error::new(
            Reason::CacheFailed,
            format!(
                "{what} {id} of commit {} can't be read: {}",
                self.commit,
                chain(e)
            ),
        )
    }
}

fn read_tree(repo: &gix::Repository, id: ObjectId) -> Result<Tree, gix::Error> {
    let tree = repo.find_tree(id)?;
    let mut entries = Vec::new();
    for entry in tree.iter() {
        let entry = entry?;
        let mode = entry.mode();
        let kind = if mode.is_tree() {
            EntryKind::Directory
        } else if mode.is_link() {
            EntryKind::Link
        } else if mode.is_commit() {
            EntryKind::Submodule
        } else {
            EntryKind::File
        };
        let name = entry.filename().to_string().into_boxed_str();
        entries.push(Entry {
            name,
            kind,
            id: entry.object_id(),
        });
    }
    // Git sorts folders as if their names ended in a slash.
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries.into())
}
