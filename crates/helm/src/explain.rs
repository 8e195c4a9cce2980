//! Which template wrote a field, and which values it looked at.
//!
//! A render that notes it ([`crate::template::Request::trace`]) leaves a [`Trace`]. The text of a
//! field is found by its line; where a template was included and indented, the line is found in what
//! that template wrote.

mod layers;

pub use layers::Layer;

use crate::chart::Chart;
use crate::engine::MARK;
use crate::manifests::Manifest;
use gotemplate::{Included, Origin, Path, Written};
use std::collections::BTreeMap;
use value::Value;

/// Templates inside each other that are followed.
const DEPTH_MAX: usize = 64;
/// Characters of a value that are shown.
const SHOWN_MAX: usize = 80;

/// What a rendered file was written by.
#[derive(Clone, Debug)]
pub(crate) struct FileTrace {
    pieces: Vec<Written>,
    /// Where marks were taken out of the text.
    marks: Vec<usize>,
}

impl FileTrace {
    /// Returns the trace of a text with its marks still in it.
    pub(crate) fn new(text: &[u8], pieces: Vec<Written>) -> Self {
        let marks = memchr::memmem::find_iter(text, MARK).collect();
        Self { pieces, marks }
    }

    /// Returns where an offset was before the marks were taken out.
    fn before(&self, offset: usize) -> usize {
        let mut at = offset;
        for mark in &self.marks {
            if *mark <= at {
                at += MARK.len();
            }
        }
        at
    }
}

/// Something that had a hand in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// A file, from the chart's name on, or what was given on a command line. Empty if there is none.
    pub place: String,
    /// The line, from 1; 0 if none is known.
    pub line: u32,
    /// What the place is.
    pub kind: PlaceKind,
    /// What it did.
    pub what: String,
}

/// What a [`Step`]'s place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceKind {
    /// A file of the chart, by its path from the chart's name on.
    Chart,
    /// A file that values were read from, beside the chart.
    File,
    /// What somebody gave by hand, or nothing.
    Given,
}

/// Where everything comes from that a chart rendered.
#[derive(Clone, Debug)]
pub struct Trace {
    files: BTreeMap<String, FileTrace>,
    values: Value,
    /// Where values come from, lowest precedence first.
    layers: Vec<Layer>,
}

impl Trace {
    pub(crate) fn new(chart: &Chart, values: Value, files: BTreeMap<String, FileTrace>) -> Self {
        Self {
            files,
            values,
            layers: layers::of_chart(chart),
        }
    }

    /// Adds where the user's values come from, lowest precedence first.
    pub fn add_layers(&mut self, layers: impl IntoIterator<Item = Layer>) {
        self.layers.extend(layers);
    }

    /// Returns what had a hand in a part of a manifest: the template that wrote it, the calls that led
    /// there, and the values that it looked at, with what set them.
    #[must_use]
    pub fn explain(&self, manifest: &Manifest, pointer: &str) -> Vec<Step> {
        let Some(file) = self.files.get(&manifest.path) else {
            return Vec::new();
        };
        let Some((start, line)) = line_of(manifest, pointer) else {
            return Vec::new();
        };
        let from = file.before(manifest.offset + start);
        let part = value_part(line);
        let value = from + part.0..file.before(manifest.offset + start + part.1);
        let mut found = Vec::new();
        collect(&file.pieces, value, line.trim(), 0, &mut found);
        self.steps(&found, manifest, pointer)
    }

