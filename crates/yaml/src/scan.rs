//! From text to tokens, with the rules of libyaml and the habits of its port to Go.
//!
//! Indentation becomes block tokens here, and a `:` makes a mapping key of the token that began
//! earlier on the same line. Tokens borrow from the text wherever they can.

mod directive;
mod scalar;

use crate::error::{Error, ErrorKind};
use crate::limits::DEPTH_MAX;
use std::borrow::Cow;
use std::collections::VecDeque;

/// Characters that a key without `?` may have before its `:`.
const SIMPLE_KEY_CHARS_MAX: usize = 1024;
/// Where the reference stops looking for byte order marks, see [`Scanner::skip_to_token`].
const MARK_QUIRK_END: usize = 505;

/// How the text of a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'in single quotes'`
    SingleQuoted,
    /// `"in double quotes"`
    DoubleQuoted,
    /// A block after `|`.
    Literal,
    /// A block after `>`.
    Folded,
}

/// A place in the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// In bytes.
    pub(crate) offset: usize,
    /// From 0.
    pub(crate) line: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenKind<'a> {
    StreamStart,
    StreamEnd,
    VersionDirective {
        major: u8,
        minor: u8,
    },
    TagDirective(Box<(Cow<'a, str>, Cow<'a, str>)>),
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(&'a str),
    Anchor(&'a str),
    /// Handle and suffix.
    Tag(Box<(Cow<'a, str>, Cow<'a, str>)>),
    Scalar {
        text: Cow<'a, str>,
        style: Style,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind<'a>,
    pub(crate) start: Mark,
}

/// How far the scanner runs ahead of the parser. The v3 reader looks for comments there, and so
/// finds keys and mistakes that the v2 reader gets to later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    V2,
    V3,
}

/// A token that becomes a key if a `:` follows.
#[derive(Debug, Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    /// In a block mapping, whatever begins at its indentation must be a key.
    required: bool,
    /// Its number in the stream of tokens.
    number: usize,
    mark: Mark,
}

pub(crate) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    ascii: bool,
    at: Mark,
    line_start: usize,
    mark_quirk_end: usize,
    /// What lies behind the text, if it isn't simply the end.
    bad: Option<Error>,
    ahead: usize,
    tokens: VecDeque<Token<'a>>,
    /// Tokens taken by the parser.
    taken: usize,
    started: bool,
    flow_level: usize,
    /// The column of the block collection; -1 outside of all.
    indent: i64,
    indents: Vec<i64>,
    simple_key_allowed: bool,
    /// One for each flow level, and one for the block.
    simple_keys: Vec<SimpleKey>,
    /// The numbers of the tokens that may yet become keys, ascending, with their level. A token
    /// isn't handed out while it is first in here.
    candidates: VecDeque<(usize, usize)>,
}

type Scan<T> = Result<T, Error>;

