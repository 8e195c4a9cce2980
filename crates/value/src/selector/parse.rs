//! The grammar of label selectors: `a=b,c!=d,e in (x,y),!f`.

use super::label::check_key;
use super::{Operator, Requirement, SelectorError};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Symbol(&'a str),
    End,
}

impl<'a> Token<'a> {
    const fn text(self) -> &'a str {
        match self {
            Self::Word(t) | Self::Symbol(t) => t,
            Self::End => "",
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
}

const SYMBOLS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];

impl<'a> Parser<'a> {
    /// Returns the next token and the text behind it.
    fn scan(&self) -> (Token<'a>, &'a str) {
        let rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if rest.is_empty() {
            return (Token::End, rest);
        }
        if let Some(symbol) = SYMBOLS.iter().find(|s| rest.starts_with(**s)) {
            let (symbol, rest) = rest.split_at(symbol.len());
            return (Token::Symbol(symbol), rest);
        }
        let stop = |c: char| "=!(),>< \t\r\n".contains(c);
        let (word, rest) = rest.split_at(rest.find(stop).unwrap_or(rest.len()));
        (Token::Word(word), rest)
    }

    fn peek(&self) -> Token<'a> {
        self.scan().0
    }

    fn next(&mut self) -> Token<'a> {
        let (token, rest) = self.scan();
        self.rest = rest;
        token
    }
}

fn found<T>(token: Token<'_>, expected: &str) -> Result<T, SelectorError> {
    Err(SelectorError(format!(
        "found '{}', expected: {expected}",
        token.text()
    )))
}

pub(super) fn requirements(text: &str) -> Result<Vec<Requirement>, SelectorError> {
    let mut parser = Parser { rest: text };
    let mut requirements = Vec::new();
    loop {
        match parser.peek() {
            Token::End => return Ok(requirements),
            Token::Word(_) | Token::Symbol("!") => {
                let requirement = requirement(&mut parser)
                    .map_err(|e| SelectorError(format!("unable to parse requirement: {e}")))?;
                requirements.push(requirement);
            }
            other => return found(other, "!, identifier, or 'end of string'"),
        }
        match parser.next() {
            Token::End => return Ok(requirements),
            Token::Symbol(",") => match parser.peek() {
                Token::Word(_) | Token::Symbol("!") => {}
                other => return found(other, "identifier after ','"),
            },
            other => return found(other, "',' or 'end of string'"),
        }
    }
}

fn requirement(parser: &mut Parser<'_>) -> Result<Requirement, SelectorError> {
    let mut token = parser.next();
    let absent = token == Token::Symbol("!");
    if absent {
        token = parser.next();
    }
    let Token::Word(key) = token else {
        return found(token, "identifier");
    };
    check_key(key)?;
    if absent {
        return Requirement::new(key, Operator::DoesNotExist, Vec::new());
    }
    if matches!(parser.peek(), Token::End | Token::Symbol(",")) {
        return Requirement::new(key, Operator::Exists, Vec::new());
    }
    let operator = match parser.next() {
        Token::Word("in") => Operator::In,
        Token::Word("notin") => Operator::NotIn,
        Token::Symbol("=") => Operator::Equals,
        Token::Symbol("==") => Operator::DoubleEquals,
        Token::Symbol("!=") => Operator::NotEquals,
        Token::Symbol(">") => Operator::GreaterThan,
        Token::Symbol("<") => Operator::LessThan,
        other => return found(other, "in, notin, =, ==, !=, gt, lt"),
    };
    let values = match operator {
        Operator::In | Operator::NotIn => list(parser)?,
        _ => vec![exact(parser)?],
    };
    Requirement::new(key, operator, values)
}

fn exact(parser: &mut Parser<'_>) -> Result<String, SelectorError> {
    match parser.peek() {
        Token::End | Token::Symbol(",") => Ok(String::new()),
        _ => match parser.next() {
            Token::Word(value) => Ok(value.to_owned()),
            other => found(other, "identifier"),
        },
    }
}

fn list(parser: &mut Parser<'_>) -> Result<Vec<String>, SelectorError> {
    let open = parser.next();
    if open != Token::Symbol("(") {
        return Err(SelectorError(format!(
            "found '{}' expected: '('",
            open.text()
        )));
    }
    let mut values = Vec::new();
    match parser.peek() {
        Token::Symbol(")") => {
            parser.next();
            return Ok(values);
        }
        Token::Word(_) | Token::Symbol(",") => {}
        other => return found(other, "',', ')' or identifier"),
    }
    // An empty place before, between or after commas is the empty value.
    loop {
        match parser.next() {
            Token::Word(value) => {
                values.push(value.to_owned());
                match parser.peek() {
                    Token::Symbol(",") => {}
                    Token::Symbol(")") => break,
                    other => return found(other, "',' or ')'"),
                }
            }
            Token::Symbol(",") => {
                if values.is_empty() {
                    values.push(String::new());
                }
                match parser.peek() {
                    Token::Symbol(")") => {
                        values.push(String::new());
                        break;
                    }
                    Token::Symbol(",") => {
                        parser.next();
                        values.push(String::new());
                    }
                    _ => {}
                }
            }
            other => return found(other, "',', or identifier"),
        }
    }
    parser.next();
    Ok(values)
}
