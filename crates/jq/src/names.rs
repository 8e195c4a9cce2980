//! Names are resolved before anything runs: a program that names what isn't there never starts.

use crate::ast::{Ast, Function, Key, Part, Pattern};
use crate::error::Error;
use crate::{builtins, prelude};

#[derive(Clone, Copy)]
enum Known<'a> {
    Variable(&'a str),
    Function(&'a str, usize),
    Label(&'a str),
}

struct Names<'a> {
    known: Vec<Known<'a>>,
}

pub(crate) fn check(body: &Ast) -> Result<(), Error> {
    Names { known: Vec::new() }.query(body)
}

/// Checks a definition by itself.
#[cfg(test)]
pub(crate) fn check_function(function: &Function) -> Result<(), Error> {
    Names { known: Vec::new() }.function(function)
}

impl<'a> Names<'a> {
    /// Checks something; what it makes known is known nowhere else.
    fn scope(&mut self, check: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        let before = self.known.len();
        let checked = check(self);
        self.known.truncate(before);
        checked
    }

    fn all(&mut self, queries: &[&'a Ast]) -> Result<(), Error> {
        queries.iter().try_for_each(|query| self.query(query))
    }

    fn query(&mut self, ast: &'a Ast) -> Result<(), Error> {
        stacker::maybe_grow(64 << 10, 1 << 20, || self.resolve(ast))
    }

    fn resolve(&mut self, ast: &'a Ast) -> Result<(), Error> {
        match ast {
            // A format that isn't known fails where it is used, and may be caught there.
            Ast::Identity | Ast::Recurse | Ast::Literal(_) | Ast::Array(None) | Ast::Format(_) => {
                Ok(())
            }
            Ast::Text { parts, .. } => parts.iter().try_for_each(|part| match part {
                Part::Text(_) => Ok(()),
                Part::Query(query) => self.query(query),
            }),
            Ast::Array(Some(of)) | Ast::Negate(of) | Ast::Plus(of) | Ast::Iterate(of) => {
                self.query(of)
            }
            Ast::Object(members) => members.iter().try_for_each(|(key, value)| {
                self.key(key)?;
                value.iter().try_for_each(|value| self.query(value))
            }),
            Ast::Slice { of, start, end } => {
                self.query(of)?;
                let bounds = start.iter().chain(end);
                bounds.into_iter().try_for_each(|bound| self.query(bound))
            }
            Ast::Try(body, handler) => {
                self.query(body)?;
                handler.iter().try_for_each(|handler| self.query(handler))
            }
            Ast::Index(a, b)
            | Ast::Pipe(a, b)
            | Ast::Comma(a, b)
            | Ast::Binary(_, a, b)
            | Ast::And(a, b)
            | Ast::Or(a, b)
            | Ast::Alternative(a, b)
            | Ast::Assign(a, b)
            | Ast::Modify(a, b)
            | Ast::Update(_, a, b)
            | Ast::UpdateAlternative(a, b) => self.all(&[a, b]),
            Ast::Bind {
                source,
                patterns,
                body,
            } => {
                self.query(source)?;
                self.scope(|this| {
                    patterns.iter().try_for_each(|p| this.pattern(p))?;
                    this.query(body)
                })
            }
            Ast::Reduce {
                source,
                pattern,
                start,
                update,
            } => {
                self.all(&[start, source])?;
                self.scope(|this| {
                    this.pattern(pattern)?;
                    this.query(update)
                })
            }
            Ast::Foreach {
                source,
                pattern,
                start,
                update,
                extract,
            } => {
                self.all(&[start, source])?;
                self.scope(|this| {
                    this.pattern(pattern)?;
                    this.query(update)?;
                    extract.iter().try_for_each(|extract| this.query(extract))
                })
            }
            Ast::If {
                condition,
                then,
                otherwise,
            } => {
                self.all(&[condition, then])?;
                otherwise.iter().try_for_each(|query| self.query(query))
            }
            Ast::Label(name, body) => self.scope(|this| {
                this.known.push(Known::Label(name));
                this.query(body)
            }),
            Ast::Break(name) => {
                let is_known = |known: &Known<'_>| matches!(known, Known::Label(n) if n == name);
                match self.known.iter().any(is_known) {
                    true => Ok(()),
                    false => Err(Error::Name(format!("label not defined: {name}"))),
                }
            }
            Ast::Define(function, body) => self.scope(|this| {
                this.function(function)?;
                let Function { name, params, .. } = function.as_ref();
                this.known.push(Known::Function(name, params.len()));
                this.query(body)
            }),
            Ast::Call(name, arguments) => {
                self.call(name, arguments.len())?;
                arguments
                    .iter()
                    .try_for_each(|argument| self.query(argument))
            }
            Ast::Variable(name) => {
                let is_known = |known: &Known<'_>| matches!(known, Known::Variable(n) if n == name);
                match name == "$ENV" || self.known.iter().any(is_known) {
                    true => Ok(()),
                    false => Err(Error::Name(format!("variable not defined: {name}"))),
                }
            }
        }
    }

    fn function(&mut self, function: &'a Function) -> Result<(), Error> {
        self.scope(|this| {
            let Function { name, params, body } = function;
            this.known.push(Known::Function(name, params.len()));
            for param in params {
                if param.starts_with('$') {
                    this.known.push(Known::Variable(param));
                }
                let name = param.trim_start_matches('$');
                this.known.push(Known::Function(name, 0));
            }
            this.query(body)
        })
    }

    fn call(&self, name: &str, arity: usize) -> Result<(), Error> {
        let is_known =
            |known: &Known<'_>| matches!(known, Known::Function(n, a) if *n == name && *a == arity);
        if self.known.iter().any(is_known)
            || prelude::function(name, arity).is_some()
            || builtins::find(name, arity).is_some()
        {
            return Ok(());
        }
        Err(Error::Name(match (name, arity) {
            ("input" | "inputs", 0) => "input(s)/0 is not allowed".to_owned(),
            _ => format!("function not defined: {name}/{arity}"),
        }))
    }

    fn key(&mut self, key: &'a Key) -> Result<(), Error> {
        match key {
            Key::Name(_) => Ok(()),
            Key::Variable(name) => {
                let is_known = |known: &Known<'_>| matches!(known, Known::Variable(n) if n == name);
                match name == "$ENV" || self.known.iter().any(is_known) {
                    true => Ok(()),
                    false => Err(Error::Name(format!("variable not defined: {name}"))),
                }
            }
            Key::Query(query) => self.query(query),
        }
    }

    /// Makes a pattern's variables known, after the queries in it were checked.
    fn pattern(&mut self, pattern: &'a Pattern) -> Result<(), Error> {
        self.pattern_queries(pattern)?;
        pattern.variables(&mut |name| self.known.push(Known::Variable(name)));
        Ok(())
    }

    fn pattern_queries(&mut self, pattern: &'a Pattern) -> Result<(), Error> {
        match pattern {
            Pattern::Variable(_) => Ok(()),
            Pattern::Array(patterns) => patterns.iter().try_for_each(|p| self.pattern_queries(p)),
            Pattern::Object(members) => members.iter().try_for_each(|(key, pattern)| {
                if let Key::Query(query) = key {
                    self.query(query)?;
                }
                pattern.iter().try_for_each(|p| self.pattern_queries(p))
            }),
        }
    }
}
