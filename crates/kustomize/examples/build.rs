//! Prints what a folder of this machine builds to: `build FOLDER [--load-restrictor LoadRestrictionsNone]`.

use kustomize::{LoadRestrictor, Options, build};
use std::cell::RefCell;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tree::{ContentId, Entry, EntryKind, Named, Recording, Tree, TreeError};

/// The files below a folder. The id of a content is the number of its path.
struct Files {
    root: PathBuf,
    paths: RefCell<Vec<PathBuf>>,
}

impl Files {
    fn entry_of(&self, path: &Path) -> Option<Entry> {
        let metadata = path.symlink_metadata().ok()?;
        let kind = if metadata.is_symlink() {
            EntryKind::Link
        } else if metadata.is_dir() {
            EntryKind::Directory
        } else {
            EntryKind::File
        };
        let mut paths = self.paths.borrow_mut();
        let mut id = [0; 20];
        id[..8].copy_from_slice(&(paths.len() as u64).to_le_bytes());
        paths.push(path.to_owned());
        Some(Entry {
            kind,
            id: ContentId(id),
        })
    }

    fn path_of(&self, id: ContentId) -> PathBuf {
        let mut number = [0; 8];
        number.copy_from_slice(&id.0[..8]);
        let number = usize::try_from(u64::from_le_bytes(number)).unwrap_or(usize::MAX);
        self.paths.borrow().get(number).cloned().unwrap_or_default()
    }
}

impl Tree for Files {
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        Ok(self.entry_of(&self.root.join(path)))
    }

    fn content(&self, id: ContentId) -> Result<Arc<[u8]>, TreeError> {
        let path = self.path_of(id);
        let read = || -> std::io::Result<Vec<u8>> {
            if path.is_symlink() {
                let target = std::fs::read_link(&path)?;
                return Ok(target.into_os_string().into_encoded_bytes());
            }
            std::fs::read(&path)
        };
        Ok(read().map_err(|e| TreeError(e.into()))?.into())
    }

    fn folder(&self, id: ContentId) -> Result<Arc<[Named]>, TreeError> {
        let path = self.path_of(id);
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(&path).map_err(|e| TreeError(e.into()))? {
            let entry = entry.map_err(|e| TreeError(e.into()))?;
            if let Some(found) = self.entry_of(&entry.path()) {
                let name = entry.file_name().to_string_lossy().into();
                entries.push(Named { name, entry: found });
            }
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries.into())
    }
}

#[expect(clippy::print_stdout, reason = "it is what the example is for")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let allows_all = arguments.iter().any(|a| a == "LoadRestrictionsNone");
    arguments.retain(|a| !a.starts_with("--") && a != "LoadRestrictionsNone");
    let folder = arguments.first().map_or(".", String::as_str);
    let folder = std::fs::canonicalize(folder)?;
    let root = folder.ancestors().find(|f| f.join(".git").exists());
    let root = root.unwrap_or(&folder).to_owned();
    let inside = folder.strip_prefix(&root)?.to_string_lossy().into_owned();
    let files = Files {
        root,
        paths: RefCell::default(),
    };
    let options = Options {
        load_restrictor: if allows_all {
            LoadRestrictor::None
        } else {
            LoadRestrictor::RootOnly
        },
        ..Options::default()
    };
    let built = build(&Recording::new(&files), &inside, &options)?;
    for (i, object) in built.objects.iter().enumerate() {
        if i > 0 {
            println!("---");
        }
        print!("{}", yaml::to_yaml_through_json(&object.value)?);
    }
    Ok(())
}
