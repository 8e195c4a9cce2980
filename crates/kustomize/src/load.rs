//! The files that a kustomization may read.

use crate::error::{Error, Result, mistake};
use crate::remote::RepoSpec;
use std::rc::Rc;
use std::sync::Arc;
use tree::{EntryKind, Found, Recording, Tree};

/// Where files come from.
#[derive(Clone)]
pub(crate) enum Files<'b> {
    /// The tree that is built.
    Main(&'b Recording<'b>),
    /// A tree of another repository. It is pinned, so that nothing read there needs to be noted.
    Remote(Arc<dyn Tree>),
}

impl Files<'_> {
    pub(crate) fn with<T>(&self, look: impl FnOnce(&Recording<'_>) -> T) -> T {
        match self {
            Self::Main(recording) => look(recording),
            Self::Remote(tree) => look(&Recording::new(tree.as_ref())),
        }
    }

    fn find(&self, path: &str) -> Result<Option<Found>> {
        Ok(self.with(|recording| recording.find(path))?)
    }
}

/// Whether files outside a kustomization's folder may be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadRestrictor {
    /// They may not.
    #[default]
    RootOnly,
    /// They may, inside the repository.
    None,
}

/// A kustomization's folder, and the one that refers to it.
#[derive(Clone)]
pub(crate) struct Loader<'b> {
    pub(crate) files: Files<'b>,
    /// The folder, from the tree's root; `""` is the root itself.
    pub(crate) root: String,
    parent: Option<Rc<Loader<'b>>>,
    pub(crate) repo: Option<Rc<RepoSpec>>,
    pub(crate) restrictor: LoadRestrictor,
    above_root: AboveRoot,
    pub(crate) depth: usize,
}

/// What `..` means at the root of the tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AboveRoot {
    /// It leads out of the repository, which is a mistake.
    #[default]
    Outside,
    /// It is the root itself, as in a file system.
    Root,
}

/// A file and what it holds.
pub(crate) struct File {
    /// Its path from the tree's root, links followed.
    pub(crate) path: Arc<str>,
    pub(crate) bytes: Arc<[u8]>,
}

impl<'b> Loader<'b> {
    pub(crate) fn new(
        recording: &'b Recording<'b>,
        root: &str,
        restrictor: LoadRestrictor,
        above_root: AboveRoot,
    ) -> Self {
        Self {
            files: Files::Main(recording),
            root: root.to_owned(),
            parent: None,
            repo: None,
            restrictor,
            above_root,
            depth: 0,
        }
    }

    /// Returns the folder as people see it.
    pub(crate) fn display_root(&self) -> String {
        format!("/{}", self.root)
    }

    /// Returns true if everything is read from the tree that is built.
    pub(crate) const fn is_main(&self) -> bool {
        matches!(self.files, Files::Main(_))
    }

