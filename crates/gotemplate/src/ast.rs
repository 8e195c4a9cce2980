//! A parsed text. It can be shared between threads and kept.
//!
//! The parts of all templates of one text stand in a few long lists and know each other by number:
//! that is faster to make, to walk and to take apart than boxes in boxes.

mod show;

use crate::funcs::Function;
use crate::text::Str;
use std::sync::Arc;

/// A template: what stands between `{{ define }}` and `{{ end }}`, or the rest of a file.
#[derive(Debug)]
pub struct Template {
    /// What it is called by.
    pub(crate) name: Arc<str>,
    pub(crate) source: Arc<Source>,
    pub(crate) root: Span,
}

impl Template {
    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns true if there is nothing but white space in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.source.tree.is_blank(self.root)
    }
}

/// A text that templates were parsed from.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: Arc<str>,
    pub(crate) tree: Tree,
}

impl Source {
    /// Returns the line of an offset, from 1.
    pub(crate) fn line(&self, position: u32) -> u32 {
        let text = &self.tree.text;
        let text = &text[..(position as usize).min(text.len())];
        let breaks = memchr::memchr_iter(b'\n', text).count();
        u32::try_from(breaks + 1).unwrap_or(u32::MAX)
    }

    /// Returns `name:line:column` of an offset.
    pub(crate) fn location(&self, position: u32) -> String {
        let text = &self.tree.text;
        let text = &text[..(position as usize).min(text.len())];
        let line = self.line(position);
        let column = text.len() - memchr::memrchr(b'\n', text).map_or(0, |at| at + 1);
        format!("{}:{line}:{column}", self.name)
    }
}

/// Parts that stand side by side in one of a tree's lists.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(crate) const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.start == self.end
    }

    fn of<T>(self, all: &[T]) -> &[T] {
        &all[self.start as usize..self.end as usize]
    }
}

/// The number of a part in one of a tree's lists.
pub(crate) type Index = u32;

/// The parts of all templates of a text, by number.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) text: Arc<[u8]>,
    nodes: Vec<Node>,
    controls: Vec<Control>,
    pipes: Vec<Pipe>,
    commands: Vec<Command>,
    operands: Vec<Operand>,
    words: Vec<Str>,
    numbers: Vec<Number>,
    names: Vec<Arc<str>>,
}

/// Returns the number of the next part of a list. A text has fewer parts than bytes, and its bytes
/// have 32-bit numbers.
fn next<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

fn push<T>(list: &mut Vec<T>, part: T) -> u32 {
    let number = next(list);
    list.push(part);
    number
}

/// Moves what was collected since `mark` to a list of the tree.
fn settle<T>(list: &mut Vec<T>, collected: &mut Vec<T>, mark: usize) -> Span {
    let start = next(list);
    list.extend(collected.drain(mark..));
    Span {
        start,
        end: next(list),
    }
}

impl Tree {
    /// Returns a tree with room for what a text mostly holds.
    pub(crate) fn new(text: Arc<[u8]>) -> Self {
        let room = text.len() / 64;
        Self {
            nodes: Vec::with_capacity(room),
            pipes: Vec::with_capacity(room),
            commands: Vec::with_capacity(room),
            operands: Vec::with_capacity(room),
            words: Vec::with_capacity(room),
            text,
            ..Self::default()
        }
    }

    pub(crate) fn nodes(&self, span: Span) -> &[Node] {
        span.of(&self.nodes)
    }

    pub(crate) fn control(&self, number: Index) -> &Control {
        &self.controls[number as usize]
    }

    pub(crate) fn pipe(&self, number: Index) -> &Pipe {
        &self.pipes[number as usize]
    }

    pub(crate) fn commands(&self, span: Span) -> &[Command] {
        span.of(&self.commands)
    }

    pub(crate) fn operands(&self, span: Span) -> &[Operand] {
        span.of(&self.operands)
    }

    pub(crate) fn operand(&self, number: Index) -> &Operand {
        &self.operands[number as usize]
    }

    pub(crate) fn words(&self, span: Span) -> &[Str] {
        span.of(&self.words)
    }

    pub(crate) fn word(&self, number: Index) -> &Str {
        &self.words[number as usize]
    }

