//! What a render gives back.

use crate::diagnostic::{Diagnostic, Severity};
use crate::tool::Tool;
use std::sync::Arc;
use tree::ReadSet;
use value::Value;
use yaml::Lines;

/// An object and where it comes from.
#[derive(Clone, Debug)]
pub struct RenderedObject {
    /// The object.
    pub value: Value,
    /// The file, from the tree's root.
    pub file: Arc<str>,
    /// The line it begins on, from 1.
    pub line: u32,
    /// The lines of its document.
    lines: Arc<Lines>,
    /// Where in its document it stands: `/items/3` in a list.
    pointer: Box<str>,
    /// What changed it on its way, in order, if the renderer notes that.
    pub changes: Box<[kustomize::Change]>,
}

impl RenderedObject {
    /// Returns an object that stands at `pointer` in its document.
    #[must_use]
    pub fn new(value: Value, file: Arc<str>, lines: Arc<Lines>, pointer: &str) -> Self {
        Self {
            value,
            file,
            line: lines.near(pointer).unwrap_or(1),
            lines,
            pointer: pointer.into(),
            changes: Box::default(),
        }
    }

    /// Returns the object with what changed it on its way.
    #[must_use]
    pub fn with_changes(mut self, changes: Vec<kustomize::Change>) -> Self {
        self.changes = changes.into();
        self
    }

    /// Returns everything that had a hand in a part of the object: the file and line it comes from,
    /// and what changed it, in order.
    #[must_use]
    pub fn explain(&self, pointer: &str) -> Vec<kustomize::Change> {
        let first = kustomize::Change {
            pointer: pointer.to_owned(),
            file: Arc::clone(&self.file),
            line: self.line_of(pointer),
            what: "file",
        };
        let related = self
            .changes
            .iter()
            .filter(|change| change.concerns(pointer));
        std::iter::once(first).chain(related.cloned()).collect()
    }

    /// Returns the line of the file on which a part of the object begins, or else the nearest part
    /// around it.
    #[must_use]
    pub fn line_of(&self, pointer: &str) -> u32 {
        let whole = format!("{}{pointer}", self.pointer);
        self.lines.near(&whole).unwrap_or(self.line)
    }
}

/// What a tool makes of a folder.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// The objects, in the order of their files.
    pub objects: Vec<RenderedObject>,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

/// What a render gives back.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The tool that was used; nothing if the folder can't be found.
    pub tool: Option<Tool>,
    /// The objects, in the order of their files.
    pub objects: Vec<RenderedObject>,
    /// What is wrong, in the order of files.
    pub diagnostics: Vec<Diagnostic>,
    /// Everything that was looked at.
    pub read_set: ReadSet,
}

impl Rendered {
    /// Returns the errors among the diagnostics: with any of them, the objects don't count.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics
            .iter()
            .filter(|d| d.severity == Severity::Error)
    }
}
