//! What is wrong with a document.

use std::fmt;

/// The step that refused a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes are not text that YAML allows.
    Encoding,
    /// The text can't be cut into tokens.
    Scan,
    /// The tokens don't form a document.
    Parse,
    /// An alias names no anchor, or contains itself.
    Alias,
    /// A scalar, key or merge doesn't mean anything.
    Decode,
    /// A mapping has two keys of one name.
    DuplicateKey,
    /// A named limit is reached.
    Limit,
}

/// Why a document can't be read: Go's words, and the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    /// From 1; 0 if there is no place.
    line: u32,
    column: u32,
    /// The line that Go's text mentions, which is often one off; 0 if it mentions none.
    go_line: u32,
    prefix: &'static str,
    message: Box<str>,
}

impl std::error::Error for Error {}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Box<str>>) -> Self {
        Self {
            kind,
            line: 0,
            column: 0,
            go_line: 0,
            prefix: "yaml: ",
            message: message.into(),
        }
    }

    /// Sets the place, both numbers from 1, if there is none yet.
    pub(crate) fn or_at(mut self, line: u32, column: u32) -> Self {
        if self.line == 0 {
            (self.line, self.column) = (line, column);
        }
        self
    }

    pub(crate) fn with_go_line(mut self, go_line: u32) -> Self {
        self.go_line = go_line;
        self
    }

    /// Sets what the text begins with, in place of `yaml: `.
    pub(crate) fn with_prefix(mut self, prefix: &'static str) -> Self {
        self.prefix = prefix;
        self
    }

    /// Returns true if the text begins with more than the message.
    pub(crate) const fn has_prefix(&self) -> bool {
        !self.prefix.is_empty()
    }

    /// Moves the place down by the lines before the document.
    pub(crate) fn shifted(mut self, lines: u32) -> Self {
        if self.line > 0 {
            self.line += lines;
        }
        self
    }

    /// Returns the step that refused.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the line in the file, from 1.
    #[must_use]
    pub const fn line(&self) -> Option<u32> {
        match self.line {
            0 => None,
            line => Some(line),
        }
    }

    /// Returns the column, from 1, in characters.
    #[must_use]
    pub const fn column(&self) -> Option<u32> {
        match self.column {
            0 => None,
            column => Some(column),
        }
    }

    /// Returns what is wrong in Go's words, without a place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    /// Writes Go's text, with the line that Go would mention.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix)?;
        if self.go_line > 0 {
            write!(f, "line {}: ", self.go_line)?;
        }
        f.write_str(&self.message)
    }
}
