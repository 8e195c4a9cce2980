//! Charts in folders of a repository.

use super::{Chart, File, LoadError};
use crate::engine::Cache;
use crate::ignore::Rules;
use std::sync::Arc;
use tree::{EntryKind, FollowError, Recording, join};

/// Largest file that a chart may have, as in Helm; folders in folders; files in all.
const FILE_BYTES_MAX: usize = 5 << 20;
const DEPTH_MAX: usize = 64;
const FILES_MAX: usize = 100_000;

/// Why a chart can't be loaded from a folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The files can't be read.
    #[error(transparent)]
    Read(#[from] FollowError),
    /// The files make no chart.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl Chart {
    /// Loads the chart in a folder.
    ///
    /// # Errors
    /// Fails if the files can't be read or make no chart.
    pub fn from_folder(files: &Recording<'_>, folder: &str) -> Result<Self, FolderError> {
        let rules = match files.read(&join(folder, ".helmignore"))? {
            Some(text) => Rules::parse(&String::from_utf8_lossy(&text)).map_err(LoadError)?,
            None => Rules::default(),
        };
        let mut walk = Walk {
            tree: files,
            rules,
            found: Vec::new(),
        };
        walk.folder(folder, "", 0)?;
        Ok(Self::from_files(walk.found)?)
    }

    /// Loads the chart in a folder, or remembers it. What is read of it counts as read either way.
    ///
    /// # Errors
    /// Fails like [`Chart::from_folder`].
    pub fn from_folder_cached(
        files: &Recording<'_>,
        folder: &str,
        cache: &Cache,
    ) -> Result<Arc<Self>, FolderError> {
        if let Some(chart) = cache.chart(files, folder).map_err(FollowError::from)? {
            return Ok(chart);
        }
        let before = files.mark();
        let chart = Arc::new(Self::from_folder(files, folder)?);
        cache.keep_chart(folder, files.reads_since(before), &chart);
        Ok(chart)
    }
}

struct Walk<'w, 't> {
    tree: &'w Recording<'t>,
    rules: Rules,
    found: Vec<File>,
}

impl Walk<'_, '_> {
    fn folder(&mut self, folder: &str, inside: &str, depth: usize) -> Result<(), FolderError> {
        if depth > DEPTH_MAX {
            return Err(LoadError(format!("folders are nested deeper than {DEPTH_MAX}")).into());
        }
        let Some(entries) = self.tree.list(folder)? else {
            return Err(LoadError(format!("{folder:?} is no folder")).into());
        };
        for entry in entries.iter() {
            let path = join(folder, &entry.name);
            let name = join(inside, &entry.name);
            let mut kind = entry.entry.kind;
            if kind == EntryKind::Link {
                match self.tree.find(&path)? {
                    Some(found) => kind = found.entry.kind,
                    None => return Err(LoadError(format!("{path:?} leads nowhere")).into()),
                }
            }
            match kind {
                EntryKind::Directory if !self.rules.ignores(&name, true) => {
                    self.folder(&path, &name, depth + 1)?;
                }
                EntryKind::File if !self.rules.ignores(&name, false) => self.file(&path, name)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &str, name: String) -> Result<(), FolderError> {
        let Some(data) = self.tree.read(path)? else {
            return Ok(());
        };
        if data.len() > FILE_BYTES_MAX {
            let size = data.len();
            return Err(LoadError(format!(
                "chart file {name:?} is larger than the maximum file size {FILE_BYTES_MAX}: {size}"
            ))
            .into());
        }
        if self.found.len() >= FILES_MAX {
            return Err(LoadError(format!("the chart has more than {FILES_MAX} files")).into());
        }
        let data = match data.strip_prefix(b"\xEF\xBB\xBF") {
            Some(rest) => rest.into(),
            None => data,
        };
        self.found.push(File { name, data });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tree::MemTree;

    #[test]
    fn a_chart_is_loaded_again_only_when_it_changed() {
        let tree = |text| {
            MemTree::new([
                (
                    "web/Chart.yaml",
                    "apiVersion: v2\nname: web\nversion: 1.0.0\n",
                ),
                ("web/.helmignore", "*.md\n"),
                ("web/README.md", text),
                ("web/values.yaml", text),
                ("other/a.yaml", text),
            ])
        };
        let cache = Cache::new();
        let load = |tree: &MemTree| {
            let files = Recording::new(tree);
            let chart = Chart::from_folder_cached(&files, "web", &cache).expect("it is a chart");
            (chart, files.into_read_set())
        };
        let (first, reads) = load(&tree("a: 1"));
        let (again, reads_again) = load(&tree("a: 1"));
        assert!(Arc::ptr_eq(&first, &again));
        assert_eq!(reads, reads_again);
        let (changed, _) = load(&tree("a: 2"));
        assert_eq!(changed.values.to_json(), r#"{"a":2}"#);
        assert!(Arc::ptr_eq(&first, &load(&tree("a: 1")).0));
    }
}
