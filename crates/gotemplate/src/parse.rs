//! From tokens to templates.

mod number;

use crate::ast::{
    Command, Control, Index, Node, Operand, Pipe, Source, Span, Template, Term, Tree,
};
use crate::error::Error;
use crate::funcs::{Dialect, Function};
use crate::lex::{Kind, Lexer, Shown, Token};
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
    parse_shared(name, &text.into(), dialect)
}

/// Parses a text that others have, too.
///
/// # Errors
/// Fails as Go does, with its text.
pub fn parse_shared(name: &str, text: &Arc<[u8]>, dialect: Dialect) -> Result<Parsed, Error> {
    if u32::try_from(text.len()).is_err() {
        return Err(Error::new(format!(
            "template: {name}:1: the text is too large"
        )));
    }
    let mut parser = Parser {
        name,
        text,
        tree: Tree::new(Arc::clone(text)),
        dialect,
        lexer: Lexer::new(text),
        tokens: [Token::nothing(), Token::nothing(), Token::nothing()],
        peeked: 0,
        scope: Scope::default(),
        depth: 0,
        defined: Vec::new(),
        nodes: Vec::new(),
        commands: Vec::new(),
        operands: Vec::new(),
    };
    let main = parser
        .file()
        .and_then(|root| parser.define(name.as_bytes(), root));
    if let Err(message) = main {
        let line = parser.line(parser.tokens[0].start() as usize);
        return Err(Error::new(format!("template: {name}:{line}: {message}")));
    }
    let source = Arc::new(Source {
        name: name.into(),
        tree: parser.tree,
    });
    let template = |(name, root): (Arc<str>, Span)| {
        let source = Arc::clone(&source);
        Arc::new(Template { name, source, root })
    };
    let templates: Vec<_> = parser.defined.into_iter().map(template).collect();
    // The text itself was the last to be defined; that of the same name that isn't empty counts.
    let main = templates.iter().find(|t| *t.name == *name);
    Ok(Parsed {
        main: Arc::clone(main.expect("the text itself is among them")),
        templates,
    })
}

struct Parser<'a> {
    name: &'a str,
    text: &'a [u8],
    tree: Tree,
    dialect: Dialect,
    lexer: Lexer<'a>,
    /// Look-ahead, as the reference has it: which line an error names depends on it.
    tokens: [Token; 3],
    peeked: usize,
    scope: Scope,
    depth: usize,
    defined: Vec<(Arc<str>, Span)>,
    // Parts of lists that haven't ended yet, those of inner ones behind those of outer ones.
    nodes: Vec<Node>,
    commands: Vec<Command>,
    operands: Vec<Operand>,
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

impl Token {
    const fn nothing() -> Self {
        Self::new(Kind::Eof, 0, 0)
    }
}

