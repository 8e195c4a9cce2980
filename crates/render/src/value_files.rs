//! The files of values that a source names: its own, those of other sources, and globs over both.

use crate::chart::Failure;
use tree::{EntryKind, Recording, join};
use value::doublestar::PathGlob;

/// Folders that one glob may look into.
const FOLDERS_MAX: usize = 10_000;

/// Trees of the other sources of an application, by the names that they are given with `ref`.
pub type References<'r> = [(&'r str, &'r Recording<'r>)];

/// A file, by the tree that it is in.
#[derive(Clone)]
pub(crate) struct Place<'t> {
    pub(crate) tree: &'t Recording<'t>,
    pub(crate) path: String,
}

impl Place<'_> {
    fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self.tree, other.tree) && self.path == other.path
    }
}

/// Returns where a file is that is named from the chart's folder, from the root, or from the root of
/// another source.
pub(crate) fn place<'t>(
    own: &'t Recording<'t>,
    folder: &str,
    references: &'t References<'t>,
    file: &str,
) -> Place<'t> {
    if let Some((name, path)) = file.strip_prefix('$').and_then(|f| f.split_once('/'))
        && let Some((_, tree)) = references.iter().find(|(known, _)| *known == name)
    {
        let path = path.to_owned();
        return Place { tree, path };
    }
    let path = match file.strip_prefix('/') {
        Some(path) => path.to_owned(),
        None => join(folder, file),
    };
    Place { tree: own, path }
}

/// Returns the files that a list of names and globs stands for, each once and in the order in which
/// they count: a file that is also named itself counts where it is named.
pub(crate) fn expand<'t>(
    names: &[String],
    place: impl Fn(&str) -> Place<'t>,
    may_be_missing: bool,
) -> Result<Vec<Place<'t>>, Failure> {
    let places: Vec<Place<'t>> = names.iter().map(|name| place(name)).collect();
    let named = |found: &Place<'t>| {
        let mut plain = places.iter().filter(|p| !is_glob(&p.path));
        plain.any(|p| p.is(found))
    };
    let mut files: Vec<Place<'t>> = Vec::new();
    for (name, place) in names.iter().zip(&places) {
        if !is_glob(&place.path) {
            if !files.iter().any(|f| f.is(place)) {
                files.push(place.clone());
            }
            continue;
        }
        let found = glob(place, name)?;
        if found.is_empty() && !may_be_missing {
            return Err(format!("values file glob {name:?} matched no files").into());
        }
        for file in found {
            if !named(&file) && !files.iter().any(|f| f.is(&file)) {
                files.push(file);
            }
        }
    }
    Ok(files)
}

fn is_glob(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// Returns the files that fit a glob, sorted by path.
fn glob<'t>(place: &Place<'t>, name: &str) -> Result<Vec<Place<'t>>, Failure> {
    let glob = PathGlob::new(&place.path)
        .map_err(|e| format!("error expanding glob pattern {name:?}: {e}"))?;
    // Only what lies below the part without globs can fit.
    let fixed = place.path.split('/').take_while(|part| !is_glob(part));
    let start = fixed.collect::<Vec<_>>().join("/");
    let is_deep = place.path.contains("**");
    let depth = place.path.split('/').count();
    let mut found = Vec::new();
    let mut pending = vec![start];
    let mut folders = 0;
    while let Some(folder) = pending.pop() {
        folders += 1;
        if folders > FOLDERS_MAX {
            return Err(format!("glob {name:?} looks into more than {FOLDERS_MAX} folders").into());
        }
        for entry in place.tree.list(&folder)?.iter().flat_map(|e| e.iter()) {
            let path = join(&folder, &entry.name);
            match entry.entry.kind {
                EntryKind::Directory if is_deep || path.split('/').count() < depth => {
                    pending.push(path);
                }
                EntryKind::File | EntryKind::Link if glob.matches(&path) => found.push(path),
                _ => {}
            }
        }
    }
    found.sort_unstable();
    let tree = place.tree;
    Ok(found.into_iter().map(|path| Place { tree, path }).collect())
}
