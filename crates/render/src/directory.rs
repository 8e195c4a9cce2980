//! Folders with plain manifests.

mod file;

use crate::diagnostic::Diagnostic;
use crate::object::Output;
use crate::request::{Depth, Directory, Request};
use crate::tool::Renderer;
use tree::{EntryKind, FollowError, Recording, TreeError, join};
use value::glob::Glob;

/// Folders inside one another that are read.
const DEPTH_MAX: usize = 64;
/// In a file, says that it isn't to be rendered.
const SKIP_MARKER: &[u8] = b"+argocd:skip-file-rendering";

/// Reads plain manifests as Argo CD does: all YAML and JSON files in the order of their names,
/// hidden ones included, minus those that a pattern leaves out.
#[derive(Clone, Copy, Debug, Default)]
pub struct DirectoryRenderer;

impl Renderer for DirectoryRenderer {
    fn render(&self, tree: &Recording<'_>, request: &Request) -> Result<Output, TreeError> {
        let mut walk = Walk {
            tree,
            request,
            filter: Filter::default(),
            bytes_left: request.manifest_bytes_max,
            output: Output::default(),
        };
        walk.filter = match Filter::new(&request.directory) {
            Ok(filter) => filter,
            Err(message) => {
                let diagnostic = Diagnostic::error(&request.path, message);
                walk.output.diagnostics.push(diagnostic);
                return Ok(walk.output);
            }
        };
        walk.folder("", 0)?;
        Ok(walk.output)
    }
}

/// The files that patterns leave in. They know no separators: `*` crosses folders.
#[derive(Default)]
struct Filter {
    include: Option<Glob>,
    exclude: Option<Glob>,
}

impl Filter {
    fn new(directory: &Directory) -> Result<Self, String> {
        let glob = |name: &str, pattern: &str| {
            if pattern.is_empty() {
                return Ok(None);
            }
            Glob::new(pattern, &[])
                .map(Some)
                .map_err(|e| format!("directory.{name} pattern {pattern:?}: {e}"))
        };
        Ok(Self {
            include: glob("include", &directory.include)?,
            exclude: glob("exclude", &directory.exclude)?,
        })
    }

    fn takes(&self, relative: &str) -> bool {
        !self.exclude.as_ref().is_some_and(|g| g.matches(relative))
            && self.include.as_ref().is_none_or(|g| g.matches(relative))
    }
}

fn is_manifest(name: &str) -> bool {
    // What overrides the source is none.
    !name.starts_with(".argocd-source")
        && [".yaml", ".yml", ".json", ".jsonnet"]
            .iter()
            .any(|extension| name.ends_with(extension))
}

struct Walk<'w> {
    tree: &'w Recording<'w>,
    request: &'w Request,
    filter: Filter,
    bytes_left: usize,
    output: Output,
}

impl Walk<'_> {
    /// Reads a folder; `relative` is its path below the source's.
    fn folder(&mut self, relative: &str, depth: usize) -> Result<(), TreeError> {
        let path = join(&self.request.path, relative);
        if depth > DEPTH_MAX {
            let message = format!("folders are nested deeper than {DEPTH_MAX} levels");
            self.output
                .diagnostics
                .push(Diagnostic::error(&path, message));
            return Ok(());
        }
        let entries = match self.tree.list(&path) {
            Ok(entries) => entries,
            Err(error) => return self.report(&path, error),
        };
        for named in entries.iter().flat_map(|entries| entries.iter()) {
            let relative = join(relative, &named.name);
            match named.entry.kind {
                EntryKind::Directory if self.request.directory.depth == Depth::Recursive => {
                    self.folder(&relative, depth + 1)?;
                }
                EntryKind::Directory | EntryKind::Submodule => {}
                EntryKind::File | EntryKind::Link if !is_manifest(&named.name) => {}
                EntryKind::File | EntryKind::Link => self.file(&relative, named.entry.kind)?,
            }
        }
        Ok(())
    }

    /// Turns what a path's links did wrong into a diagnostic.
    fn report(&mut self, path: &str, error: FollowError) -> Result<(), TreeError> {
        match error {
            FollowError::Tree(error) => Err(error),
            error => {
                let diagnostic = Diagnostic::error(path, error.to_string());
                self.output.diagnostics.push(diagnostic);
                Ok(())
            }
        }
    }

    fn warn(&mut self, path: &str, message: &str) {
        self.output
            .diagnostics
            .push(Diagnostic::warning(path, message));
    }

    fn file(&mut self, relative: &str, kind: EntryKind) -> Result<(), TreeError> {
        let path = join(&self.request.path, relative);
        if kind == EntryKind::Link {
            match self.tree.find(&path) {
                Err(error) => return self.report(&path, error),
                Ok(None) => {
                    self.warn(&path, "the symbolic link leads nowhere: skipped");
                    return Ok(());
                }
                Ok(Some(found)) if found.entry.kind != EntryKind::File => {
                    self.warn(&path, "the symbolic link doesn't lead to a file: skipped");
                    return Ok(());
                }
                Ok(Some(_)) => {}
            }
        }
        if !self.filter.takes(relative) {
            return Ok(());
        }
        let bytes = match self.tree.read(&path) {
            Ok(bytes) => bytes.unwrap_or_default(),
            Err(error) => return self.report(&path, error),
        };
        if contains(&bytes, SKIP_MARKER) {
            return Ok(());
        }
        if path.ends_with(".jsonnet") {
            let message = "Jsonnet is not supported yet";
            self.output
                .diagnostics
                .push(Diagnostic::error(&path, message));
            return Ok(());
        }
        match self.bytes_left.checked_sub(bytes.len()) {
            Some(left) => self.bytes_left = left,
            None => {
                let max = self.request.manifest_bytes_max;
                let message = format!("the manifests are larger than {max} bytes together");
                self.output
                    .diagnostics
                    .push(Diagnostic::error(&path, message));
                return Ok(());
            }
        }
        file::read(&path, &bytes, &mut self.output);
        Ok(())
    }
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|w| w == what)
}
