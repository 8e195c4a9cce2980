//! A tree in memory, for tests and previews.

use crate::digest::Digest;

use crate::entry::{ContentId, Entry, EntryKind, Named, Tree, TreeError, join};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A tree whose files are given one by one.
///
/// ```
/// use tree::{MemTree, Tree};
/// let tree = MemTree::new([("app/a.yaml", "kind: A")]).link("app/b.yaml", "a.yaml");
/// assert!(tree.entry("app/b.yaml").unwrap().is_some());
/// ```
#[derive(Clone, Default)]
pub struct MemTree {
    root: Folder,
    contents: HashMap<ContentId, Arc<[u8]>>,
    folders: HashMap<ContentId, Arc<[Named]>>,
    entries: HashMap<Box<str>, Entry>,
}

#[derive(Clone, Default)]
struct Folder(BTreeMap<Box<str>, Node>);

#[derive(Clone)]
enum Node {
    Leaf(Entry),
    Folder(Folder),
}

impl MemTree {
    /// Returns a tree of these files.
    #[must_use]
    pub fn new<P: AsRef<str>, C: AsRef<[u8]>>(files: impl IntoIterator<Item = (P, C)>) -> Self {
        let mut tree = Self::default();
        for (path, content) in files {
            tree.put(path.as_ref(), EntryKind::File, content.as_ref());
        }
        tree.index();
        tree
    }

    /// Returns the tree with one more file, or with another content of one.
    #[must_use]
    pub fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.put(path, EntryKind::File, content.as_ref());
        self.index();
        self
    }

    /// Returns the tree with one more symbolic link.
    #[must_use]
    pub fn link(mut self, path: &str, target: &str) -> Self {
        self.put(path, EntryKind::Link, target.as_bytes());
        self.index();
        self
    }

    fn put(&mut self, path: &str, kind: EntryKind, content: &[u8]) {
        let id = Digest::new().bytes(content).id();
        self.contents.insert(id, content.into());
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut folder = &mut self.root;
        for name in folders.split('/').filter(|n| !n.is_empty()) {
            let node = folder
                .0
                .entry(name.into())
                .or_insert_with(|| Node::Folder(Folder::default()));
            if let Node::Leaf(_) = node {
                *node = Node::Folder(Folder::default());
            }
            folder = match node {
                Node::Folder(folder) => folder,
                Node::Leaf(_) => unreachable!("it was made a folder above"),
            };
        }
        folder.0.insert(name.into(), Node::Leaf(Entry { kind, id }));
    }

    fn index(&mut self) {
        let root = std::mem::take(&mut self.root);
        self.folders.clear();
        self.entries.clear();
        self.index_folder("", &root);
        self.root = root;
    }

    /// Notes the entries of a folder and of those below it; returns its id.
    fn index_folder(&mut self, path: &str, folder: &Folder) -> ContentId {
        let mut entries = Vec::with_capacity(folder.0.len());
        let mut digest = Digest::new();
        for (name, node) in &folder.0 {
            let path = join(path, name);
            let entry = match node {
                Node::Leaf(entry) => *entry,
                Node::Folder(folder) => Entry {
                    kind: EntryKind::Directory,
                    id: self.index_folder(&path, folder),
                },
            };
            let kind = [entry.kind as u8];
            digest = digest
                .bytes(name.as_bytes())
                .bytes(&kind)
                .bytes(&entry.id.0);
            self.entries.insert(path.into(), entry);
            let name = name.clone();
            entries.push(Named { name, entry });
        }
        // A folder is no file, even if they have the same bytes.
        let id = digest.bytes(b"folder").id();
        self.folders.insert(id, entries.into());
        let kind = EntryKind::Directory;
        self.entries.insert(path.into(), Entry { kind, id });
        id
    }
}

impl Tree for MemTree {
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        Ok(self.entries.get(path.trim_matches('/')).copied())
    }

    fn content(&self, id: ContentId) -> Result<Arc<[u8]>, TreeError> {
        let content = self.contents.get(&id);
        content.map(Arc::clone).ok_or_else(|| unknown(id))
    }

    fn folder(&self, id: ContentId) -> Result<Arc<[Named]>, TreeError> {
        let folder = self.folders.get(&id);
        folder.map(Arc::clone).ok_or_else(|| unknown(id))
    }
}

fn unknown(id: ContentId) -> TreeError {
    TreeError(format!("no content {id:?} in this tree").into())
}
