//! Where output comes from: which part of which template wrote it, and which values it looked at.
//!
//! Nothing of this is noted unless somebody asks. Maps and lists of the values are known by identity,
//! so that what is read through variables, `with`, or the argument of an `include` has its path too.

use crate::ast::Source;
use crate::text::Str;
use crate::value::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// The keys that lead to a value.
pub type Path = Arc<[Box<str>]>;

/// A place in a template.
#[derive(Clone, Debug)]
pub struct Origin {
    source: Arc<Source>,
    position: u32,
}

impl Origin {
    /// Returns the template's file and the line, from 1.
    #[must_use]
    pub fn place(&self) -> (&str, u32) {
        (&self.source.name, self.source.line(self.position))
    }

    fn behind(&self, bytes: usize) -> Self {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Self {
            source: Arc::clone(&self.source),
            position: self.position.saturating_add(bytes),
        }
    }
}

/// A piece of output.
#[derive(Clone, Debug)]
pub struct Written {
    /// Where it begins in the output.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What wrote it: text, or an action.
    origin: Origin,
    is_text: bool,
    /// The calls of templates on the way to it, outermost first.
    pub calls: Vec<Origin>,
    /// The values that the action looked at.
    pub reads: Vec<Path>,
    /// What the templates wrote that the action included.
    pub included: Vec<Included>,
}

impl Written {
    /// Returns true for text, false for what an action wrote.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        self.is_text
    }

    /// Returns where in a template the byte at an offset of the output comes from.
    #[must_use]
    pub fn origin(&self, at: usize) -> Origin {
        if self.is_text {
            self.origin.behind(at.saturating_sub(self.start))
        } else {
            self.origin.clone()
        }
    }
}

/// What a template wrote for a function that asked for it.
#[derive(Clone, Debug)]
pub struct Included {
    /// Its output.
    pub text: Str,
    /// Where that comes from.
    pub pieces: Vec<Written>,
}

/// What is noted while templates are executed.
#[derive(Default)]
pub(crate) struct Tracer {
    /// Paths of maps and lists by identity, which are kept: if one went away, another could have its
    /// identity.
    paths: HashMap<usize, (Path, Value)>,
    /// One for each output that is being written, outermost first.
    outputs: Vec<Output>,
    calls: Vec<Origin>,
    /// What was read, for each action or condition that is being evaluated.
    reads: Vec<Vec<Path>>,
    /// What was read for the dot of `with` and `range`.
    dots: Vec<Vec<Path>>,
    /// What was read for variables, by the execution they belong to and their place in it.
    variables: HashMap<(usize, usize), Vec<Path>>,
}

#[derive(Debug, Default)]
struct Output {
    pieces: Vec<Written>,
    included: Vec<Included>,
    dots: usize,
}

impl Tracer {
    /// Returns a tracer that knows the paths of all that is in the values.
    pub(crate) fn new(values: &Value) -> Self {
        let mut tracer = Self {
            outputs: vec![Output::default()],
            ..Self::default()
        };
        let mut pending: Vec<(Value, Vec<Box<str>>)> = vec![(values.clone(), Vec::new())];
        while let Some((value, path)) = pending.pop() {
            let child = |name: &str| {
                let mut path = path.clone();
                path.push(name.into());
                path
            };
            match &value {
                Value::Map(map) => {
                    let members = map.to_vec();
                    pending.extend(members.into_iter().map(|(k, v)| (v, child(&k.lossy()))));
                }
                Value::List(list) => {
                    let items = list.to_vec().into_iter().enumerate();
                    pending.extend(items.map(|(i, v)| (v, child(&i.to_string()))));
                }
                _ => continue,
            }
            if let Some(id) = identity(&value) {
                tracer.paths.insert(id, (path.into(), value));
            }
        }
        tracer
    }

    fn path(&self, value: &Value) -> Option<Path> {
        let (path, _) = self.paths.get(&identity(value)?)?;
        Some(Arc::clone(path))
    }

    fn read(&mut self, path: Path) {
        if let Some(reads) = self.reads.last_mut()
            && !reads.contains(&path)
        {
            // What leads to it needs no mention.
            if let Some(last) = reads.last()
                && last.len() + 1 == path.len()
                && path.starts_with(last)
            {
                reads.pop();
            }
            reads.push(path);
        }
    }

    /// Notes that a member of a map was looked at.
    pub(crate) fn key(&mut self, map: &Value, key: &[u8]) {
        if let Some(path) = self.path(map) {
            let mut path = path.to_vec();
            path.push(crate::text::lossy(key).into());
            self.read(path.into());
        }
    }

