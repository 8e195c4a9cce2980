//! Parts of a template as messages show them.

use super::{Command, Control, Node, Operand, Pipe, Span, Term, Tree};
use std::fmt;

/// A part of a template that can be printed.
pub(crate) struct Shown<'a, T>(pub(crate) &'a Tree, pub(crate) &'a T);

impl Tree {
    /// Returns a part as messages show it.
    pub(crate) const fn show<'a, T>(&'a self, part: &'a T) -> Shown<'a, T> {
        Shown(self, part)
    }

    fn dotted(&self, f: &mut fmt::Formatter<'_>, names: Span) -> fmt::Result {
        let mut names = self.words(names).iter();
        names.try_for_each(|name| write!(f, ".{name}"))
    }

    fn list(&self, f: &mut fmt::Formatter<'_>, nodes: Span) -> fmt::Result {
        let mut nodes = self.nodes(nodes).iter();
        nodes.try_for_each(|node| write!(f, "{}", self.show(node)))
    }
}

impl fmt::Display for Shown<'_, Pipe> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(tree, pipe) = self;
        for (i, variable) in tree.words(pipe.variables).iter().enumerate() {
            let separator = if i > 0 { ", " } else { "" };
            write!(f, "{separator}{variable}")?;
        }
        if !pipe.variables.is_empty() {
            f.write_str(if pipe.assigns { " = " } else { " := " })?;
        }
        for (i, command) in tree.commands(pipe.commands).iter().enumerate() {
            let separator = if i > 0 { " | " } else { "" };
            write!(f, "{separator}{}", tree.show(command))?;
        }
        Ok(())
    }
}

impl fmt::Display for Shown<'_, Command> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(tree, command) = self;
        for (i, operand) in tree.operands(command.operands).iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            inner(f, tree, operand)?;
        }
        Ok(())
    }
}

/// Shows an operand, a pipeline in parentheses.
fn inner(f: &mut fmt::Formatter<'_>, tree: &Tree, operand: &Operand) -> fmt::Result {
    match &operand.term {
        Term::Pipe(pipe) => write!(f, "({})", tree.show(tree.pipe(*pipe))),
        _ => write!(f, "{}", tree.show(operand)),
    }
}

impl fmt::Display for Shown<'_, Operand> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(tree, operand) = self;
        match &operand.term {
            Term::Bool(b) => write!(f, "{b}"),
            Term::Dot => f.write_str("."),
            Term::Nil => f.write_str("nil"),
            Term::Number(number) => f.write_str(&tree.number(*number).text),
            Term::String(length, _) => {
                let literal = tree.text(operand.position, operand.position + length);
                f.write_str(&crate::text::lossy(literal))
            }
            Term::Field(names) => tree.dotted(f, *names),
            Term::Variable(name, names) => {
                write!(f, "{}", tree.word(*name))?;
                tree.dotted(f, *names)
            }
            Term::Chain(operand, names) => {
                inner(f, tree, tree.operand(*operand))?;
                tree.dotted(f, *names)
            }
            Term::Function(function) => f.write_str(function.name),
            Term::Pipe(pipe) => write!(f, "{}", tree.show(tree.pipe(*pipe))),
        }
    }
}

impl fmt::Display for Shown<'_, Node> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(tree, node) = self;
        let control = |f: &mut fmt::Formatter<'_>, word: &str, control: &Control| {
            write!(f, "{{{{{word} {}}}}}", tree.show(tree.pipe(control.pipe)))?;
            tree.list(f, control.list)?;
            if let Some(otherwise) = control.otherwise {
                f.write_str("{{else}}")?;
                tree.list(f, otherwise)?;
            }
            f.write_str("{{end}}")
        };
        match node {
            Node::Text { start, end } => f.write_str(&crate::text::lossy(tree.text(*start, *end))),
            Node::Action { pipe, .. } => write!(f, "{{{{{}}}}}", tree.show(tree.pipe(*pipe))),
            Node::If(c) => control(f, "if", tree.control(*c)),
            Node::With(c) => control(f, "with", tree.control(*c)),
            Node::Range(c) => control(f, "range", tree.control(*c)),
            Node::Template { name, pipe, .. } => {
                let name = crate::strconv::quote(tree.name(*name).as_bytes());
                match pipe {
                    Some(pipe) => {
                        write!(f, "{{{{template {name} {}}}}}", tree.show(tree.pipe(*pipe)))
                    }
                    None => write!(f, "{{{{template {name}}}}}"),
                }
            }
            Node::Break => f.write_str("{{break}}"),
            Node::Continue => f.write_str("{{continue}}"),
        }
    }
}