impl<'a> Scanner<'a> {
    pub(crate) fn new(
        text: &'a str,
        bad: Option<Error>,
        two_marks: bool,
        dialect: Dialect,
    ) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            ascii: text.is_ascii(),
            at: Mark::default(),
            line_start: 0,
            mark_quirk_end: if two_marks { MARK_QUIRK_END } else { 0 },
            bad,
            ahead: match dialect {
                Dialect::V2 => 1,
                Dialect::V3 => 3,
            },
            tokens: VecDeque::with_capacity(8),
            taken: 0,
            started: false,
            flow_level: 0,
            indent: -1,
            indents: Vec::new(),
            simple_key_allowed: true,
            simple_keys: vec![SimpleKey::default()],
            candidates: VecDeque::new(),
        }
    }

    /// Returns the next token without taking it.
    pub(crate) fn peek(&mut self) -> Scan<&Token<'a>> {
        if let Err(error) = self.fill() {
            // A character that can't be read is met before a mistake at the end of what can.
            return match &self.bad {
                Some(bad) if self.at.offset + 4 > self.bytes.len() => Err(bad.clone()),
                _ => Err(error),
            };
        }
        Ok(self.tokens.front().expect("fill() leaves a token"))
    }

    /// Takes the token that was peeked at.
    pub(crate) fn take(&mut self) -> Token<'a> {
        self.taken += 1;
        self.tokens.pop_front().expect("it was peeked at before")
    }

    fn fill(&mut self) -> Scan<()> {
        loop {
            if self.tokens.len() >= self.ahead && !self.head_may_become_key()? {
                return Ok(());
            }
            self.fetch()?;
        }
    }

    fn head_may_become_key(&mut self) -> Scan<bool> {
        while let Some((number, level)) = self.candidates.front().copied() {
            if number >= self.taken {
                return Ok(number == self.taken && self.key_is_valid(level)?);
            }
            self.candidates.pop_front();
        }
        Ok(false)
    }

    fn fetch(&mut self) -> Scan<()> {
        if !self.started {
            self.started = true;
            self.push(TokenKind::StreamStart, self.at);
            return Ok(());
        }
        self.skip_to_token();
        let column = if self.flow_level == 0 {
            self.column()
        } else {
            0
        };
        self.unroll_indent(column);
        let first = self.at.offset == self.line_start;
        match self.byte(0) {
            0 => self.fetch_stream_end(),
            b'%' if first => self.fetch_directive(),
            b'-' if first && self.is_indicator(b"---") => {
                self.fetch_document(TokenKind::DocumentStart)
            }
            b'.' if first && self.is_indicator(b"...") => {
                self.fetch_document(TokenKind::DocumentEnd)
            }
            b'[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            b']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if self.is_blank_or_end(1) => self.fetch_block_entry(),
            b'?' if self.flow_level > 0 || self.is_blank_or_end(1) => self.fetch_key(),
            b':' if self.flow_level > 0 || self.is_blank_or_end(1) => self.fetch_value(),
            b'*' => self.fetch_anchor(TokenKind::Alias),
            b'&' => self.fetch_anchor(TokenKind::Anchor),
            b'!' => self.fetch_tag(),
            b'|' if self.flow_level == 0 => self.fetch_block_scalar(Style::Literal),
            b'>' if self.flow_level == 0 => self.fetch_block_scalar(Style::Folded),
            b'\'' => self.fetch_flow_scalar(Style::SingleQuoted),
            b'"' => self.fetch_flow_scalar(Style::DoubleQuoted),
            b'\t' | b'#' | b'|' | b'>' | b'%' | b'@' | b'`' => {
                Err(self.error("found character that cannot start any token"))
            }
            _ => self.fetch_plain_scalar(),
        }
    }

    // Looking at the text.

    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at.offset + ahead).copied().unwrap_or(0)
    }

    /// Returns the length of the line break at `ahead`; 0 if there is none.
    fn break_len(&self, ahead: usize) -> usize {
        match self.byte(ahead) {
            b'\r' if self.byte(ahead + 1) == b'\n' => 2,
            b'\r' | b'\n' => 1,
            0xC2 if self.byte(ahead + 1) == 0x85 => 2,
            0xE2 if self.byte(ahead + 1) == 0x80 && matches!(self.byte(ahead + 2), 0xA8 | 0xA9) => {
                3
            }
            _ => 0,
        }
    }

    fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.byte(ahead), b' ' | b'\t')
    }

    fn is_break_or_end(&self, ahead: usize) -> bool {
        self.byte(ahead) == 0 || self.break_len(ahead) > 0
    }

    fn is_blank_or_end(&self, ahead: usize) -> bool {
        self.is_blank(ahead) || self.is_break_or_end(ahead)
    }

    /// Returns true at `---` or `...` with nothing attached.
    fn is_indicator(&self, indicator: &[u8]) -> bool {
        self.bytes[self.at.offset..].starts_with(indicator) && self.is_blank_or_end(3)
    }

    fn at_document_indicator(&self) -> bool {
        self.at.offset == self.line_start
            && (self.is_indicator(b"---") || self.is_indicator(b"..."))
    }

    /// Returns the column, from 0, in characters.
    fn column(&self) -> i64 {
        i64::try_from(column(
            self.text,
            self.line_start,
            self.at.offset,
            self.ascii,
        ))
        .unwrap_or(i64::MAX)
    }

    fn error(&self, problem: impl Into<Box<str>>) -> Error {
        let line = self.at.line + 1;
        error_at(self.text, ErrorKind::Scan, problem, self.at).with_go_line(if line > 1 {
            line
        } else {
            0
        })
    }

    // Moving on.

    fn advance(&mut self, bytes: usize) {
        self.at.offset += bytes;
    }

    fn skip_blanks(&mut self) {
        while self.is_blank(0) {
            self.advance(1);
        }
    }

    /// Skips to the end of the line if a comment begins here.
    fn skip_comment(&mut self) {
        if self.byte(0) == b'#' {
            while !self.is_break_or_end(0) {
                self.advance(1);
            }
        }
    }

    /// Skips the line break here, if there is one, and returns what it stands for in a scalar.
    fn skip_break(&mut self) -> Option<&'static str> {
        let len = self.break_len(0);
        let stands_for = match (len, self.byte(2)) {
            (0, _) => return None,
            (3, 0xA8) => "\u{2028}",
            (3, _) => "\u{2029}",
            _ => "\n",
        };
        self.advance(len);
        self.at.line += 1;
        self.line_start = self.at.offset;
        Some(stands_for)
    }

    fn skip_to_token(&mut self) {
        loop {
            // The reference means to skip a byte order mark at the start of a line, but looks for
            // it at the start of its buffer: behind two marks it eats a character of each line.
            if self.at.offset < self.mark_quirk_end && self.at.offset == self.line_start {
                let eaten = self.text[self.at.offset..].chars().next();
                self.advance(eaten.map_or(0, char::len_utf8));
            }
            // A tab can't indent: where a key may begin it isn't white space.
            while self.byte(0) == b' '
                || (self.byte(0) == b'\t' && (self.flow_level > 0 || !self.simple_key_allowed))
            {
                self.advance(1);
            }
            self.skip_comment();
            if self.skip_break().is_none() {
                return;
            }
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    // Tokens.

    fn push(&mut self, kind: TokenKind<'a>, start: Mark) {
        self.tokens.push_back(Token { kind, start });
    }

    /// Inserts a token of no width before the token `number`.
    fn insert(&mut self, number: usize, kind: TokenKind<'a>, mark: Mark) {
        let token = Token { kind, start: mark };
        match number.checked_sub(self.taken) {
            Some(i) if i <= self.tokens.len() => self.tokens.insert(i, token),
            // The reference loses track of some empty flow collections as keys; so do its users.
            _ => self.tokens.push_back(token),
        }
    }

    fn next_number(&self) -> usize {
        self.taken + self.tokens.len()
    }

    fn forget_candidate(&mut self, number: usize) {
        let last = self.candidates.iter().rposition(|(n, _)| *n <= number);
        if let Some(i) = last.filter(|i| self.candidates[*i].0 == number) {
            self.candidates.remove(i);
        }
    }

    fn key_is_valid(&mut self, level: usize) -> Scan<bool> {
        let Some(key) = self.simple_keys.get(level).filter(|key| key.possible) else {
            return Ok(false);
        };
        let so_far = &self.text[key.mark.offset..self.at.offset];
        let too_long = so_far.len() > SIMPLE_KEY_CHARS_MAX
            && (so_far.len() > 4 * SIMPLE_KEY_CHARS_MAX
                || so_far.chars().count() > SIMPLE_KEY_CHARS_MAX);
        if key.mark.line == self.at.line && !too_long {
            return Ok(true);
        }
        if key.required {
            return Err(self.error("could not find expected ':'"));
        }
        self.simple_keys[level].possible = false;
        Ok(false)
    }

    fn save_simple_key(&mut self) -> Scan<()> {
        if !self.simple_key_allowed {
            return Ok(());
        }
        let key = SimpleKey {
            possible: true,
            required: self.flow_level == 0 && self.indent == self.column(),
            number: self.next_number(),
            mark: self.at,
        };
        self.remove_simple_key()?;
        let level = self.simple_keys.len() - 1;
        self.simple_keys[level] = key;
        self.candidates.push_back((key.number, level));
        Ok(())
    }

    fn remove_simple_key(&mut self) -> Scan<()> {
        let key = self.simple_keys.last_mut().expect("the block has one");
        if !key.possible {
            return Ok(());
        }
        if key.required {
            return Err(self.error("could not find expected ':'"));
        }
        key.possible = false;
        let number = key.number;
        self.forget_candidate(number);
        Ok(())
    }

    /// Opens a block collection if `column` is deeper than the current one.
    fn roll_indent(
        &mut self,
        column: i64,
        number: Option<usize>,
        kind: TokenKind<'a>,
        mark: Mark,
    ) -> Scan<()> {
        if self.flow_level > 0 || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > DEPTH_MAX {
            return Err(self.too_deep());
        }
        let number = number.unwrap_or_else(|| self.next_number());
        self.insert(number, kind, mark);
        Ok(())
    }

    fn too_deep(&self) -> Error {
        let message = format!("exceeded max depth of {DEPTH_MAX}");
        Error::new(ErrorKind::Limit, message).or_at(self.at.line + 1, 1)
    }

    /// Closes the block collections that are deeper than `column`.
    fn unroll_indent(&mut self, column: i64) {
        if self.flow_level > 0 {
            return;
        }
        while self.indent > column {
            self.push(TokenKind::BlockEnd, self.at);
            self.indent = self.indents.pop().expect("each indent was pushed");
        }
    }

    fn fetch_stream_end(&mut self) -> Scan<()> {
        if let Some(bad) = &self.bad {
            return Err(bad.clone());
        }
        // The end stands on a line of its own: nothing before it can become a key any more.
        if self.at.offset != self.line_start {
            self.at.line += 1;
            self.line_start = self.at.offset;
        }
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        self.push(TokenKind::StreamEnd, self.at);
        Ok(())
    }

    fn fetch_document(&mut self, kind: TokenKind<'a>) -> Scan<()> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.at;
        self.advance(3);
        self.push(kind, start);
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: TokenKind<'a>) -> Scan<()> {
        self.save_simple_key()?;
        self.simple_keys.push(SimpleKey {
            number: self.next_number(),
            mark: self.at,
            ..SimpleKey::default()
        });
        self.flow_level += 1;
        if self.flow_level > DEPTH_MAX {
            return Err(self.too_deep());
        }
        self.simple_key_allowed = true;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind<'a>) -> Scan<()> {
        self.remove_simple_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            let key = self.simple_keys.pop().expect("each level has one");
            self.forget_candidate(key.number);
        }
        self.simple_key_allowed = false;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Scan<()> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_indicator(TokenKind::FlowEntry);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Scan<()> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(self.error("block sequence entries are not allowed in this context"));
            }
            self.roll_indent(self.column(), None, TokenKind::BlockSequenceStart, self.at)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_indicator(TokenKind::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Scan<()> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(self.error("mapping keys are not allowed in this context"));
            }
            self.roll_indent(self.column(), None, TokenKind::BlockMappingStart, self.at)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = self.flow_level == 0;
        self.push_indicator(TokenKind::Key);
        Ok(())
    }

    fn fetch_value(&mut self) -> Scan<()> {
        let level = self.simple_keys.len() - 1;
        if self.key_is_valid(level)? {
            let key = self.simple_keys[level];
            self.insert(key.number, TokenKind::Key, key.mark);
            if self.flow_level == 0 {
                // The key is on this line.
                let column = column(self.text, self.line_start, key.mark.offset, self.ascii);
                let column = i64::try_from(column).unwrap_or(i64::MAX);
                self.roll_indent(
                    column,
                    Some(key.number),
                    TokenKind::BlockMappingStart,
                    key.mark,
                )?;
            }
            self.simple_keys[level].possible = false;
            self.forget_candidate(key.number);
            self.simple_key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.simple_key_allowed {
                    return Err(self.error("mapping values are not allowed in this context"));
                }
                self.roll_indent(self.column(), None, TokenKind::BlockMappingStart, self.at)?;
            }
            self.simple_key_allowed = self.flow_level == 0;
        }
        self.push_indicator(TokenKind::Value);
        Ok(())
    }

    /// Takes the one character here as a token.
    fn push_indicator(&mut self, kind: TokenKind<'a>) {
        let start = self.at;
        self.advance(1);
        self.push(kind, start);
    }

    fn fetch_anchor(&mut self, kind: fn(&'a str) -> TokenKind<'a>) -> Scan<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.at;
        self.advance(1);
        let name = self.alphas();
        let ends = self.is_blank_or_end(0) || b"?:,]}%@`".contains(&self.byte(0));
        if name.is_empty() || !ends {
            return Err(self.error("did not find expected alphabetic or numeric character"));
        }
        self.push(kind(name), start);
        Ok(())
    }

    /// Takes letters, digits, `_` and `-`.
    fn alphas(&mut self) -> &'a str {
        let start = self.at.offset;
        while is_alpha(self.byte(0)) {
            self.advance(1);
        }
        &self.text[start..self.at.offset]
    }
}

const fn is_alpha(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b == b'-'
}

/// Returns the characters between two offsets.
fn column(text: &str, line_start: usize, offset: usize, ascii: bool) -> usize {
    if ascii {
        offset - line_start
    } else {
        text[line_start..offset].chars().count()
    }
}

/// Returns an error at a place in the text; the end of the text counts to its last line.
pub(crate) fn error_at(
    text: &str,
    kind: ErrorKind,
    message: impl Into<Box<str>>,
    mark: Mark,
) -> Error {
    let (mut offset, mut line) = (mark.offset, mark.line + 1);
    if offset == text.len() {
        let last = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
        line = line.min(last.max(1));
        offset = text.trim_end_matches(['\n', '\r']).len();
    }
    let line_start = text[..offset].rfind(['\n', '\r']).map_or(0, |i| i + 1);
    let column = column(text, line_start, offset, false) + 1;
    Error::new(kind, message).or_at(line, u32::try_from(column).unwrap_or(u32::MAX))
}
