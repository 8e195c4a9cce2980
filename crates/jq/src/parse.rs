//! Programs from text.

use crate::ast::{Ast, Function, Key, Literal, Op, Part, Pattern};
use crate::encode;
use crate::error::Error;
use crate::json::Json;
use crate::lex::{Lexer, Token};

/// How deep brackets may nest.
const DEPTH_MAX: u32 = 200;
/// Operators, commas and suffixes: each may make the tree one deeper.
const CHAINED_MAX: u32 = 1_000;

/// Reads a whole program.
pub(crate) fn program(text: &str) -> Result<Ast, Error> {
    let mut parser = Parser::new(text)?;
    let body = if parser.token == Token::Eof {
        Ast::Identity
    } else {
        parser.query()?
    };
    match parser.token {
        Token::Eof => Ok(body),
        _ => Err(parser.unexpected()),
    }
}

/// Reads definitions, for the prelude.
pub(crate) fn definitions(text: &str) -> Result<Vec<Function>, Error> {
    let mut parser = Parser::new(text)?;
    let mut functions = Vec::new();
    while parser.token == Token::Keyword("def") {
        functions.push(parser.definition()?);
    }
    match parser.token {
        Token::Eof => Ok(functions),
        _ => Err(parser.unexpected()),
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    depth: u32,
    chained: u32,
}

type Parsed = Result<Ast, Error>;

fn boxed(ast: Ast) -> Box<Ast> {
    Box::new(ast)
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Self, Error> {
        let mut parser = Self {
            lexer: Lexer::new(text),
            token: Token::Eof,
            depth: 0,
            chained: 0,
        };
        parser.advance();
        Ok(parser)
    }

    fn advance(&mut self) -> Token {
        let next = self.lexer.next();
        std::mem::replace(&mut self.token, next)
    }

    fn unexpected(&mut self) -> Error {
        let text = match &self.token {
            Token::Eof => return Error::Syntax("unexpected EOF".to_owned()),
            Token::Invalid(text) => {
                let text = encode::to_json(&Json::text(text));
                return Error::Syntax(format!("invalid token {text}"));
            }
            Token::Quote => match self.lexer.clone().text() {
                Ok((text, _)) => encode::to_json(&Json::text(&text)),
                Err(error) => return error,
            },
            Token::Ident(text)
            | Token::Variable(text)
            | Token::Number(text)
            | Token::Format(text)
            | Token::Other(text) => text.clone(),
            Token::Field(text) => format!(".{text}"),
            Token::Keyword(text) | Token::Sign(text) => (*text).to_owned(),
        };
        let text = encode::to_json(&Json::text(&text));
        Error::Syntax(format!("unexpected token {text}"))
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.token, Token::Sign(s) if s == sign)
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.token, Token::Keyword(k) if k == keyword)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let is = self.is(sign);
        if is {
            self.advance();
        }
        is
    }

    fn expect(&mut self, sign: &str) -> Result<(), Error> {
        match self.eat(sign) {
            true => Ok(()),
            false => Err(self.unexpected()),
        }
    }

    fn expect_keyword(&mut self, keyword: &str) -> Result<(), Error> {
        if !self.is_keyword(keyword) {
            return Err(self.unexpected());
        }
        self.advance();
        Ok(())
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth >= DEPTH_MAX {
            return Err(Error::Limit("the program is nested too deeply"));
        }
        self.depth += 1;
        let parsed = stacker::maybe_grow(64 << 10, 1 << 20, || parse(self));
        self.depth -= 1;
        parsed
    }

    /// Counts what makes the tree deeper without a bracket.
    fn chain(&mut self) -> Result<(), Error> {
        self.chained += 1;
        match self.chained > CHAINED_MAX {
            true => Err(Error::Limit("the program is too long")),
            false => Ok(()),
        }
    }

    /// `a, b | c`, definitions, bindings, labels: what may stand between brackets.
    fn query(&mut self) -> Parsed {
        self.deeper(|this| {
            let left = this.commas()?;
            if this.eat("|") {
                return Ok(Ast::Pipe(boxed(left), boxed(this.query()?)));
            }
            Ok(left)
        })
    }

    fn commas(&mut self) -> Parsed {
        let mut left = self.clause()?;
        while self.eat(",") {
            self.chain()?;
            left = Ast::Comma(boxed(left), boxed(self.clause()?));
        }
        Ok(left)
    }

    /// What stands between commas. A definition, a binding and a label reach as far as they can.
    fn clause(&mut self) -> Parsed {
        if self.is_keyword("def") {
            let function = self.definition()?;
            return Ok(Ast::Define(Box::new(function), boxed(self.query()?)));
        }
        if self.is_keyword("label") {
            self.advance();
            let name = self.variable()?;
            self.expect("|")?;
            return Ok(Ast::Label(name, boxed(self.query()?)));
        }
        let source = self.expression(0)?;
        if !self.is_keyword("as") {
            return Ok(source);
        }
        self.advance();
        let mut patterns = vec![self.pattern()?];
        while self.eat("?//") {
            patterns.push(self.pattern()?);
        }
        self.expect("|")?;
        Ok(Ast::Bind {
            source: boxed(source),
            patterns,
            body: boxed(self.query()?),
        })
    }

    fn definition(&mut self) -> Result<Function, Error> {
        self.expect_keyword("def")?;
        let name = self.ident()?;
        let mut params = Vec::new();
        if self.eat("(") {
            loop {
                params.push(match &self.token {
                    Token::Variable(name) | Token::Ident(name) => name.clone(),
                    _ => return Err(self.unexpected()),
                });
                self.advance();
                if !self.eat(";") {
                    break;
                }
            }
            self.expect(")")?;
        }
        self.expect(":")?;
        let body = self.query()?;
        self.expect(";")?;
        Ok(Function { name, params, body })
    }

    fn ident(&mut self) -> Result<String, Error> {
        match &self.token {
            Token::Ident(name) => {
                let name = name.clone();
                self.advance();
                Ok(name)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn variable(&mut self) -> Result<String, Error> {
        match &self.token {
            Token::Variable(name) => {
                let name = name.clone();
                self.advance();
                Ok(name)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn pattern(&mut self) -> Result<Pattern, Error> {
        self.deeper(|this| {
            if this.eat("[") {
                let mut patterns = vec![this.pattern()?];
                while this.eat(",") {
                    patterns.push(this.pattern()?);
                }
                this.expect("]")?;
                return Ok(Pattern::Array(patterns));
            }
            if !this.eat("{") {
                return this.variable().map(Pattern::Variable);
            }
            let mut members = Vec::new();
            loop {
                let key = this.key()?;
                let value = match (&key, this.is(":")) {
                    (Key::Variable(_), false) => None,
                    _ => {
                        this.expect(":")?;
                        Some(this.pattern()?)
                    }
                };
                members.push((key, value));
                if !this.eat(",") {
                    break;
                }
            }
            this.expect("}")?;
            Ok(Pattern::Object(members))
        })
    }

    /// A key of an object or of a pattern for one.
    fn key(&mut self) -> Result<Key, Error> {
        Ok(match &self.token {
            Token::Variable(name) => {
                let name = name.clone();
                self.advance();
                Key::Variable(name)
            }
            Token::Ident(name) => {
                let name = name.clone();
                self.advance();
                Key::Name(name)
            }
            Token::Keyword(name) => {
                let name = (*name).to_owned();
                self.advance();
                Key::Name(name)
            }
            Token::Quote => match self.text(None)? {
                Ast::Literal(Literal::Text(name)) => Key::Name(name),
                query => Key::Query(query),
            },
            Token::Sign("(") => {
                self.advance();
                let query = self.query()?;
                self.expect(")")?;
                Key::Query(query)
            }
            _ => return Err(self.unexpected()),
        })
    }

    /// Operators by precedence, from the weakest.
    fn expression(&mut self, weakest: u8) -> Parsed {
        self.deeper(|this| {
            let mut left = this.term()?;
            loop {
                let Some((strength, right_strength, is_chained)) = this.operator() else {
                    return Ok(left);
                };
                if strength < weakest {
                    return Ok(left);
                }
                this.chain()?;
                let operator = this.advance();
                let right = this.expression(right_strength)?;
                left = join(&operator, left, right);
                // `a == b == c` means nothing.
                if !is_chained && this.operator().is_some_and(|(next, ..)| next == strength) {
                    return Err(this.unexpected());
                }
            }
        })
    }

    /// Returns how strongly the operator at hand binds, what binds its right side, and whether it
    /// may be repeated.
    fn operator(&self) -> Option<(u8, u8, bool)> {
        Some(match self.token {
            Token::Sign("//") => (1, 1, true),
            Token::Sign("=" | "|=" | "+=" | "-=" | "*=" | "/=" | "%=" | "//=") => (2, 3, false),
            Token::Keyword("or") => (3, 4, true),
            Token::Keyword("and") => (4, 5, true),
            Token::Sign("==" | "!=" | "<" | "<=" | ">" | ">=") => (5, 6, false),
            Token::Sign("+" | "-") => (6, 7, true),
            Token::Sign("*" | "/" | "%") => (7, 8, true),
            _ => return None,
        })
    }

    fn term(&mut self) -> Parsed {
        self.deeper(|this| {
            let head = this.head()?;
            this.suffixes(head)
        })
    }

    fn head(&mut self) -> Parsed {
        let token = match &self.token {
            Token::Quote => return self.text(None),
            Token::Eof | Token::Other(_) | Token::Invalid(_) => return Err(self.unexpected()),
            token => token.clone(),
        };
        match token {
            Token::Sign(sign) => self.bracketed(sign),
            Token::Keyword(keyword) => self.keyword(keyword),
            Token::Field(name) => {
                self.advance();
                Ok(index(Ast::Identity, name))
            }
            Token::Number(text) => {
                self.advance();
                Ok(Ast::Literal(number(&text)))
            }
            Token::Variable(name) => {
                self.advance();
                Ok(Ast::Variable(name))
            }
            Token::Format(name) => {
                self.advance();
                match self.token {
                    Token::Quote => self.text(Some(name)),
                    _ => Ok(Ast::Format(name)),
                }
            }
            Token::Ident(name) => {
                self.advance();
                let mut arguments = Vec::new();
                if self.eat("(") {
                    arguments.push(self.query()?);
                    while self.eat(";") {
                        arguments.push(self.query()?);
                    }
                    self.expect(")")?;
                }
                Ok(Ast::Call(name, arguments))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn bracketed(&mut self, sign: &'static str) -> Parsed {
        match sign {
            "." => {
                self.advance();
                match self.token {
                    Token::Quote => {
                        let name = self.text(None)?;
                        Ok(Ast::Index(boxed(Ast::Identity), boxed(name)))
                    }
                    Token::Sign("[") => self.brackets(Ast::Identity),
                    _ => Ok(Ast::Identity),
                }
            }
            ".." => {
                self.advance();
                Ok(Ast::Recurse)
            }
            "(" => {
                self.advance();
                let query = self.query()?;
                self.expect(")")?;
                Ok(query)
            }
            "[" => {
                self.advance();
                if self.eat("]") {
                    return Ok(Ast::Array(None));
                }
                let query = self.query()?;
                self.expect("]")?;
                Ok(Ast::Array(Some(boxed(query))))
            }
            "{" => {
                self.advance();
                self.object()
            }
            "-" => {
                self.advance();
                Ok(Ast::Negate(boxed(self.term()?)))
            }
            "+" => {
                self.advance();
                Ok(Ast::Plus(boxed(self.term()?)))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn object(&mut self) -> Parsed {
        let mut members = Vec::new();
        while !self.is("}") {
            let key = self.key()?;
            let must_have_value =
                matches!(&key, Key::Query(ast) if !matches!(ast, Ast::Text { .. }));
            let value = if self.is(":") || must_have_value {
                self.expect(":")?;
                Some(self.member_value()?)
            } else {
                None
            };
            members.push((key, value));
            if !self.eat(",") {
                break;
            }
        }
        self.expect("}")?;
        Ok(Ast::Object(members))
    }

    /// A member's value may be piped, but a comma ends it.
    fn member_value(&mut self) -> Parsed {
        let value = self.expression(0)?;
        if self.eat("|") {
            return Ok(Ast::Pipe(boxed(value), boxed(self.member_value()?)));
        }
        Ok(value)
    }

    fn keyword(&mut self, keyword: &'static str) -> Parsed {
        match keyword {
            "null" | "true" | "false" => {
                self.advance();
                Ok(Ast::Literal(match keyword {
                    "null" => Literal::Null,
                    word => Literal::Bool(word == "true"),
                }))
            }
            "if" => {
                self.advance();
                self.condition()
            }
            "try" => {
                self.advance();
                let body = self.term()?;
                let handler = if self.is_keyword("catch") {
                    self.advance();
                    Some(boxed(self.term()?))
                } else {
                    None
                };
                Ok(Ast::Try(boxed(body), handler))
            }
            "reduce" | "foreach" => {
                self.advance();
                self.fold(keyword)
            }
            "break" => {
                self.advance();
                Ok(Ast::Break(self.variable()?))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn condition(&mut self) -> Parsed {
        let condition = boxed(self.query()?);
        self.expect_keyword("then")?;
        let then = boxed(self.query()?);
        let otherwise = match self.token {
            Token::Keyword("elif") => {
                self.advance();
                return Ok(Ast::If {
                    condition,
                    then,
                    otherwise: Some(boxed(self.deeper(Self::condition)?)),
                });
            }
            Token::Keyword("else") => {
                self.advance();
                Some(boxed(self.query()?))
            }
            _ => None,
        };
        self.expect_keyword("end")?;
        Ok(Ast::If {
            condition,
            then,
            otherwise,
        })
    }

    fn fold(&mut self, keyword: &str) -> Parsed {
        let source = boxed(self.expression(0)?);
        self.expect_keyword("as")?;
        let pattern = self.pattern()?;
        self.expect("(")?;
        let start = boxed(self.query()?);
        self.expect(";")?;
        let update = boxed(self.query()?);
        let extract = if keyword == "foreach" && self.eat(";") {
            Some(boxed(self.query()?))
        } else {
            None
        };
        self.expect(")")?;
        Ok(match keyword {
            "reduce" => Ast::Reduce {
                source,
                pattern,
                start,
                update,
            },
            _ => Ast::Foreach {
                source,
                pattern,
                start,
                update,
                extract,
            },
        })
    }

    /// Reads a text whose quote was just read.
    fn text(&mut self, format: Option<String>) -> Parsed {
        let mut parts = Vec::new();
        loop {
            let (text, is_end) = self.lexer.text()?;
            if !text.is_empty() || (is_end && parts.is_empty()) {
                parts.push(Part::Text(text));
            }
            if is_end {
                self.advance();
                break;
            }
            self.advance();
            let query = self.query()?;
            if !self.is(")") {
                return Err(self.unexpected());
            }
            parts.push(Part::Query(query));
        }
        Ok(match parts.as_mut_slice() {
            [Part::Text(text)] => Ast::Literal(Literal::Text(std::mem::take(text))),
            _ => Ast::Text { format, parts },
        })
    }

    fn suffixes(&mut self, mut term: Ast) -> Parsed {
        // Whether the term ends with a suffix of its own.
        let mut suffixed = false;
        loop {
            match &self.token {
                Token::Field(name) => {
                    let name = name.clone();
                    self.advance();
                    term = index(term, name);
                    suffixed = true;
                }
                Token::Sign("?") => {
                    self.advance();
                    term = optional(term, suffixed);
                    suffixed = false;
                }
                Token::Sign("[") => {
                    term = self.brackets(term)?;
                    suffixed = true;
                }
                Token::Sign(".") => {
                    self.advance();
                    term = match self.token {
                        Token::Quote => {
                            let name = self.text(None)?;
                            Ast::Index(boxed(term), boxed(name))
                        }
                        Token::Sign("[") => self.brackets(term)?,
                        _ => return Err(self.unexpected()),
                    };
                    suffixed = true;
                }
                _ => return Ok(term),
            }
            self.chain()?;
        }
    }

    /// `[]`, `[index]`, `[from:to]`
    fn brackets(&mut self, of: Ast) -> Parsed {
        self.expect("[")?;
        if self.eat("]") {
            return Ok(Ast::Iterate(boxed(of)));
        }
        let start = match self.is(":") {
            true => None,
            false => Some(boxed(self.query()?)),
        };
        if !self.eat(":") {
            self.expect("]")?;
            let Some(index) = start else {
                return Err(self.unexpected());
            };
            return Ok(Ast::Index(boxed(of), index));
        }
        let end = match self.is("]") && start.is_some() {
            true => None,
            false => Some(boxed(self.query()?)),
        };
        self.expect("]")?;
        Ok(Ast::Slice {
            of: boxed(of),
            start,
            end,
        })
    }
}

/// `?` is for the last suffix alone: what comes before may fail.
fn optional(term: Ast, suffixed: bool) -> Ast {
    let here = || boxed(Ast::Identity);
    let (before, last) = match term {
        Ast::Index(of, key) if suffixed => (of, Ast::Index(here(), key)),
        Ast::Slice { of, start, end } if suffixed => {
            let of_here = here();
            (
                of,
                Ast::Slice {
                    of: of_here,
                    start,
                    end,
                },
            )
        }
        Ast::Iterate(of) if suffixed => (of, Ast::Iterate(here())),
        whole => return Ast::Try(boxed(whole), None),
    };
    Ast::Pipe(before, boxed(Ast::Try(boxed(last), None)))
}

fn index(of: Ast, name: String) -> Ast {
    Ast::Index(boxed(of), boxed(Ast::Literal(Literal::Text(name))))
}

/// Reads a number; whole ones stay whole if they fit.
pub(crate) fn number(text: &str) -> Literal {
    if let Ok(whole) = text.parse() {
        return Literal::Int(whole);
    }
    let number: f64 = text.parse().unwrap_or(f64::INFINITY);
    match crate::json::exact(number) {
        Some(whole) => Literal::Int(whole),
        None => Literal::Float(number),
    }
}

fn join(operator: &Token, left: Ast, right: Ast) -> Ast {
    let (left, right) = (boxed(left), boxed(right));
    let text = match operator {
        Token::Sign(text) | Token::Keyword(text) => *text,
        _ => "",
    };
    let op = |text: &str| match text {
        "+" => Op::Add,
        "-" => Op::Subtract,
        "*" => Op::Multiply,
        "/" => Op::Divide,
        "%" => Op::Modulo,
        "==" => Op::Equal,
        "!=" => Op::NotEqual,
        "<" => Op::Less,
        "<=" => Op::LessEqual,
        ">" => Op::Greater,
        _ => Op::GreaterEqual,
    };
    match text {
        "//" => Ast::Alternative(left, right),
        "//=" => Ast::UpdateAlternative(left, right),
        "=" => Ast::Assign(left, right),
        "|=" => Ast::Modify(left, right),
        "and" => Ast::And(left, right),
        "or" => Ast::Or(left, right),
        "+=" | "-=" | "*=" | "/=" | "%=" => {
            Ast::Update(op(text.trim_end_matches('=')), left, right)
        }
        other => Ast::Binary(op(other), left, right),
    }
}
