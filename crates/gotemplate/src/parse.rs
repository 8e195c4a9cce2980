//! From tokens to templates.

mod number;

use crate::ast::{Command, Control, Node, Operand, Pipe, Source, Template, Term};
use crate::error::Error;
use crate::funcs::{Dialect, Function};
use crate::lex::{Kind, Lexer, Token};
use crate::strconv;
use crate::text::Str;
use std::sync::Arc;

/// Parentheses and blocks that may stand inside each other. Go allows 10,000 parentheses; what is
/// that deep must also be printed and taken apart.
const DEPTH_MAX: usize = 1000;
/// Stack that one level of parsing may need, and how much more is taken when it runs out.
const STACK_RED_ZONE: usize = 128 * 1024;
const STACK_SEGMENT: usize = 2 * 1024 * 1024;

/// What a text holds.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The text itself, without what it defines.
    pub main: Arc<Template>,
    /// All templates by their names, the text itself among them.
    pub templates: Vec<Arc<Template>>,
}

/// Parses a text.
///
/// # Errors
/// Fails as Go does, with its text.
pub fn parse(name: &str, text: &[u8], dialect: Dialect) -> Result<Parsed, Error> {
    let source = Arc::new(Source {
        name: name.into(),
        text: text.into(),
    });
    if u32::try_from(text.len()).is_err() {
        return Err(Error::new(format!(
            "template: {name}:1: the text is too large"
        )));
    }
    let mut parser = Parser {
        source: &source,
        dialect,
        lexer: Lexer::new(text),
        tokens: [Token::nothing(), Token::nothing(), Token::nothing()],
        peeked: 0,
        scope: Scope::default(),
        depth: 0,
        defined: Vec::new(),
    };
    let main = parser
        .file()
        .and_then(|root| parser.define(name.as_bytes(), root));
    let main = main.map_err(|message| {
        let line = parser.line(parser.tokens[0].position);
        Error::new(format!("template: {name}:{line}: {message}"))
    })?;
    Ok(Parsed {
        main,
        templates: parser.defined,
    })
}

struct Parser<'a> {
    source: &'a Arc<Source>,
    dialect: Dialect,
    lexer: Lexer<'a>,
    /// Look-ahead, as the reference has it: which line an error names depends on it.
    tokens: [Token<'a>; 3],
    peeked: usize,
    scope: Scope,
    depth: usize,
    defined: Vec<Arc<Template>>,
}

/// What a template starts with anew.
struct Scope {
    variables: Vec<Str>,
    /// Where the action began that is being read.
    action: Option<usize>,
    range_depth: usize,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            variables: vec!["$".into()],
            action: None,
            range_depth: 0,
        }
    }
}

/// What ends a list of nodes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    End,
    Else,
}

impl Ending {
    const fn text(self) -> &'static str {
        match self {
            Self::End => "{{end}}",
            Self::Else => "{{else}}",
        }
    }
}

enum Piece {
    Node(Node),
    Ending(Ending),
}

/// A message without its place, which the caller knows.
type Reading<T> = Result<T, String>;