    pub(crate) fn number(&self, number: Index) -> &Number {
        &self.numbers[number as usize]
    }

    pub(crate) fn name(&self, number: Index) -> &Arc<str> {
        &self.names[number as usize]
    }

    /// Returns what stands between two offsets of the text.
    pub(crate) fn text(&self, start: u32, end: u32) -> &[u8] {
        &self.text[start as usize..end as usize]
    }

    /// Returns true if there is nothing but white space.
    pub(crate) fn is_blank(&self, span: Span) -> bool {
        self.nodes(span).iter().all(|node| match node {
            Node::Text { start, end } => {
                crate::text::trim_space(self.text(*start, *end)).is_empty()
            }
            _ => false,
        })
    }

    pub(crate) fn add_nodes(&mut self, collected: &mut Vec<Node>, mark: usize) -> Span {
        settle(&mut self.nodes, collected, mark)
    }

    pub(crate) fn add_node(&mut self, node: Node) -> Span {
        let start = push(&mut self.nodes, node);
        let end = start + 1;
        Span { start, end }
    }

    pub(crate) fn add_control(&mut self, control: Control) -> Index {
        push(&mut self.controls, control)
    }

    pub(crate) fn add_pipe(&mut self, pipe: Pipe) -> Index {
        push(&mut self.pipes, pipe)
    }

    pub(crate) fn add_commands(&mut self, collected: &mut Vec<Command>, mark: usize) -> Span {
        settle(&mut self.commands, collected, mark)
    }

    pub(crate) fn add_operands(&mut self, collected: &mut Vec<Operand>, mark: usize) -> Span {
        settle(&mut self.operands, collected, mark)
    }

    pub(crate) fn add_operand(&mut self, operand: Operand) -> Index {
        push(&mut self.operands, operand)
    }

    pub(crate) fn add_word(&mut self, word: Str) -> Index {
        push(&mut self.words, word)
    }

    /// Returns no words, before those that are added next.
    pub(crate) fn no_words(&self) -> Span {
        let start = next(&self.words);
        Span { start, end: start }
    }

    /// Adds a word behind others that were added last.
    pub(crate) fn extend_words(&mut self, span: &mut Span, word: Str) {
        debug_assert_eq!(span.end, next(&self.words), "words stand side by side");
        self.words.push(word);
        span.end += 1;
    }

    pub(crate) fn add_number(&mut self, number: Number) -> Index {
        push(&mut self.numbers, number)
    }

    pub(crate) fn add_name(&mut self, name: Arc<str>) -> Index {
        push(&mut self.names, name)
    }
}

#[derive(Debug)]
pub(crate) enum Node {
    /// Text, from one offset to another.
    Text {
        start: u32,
        end: u32,
    },
    Action {
        position: u32,
        pipe: Index,
    },
    If(Index),
    With(Index),
    Range(Index),
    Template {
        position: u32,
        name: Index,
        pipe: Option<Index>,
    },
    Break,
    Continue,
}

#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) position: u32,
    pub(crate) pipe: Index,
    pub(crate) list: Span,
    pub(crate) otherwise: Option<Span>,
}

#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) position: u32,
    pub(crate) assigns: bool,
    /// Words.
    pub(crate) variables: Span,
    pub(crate) commands: Span,
}

#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) position: u32,
    pub(crate) operands: Span,
}

#[derive(Debug)]
pub(crate) struct Operand {
    pub(crate) position: u32,
    pub(crate) term: Term,
}

#[derive(Debug)]
pub(crate) enum Term {
    Bool(bool),
    Dot,
    Nil,
    Number(Index),
    /// How long the literal is, and the word that it means.
    String(u32, Index),
    /// `.a.b`
    Field(Span),
    /// `$x.a.b`, the names after the variable apart.
    Variable(Index, Span),
    /// `(...).a.b`
    Chain(Index, Span),
    Function(&'static Function),
    Pipe(Index),
}

/// A number literal, as everything that it may be taken for.
#[derive(Debug, Default)]
pub(crate) struct Number {
    pub(crate) text: String,
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
    pub(crate) complex: Option<(f64, f64)>,
}
