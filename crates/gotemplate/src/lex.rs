//! From text to tokens.

use crate::text::{self, find};
use crate::unicode::{is_digit, is_letter};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Error,
    Bool,
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelimiter,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelimiter,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    // Keywords from here on.
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

impl Kind {
    const fn is_keyword(self) -> bool {
        self as u8 >= Self::Block as u8
    }

    fn keyword(word: &[u8]) -> Option<Self> {
        if word.len() > "continue".len() {
            return None;
        }
        Some(match word {
            b"." => Self::Dot,
            b"block" => Self::Block,
            b"break" => Self::Break,
            b"continue" => Self::Continue,
            b"define" => Self::Define,
            b"else" => Self::Else,
            b"end" => Self::End,
            b"if" => Self::If,
            b"range" => Self::Range,
            b"nil" => Self::Nil,
            b"template" => Self::Template,
            b"with" => Self::With,
            _ => return None,
        })
    }
}

/// A token: what it is, and where in the text it stands. Two words, so that it is handed on in
/// registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// Where it begins, in the upper half, and where it ends.
    span: u64,
}

impl Token {
    pub(crate) const fn new(kind: Kind, start: u32, end: u32) -> Self {
        let span = (start as u64) << 32 | end as u64;
        Self { kind, span }
    }

    pub(crate) const fn start(self) -> u32 {
        (self.span >> 32) as u32
    }

    pub(crate) const fn end(self) -> u32 {
        self.span as u32
    }
}

/// A token with its text, as Go's parser names it in its messages.
pub(crate) struct Shown<'a>(pub(crate) Kind, pub(crate) &'a [u8]);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(kind, bytes) = *self;
        let text = String::from_utf8_lossy(bytes);
        match kind {
            Kind::Eof => f.write_str("EOF"),
            Kind::Error => f.write_str("error"),
            kind if kind.is_keyword() => write!(f, "<{text}>"),
            _ if bytes.len() > 10 => {
                let head: String = text.chars().take(10).collect();
                write!(f, "{}...", crate::strconv::quote(head.as_bytes()))
            }
            _ => f.write_str(&crate::strconv::quote(bytes)),
        }
    }
}

const LEFT: &[u8] = b"{{";
const RIGHT: &[u8] = b"}}";

pub(crate) struct Lexer<'a> {
    input: &'a [u8],
    at: usize,
    start: usize,
    paren_depth: usize,
    inside_action: bool,
    left: memchr::memmem::Finder<'static>,
    /// What the last [`Kind::Error`] is about.
    message: String,
}

/// A token; nothing if there is a mistake, which is noted then.
type Lexed = Option<Token>;