impl Token<'_> {
    const fn nothing() -> Self {
        Self {
            kind: Kind::Eof,
            position: 0,
            text: b"",
        }
    }

    fn offset(&self) -> u32 {
        u32::try_from(self.position).unwrap_or(u32::MAX)
    }
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Token<'a> {
        if self.peeked > 0 {
            self.peeked -= 1;
        } else {
            self.tokens[0] = self.lexer.next_token();
        }
        self.tokens[self.peeked]
    }

    fn backup(&mut self) {
        self.peeked += 1;
    }

    fn peek(&mut self) -> Token<'a> {
        let token = self.next();
        self.backup();
        token
    }

    fn next_non_space(&mut self) -> Token<'a> {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_non_space(&mut self) -> Token<'a> {
        let token = self.next_non_space();
        self.backup();
        token
    }

    fn expect(&mut self, kinds: &[Kind], context: &str) -> Reading<Token<'a>> {
        let token = self.next_non_space();
        if kinds.contains(&token.kind) {
            Ok(token)
        } else {
            Err(self.unexpected(&token, context))
        }
    }

    fn unexpected(&self, token: &Token<'_>, context: &str) -> String {
        if token.kind != Kind::Error {
            return format!("unexpected {token} in {context}");
        }
        let message = self.lexer.message();
        let line = self.scope.action.map_or(0, |position| self.line(position));
        if line == 0 || line == self.line(token.position) {
            return message.to_owned();
        }
        let action = if message.ends_with(" action") {
            ""
        } else {
            " in action"
        };
        format!("{message}{action} started at {}:{line}", self.source.name)
    }

    /// Returns the line of an offset, from 1.
    fn line(&self, position: usize) -> usize {
        let text = &self.source.text[..position.min(self.source.text.len())];
        1 + memchr::memchr_iter(b'\n', text).count()
    }

    fn file(&mut self) -> Reading<Vec<Node>> {
        let mut root = Vec::new();
        while self.peek().kind != Kind::Eof {
            if self.peek().kind == Kind::LeftDelimiter {
                let delimiter = self.next();
                if self.next_non_space().kind == Kind::Define {
                    self.definition()?;
                    continue;
                }
                self.tokens[1] = delimiter;
                self.peeked = 2;
            }
            match self.text_or_action()? {
                Piece::Node(node) => root.push(node),
                Piece::Ending(ending) => return Err(format!("unexpected {}", ending.text())),
            }
        }
        Ok(root)
    }

    fn definition(&mut self) -> Reading<()> {
        const CONTEXT: &str = "define clause";
        let outer = std::mem::take(&mut self.scope);
        let name = self.expect(&[Kind::String, Kind::RawString], CONTEXT)?;
        let name = unquote(&name)?;
        self.expect(&[Kind::RightDelimiter], CONTEXT)?;
        let root = self.whole_list(CONTEXT)?;
        self.define(&name, root)?;
        self.scope = outer;
        Ok(())
    }

    /// Reads a list of nodes that must end with `{{end}}`.
    fn whole_list(&mut self, context: &str) -> Reading<Vec<Node>> {
        match self.list()? {
            (nodes, Ending::End) => Ok(nodes),
            (_, ending) => Err(format!("unexpected {} in {context}", ending.text())),
        }
    }

    /// Keeps a template; of two in one text, one must be empty.
    fn define(&mut self, name: &[u8], root: Vec<Node>) -> Reading<Arc<Template>> {
        let template = Arc::new(Template {
            name: String::from_utf8_lossy(name).into(),
            source: Arc::clone(self.source),
            root,
        });
        let same = self.defined.iter().position(|t| t.name == template.name);
        match same {
            None => self.defined.push(Arc::clone(&template)),
            Some(at) if self.defined[at].is_empty() => self.defined[at] = Arc::clone(&template),
            Some(_) if template.is_empty() => {}
            Some(_) => {
                let name = strconv::quote(name);
                return Err(format!("template: multiple definition of template {name}"));
            }
        }
        Ok(template)
    }

    fn list(&mut self) -> Reading<(Vec<Node>, Ending)> {
        let mut nodes = Vec::new();
        while self.peek_non_space().kind != Kind::Eof {
            match self.text_or_action()? {
                Piece::Node(node) => nodes.push(node),
                Piece::Ending(ending) => return Ok((nodes, ending)),
            }
        }
        Err("unexpected EOF".to_owned())
    }

    fn text_or_action(&mut self) -> Reading<Piece> {
        let token = self.next_non_space();
        match token.kind {
            Kind::Text => Ok(Piece::Node(Node::Text {
                position: token.offset(),
                text: token.text.into(),
            })),
            Kind::LeftDelimiter => {
                self.scope.action = Some(token.position);
                let parsed = self.nested(Self::action);
                if parsed.is_ok() {
                    self.scope.action = None;
                }
                parsed
            }
            _ => Err(self.unexpected(&token, "input")),
        }
    }

    /// Goes one level deeper.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Reading<T>) -> Reading<T> {
        if self.depth >= DEPTH_MAX {
            return Err("max expression depth exceeded".to_owned());
        }
        self.depth += 1;
        let parsed = stacker::maybe_grow(STACK_RED_ZONE, STACK_SEGMENT, || parse(self));
        self.depth -= 1;
        parsed
    }

    fn action(&mut self) -> Reading<Piece> {
        let token = self.next_non_space();
        let node = match token.kind {
            Kind::Block => self.block()?,
            Kind::Break => self.jump("break", Node::Break)?,
            Kind::Continue => self.jump("continue", Node::Continue)?,
            Kind::Else => {
                let next = self.peek_non_space();
                if !matches!(next.kind, Kind::If | Kind::With) {
                    self.expect(&[Kind::RightDelimiter], "else")?;
                }
                return Ok(Piece::Ending(Ending::Else));
            }
            Kind::End => {
                self.expect(&[Kind::RightDelimiter], "end")?;
                return Ok(Piece::Ending(Ending::End));
            }
            Kind::If => Node::If(self.control("if", Kind::If)?),
            Kind::Range => Node::Range(self.control("range", Kind::Eof)?),
            Kind::With => Node::With(self.control("with", Kind::With)?),
            Kind::Template => self.template()?,
            _ => {
                self.backup();
                let position = self.peek().offset();
                let pipe = self.pipeline("command", Kind::RightDelimiter)?;
                Node::Action { position, pipe }
            }
        };
        Ok(Piece::Node(node))
    }

    fn jump(&mut self, word: &str, node: Node) -> Reading<Node> {
        let token = self.next_non_space();
        if token.kind != Kind::RightDelimiter {
            return Err(self.unexpected(&token, &format!("{{{{{word}}}}}")));
        }
        if self.scope.range_depth == 0 {
            return Err(format!("{{{{{word}}}}} outside {{{{range}}}}"));
        }
        Ok(node)
    }

    /// Reads `if`, `range` or `with`; `chained` is the keyword that may follow `else`.
    fn control(&mut self, context: &str, chained: Kind) -> Reading<Control> {
        let variables = self.scope.variables.len();
        let pipe = self.pipeline(context, Kind::RightDelimiter)?;
        let is_range = context == "range";
        self.scope.range_depth += usize::from(is_range);
        let (list, ending) = self.list()?;
        self.scope.range_depth -= usize::from(is_range);
        let otherwise = if ending == Ending::End {
            None
        } else if chained != Kind::Eof && self.peek().kind == chained {
            self.next();
            let inner = self.nested(|parser| parser.control(context, chained))?;
            Some(vec![if chained == Kind::If {
                Node::If(inner)
            } else {
                Node::With(inner)
            }])
        } else {
            let (nodes, ending) = self.list()?;
            if ending != Ending::End {
                return Err(format!("expected end; found {}", ending.text()));
            }
            Some(nodes)
        };
        self.scope.variables.truncate(variables);
        Ok(Control {
            position: pipe.position,
            pipe,
            list,
            otherwise,
        })
    }

    fn block(&mut self) -> Reading<Node> {
        const CONTEXT: &str = "block clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelimiter)?;
        let outer = std::mem::take(&mut self.scope);
        let root = self.whole_list(CONTEXT)?;
        self.define(&name, root)?;
        self.scope = outer;
        Ok(Node::Template {
            position: token.offset(),
            name: String::from_utf8_lossy(&name).into(),
            pipe: Some(pipe),
        })
    }

    fn template(&mut self) -> Reading<Node> {
        const CONTEXT: &str = "template clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = if self.next_non_space().kind == Kind::RightDelimiter {
            None
        } else {
            self.backup();
            Some(self.pipeline(CONTEXT, Kind::RightDelimiter)?)
        };
        Ok(Node::Template {
            position: token.offset(),
            name: String::from_utf8_lossy(&name).into(),
            pipe,
        })
    }

    fn template_name(&self, token: &Token<'_>, context: &str) -> Reading<Vec<u8>> {
        match token.kind {
            Kind::String | Kind::RawString => unquote(token),
            _ => Err(self.unexpected(token, context)),
        }
    }

    fn pipeline(&mut self, context: &str, end: Kind) -> Reading<Pipe> {
        let mut pipe = Pipe {
            position: self.peek_non_space().offset(),
            assigns: false,
            variables: Vec::new(),
            commands: Vec::new(),
        };
        self.declarations(&mut pipe, context)?;
        loop {
            let token = self.next_non_space();
            match token.kind {
                kind if kind == end => break,
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.backup();
                    pipe.commands.push(self.command()?);
                }
                _ => return Err(self.unexpected(&token, context)),
            }
        }
        let Some((_, stages)) = pipe.commands.split_first() else {
            return Err(format!("missing value for {context}"));
        };
        for (i, command) in stages.iter().enumerate() {
            if matches!(
                command.operands[0].term,
                Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(_) | Term::String { .. }
            ) {
                let stage = i + 2;
                return Err(format!("non executable command in pipeline stage {stage}"));
            }
        }
        Ok(pipe)
    }

    fn declarations(&mut self, pipe: &mut Pipe, context: &str) -> Reading<()> {
        loop {
            let variable = self.peek_non_space();
            if variable.kind != Kind::Variable {
                return Ok(());
            }
            self.next();
            let after = self.peek();
            let next = self.peek_non_space();
            if matches!(next.kind, Kind::Assign | Kind::Declare) {
                pipe.assigns = next.kind == Kind::Assign;
                self.next_non_space();
                self.declare(pipe, &variable);
                return Ok(());
            }
            if next.kind == Kind::Char && next.text == b"," {
                self.next_non_space();
                self.declare(pipe, &variable);
                if context == "range" && pipe.variables.len() < 2 {
                    match self.peek_non_space().kind {
                        Kind::Variable | Kind::RightDelimiter | Kind::RightParen => continue,
                        _ => return Err("range can only initialize variables".to_owned()),
                    }
                }
                return Err(format!("too many declarations in {context}"));
            }
            if after.kind == Kind::Space {
                self.tokens[1] = after;
                self.tokens[2] = variable;
                self.peeked = 3;
            } else {
                self.tokens[1] = variable;
                self.peeked = 2;
            }
            return Ok(());
        }
    }

    fn declare(&mut self, pipe: &mut Pipe, variable: &Token<'_>) {
        let name: Str = variable.text.into();
        pipe.variables.push(name.clone());
        self.scope.variables.push(name);
    }

    fn command(&mut self) -> Reading<Command> {
        let position = self.peek_non_space().offset();
        let mut operands = Vec::new();
        loop {
            self.peek_non_space();
            operands.extend(self.operand()?);
            let token = self.next();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelimiter | Kind::RightParen => self.backup(),
                Kind::Pipe => {}
                _ => return Err(self.unexpected(&token, "operand")),
            }
            break;
        }
        if operands.is_empty() {
            return Err("empty command".to_owned());
        }
        Ok(Command { position, operands })
    }

    fn operand(&mut self) -> Reading<Option<Operand>> {
        let Some(mut operand) = self.term()? else {
            return Ok(None);
        };
        if self.peek().kind != Kind::Field {
            return Ok(Some(operand));
        }
        let position = self.peek().offset();
        let mut names = Vec::new();
        while self.peek().kind == Kind::Field {
            names.push(Str::from(&self.next().text[1..]));
        }
        match &mut operand.term {
            Term::Field(own) | Term::Variable(_, own) => {
                own.append(&mut names);
                operand.position = position;
            }
            Term::Bool(_) | Term::String { .. } | Term::Number(_) | Term::Nil | Term::Dot => {
                let term = strconv::quote(operand.to_string().as_bytes());
                return Err(format!("unexpected . after term {term}"));
            }
            Term::Chain(..) | Term::Function(_) | Term::Pipe(_) => {
                let term = Term::Chain(Box::new(operand), names);
                operand = Operand { position, term };
            }
        }
        Ok(Some(operand))
    }

    fn term(&mut self) -> Reading<Option<Operand>> {
        let token = self.next_non_space();
        let term = match token.kind {
            Kind::Identifier => Term::Function(self.function(token.text)?),
            Kind::Dot => Term::Dot,
            Kind::Nil => Term::Nil,
            Kind::Variable => {
                if !self.scope.variables.iter().any(|v| **v == *token.text) {
                    let name = strconv::quote(token.text);
                    return Err(format!("undefined variable {name}"));
                }
                Term::Variable(token.text.into(), Vec::new())
            }
            Kind::Field => Term::Field(vec![token.text[1..].into()]),
            Kind::Bool => Term::Bool(token.text == b"true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                Term::Number(Box::new(number::read(token.text, token.kind)?))
            }
            Kind::LeftParen => {
                let pipe =
                    self.nested(|p| p.pipeline("parenthesized pipeline", Kind::RightParen))?;
                Term::Pipe(Box::new(pipe))
            }
            Kind::String | Kind::RawString => Term::String {
                text: unquote(&token)?.into(),
                literal: token.text.into(),
            },
            _ => {
                self.backup();
                return Ok(None);
            }
        };
        Ok(Some(Operand {
            position: token.offset(),
            term,
        }))
    }

    fn function(&self, name: &[u8]) -> Reading<&'static Function> {
        std::str::from_utf8(name)
            .ok()
            .and_then(|name| self.dialect.function(name))
            .ok_or_else(|| format!("function {} not defined", strconv::quote(name)))
    }
}

fn unquote(token: &Token<'_>) -> Reading<Vec<u8>> {
    strconv::unquote(token.text).ok_or_else(|| "invalid syntax".to_owned())
}