    /// Notes that the dot was looked at.
    pub(crate) fn dot(&mut self, dot: &Value) {
        match self.path(dot) {
            Some(path) if path.is_empty() => {}
            Some(path) => self.read(path),
            None => {
                let own = self.outputs.last().map_or(0, |output| output.dots);
                let inner = self.dots.get(own..).and_then(<[_]>::last).cloned();
                inner.into_iter().flatten().for_each(|path| self.read(path));
            }
        }
    }

    /// Notes that a variable was looked at.
    pub(crate) fn variable(&mut self, exec: usize, index: usize, value: &Value) {
        match self.path(value) {
            Some(path) if !path.is_empty() => self.read(path),
            _ => {
                let known = self.variables.get(&(exec, index)).cloned();
                known.into_iter().flatten().for_each(|path| self.read(path));
            }
        }
    }

    /// Notes that a variable is what the pipeline gives that is being evaluated.
    pub(crate) fn set_variable(&mut self, exec: usize, index: usize) {
        let reads = self.reads.last().cloned().unwrap_or_default();
        self.variables.insert((exec, index), reads);
    }

    /// An action or condition begins.
    pub(crate) fn begin(&mut self) {
        self.reads.push(Vec::new());
    }

    /// An action or condition ends; returns what it read. That counts for what it is a part of, too.
    fn end(&mut self) -> Vec<Path> {
        let reads = self.reads.pop().unwrap_or_default();
        for path in &reads {
            self.read(Arc::clone(path));
        }
        reads
    }

    /// A condition ends; its body may look at the dot.
    pub(crate) fn enter_body(&mut self, moves_dot: bool) {
        let reads = self.end();
        if moves_dot {
            self.dots.push(reads);
        } else {
            let outer = self.dots.last().cloned().unwrap_or_default();
            self.dots.push(outer);
        }
    }

    /// A body ends.
    pub(crate) fn leave_body(&mut self) {
        self.dots.pop();
    }

    /// Text was written.
    pub(crate) fn text(&mut self, source: &Arc<Source>, position: u32, start: usize, end: usize) {
        self.piece(source, position, start, end, Vec::new(), true);
    }

    /// An action has written something, or nothing.
    pub(crate) fn action(&mut self, source: &Arc<Source>, position: u32, start: usize, end: usize) {
        let reads = self.end();
        self.piece(source, position, start, end, reads, false);
    }

    fn piece(
        &mut self,
        source: &Arc<Source>,
        position: u32,
        start: usize,
        end: usize,
        reads: Vec<Path>,
        is_text: bool,
    ) {
        let calls = self.calls.clone();
        let Some(output) = self.outputs.last_mut() else {
            return;
        };
        let included = if is_text {
            Vec::new()
        } else {
            std::mem::take(&mut output.included)
        };
        if start < end {
            output.pieces.push(Written {
                start,
                end,
                origin: Origin {
                    source: Arc::clone(source),
                    position,
                },
                is_text,
                calls,
                reads,
                included,
            });
        }
    }

    /// A template is called.
    pub(crate) fn call(&mut self, source: &Arc<Source>, position: u32) {
        self.calls.push(Origin {
            source: Arc::clone(source),
            position,
        });
    }

    /// The call ends.
    pub(crate) fn called(&mut self) {
        self.calls.pop();
    }

    /// A template begins whose output a function gets.
    pub(crate) fn include(&mut self) {
        self.outputs.push(Output {
            dots: self.dots.len(),
            ..Output::default()
        });
    }

    /// It ends.
    pub(crate) fn included(&mut self, text: &[u8]) {
        let pieces = self.outputs.pop().unwrap_or_default().pieces;
        if let Some(output) = self.outputs.last_mut() {
            output.included.push(Included {
                text: text.into(),
                pieces,
            });
        }
    }

    /// Returns what was noted of the output as a whole, and begins anew.
    pub(crate) fn take(&mut self) -> Vec<Written> {
        let pieces = self.outputs.drain(..).next().unwrap_or_default().pieces;
        self.outputs.push(Output::default());
        self.calls.clear();
        self.reads.clear();
        self.dots.clear();
        self.variables.clear();
        pieces
    }
}

/// Returns what distinguishes a map or list from all others while it exists.
fn identity(value: &Value) -> Option<usize> {
    match value {
        Value::Map(map) => Some(map.identity()),
        Value::List(list) => Some(list.identity()),
        _ => None,
    }
}