impl<'a> Lexer<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self {
            input,
            at: 0,
            start: 0,
            paren_depth: 0,
            inside_action: false,
            left: memchr::memmem::Finder::new(LEFT),
            message: String::new(),
        }
    }

    /// Returns the next token; after the last one, [`Kind::Eof`] for ever.
    pub(crate) fn next_token(&mut self) -> Token {
        let lexed = if self.inside_action {
            self.action()
        } else {
            self.text()
        };
        match lexed {
            Some(token) => token,
            None => self.failed(),
        }
    }

    /// Ends the text at a mistake.
    #[cold]
    fn failed(&mut self) -> Token {
        let start = offset(self.start);
        self.input = b"";
        self.at = 0;
        self.start = 0;
        self.inside_action = false;
        Token::new(Kind::Error, start, start)
    }

    /// Notes a mistake.
    #[cold]
    fn mistake(&mut self, message: impl Into<String>) -> Lexed {
        self.message = message.into();
        None
    }

    /// Returns what is wrong, once there was a [`Kind::Error`].
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    fn rest(&self) -> &'a [u8] {
        &self.input[self.at..]
    }

    fn peek(&self) -> Option<char> {
        text::decode(self.rest()).map(|(c, _)| c)
    }

    fn next(&mut self) -> Option<char> {
        let (c, width) = text::decode(self.rest())?;
        self.at += width;
        Some(c)
    }

    fn token(&mut self, kind: Kind) -> Token {
        let token = Token::new(kind, offset(self.start), offset(self.at));
        self.start = self.at;
        token
    }

    /// Goes over `n` bytes that belong to no token.
    fn skip(&mut self, n: usize) {
        self.at += n;
        self.start = self.at;
    }

    fn text(&mut self) -> Lexed {
        loop {
            let rest = self.rest();
            let Some(length) = self.left.find(rest) else {
                if rest.is_empty() {
                    return Some(self.token(Kind::Eof));
                }
                self.at = self.input.len();
                return Some(self.token(Kind::Text));
            };
            let trims = has_left_trim_marker(&rest[length + LEFT.len()..]);
            let kept = if trims {
                trim_end(&rest[..length])
            } else {
                length
            };
            if kept > 0 {
                self.at += kept;
                let token = self.token(Kind::Text);
                self.skip(length - kept);
                return Some(token);
            }
            self.skip(length);
            let marker = if trims { 2 } else { 0 };
            let after = LEFT.len() + marker;
            if self.rest()[after..].starts_with(b"/*") {
                self.comment(after)?;
                continue;
            }
            self.at += LEFT.len();
            let token = self.token(Kind::LeftDelimiter);
            self.inside_action = true;
            self.skip(marker);
            self.paren_depth = 0;
            return Some(token);
        }
    }

    /// Goes over a comment; nothing if there is a mistake.
    fn comment(&mut self, opening: usize) -> Option<()> {
        self.skip(opening);
        let Some(length) = find(&self.rest()[2..], b"*/") else {
            self.mistake("unclosed comment");
            return None;
        };
        // An error is about the comment from where it begins.
        self.at += length + 4;
        let (closes, trims) = self.at_right_delimiter();
        if !closes {
            self.mistake("comment ends before closing delimiter");
            return None;
        }
        self.skip(if trims { 2 } else { 0 } + RIGHT.len());
        if trims {
            self.skip(trim_start(self.rest()));
        }
        Some(())
    }

    fn at_right_delimiter(&self) -> (bool, bool) {
        let rest = self.rest();
        if has_right_trim_marker(rest) && rest[2..].starts_with(RIGHT) {
            return (true, true);
        }
        (rest.starts_with(RIGHT), false)
    }

    fn right_delimiter(&mut self, trims: bool) -> Token {
        if trims {
            self.skip(2);
        }
        self.at += RIGHT.len();
        let token = self.token(Kind::RightDelimiter);
        if trims {
            self.skip(trim_start(self.rest()));
        }
        self.inside_action = false;
        token
    }

    fn action(&mut self) -> Lexed {
        let (closes, trims) = self.at_right_delimiter();
        if closes {
            if self.paren_depth == 0 {
                return Some(self.right_delimiter(trims));
            }
            return self.mistake("unclosed left paren");
        }
        let Some(c) = self.peek() else {
            return self.mistake("unclosed action");
        };
        if is_space(c) {
            return Some(self.space());
        }
        if c == '_' || c.is_ascii_alphabetic() || is_letter(c) || (is_digit(c) && !c.is_ascii()) {
            return self.identifier();
        }
        if matches!(c, '+' | '-' | '0'..='9') {
            return self.number();
        }
        self.next();
        match c {
            '=' => Some(self.token(Kind::Assign)),
            ':' => {
                if self.next() != Some('=') {
                    return self.mistake("expected :=");
                }
                Some(self.token(Kind::Declare))
            }
            '|' => Some(self.token(Kind::Pipe)),
            '"' => self.quoted(Kind::String, '"', "unterminated quoted string"),
            '\'' => self.quoted(Kind::CharConstant, '\'', "unterminated character constant"),
            '`' => match find(self.rest(), b"`") {
                Some(length) => {
                    self.at += length + 1;
                    Some(self.token(Kind::RawString))
                }
                None => self.mistake("unterminated raw quoted string"),
            },
            '$' => self.name(Kind::Variable),
            '.' => {
                if self.rest().first().is_some_and(u8::is_ascii_digit) {
                    self.at -= 1;
                    return self.number();
                }
                self.name(Kind::Field)
            }
            '(' => {
                self.paren_depth += 1;
                Some(self.token(Kind::LeftParen))
            }
            ')' => {
                if self.paren_depth == 0 {
                    return self.mistake("unexpected right paren");
                }
                self.paren_depth -= 1;
                Some(self.token(Kind::RightParen))
            }
            _ if c.is_ascii_graphic() => Some(self.token(Kind::Char)),
            _ => {
                let name = unicode_name(Some(c));
                self.mistake(format!("unrecognized character in action: {name}"))
            }
        }
    }

    fn space(&mut self) -> Token {
        let length = trim_start(self.rest());
        // The last of them may belong to " -}}".
        let last = &self.rest()[length - 1..];
        if has_right_trim_marker(last) && last[2..].starts_with(RIGHT) {
            if length == 1 {
                return self.right_delimiter(true);
            }
            self.at += length - 1;
        } else {
            self.at += length;
        }
        self.token(Kind::Space)
    }

    fn identifier(&mut self) -> Lexed {
        self.alphanumerics();
        if !self.at_terminator() {
            let name = unicode_name(self.peek());
            return self.mistake(format!("bad character {name}"));
        }
        let word = &self.input[self.start..self.at];
        let kind = match word {
            b"true" | b"false" => Kind::Bool,
            _ => Kind::keyword(word).unwrap_or(Kind::Identifier),
        };
        Some(self.token(kind))
    }

    fn name(&mut self, kind: Kind) -> Lexed {
        if self.at_terminator() {
            let kind = if kind == Kind::Variable {
                kind
            } else {
                Kind::Dot
            };
            return Some(self.token(kind));
        }
        self.alphanumerics();
        if !self.at_terminator() {
            let name = unicode_name(self.peek());
            return self.mistake(format!("bad character {name}"));
        }
        Some(self.token(kind))
    }

    fn alphanumerics(&mut self) {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
        self.at += self.rest().iter().take_while(|b| plain(b)).count();
        while self.input.get(self.at).is_some_and(|b| *b >= 0x80) {
            match self.peek() {
                Some(c) if is_alphanumeric(c) => self.next(),
                _ => return,
            };
            self.at += self.rest().iter().take_while(|b| plain(b)).count();
        }
    }

    fn at_terminator(&self) -> bool {
        match self.rest() {
            []
            | [
                b' ' | b'\t' | b'\r' | b'\n' | b'.' | b',' | b'|' | b':' | b')' | b'(',
                ..,
            ] => true,
            rest => rest.starts_with(RIGHT),
        }
    }

    fn quoted(&mut self, kind: Kind, end: char, message: &str) -> Lexed {
        loop {
            let plain = |b: &u8| !matches!(b, b'"' | b'\'' | b'\\' | b'\n') && b.is_ascii();
            self.at += self.rest().iter().take_while(|b| plain(b)).count();
            match self.next() {
                Some('\\') => {
                    if matches!(self.next(), None | Some('\n')) {
                        return self.mistake(message);
                    }
                }
                None | Some('\n') => return self.mistake(message),
                Some(c) if c == end => return Some(self.token(kind)),
                Some(_) => {}
            }
        }
    }

    fn number(&mut self) -> Lexed {
        let bad = |lexer: &mut Self| {
            let text = crate::strconv::quote(&lexer.input[lexer.start..lexer.at]);
            lexer.mistake(format!("bad number syntax: {text}"))
        };
        if !self.scan_number() {
            return bad(self);
        }
        if matches!(self.peek(), Some('+' | '-')) {
            if !self.scan_number() || self.input[self.at - 1] != b'i' {
                return bad(self);
            }
            return Some(self.token(Kind::Complex));
        }
        Some(self.token(Kind::Number))
    }

    fn accept(&mut self, valid: &[u8]) -> bool {
        let found = self.rest().first().is_some_and(|b| valid.contains(b));
        self.at += usize::from(found);
        found
    }

    fn accept_run(&mut self, valid: &[u8]) {
        while self.accept(valid) {}
    }

    fn scan_number(&mut self) -> bool {
        const DECIMAL: &[u8] = b"0123456789_";
        const HEX: &[u8] = b"0123456789abcdefABCDEF_";
        self.accept(b"+-");
        let mut digits = DECIMAL;
        if self.accept(b"0") {
            if self.accept(b"xX") {
                digits = HEX;
            } else if self.accept(b"oO") {
                digits = b"01234567_";
            } else if self.accept(b"bB") {
                digits = b"01_";
            }
        }
        self.accept_run(digits);
        if self.accept(b".") {
            self.accept_run(digits);
        }
        if digits == DECIMAL && self.accept(b"eE") {
            self.accept(b"+-");
            self.accept_run(DECIMAL);
        }
        if digits == HEX && self.accept(b"pP") {
            self.accept(b"+-");
            self.accept_run(DECIMAL);
        }
        self.accept(b"i");
        if self.peek().is_some_and(is_alphanumeric) {
            self.next();
            return false;
        }
        true
    }
}

/// Returns an offset as tokens have it: whoever lexes has seen to it that the text is small enough.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn unicode_name(c: Option<char>) -> String {
    // Go formats its end-of-file mark, -1, too.
    let Some(c) = c else {
        return "U+FFFFFFFFFFFFFFFF".to_owned();
    };
    let number = u32::from(c);
    if crate::unicode::is_print(c) {
        format!("U+{number:04X} '{c}'")
    } else {
        format!("U+{number:04X}")
    }
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || is_letter(c) || is_digit(c)
}

const fn is_space_byte(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

fn has_left_trim_marker(s: &[u8]) -> bool {
    matches!(s, [b'-', b, ..] if is_space_byte(*b))
}

fn has_right_trim_marker(s: &[u8]) -> bool {
    matches!(s, [b, b'-', ..] if is_space_byte(*b))
}

/// Returns the length of `s` without the white space at its end.
fn trim_end(s: &[u8]) -> usize {
    s.iter()
        .rposition(|b| !is_space_byte(*b))
        .map_or(0, |at| at + 1)
}

/// Returns the length of the white space at the start.
fn trim_start(s: &[u8]) -> usize {
    s.iter().position(|b| !is_space_byte(*b)).unwrap_or(s.len())
}
