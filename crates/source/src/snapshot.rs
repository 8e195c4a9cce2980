//! The files of one commit, read from the object database.

use gix::ObjectId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tree::{ContentId, Entry, EntryKind, Named, Tree, TreeError};

/// Decoded trees that a repository keeps; beyond it the cache starts anew. A tree of 1,000 entries
/// takes some 60 KB.
const TREES_MAX: usize = 4_096;

/// Decoded trees by id, shared by all snapshots of a repository.
#[derive(Default)]
pub(crate) struct TreeCache(Mutex<HashMap<ObjectId, Arc<[Named]>>>);

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

    fn entries(&self, id: ObjectId) -> Result<Arc<[Named]>, TreeError> {
        let cached = {
            let trees = self.trees.0.lock().unwrap_or_else(PoisonError::into_inner);
            trees.get(&id).cloned()
        };
        if let Some(tree) = cached {
            return Ok(tree);
        }
        let repo = self.repo.to_thread_local();
        let tree = read_tree(&repo, id).map_err(|e| TreeError(Box::new(e)))?;
        let mut trees = self.trees.0.lock().unwrap_or_else(PoisonError::into_inner);
        if trees.len() >= TREES_MAX {
            trees.clear();
        }
        trees.insert(id, Arc::clone(&tree));
        Ok(tree)
    }
}

impl Tree for Snapshot {
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        let mut at = Entry {
            kind: EntryKind::Directory,
            id: content_id(self.root),
        };
        for name in path.split('/').filter(|n| !n.is_empty() && *n != ".") {
            if at.kind != EntryKind::Directory {
                return Ok(None);
            }
            let tree = self.entries(object_id(at.id))?;
            let Ok(i) = tree.binary_search_by(|e| e.name.as_ref().cmp(name)) else {
                return Ok(None);
            };
            at = tree[i].entry;
        }
        Ok(Some(at))
    }

    fn content(&self, id: ContentId) -> Result<Arc<[u8]>, TreeError> {
        let repo = self.repo.to_thread_local();
        let object = repo
            .find_object(object_id(id))
            .map_err(|e| TreeError(Box::new(e)))?;
        Ok(object.detach().data.into())
    }

    fn folder(&self, id: ContentId) -> Result<Arc<[Named]>, TreeError> {
        self.entries(object_id(id))
    }
}

fn object_id(id: ContentId) -> ObjectId {
    ObjectId::from_bytes_or_panic(&id.0)
}

fn content_id(id: ObjectId) -> ContentId {
    let mut bytes = [0; 20];
    bytes.copy_from_slice(id.as_bytes());
    ContentId(bytes)
}

fn read_tree(repo: &gix::Repository, id: ObjectId) -> Result<Arc<[Named]>, gix::Error> {
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
        entries.push(Named {
            name,
            entry: Entry {
                kind,
                id: content_id(entry.object_id()),
            },
        });
    }
    // Git sorts folders as if their names ended in a slash.
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries.into())
}