impl<'a> Parser<'a> {
    fn text_of(&self, token: &Token) -> &'a [u8] {
        self.text
            .get(token.start() as usize..token.end() as usize)
            .unwrap_or_default()
    }

    fn next(&mut self) -> Token {
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

    fn peek(&mut self) -> Token {
        let token = self.next();
        self.backup();
        token
    }

    fn next_non_space(&mut self) -> Token {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_non_space(&mut self) -> Token {
        let token = self.next_non_space();
        self.backup();
        token
    }

    fn expect(&mut self, kinds: &[Kind], context: &str) -> Reading<Token> {
        let token = self.next_non_space();
        if kinds.contains(&token.kind) {
            Ok(token)
        } else {
            Err(self.unexpected(&token, context))
        }
    }

    fn unexpected(&self, token: &Token, context: &str) -> String {
        if token.kind != Kind::Error {
            let token = Shown(token.kind, self.text_of(token));
            return format!("unexpected {token} in {context}");
        }
        let message = self.lexer.message();
        let line = self.scope.action.map_or(0, |position| self.line(position));
        if line == 0 || line == self.line(token.start() as usize) {
            return message.to_owned();
        }
        let action = if message.ends_with(" action") {
            ""
        } else {
            " in action"
        };
        format!("{message}{action} started at {}:{line}", self.name)
    }

    /// Returns the line of an offset, from 1.
    fn line(&self, position: usize) -> usize {
        let text = &self.tree.text[..position.min(self.tree.text.len())];
        1 + memchr::memchr_iter(b'\n', text).count()
    }

    fn file(&mut self) -> Reading<Span> {
        let mark = self.nodes.len();
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
                Piece::Node(node) => self.nodes.push(node),
                Piece::Ending(ending) => return Err(format!("unexpected {}", ending.text())),
            }
        }
        Ok(self.tree.add_nodes(&mut self.nodes, mark))
    }

    fn definition(&mut self) -> Reading<()> {
        const CONTEXT: &str = "define clause";
        let outer = std::mem::take(&mut self.scope);
        let name = self.expect(&[Kind::String, Kind::RawString], CONTEXT)?;
        let name = unquote(self.text_of(&name))?;
        self.expect(&[Kind::RightDelimiter], CONTEXT)?;
        let root = self.whole_list(CONTEXT)?;
        self.define(&name, root)?;
        self.scope = outer;
        Ok(())
    }

    /// Reads a list of nodes that must end with `{{end}}`.
    fn whole_list(&mut self, context: &str) -> Reading<Span> {
        match self.list()? {
            (nodes, Ending::End) => Ok(nodes),
            (_, ending) => Err(format!("unexpected {} in {context}", ending.text())),
        }
    }

    /// Keeps a template; of two in one text, one must be empty.
    fn define(&mut self, name: &[u8], root: Span) -> Reading<()> {
        let name: Arc<str> = String::from_utf8_lossy(name).into();
        match self.defined.iter_mut().find(|(n, _)| *n == name) {
            None => self.defined.push((name, root)),
            Some((_, known)) if self.tree.is_blank(*known) => *known = root,
            Some(_) if self.tree.is_blank(root) => {}
            Some(_) => {
                let name = strconv::quote(name.as_bytes());
                return Err(format!("template: multiple definition of template {name}"));
            }
        }
        Ok(())
    }

    fn list(&mut self) -> Reading<(Span, Ending)> {
        let mark = self.nodes.len();
        while self.peek_non_space().kind != Kind::Eof {
            match self.text_or_action()? {
                Piece::Node(node) => self.nodes.push(node),
                Piece::Ending(ending) => {
                    return Ok((self.tree.add_nodes(&mut self.nodes, mark), ending));
                }
            }
        }
        Err("unexpected EOF".to_owned())
    }

    fn text_or_action(&mut self) -> Reading<Piece> {
        let token = self.next_non_space();
        match token.kind {
            Kind::Text => Ok(Piece::Node(Node::Text {
                start: token.start(),
                end: token.end(),
            })),
            Kind::LeftDelimiter => {
                self.scope.action = Some(token.start() as usize);
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
                let position = self.peek().start();
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
    fn control(&mut self, context: &str, chained: Kind) -> Reading<Index> {
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
            let node = if chained == Kind::If {
                Node::If(inner)
            } else {
                Node::With(inner)
            };
            Some(self.tree.add_node(node))
        } else {
            let (nodes, ending) = self.list()?;
            if ending != Ending::End {
                return Err(format!("expected end; found {}", ending.text()));
            }
            Some(nodes)
        };
        self.scope.variables.truncate(variables);
        Ok(self.tree.add_control(Control {
            position: self.tree.pipe(pipe).position,
            pipe,
            list,
            otherwise,
        }))
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
            position: token.start(),
            name: self.tree.add_name(String::from_utf8_lossy(&name).into()),
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
            position: token.start(),
            name: self.tree.add_name(String::from_utf8_lossy(&name).into()),
            pipe,
        })
    }

    fn template_name(&self, token: &Token, context: &str) -> Reading<Vec<u8>> {
        match token.kind {
            Kind::String | Kind::RawString => unquote(self.text_of(token)),
            _ => Err(self.unexpected(token, context)),
        }
    }

    fn pipeline(&mut self, context: &str, end: Kind) -> Reading<Index> {
        let mut pipe = Pipe {
            position: self.peek_non_space().start(),
            assigns: false,
            variables: self.tree.no_words(),
            commands: Span::default(),
        };
        let mark = self.commands.len();
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
                    let command = self.command()?;
                    self.commands.push(command);
                }
                _ => return Err(self.unexpected(&token, context)),
            }
        }
        let Some((_, stages)) = self.commands[mark..].split_first() else {
            return Err(format!("missing value for {context}"));
        };
        for (i, command) in stages.iter().enumerate() {
            if matches!(
                self.tree.operands(command.operands)[0].term,
                Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(_) | Term::String(..)
            ) {
                let stage = i + 2;
                return Err(format!("non executable command in pipeline stage {stage}"));
            }
        }
        pipe.commands = self.tree.add_commands(&mut self.commands, mark);
        Ok(self.tree.add_pipe(pipe))
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
            if next.kind == Kind::Char && self.text_of(&next) == b"," {
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

    fn declare(&mut self, pipe: &mut Pipe, variable: &Token) {
        let name: Str = self.text_of(variable).into();
        self.tree.extend_words(&mut pipe.variables, name.clone());
        self.scope.variables.push(name);
    }

    fn command(&mut self) -> Reading<Command> {
        let position = self.peek_non_space().start();
        let mark = self.operands.len();
        loop {
            self.peek_non_space();
            if let Some(operand) = self.operand()? {
                self.operands.push(operand);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelimiter | Kind::RightParen => self.backup(),
                Kind::Pipe => {}
                _ => return Err(self.unexpected(&token, "operand")),
            }
            break;
        }
        if self.operands.len() == mark {
            return Err("empty command".to_owned());
        }
        let operands = self.tree.add_operands(&mut self.operands, mark);
        Ok(Command { position, operands })
    }

    fn operand(&mut self) -> Reading<Option<Operand>> {
        let Some(mut operand) = self.term()? else {
            return Ok(None);
        };
        if self.peek().kind != Kind::Field {
            return Ok(Some(operand));
        }
        let position = self.peek().start();
        // The words of a field or variable are the last ones: its further names stand behind them.
        let mut names = match operand.term {
            Term::Field(own) | Term::Variable(_, own) => own,
            _ => self.tree.no_words(),
        };
        while self.peek().kind == Kind::Field {
            let token = self.next();
            let name = self.text_of(&token)[1..].into();
            self.tree.extend_words(&mut names, name);
        }
        match &mut operand.term {
            Term::Field(own) | Term::Variable(_, own) => {
                *own = names;
                operand.position = position;
            }
            Term::Bool(_) | Term::String(..) | Term::Number(_) | Term::Nil | Term::Dot => {
                let shown = self.tree.show(&operand).to_string();
                let term = strconv::quote(shown.as_bytes());
                return Err(format!("unexpected . after term {term}"));
            }
            Term::Chain(..) | Term::Function(_) | Term::Pipe(_) => {
                let term = Term::Chain(self.tree.add_operand(operand), names);
                operand = Operand { position, term };
            }
        }
        Ok(Some(operand))
    }

    fn term(&mut self) -> Reading<Option<Operand>> {
        let token = self.next_non_space();
        let text = self.text_of(&token);
        let term = match token.kind {
            Kind::Identifier => Term::Function(self.function(text)?),
            Kind::Dot => Term::Dot,
            Kind::Nil => Term::Nil,
            Kind::Variable => {
                if !self.scope.variables.iter().any(|v| **v == *text) {
                    let name = strconv::quote(text);
                    return Err(format!("undefined variable {name}"));
                }
                let name = self.tree.add_word(text.into());
                Term::Variable(name, self.tree.no_words())
            }
            Kind::Field => {
                let mut names = self.tree.no_words();
                self.tree.extend_words(&mut names, text[1..].into());
                Term::Field(names)
            }
            Kind::Bool => Term::Bool(text == b"true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                let number = number::read(text, token.kind)?;
                Term::Number(self.tree.add_number(number))
            }
            Kind::LeftParen => {
                Term::Pipe(self.nested(|p| p.pipeline("parenthesized pipeline", Kind::RightParen))?)
            }
            Kind::String | Kind::RawString => {
                let text = self.tree.add_word(word(text)?);
                Term::String(token.end() - token.start(), text)
            }
            _ => {
                self.backup();
                return Ok(None);
            }
        };
        Ok(Some(Operand {
            position: token.start(),
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

/// Returns what a literal means.
fn word(text: &[u8]) -> Reading<Str> {
    // Mostly there is nothing between the quotes that has a meaning of its own.
    if let [b'"', plain @ .., b'"'] = text
        && plain
            .iter()
            .all(|b| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\'))
    {
        return Ok(plain.into());
    }
    unquote(text).map(Str::from)
}

fn unquote(text: &[u8]) -> Reading<Vec<u8>> {
    strconv::unquote(text).ok_or_else(|| "invalid syntax".to_owned())
}
