//! A parsed template. It can be shared between threads and kept.

use crate::funcs::Function;
use crate::text::Str;
use std::fmt;
use std::sync::Arc;

/// A template: what stands between `{{ define }}` and `{{ end }}`, or the rest of a file.
#[derive(Debug)]
pub struct Template {
    /// What it is called by.
    pub(crate) name: Arc<str>,
    pub(crate) source: Arc<Source>,
    pub(crate) root: Vec<Node>,
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
        self.root.iter().all(|node| match node {
            Node::Text { text, .. } => crate::text::trim_space(text).is_empty(),
            _ => false,
        })
    }
}

/// A text that templates were parsed from.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: Arc<str>,
    pub(crate) text: Arc<[u8]>,
}

impl Source {
    /// Returns `name:line:column` of an offset.
    pub(crate) fn location(&self, position: u32) -> String {
        let text = &self.text[..(position as usize).min(self.text.len())];
        let line = 1 + memchr::memchr_iter(b'\n', text).count();
        let column = text.len() - memchr::memrchr(b'\n', text).map_or(0, |at| at + 1);
        format!("{}:{line}:{column}", self.name)
    }
}

#[derive(Debug)]
pub(crate) enum Node {
    Text {
        position: u32,
        text: Str,
    },
    Action {
        position: u32,
        pipe: Pipe,
    },
    If(Control),
    With(Control),
    Range(Control),
    Template {
        position: u32,
        name: Arc<str>,
        pipe: Option<Pipe>,
    },
    Break,
    Continue,
}

#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) position: u32,
    pub(crate) pipe: Pipe,
    pub(crate) list: Vec<Node>,
    pub(crate) otherwise: Option<Vec<Node>>,
}

#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) position: u32,
    pub(crate) assigns: bool,
    pub(crate) variables: Vec<Str>,
    pub(crate) commands: Vec<Command>,
}

#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) position: u32,
    pub(crate) operands: Vec<Operand>,
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
    Number(Box<Number>),
    String {
        literal: Str,
        text: Str,
    },
    /// `.a.b`
    Field(Vec<Str>),
    /// `$x.a.b`, the names after the variable apart.
    Variable(Str, Vec<Str>),
    /// `(...).a.b`
    Chain(Box<Operand>, Vec<Str>),
    Function(&'static Function),
    Pipe(Box<Pipe>),
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

fn dotted(f: &mut fmt::Formatter<'_>, names: &[Str]) -> fmt::Result {
    names.iter().try_for_each(|name| write!(f, ".{name}"))
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, variable) in self.variables.iter().enumerate() {
            let separator = if i > 0 { ", " } else { "" };
            write!(f, "{separator}{variable}")?;
        }
        if !self.variables.is_empty() {
            f.write_str(if self.assigns { " = " } else { " := " })?;
        }
        for (i, command) in self.commands.iter().enumerate() {
            let separator = if i > 0 { " | " } else { "" };
            write!(f, "{separator}{command}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, operand) in self.operands.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            match &operand.term {
                Term::Pipe(pipe) => write!(f, "({pipe})")?,
                _ => write!(f, "{operand}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.term {
            Term::Bool(b) => write!(f, "{b}"),
            Term::Dot => f.write_str("."),
            Term::Nil => f.write_str("nil"),
            Term::Number(number) => f.write_str(&number.text),
            Term::String { literal, .. } => write!(f, "{literal}"),
            Term::Field(names) => dotted(f, names),
            Term::Variable(name, names) => {
                write!(f, "{name}")?;
                dotted(f, names)
            }
            Term::Chain(operand, names) => {
                match &operand.term {
                    Term::Pipe(pipe) => write!(f, "({pipe})")?,
                    _ => write!(f, "{operand}")?,
                }
                dotted(f, names)
            }
            Term::Function(function) => f.write_str(function.name),
            Term::Pipe(pipe) => write!(f, "{pipe}"),
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let control = |f: &mut fmt::Formatter<'_>, word: &str, c: &Control| {
            write!(f, "{{{{{word} {}}}}}", c.pipe)?;
            c.list.iter().try_for_each(|node| write!(f, "{node}"))?;
            if let Some(otherwise) = &c.otherwise {
                f.write_str("{{else}}")?;
                otherwise.iter().try_for_each(|node| write!(f, "{node}"))?;
            }
            f.write_str("{{end}}")
        };
        match self {
            Self::Text { text, .. } => write!(f, "{text}"),
            Self::Action { pipe, .. } => write!(f, "{{{{{pipe}}}}}"),
            Self::If(c) => control(f, "if", c),
            Self::With(c) => control(f, "with", c),
            Self::Range(c) => control(f, "range", c),
            Self::Template { name, pipe, .. } => {
                let name = crate::strconv::quote(name.as_bytes());
                match pipe {
                    Some(pipe) => write!(f, "{{{{template {name} {pipe}}}}}"),
                    None => write!(f, "{{{{template {name}}}}}"),
                }
            }
            Self::Break => f.write_str("{{break}}"),
            Self::Continue => f.write_str("{{continue}}"),
        }
    }
}
