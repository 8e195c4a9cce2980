//! The files of one chart, in memory.

use super::archive::Unpacked;
use crate::digest::{Digest, Hasher};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use tree::{ContentId, Entry, EntryKind, Named, Tree, TreeError};

/// The files of one version of a chart; the root is the chart's own folder. Cheap to clone.
#[derive(Clone)]
pub struct ChartSnapshot(Arc<Files>);

impl fmt::Debug for ChartSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChartSnapshot({})", self.0.digest)
    }
}

/// What the snapshots of one archive share.
pub(crate) struct Files {
    digest: Digest,
    packed_seconds: i64,
    root: ContentId,
    contents: HashMap<ContentId, Arc<[u8]>>,
    folders: HashMap<ContentId, Arc<[Named]>>,
    size_bytes: usize,
}

impl ChartSnapshot {
    pub(crate) fn new(digest: Digest, unpacked: Unpacked) -> Self {
        let mut made = Files {
            digest,
            packed_seconds: unpacked.packed_seconds,
            root: ContentId([0; 20]),
            contents: HashMap::new(),
            folders: HashMap::new(),
            size_bytes: 0,
        };
        made.root = made.add(unpacked.files);
        Self(Arc::new(made))
    }

    /// Returns the digest of the archive.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// Returns when the chart was packed, in seconds since 1970: the time of its newest file.
    #[must_use]
    pub fn packed_seconds(&self) -> i64 {
        self.0.packed_seconds
    }

    /// Returns the id of the root folder: equal ids, equal files.
    #[must_use]
    pub fn root(&self) -> ContentId {
        self.0.root
    }

    pub(crate) fn size_bytes(&self) -> usize {
        self.0.size_bytes
    }
}

/// Files and folders by name, as an archive gives them.
#[derive(Default)]
pub(crate) struct Folder(BTreeMap<Box<str>, Node>);

enum Node {
    File(Arc<[u8]>),
    Folder(Folder),
}

impl Folder {
    /// Adds a file, or replaces it; false if a part of the path is a file, or the path a folder.
    pub(crate) fn insert(&mut self, path: &str, content: &[u8]) -> bool {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut at = self;
        for name in folders.split('/').filter(|n| !n.is_empty()) {
            let node = at.0.entry(name.into());
            let Node::Folder(folder) = node.or_insert_with(|| Node::Folder(Self::default())) else {
                return false;
            };
            at = folder;
        }
        if let Some(Node::Folder(_)) = at.0.get(name) {
            return false;
        }
        at.0.insert(name.into(), Node::File(content.into()));
        true
    }

    /// Returns true if there is a file of that name right here.
    pub(crate) fn has_file(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Node::File(_)))
    }
}

impl Files {
    fn add(&mut self, folder: Folder) -> ContentId {
        let mut hasher = Hasher::default();
        // Apart from every file, whatever it contains.
        hasher.update(b"folder\0");
        let mut entries = Vec::with_capacity(folder.0.len());
        for (name, node) in folder.0 {
            let (kind, id) = match node {
                Node::File(content) => {
                    let mut file = Hasher::default();
                    file.update(b"file\0");
                    file.update(&content);
                    let id = ContentId(file.finish().short());
                    self.size_bytes += content.len();
                    self.contents.insert(id, content);
                    (EntryKind::File, id)
                }
                Node::Folder(folder) => (EntryKind::Directory, self.add(folder)),
            };
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
            hasher.update(&[kind as u8]);
            hasher.update(&id.0);
            let entry = Entry { kind, id };
            entries.push(Named { name, entry });
        }
        let id = ContentId(hasher.finish().short());
        self.folders.insert(id, entries.into());
        id
    }
}

impl Tree for ChartSnapshot {
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        let mut at = Entry {
            kind: EntryKind::Directory,
            id: self.0.root,
        };
        for name in path.split('/').filter(|n| !n.is_empty() && *n != ".") {
            if at.kind != EntryKind::Directory {
                return Ok(None);
            }
            let folder = self.folder(at.id)?;
            let Ok(i) = folder.binary_search_by(|e| e.name.as_ref().cmp(name)) else {
                return Ok(None);
            };
            at = folder[i].entry;
        }
        Ok(Some(at))
    }

    fn content(&self, id: ContentId) -> Result<Arc<[u8]>, TreeError> {
        let content = self.0.contents.get(&id);
        content.cloned().ok_or_else(|| self.unknown(id))
    }

    fn folder(&self, id: ContentId) -> Result<Arc<[Named]>, TreeError> {
        let folder = self.0.folders.get(&id);
        folder.cloned().ok_or_else(|| self.unknown(id))
    }
}

impl ChartSnapshot {
    fn unknown(&self, id: ContentId) -> TreeError {
        TreeError(format!("chart {} has no content {id:?}", self.0.digest).into())
    }
}
