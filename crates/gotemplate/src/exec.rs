//! Executing templates.

mod call;
mod field;
mod options;
mod set;
mod trace;

pub use options::{Limits, MissingKey, Options};
pub(crate) use set::Run;
pub use set::{LookedUp, Lookup, Query, Session, Templates, Use};
pub use trace::{Included, Origin, Path, Written};

use crate::ast::{Command, Control, Node, Operand, Pipe, Span, Template, Term, Tree};
use crate::error::Error;
use crate::fmt;
use crate::strconv;
use crate::text::Str;
use crate::value::{IntKind, Type, Value};
use set::Set;
use std::sync::LazyLock;

/// The variable that every template begins with.
static DOLLAR: LazyLock<Str> = LazyLock::new(|| "$".into());

/// Stack that one level of executing may need, and how much more is taken when it runs out.
const STACK_RED_ZONE: usize = 256 * 1024;
const STACK_SEGMENT: usize = 4 * 1024 * 1024;

/// A value as an expression gives it, and whether its static type is `interface {}`.
///
/// `nil` of static type `interface {}` is a nil interface; other `nil` is no value at all.
#[derive(Clone, Default)]
pub(crate) struct Item {
    pub(crate) value: Value,
    pub(crate) boxed: bool,
}

impl Item {
    /// An element of something whose elements are of a type.
    pub(crate) fn of(value: Value, element: Type) -> Self {
        Self {
            value,
            boxed: element == Type::Interface,
        }
    }

    /// Returns true for no value at all.
    pub(crate) const fn is_invalid(&self) -> bool {
        self.value.is_nil() && !self.boxed
    }

    /// Returns the name of the static type.
    fn static_type(&self) -> String {
        if self.boxed {
            Type::Interface.to_string()
        } else {
            self.value.type_name()
        }
    }
}

impl From<Value> for Item {
    fn from(value: Value) -> Self {
        Self {
            value,
            boxed: false,
        }
    }
}

/// The execution of one template: what functions and methods are called with.
pub struct Exec<'a, 'r> {
    pub(crate) run: &'a mut Run<'r>,
    pub(crate) set: &'a Set<'a>,
    template: &'a Template,
    /// The parts of the template, by number.
    tree: &'a Tree,
    variables: Vec<(Str, Item)>,
    out: Vec<u8>,
    at: At<'a>,
    /// Its number, for who notes where output comes from.
    id: usize,
}