    pub(crate) fn resolve(&self, path: &str) -> Result<String> {
        let whole = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("{}/{path}", self.root)
        };
        let mut names: Vec<&str> = Vec::new();
        for name in whole.split('/') {
            match name {
                "" | "." => {}
                ".." => {
                    if names.pop().is_none() && self.above_root == AboveRoot::Outside {
                        return Err(mistake!("'{path}' leads out of the repository"));
                    }
                }
                name => names.push(name),
            }
        }
        Ok(names.join("/"))
    }

    /// Reads a file.
    pub(crate) fn load(&self, path: &str) -> Result<File> {
        if is_remote_file(path) {
            return Err(mistake!(
                "remote file '{path}' can't be read: it must be part of the repository"
            ));
        }
        if has_ambiguous_segment(path) {
            return Err(mistake!(
                "path {path:?} is ambiguous: it holds '..' inside a name; check for YAML indentation \
                 errors in your kustomization file"
            ));
        }
        let resolved = self.resolve(path)?;
        let Some(found) = self.files.find(&resolved)? else {
            return Err(missing(&resolved));
        };
        if found.entry.kind != EntryKind::File {
            return Err(mistake!("'/{resolved}' must resolve to a file"));
        }
        if self.restrictor == LoadRestrictor::RootOnly && !is_in_or_below(&found.path, &self.root) {
            return Err(mistake!(
                "security; file '/{resolved}' is not in or below '{}'",
                self.display_root()
            ));
        }
        let bytes = self.files.with(|recording| recording.read(&found.path))?;
        let bytes = bytes.ok_or_else(|| missing(&resolved))?;
        Ok(File {
            path: found.path.into(),
            bytes,
        })
    }

    /// Returns the file of a name in the folder itself, if there is one.
    pub(crate) fn load_own(&self, name: &str) -> Result<Option<File>> {
        let path = tree::join(&self.root, name);
        match self.files.find(&path)? {
            Some(found) if found.entry.kind == EntryKind::File => self.load(name).map(Some),
            _ => Ok(None),
        }
    }

    /// Returns true if there is a folder.
    pub(crate) fn has_folder(&self, path: &str) -> Result<bool> {
        let found = self.files.find(&self.resolve(path)?)?;
        Ok(found.is_some_and(|f| f.entry.kind == EntryKind::Directory))
    }

    /// Returns the loader of another folder of the same tree.
    pub(crate) fn enter(self: &Rc<Self>, path: &str) -> Result<Self> {
        if path.is_empty() {
            return Err(Error::new("new root cannot be empty"));
        }
        if path.starts_with('/') {
            return Err(mistake!("new root '{path}' cannot be absolute"));
        }
        if has_ambiguous_segment(path) {
            return Err(mistake!(
                "path {path:?} is ambiguous: resolves to {:?} after normalization, which is likely \
                 not the intended target; check for YAML indentation errors in your kustomization file",
                self.resolve(path).unwrap_or_default()
            ));
        }
        let no_directory = |e: Error| e.context("must build at directory");
        let resolved = self.resolve(path).map_err(no_directory)?;
        let found = self.files.find(&resolved).map_err(no_directory)?;
        let found = found
            .ok_or_else(|| no_directory(missing(&resolved).context("not a valid directory")))?;
        if found.entry.kind != EntryKind::Directory {
            return Err(no_directory(mistake!(
                "file is not directory: '/{resolved}'"
            )));
        }
        let mut ancestor = Some(self.as_ref());
        while let Some(loader) = ancestor {
            let is_same_tree =
                loader.repo.as_ref().map(Rc::as_ptr) == self.repo.as_ref().map(Rc::as_ptr);
            if is_same_tree && is_in_or_below(&loader.root, &found.path) {
                return Err(mistake!(
                    "cycle detected: candidate root '/{}' contains visited root '{}'",
                    found.path,
                    loader.display_root()
                ));
            }
            ancestor = loader.parent.as_deref();
        }
        Ok(Self {
            files: self.files.clone(),
            root: found.path,
            parent: Some(Rc::clone(self)),
            repo: self.repo.clone(),
            restrictor: self.restrictor,
            above_root: self.above_root,
            depth: self.depth + 1,
        })
    }

    /// Returns the loader of a folder of another repository.
    pub(crate) fn enter_remote(
        self: &Rc<Self>,
        spec: RepoSpec,
        tree: Arc<dyn Tree>,
    ) -> Result<Self> {
        let mut ancestor = Some(self.as_ref());
        while let Some(loader) = ancestor {
            if let Some(repo) = &loader.repo
                && repo.raw.starts_with(&spec.raw)
            {
                return Err(mistake!(
                    "cycle detected: URI '{}' referenced by previous URI '{}'",
                    spec.raw,
                    repo.raw
                ));
            }
            ancestor = loader.parent.as_deref();
        }
        let files = Files::Remote(tree);
        let Some(found) = files.find(&spec.path)? else {
            return Err(mistake!("'{}' has no folder '/{}'", spec.raw, spec.path));
        };
        if found.entry.kind != EntryKind::Directory {
            return Err(mistake!(
                "'/{}' refers to file '{}'; expecting directory",
                spec.path,
                spec.path
            ));
        }
        Ok(Self {
            files,
            root: found.path,
            parent: Some(Rc::clone(self)),
            repo: Some(Rc::new(spec)),
            restrictor: LoadRestrictor::RootOnly,
            above_root: AboveRoot::Outside,
            depth: self.depth + 1,
        })
    }
}

fn missing(path: &str) -> Error {
    mistake!("evalsymlink failure on '/{path}' : lstat /{path}: no such file or directory")
}

fn is_in_or_below(path: &str, root: &str) -> bool {
    root.is_empty()
        || path
            .strip_prefix(root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

pub(crate) fn is_remote_file(path: &str) -> bool {
    path.starts_with("http://") || path.starts_with("https://")
}

/// Two entries of a list that run together by an indentation error look like this.
fn has_ambiguous_segment(path: &str) -> bool {
    path.split('/')
        .any(|name| name != ".." && name.contains(".."))
}
