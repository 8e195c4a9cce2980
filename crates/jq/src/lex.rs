//! Words of a program, read when the parser wants them.

use crate::error::Error;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Eof,
    /// A name; it may be of a module (`a::b`), of which there are none.
    Ident(String),
    Keyword(&'static str),
    /// With its dollar sign.
    Variable(String),
    /// `.name`
    Field(String),
    Number(String),
    /// `@name`
    Format(String),
    /// The beginning of a text, which the parser goes on to read.
    Quote,
    /// `..` and every operator of one or more signs.
    Sign(&'static str),
    /// A character that is nothing.
    Other(String),
    /// A number that goes on as something else.
    Invalid(String),
}

const KEYWORDS: [&str; 21] = [
    "or", "and", "module", "import", "include", "def", "as", "label", "break", "null", "true",
    "false", "if", "then", "elif", "else", "end", "try", "catch", "reduce", "foreach",
];

/// Longer signs before those that they begin with.
const SIGNS: [&str; 38] = [
    "?//", "//=", "..", "|=", "+=", "-=", "*=", "/=", "%=", "==", "!=", ">=", "<=", "//", "[", "]",
    "(", ")", "{", "}", ".", ",", ":", ";", "=", "<", ">", "+", "-", "*", "/", "%", "|", "?", "$",
    "@", "!", "&",
];

#[derive(Clone)]
pub(crate) struct Lexer<'a> {
    source: &'a str,
    pub(crate) at: usize,
}

const fn is_name(byte: u8, first: bool) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || (!first && byte.is_ascii_digit())
}

impl<'a> Lexer<'a> {
    pub(crate) const fn new(source: &'a str) -> Self {
        Self { source, at: 0 }
    }

    fn byte(&self, ahead: usize) -> u8 {
        *self.source.as_bytes().get(self.at + ahead).unwrap_or(&0)
    }

    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    fn skip_white(&mut self) {
        loop {
            match self.byte(0) {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                b'#' => self.skip_comment(),
                _ => return,
            }
        }
    }

    /// A comment goes on after a line that ends with an odd number of backslashes.
    fn skip_comment(&mut self) {
        while self.at < self.source.len() {
            match (self.byte(0), self.byte(1)) {
                (b'\\', b'\r') if self.byte(2) == b'\n' => self.at += 3,
                (b'\\', b'\\' | b'\n' | b'\r') => self.at += 2,
                (b'\n' | b'\r', _) => return,
                _ => self.at += 1,
            }
        }
    }

    fn name_end(&self, mut end: usize) -> usize {
        let bytes = self.source.as_bytes();
        while bytes.get(end).is_some_and(|b| is_name(*b, false)) {
            end += 1;
        }
        end
    }

    fn take(&mut self, end: usize) -> String {
        let text = self.source[self.at..end].to_owned();
        self.at = end;
        text
    }

    /// Takes a name, with that of its module.
    fn take_name(&mut self, start: usize) -> String {
        let mut end = self.name_end(start);
        let bytes = self.source.as_bytes();
        if bytes[end..].starts_with(b"::") && bytes.get(end + 2).is_some_and(|b| is_name(*b, true))
        {
            end = self.name_end(end + 2);
        }
        self.take(end)
    }

    pub(crate) fn next(&mut self) -> Token {
        self.skip_white();
        if self.at >= self.source.len() {
            return Token::Eof;
        }
        let (byte, after) = (self.byte(0), self.byte(1));
        match byte {
            b if is_name(b, true) => {
                let name = self.take_name(self.at);
                match KEYWORDS.iter().find(|k| **k == name) {
                    Some(keyword) => Token::Keyword(keyword),
                    None => Token::Ident(name),
                }
            }
            b'0'..=b'9' => self.number(),
            b'.' if after.is_ascii_digit() => self.number(),
            b'.' if is_name(after, true) => {
                self.at += 1;
                let end = self.name_end(self.at);
                Token::Field(self.take(end))
            }
            b'$' if is_name(after, true) => Token::Variable(self.take_name(self.at + 1)),
            b'@' if is_name(after, false) => {
                let end = self.name_end(self.at + 1);
                Token::Format(self.take(end))
            }
            b'"' => {
                self.at += 1;
                Token::Quote
            }
            _ => match SIGNS.iter().find(|sign| self.rest().starts_with(**sign)) {
                Some(sign) => {
                    self.at += sign.len();
                    Token::Sign(sign)
                }
                None => {
                    let size = self.rest().chars().next().map_or(1, char::len_utf8);
                    Token::Other(self.take(self.at + size))
                }
            },
        }
    }

    fn number(&mut self) -> Token {
        let start = self.at;
        let mut has_point = false;
        loop {
            match self.byte(0) {
                b'0'..=b'9' => self.at += 1,
                b'.' if has_point => return self.invalid(start, 1),
                b'.' => {
                    has_point = true;
                    self.at += 1;
                }
                b'e' | b'E' => {
                    self.at += 1;
                    if matches!(self.byte(0), b'+' | b'-') {
                        self.at += 1;
                    }
                    let digits = self.at;
                    while self.byte(0).is_ascii_digit() {
                        self.at += 1;
                    }
                    if is_name(self.byte(0), true) {
                        return self.invalid(start, 1);
                    }
                    if self.at == digits {
                        return self.invalid(start, 0);
                    }
                    break;
                }
                b if is_name(b, true) => return self.invalid(start, 1),
                _ => break,
            }
        }
        Token::Number(self.source[start..self.at].to_owned())
    }

    fn invalid(&mut self, start: usize, more: usize) -> Token {
        self.at += more;
        Token::Invalid(self.source[start..self.at].to_owned())
    }

    /// Reads a text up to its end or the next `\(`; returns whether it ended.
    pub(crate) fn text(&mut self) -> Result<(String, bool), Error> {
        let mut text = String::new();
        loop {
            let Some(c) = self.rest().chars().next() else {
                return Err(Error::Syntax("unterminated string literal".to_owned()));
            };
            self.at += c.len_utf8();
            match c {
                '"' => return Ok((text, true)),
                '\\' if self.byte(0) == b'(' => {
                    self.at += 1;
                    return Ok((text, false));
                }
                '\\' => text.push(self.escape()?),
                c => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Error> {
        let start = self.at - 1;
        let Some(c) = self.rest().chars().next() else {
            return Err(Error::Syntax("unterminated string literal".to_owned()));
        };
        self.at += c.len_utf8();
        Ok(match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let high = self.hex(start)?;
                let low = (0xd800..0xdc00).contains(&high) && self.rest().starts_with("\\u");
                if !low {
                    return Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                let before = self.at;
                self.at += 2;
                let low = self.hex(before)?;
                if !(0xdc00..0xe000).contains(&low) {
                    self.at = before;
                    return Ok(char::REPLACEMENT_CHARACTER);
                }
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(self.bad_escape(start)),
        })
    }

    fn bad_escape(&self, start: usize) -> Error {
        let escape = &self.source[start..self.at];
        Error::Syntax(format!(
            "invalid escape sequence \"{escape}\" in string literal"
        ))
    }

    fn hex(&mut self, start: usize) -> Result<u32, Error> {
        let mut code = 0;
        for _ in 0..4 {
            match char::from(self.byte(0)).to_digit(16) {
                Some(digit) => code = code * 16 + digit,
                None => return Err(self.bad_escape(start)),
            }
            self.at += 1;
        }
        Ok(code)
    }
}