/// The node that an error is about.
#[derive(Clone, Copy)]
enum At<'a> {
    Nothing,
    Node(&'a Node),
    Pipe(&'a Pipe),
    Command(&'a Command),
    Operand(&'a Operand),
}

/// How a node was left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

type Walked = Result<Flow, Error>;
type Evaluated = Result<Item, Error>;

impl<'a, 'r> Exec<'a, 'r> {
    /// Executes a template and returns what it wrote.
    fn template(
        run: &'a mut Run<'r>,
        set: &'a Set<'a>,
        template: &'a Template,
        dot: &Item,
    ) -> Result<Vec<u8>, Error> {
        let mut exec = Self {
            run,
            set,
            template,
            tree: &template.source.tree,
            variables: Vec::with_capacity(8),
            out: Vec::new(),
            at: At::Nothing,
            id: 0,
        };
        exec.root(dot)?;
        Ok(exec.out)
    }

    fn root(&mut self, dot: &Item) -> Result<(), Error> {
        self.variables.push((DOLLAR.clone(), dot.clone()));
        if self.run.tracer.is_some() {
            self.run.executions += 1;
            self.id = self.run.executions;
        }
        self.inner(dot, self.template.root)?;
        Ok(())
    }

    /// Returns an error at the current node.
    pub(crate) fn error(&self, message: impl AsRef<str>) -> Error {
        self.error_from(message.as_ref(), None)
    }

    fn error_from(&self, message: &str, source: Option<Error>) -> Error {
        let name = &self.template.name;
        let message = match self.location() {
            None => format!("template: {name}: {message}"),
            Some((location, context)) => {
                let name = strconv::quote(name.as_bytes());
                format!("template: {location}: executing {name} at <{context}>: {message}")
            }
        };
        Error::execution(message, source)
    }

    /// Returns where the current node stands, and its text.
    fn location(&self) -> Option<(String, String)> {
        let (position, context) = match self.at {
            At::Nothing => return None,
            At::Node(node) => {
                let position = match node {
                    Node::Text {
                        start: position, ..
                    }
                    | Node::Action { position, .. }
                    | Node::Template { position, .. } => *position,
                    Node::If(c) | Node::With(c) | Node::Range(c) => self.tree.control(*c).position,
                    Node::Break | Node::Continue => 0,
                };
                (position, self.tree.show(node).to_string())
            }
            At::Pipe(pipe) => (pipe.position, self.tree.show(pipe).to_string()),
            At::Command(command) => (command.position, self.tree.show(command).to_string()),
            At::Operand(operand) => (operand.position, self.tree.show(operand).to_string()),
        };
        Some((self.template.source.location(position), context))
    }

    /// Returns `name:line:column` of the current node.
    pub(crate) fn place(&self) -> String {
        self.location()
            .map_or_else(|| self.template.name.to_string(), |(place, _)| place)
    }

    /// Pays for work; fails when there was too much of it.
    pub(crate) fn charge(&mut self, steps: usize) -> Result<(), Error> {
        self.run
            .charge(steps)
            .map_err(|message| self.error(message))
    }

    /// Pays for a string that is about to be made.
    pub(crate) fn room(&mut self, bytes: usize) -> Result<(), Error> {
        self.run.room(bytes).map_err(Error::new)
    }

    fn list(&mut self, dot: &Item, nodes: &'a [Node]) -> Walked {
        for node in nodes {
            match self.walk(dot, node)? {
                Flow::Next => {}
                flow => return Ok(flow),
            }
        }
        Ok(Flow::Next)
    }

    /// Goes a level deeper.
    fn inner(&mut self, dot: &Item, nodes: Span) -> Walked {
        let nodes = self.tree.nodes(nodes);
        stacker::maybe_grow(STACK_RED_ZONE, STACK_SEGMENT, || self.list(dot, nodes))
    }

    fn walk(&mut self, dot: &Item, node: &'a Node) -> Walked {
        self.at = At::Node(node);
        self.charge(1)?;
        match node {
            Node::Text { start, end } => {
                let before = self.out.len();
                self.write(self.tree.text(*start, *end))?;
                if let Some(tracer) = &mut self.run.tracer {
                    tracer.text(&self.template.source, *start, before, self.out.len());
                }
            }
            Node::Action { position, pipe } => {
                let pipe = self.tree.pipe(*pipe);
                let before = self.out.len();
                if let Some(tracer) = &mut self.run.tracer {
                    tracer.begin();
                }
                let item = self.pipeline(dot, pipe)?;
                if pipe.variables.is_empty() {
                    self.at = At::Node(node);
                    self.print(&item.value)?;
                }
                if let Some(tracer) = &mut self.run.tracer {
                    tracer.action(&self.template.source, *position, before, self.out.len());
                }
            }
            Node::If(control) => return self.condition(dot, self.tree.control(*control), false),
            Node::With(control) => return self.condition(dot, self.tree.control(*control), true),
            Node::Range(control) => return self.range(dot, self.tree.control(*control)),
            Node::Template {
                position,
                name,
                pipe,
            } => {
                let pipe = pipe.map(|pipe| self.tree.pipe(pipe));
                self.trace_call(*position);
                self.call_template(dot, self.tree.name(*name), pipe)?;
                self.trace_called();
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    /// Notes that a template is called.
    fn trace_call(&mut self, position: u32) {
        if let Some(tracer) = &mut self.run.tracer {
            tracer.call(&self.template.source, position);
        }
    }

    fn trace_called(&mut self) {
        if let Some(tracer) = &mut self.run.tracer {
            tracer.called();
        }
    }

    /// Evaluates what decides about a body.
    fn header(&mut self, dot: &Item, control: &'a Control, moves_dot: bool) -> Evaluated {
        if let Some(tracer) = &mut self.run.tracer {
            tracer.begin();
        }
        let item = self.pipeline(dot, self.tree.pipe(control.pipe))?;
        if let Some(tracer) = &mut self.run.tracer {
            tracer.enter_body(moves_dot);
        }
        Ok(item)
    }

    fn leave(&mut self) {
        if let Some(tracer) = &mut self.run.tracer {
            tracer.leave_body();
        }
    }

    fn write(&mut self, text: &[u8]) -> Result<(), Error> {
        self.charge(text.len() / options::BYTES_PER_STEP)?;
        self.out.extend_from_slice(text);
        self.check_output()
    }

    fn check_output(&self) -> Result<(), Error> {
        let max = self.run.options.limits.string_bytes_max;
        if self.out.len() > max {
            return Err(self.error(format!("the output is larger than {max} bytes")));
        }
        Ok(())
    }

    fn print(&mut self, value: &Value) -> Result<(), Error> {
        let before = self.out.len();
        match value {
            Value::Nil => self.out.extend_from_slice(b"<no value>"),
            Value::Str(s) => self.out.extend_from_slice(s),
            Value::Object(object) if object.printed().is_some() => {
                let text = object.printed().unwrap_or_default();
                self.out.extend_from_slice(text.as_bytes());
            }
            _ => fmt::write_text(&mut self.out, value),
        }
        self.charge((self.out.len() - before) / options::BYTES_PER_STEP)?;
        self.check_output()
    }

    fn condition(&mut self, dot: &Item, control: &'a Control, moves_dot: bool) -> Walked {
        let mark = self.variables.len();
        let item = self.header(dot, control, moves_dot)?;
        let flow = if item.value.truth() {
            let dot = if moves_dot { &item } else { dot };
            self.inner(dot, control.list)
        } else if let Some(otherwise) = control.otherwise {
            self.inner(dot, otherwise)
        } else {
            Ok(Flow::Next)
        };
        self.variables.truncate(mark);
        self.leave();
        flow
    }

    fn range(&mut self, dot: &Item, control: &'a Control) -> Walked {
        let mark = self.variables.len();
        let item = self.header(dot, control, true)?;
        let ran = self.iterate(&item.value, control)?;
        let flow = match (ran, control.otherwise) {
            (false, Some(otherwise)) => self.inner(dot, otherwise)?,
            _ => Flow::Next,
        };
        self.variables.truncate(mark);
        self.leave();
        Ok(flow)
    }

    /// Returns false if there was nothing to go over.
    fn iterate(&mut self, over: &Value, control: &'a Control) -> Result<bool, Error> {
        match over {
            Value::Int(kind, n) => {
                if self.tree.pipe(control.pipe).variables.len() > 1 {
                    let text = fmt::text_of(over);
                    return Err(self.error(format!(
                        "can't use {text} to iterate over more than one variable"
                    )));
                }
                let mut i = 0;
                while i < *n {
                    let element = Value::Int(*kind, i).into();
                    if self.iteration(control, Item::default(), &element)? == Flow::Break {
                        break;
                    }
                    i += 1;
                }
                Ok(*n > 0)
            }
            Value::List(list) => {
                let element = list.list_type().element;
                let count = list.len();
                for i in 0..count {
                    let Some(value) = list.get(i) else { break };
                    let item = Item::of(value, element);
                    if self.iteration(control, index(i), &item)? == Flow::Break {
                        break;
                    }
                }
                Ok(count > 0)
            }
            Value::Bytes(bytes) => {
                for (i, b) in bytes.iter().enumerate() {
                    let element = Value::Int(IntKind::Uint8, i64::from(*b)).into();
                    if self.iteration(control, index(i), &element)? == Flow::Break {
                        break;
                    }
                }
                Ok(!bytes.is_empty())
            }
            Value::Map(map) => {
                let element = map.map_type().element;
                let members = map.to_vec();
                let any = !members.is_empty();
                for (key, value) in members {
                    let item = Item::of(value, element);
                    if self.iteration(control, Value::Str(key).into(), &item)? == Flow::Break {
                        break;
                    }
                }
                Ok(any)
            }
            Value::Nil => Ok(false),
            _ => {
                let text = fmt::text_of(over);
                let text = text.lossy();
                // Pointers have been followed.
                let text = match over {
                    Value::Object(_) => text.strip_prefix('&').unwrap_or(&text),
                    _ => &text,
                };
                Err(self.error(format!("range can't iterate over {text}")))
            }
        }
    }

    fn iteration(&mut self, control: &'a Control, index: Item, element: &Item) -> Walked {
        self.charge(1)?;
        let pipe = self.tree.pipe(control.pipe);
        let names = self.tree.words(pipe.variables);
        let mark = self.variables.len();
        if pipe.assigns {
            if let [first, second] = names {
                self.assign(first, index)?;
                self.assign(second, element.clone())?;
            } else if let Some(name) = names.first() {
                self.assign(name, element.clone())?;
            }
        } else {
            if !names.is_empty() {
                self.variables[mark - 1].1 = element.clone();
            }
            if names.len() > 1 {
                self.variables[mark - 2].1 = index;
            }
        }
        let flow = self.inner(element, control.list)?;
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn call_template(
        &mut self,
        dot: &Item,
        name: &'a str,
        pipe: Option<&'a Pipe>,
    ) -> Result<(), Error> {
        let Some(template) = self.set.get(name) else {
            let name = strconv::quote(name.as_bytes());
            return Err(self.error(format!("template {name} not defined")));
        };
        let max = self.run.options.limits.depth_max;
        if self.run.depth >= max {
            return Err(self.error("exceeded maximum template depth (100000)"));
        }
        let dot = match pipe {
            Some(pipe) => self.pipeline(dot, pipe)?,
            None => Item::default(),
        };
        self.run.depth += 1;
        let mut child = Exec {
            run: &mut *self.run,
            set: self.set,
            template,
            tree: &template.source.tree,
            variables: Vec::with_capacity(4),
            out: std::mem::take(&mut self.out),
            at: At::Nothing,
            id: 0,
        };
        let result = child.root(&dot);
        self.out = std::mem::take(&mut child.out);
        self.run.depth -= 1;
        result
    }

    fn variable(&mut self, name: &[u8]) -> Evaluated {
        match self.variables.iter().rposition(|(n, _)| **n == *name) {
            Some(index) => {
                let item = self.variables[index].1.clone();
                if let Some(tracer) = &mut self.run.tracer {
                    tracer.variable(self.id, index, &item.value);
                }
                Ok(item)
            }
            None => Err(self.error(format!(
                "undefined variable: {}",
                String::from_utf8_lossy(name)
            ))),
        }
    }

    fn assign(&mut self, name: &[u8], item: Item) -> Result<(), Error> {
        match self.variables.iter().rposition(|(n, _)| **n == *name) {
            Some(index) => {
                self.variables[index].1 = item;
                if let Some(tracer) = &mut self.run.tracer {
                    tracer.set_variable(self.id, index);
                }
                Ok(())
            }
            None => Err(self.error(format!(
                "undefined variable: {}",
                String::from_utf8_lossy(name)
            ))),
        }
    }

    fn pipeline(&mut self, dot: &Item, pipe: &'a Pipe) -> Evaluated {
        self.at = At::Pipe(pipe);
        let mut last: Option<Item> = None;
        for command in self.tree.commands(pipe.commands) {
            self.charge(1)?;
            let mut item = self.command(dot, command, last)?;
            item.boxed = false;
            last = Some(item);
        }
        let item = last.unwrap_or_default();
        for name in self.tree.words(pipe.variables) {
            if pipe.assigns {
                self.assign(name, item.clone())?;
            } else {
                self.variables.push((name.clone(), item.clone()));
                if let Some(tracer) = &mut self.run.tracer {
                    tracer.set_variable(self.id, self.variables.len() - 1);
                }
            }
        }
        Ok(item)
    }

    fn not_a_function(&self, operands: &[Operand], last: Option<&Item>) -> Result<(), Error> {
        if operands.len() > 1 || last.is_some() {
            let first = self.tree.show(&operands[0]);
            return Err(self.error(format!("can't give argument to non-function {first}")));
        }
        Ok(())
    }

    fn command(&mut self, dot: &Item, command: &'a Command, last: Option<Item>) -> Evaluated {
        let operands = self.tree.operands(command.operands);
        let first = &operands[0];
        match &first.term {
            Term::Field(names) => {
                self.at = At::Operand(first);
                self.chain(dot, dot, first, *names, &operands[1..], last)
            }
            Term::Chain(inner, names) => {
                self.at = At::Operand(first);
                let receiver = self.untyped(dot, self.tree.operand(*inner))?;
                self.chain(dot, &receiver, first, *names, &operands[1..], last)
            }
            Term::Function(function) => {
                self.at = At::Operand(first);
                self.function(dot, function, At::Command(command), &operands[1..], last)
            }
            Term::Pipe(pipe) => {
                self.not_a_function(operands, last.as_ref())?;
                self.nested_pipeline(dot, self.tree.pipe(*pipe))
            }
            Term::Variable(name, names) => {
                self.at = At::Operand(first);
                let value = self.variable(self.tree.word(*name))?;
                if names.is_empty() {
                    self.not_a_function(operands, last.as_ref())?;
                    return Ok(value);
                }
                self.chain(dot, &value, first, *names, &operands[1..], last)
            }
            term => {
                self.at = At::Operand(first);
                self.not_a_function(operands, last.as_ref())?;
                match term {
                    Term::Dot => Ok(self.dot(dot)),
                    Term::Nil => Err(self.error("nil is not a command")),
                    _ => self.constant(first),
                }
            }
        }
    }

    /// Returns the dot.
    fn dot(&mut self, dot: &Item) -> Item {
        if let Some(tracer) = &mut self.run.tracer {
            tracer.dot(&dot.value);
        }
        dot.clone()
    }

    fn nested_pipeline(&mut self, dot: &Item, pipe: &'a Pipe) -> Evaluated {
        stacker::maybe_grow(STACK_RED_ZONE, STACK_SEGMENT, || self.pipeline(dot, pipe))
    }

    /// Evaluates the operand that a chain of fields follows.
    fn untyped(&mut self, dot: &Item, operand: &'a Operand) -> Evaluated {
        self.at = At::Operand(operand);
        match &operand.term {
            Term::Pipe(pipe) => self.nested_pipeline(dot, self.tree.pipe(*pipe)),
            Term::Function(function) => {
                self.function(dot, function, At::Operand(operand), &[], None)
            }
            Term::Variable(name, names) => {
                let value = self.variable(self.tree.word(*name))?;
                if names.is_empty() {
                    return Ok(value);
                }
                self.chain(dot, &value, operand, *names, &[], None)
            }
            Term::Field(names) => self.chain(dot, dot, operand, *names, &[], None),
            Term::Chain(inner, names) => {
                let receiver = self.untyped(dot, self.tree.operand(*inner))?;
                self.chain(dot, &receiver, operand, *names, &[], None)
            }
            Term::Dot => Ok(self.dot(dot)),
            _ => self.constant(operand),
        }
    }

    /// Returns a constant as what it is when nothing else is asked for.
    fn constant(&self, operand: &'a Operand) -> Evaluated {
        let value = match &operand.term {
            Term::Bool(b) => Value::Bool(*b),
            Term::String(_, text) => Value::Str(self.tree.word(*text).clone()),
            Term::Number(number) => {
                let number = self.tree.number(*number);
                let text = number.text.as_bytes();
                let is_hex = text.len() > 2
                    && text[0] == b'0'
                    && matches!(text[1], b'x' | b'X')
                    && !text.iter().any(|b| matches!(b, b'p' | b'P'));
                let is_rune = text.first() == Some(&b'\'');
                let looks_float = text.iter().any(|b| b".eEpP".contains(b));
                match (number.complex, number.float, number.int) {
                    (Some((re, im)), _, _) => Value::Complex(re, im),
                    (_, Some(f), _) if looks_float && !is_hex && !is_rune => Value::Float(f),
                    (_, _, Some(i)) => Value::int(i),
                    _ => return Err(self.error(format!("{} overflows int", number.text))),
                }
            }
            _ => {
                let operand = self.tree.show(operand);
                return Err(self.error(format!("can't evaluate command {operand}")));
            }
        };
        Ok(value.into())
    }
}

fn index(i: usize) -> Item {
    Value::int(i64::try_from(i).unwrap_or(i64::MAX)).into()
}