    fn steps(&self, found: &[(Origin, &Written)], manifest: &Manifest, pointer: &str) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut add = |step: Step| {
            if !steps.contains(&step) {
                steps.push(step);
            }
        };
        let step = |origin: &Origin, what: &str| {
            let (name, line) = origin.place();
            Step {
                place: name.to_owned(),
                line,
                kind: PlaceKind::Chart,
                what: what.to_owned(),
            }
        };
        for (origin, _) in found {
            add(step(origin, "template"));
        }
        for (_, written) in found {
            for call in written.calls.iter().rev() {
                add(step(call, "called it"));
            }
        }
        let target = manifest.object.pointer(pointer);
        for (_, written) in found {
            for path in &written.reads {
                add(self.read(&self.refined(path, pointer, target)));
            }
        }
        steps
    }

    /// Goes on from a table that was written as a whole to the part of it that is asked about.
    fn refined(&self, path: &Path, pointer: &str, target: Option<&Value>) -> Vec<String> {
        let path: Vec<String> = path.iter().map(ToString::to_string).collect();
        let found = layers::at(&self.values, &path);
        let (Some(target), Some(table)) = (target, found) else {
            return path;
        };
        if !matches!(table, Value::Object(_) | Value::Array(_)) {
            return path;
        }
        let tokens: Vec<String> = value::pointer::tokens(pointer)
            .map(|token| token.to_string())
            .collect();
        for from in 0..tokens.len() {
            let rest = &tokens[from..];
            if layers::at(table, rest).is_some_and(|value| value.equivalent(target)) {
                return path.into_iter().chain(rest.iter().cloned()).collect();
            }
        }
        path
    }

    /// Says what set a value.
    fn read(&self, path: &[String]) -> Step {
        let shown = layers::dotted(path);
        let Some(value) = layers::at(&self.values, path).filter(|value| !value.is_null()) else {
            return Step {
                place: String::new(),
                line: 0,
                kind: PlaceKind::Given,
                what: format!("{shown} is not set"),
            };
        };
        let mut text = value.to_json();
        if text.chars().count() > SHOWN_MAX {
            text = text.chars().take(SHOWN_MAX).collect();
            text.push_str("...");
        }
        let what = format!("{shown} = {text}");
        match layers::origin(&self.layers, path) {
            Some((layer, line)) => Step {
                place: layer.name.clone(),
                line,
                kind: layer.kind,
                what,
            },
            None => Step {
                place: String::new(),
                line: 0,
                kind: PlaceKind::Given,
                what,
            },
        }
    }
}

/// Returns the line of the text on which a part of a manifest begins, and where that line starts.
fn line_of<'m>(manifest: &'m Manifest, pointer: &str) -> Option<(usize, &'m str)> {
    let decoded = yaml::v2::decode(manifest.text.as_bytes()).ok()?;
    let number = decoded.lines.near(pointer)? as usize;
    let mut start = 0;
    for (i, line) in manifest.text.split_inclusive('\n').enumerate() {
        if i + 1 == number {
            let line = line.trim_end();
            // A block of text begins on the line behind.
            return Some((start, line));
        }
        start += line.len();
    }
    None
}

/// Returns where on a line the value stands: behind `key: `, or else all but the white space.
fn value_part(line: &str) -> (usize, usize) {
    let text = line.trim_start();
    let start = line.len() - text.len();
    let entry = text.trim_start_matches("- ");
    let start_of_entry = start + (text.len() - entry.len());
    let value = match entry.find(": ") {
        Some(at) => start_of_entry + at + 2,
        None => start_of_entry,
    };
    (value, line.len().max(value + 1))
}

/// Collects what wrote a range of a text, whose line is known.
fn collect<'w>(
    pieces: &'w [Written],
    range: std::ops::Range<usize>,
    line: &str,
    depth: usize,
    found: &mut Vec<(Origin, &'w Written)>,
) {
    let overlaps = |w: &&Written| w.start < range.end && range.start < w.end;
    let mut texts = Vec::new();
    let before = found.len();
    for piece in pieces.iter().filter(overlaps) {
        if piece.is_text() {
            texts.push((piece.origin(range.start.max(piece.start)), piece));
        } else if !inside(piece, line, depth, found) {
            found.push((piece.origin(range.start), piece));
        }
    }
    if found.len() == before {
        found.extend(texts.into_iter().next());
    }
}

/// Looks for a line in what an action included; returns true if it is there.
fn inside<'w>(
    piece: &'w Written,
    line: &str,
    depth: usize,
    found: &mut Vec<(Origin, &'w Written)>,
) -> bool {
    if depth > DEPTH_MAX {
        return false;
    }
    for Included { text, pieces } in &piece.included {
        let whole = text.lossy();
        let mut start = 0;
        for own in whole.split_inclusive('\n') {
            if own.trim() == line {
                let part = value_part(own.trim_end());
                let range = start + part.0..start + part.1;
                collect(pieces, range, line, depth + 1, found);
                return true;
            }
            start += own.len();
        }
        let word = whole.trim();
        if !word.is_empty() && !word.contains('\n') && line.contains(word) {
            collect(pieces, 0..whole.len(), word, depth + 1, found);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
