//! What a render gives back.

use crate::diagnostic::{Diagnostic, Severity};
use crate::tool::Tool;
use helm::explain::PlaceKind;
use std::sync::Arc;
use tree::{ReadSet, join};
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
    /// What a chart wrote it with, if the renderer notes that.
    chart: Option<Arc<ChartOrigin>>,
}

/// Where an object of a chart comes from.
#[derive(Debug)]
struct ChartOrigin {
    trace: Arc<helm::explain::Trace>,
    manifest: helm::manifests::Manifest,
    /// The chart's folder.
    folder: Box<str>,
}

/// Something that had a hand in a part of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The part that it concerns, as a JSON pointer.
    pub pointer: String,
    /// A file from the tree's root, or what was given outside of it; empty if there is neither.
    pub place: String,
    /// The line, from 1; 0 if none is known.
    pub line: u32,
    /// True for files of the tree.
    pub in_tree: bool,
    /// What it did.
    pub what: String,
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
            chart: None,
        }
    }

    /// Returns the object with what changed it on its way.
    #[must_use]
    pub fn with_changes(mut self, changes: Vec<kustomize::Change>) -> Self {
        self.changes = changes.into();
        self
    }

    /// Returns the object with what its chart wrote it with.
    pub(crate) fn with_chart(
        mut self,
        trace: &Arc<helm::explain::Trace>,
        manifest: helm::manifests::Manifest,
        folder: &str,
    ) -> Self {
        self.chart = Some(Arc::new(ChartOrigin {
            trace: Arc::clone(trace),
            manifest,
            folder: folder.into(),
        }));
        self
    }

    /// Returns everything that had a hand in a part of the object: the file and line it comes from,
    /// and what changed it, in order. Of a chart's object, that is the template with the calls that
    /// led to it, and the values that it looked at with what set them.
    #[must_use]
    pub fn explain(&self, pointer: &str) -> Vec<Step> {
        if let Some(chart) = &self.chart {
            let steps = self.steps_of_chart(chart, pointer);
            if !steps.is_empty() {
                return steps;
            }
        }
        let first = Step {
            pointer: pointer.to_owned(),
            place: self.file.to_string(),
            line: self.line_of(pointer),
            in_tree: true,
            what: "file".to_owned(),
        };
        let related = self
            .changes
            .iter()
            .filter(|change| change.concerns(pointer))
            .map(|change| Step {
                pointer: change.pointer.clone(),
                place: change.file.to_string(),
                line: change.line,
                in_tree: true,
                what: change.what.to_owned(),
            });
        std::iter::once(first).chain(related).collect()
    }

    fn steps_of_chart(&self, chart: &ChartOrigin, pointer: &str) -> Vec<Step> {
        let whole = format!("{}{pointer}", self.pointer);
        let steps = chart.trace.explain(&chart.manifest, &whole).into_iter();
        let step = |step: helm::explain::Step| {
            let place = match step.place.split_once('/') {
                // Below the chart's own name stand its files.
                Some((_, inside)) if step.kind == PlaceKind::Chart => join(&chart.folder, inside),
                _ => step.place,
            };
            Step {
                pointer: pointer.to_owned(),
                place,
                line: step.line,
                in_tree: step.kind != PlaceKind::Given,
                what: step.what,
            }
        };
        steps.map(step).collect()
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
