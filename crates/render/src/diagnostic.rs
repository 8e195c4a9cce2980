//! What is wrong with what the user wrote, and where.

use std::fmt;

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Something was left out; the render counts.
    Warning,
    /// The render doesn't count.
    Error,
}

/// Something wrong with a source, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// The file or folder, from the tree's root.
    pub file: Box<str>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1, in characters.
    pub column: Option<u32>,
    /// What is wrong, in a sentence.
    pub message: String,
    /// The same in Argo CD's words, where it has some.
    pub argo_cd: Option<String>,
}

impl Diagnostic {
    /// Returns an error about a file as a whole.
    #[must_use]
    pub fn error(file: &str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: file.into(),
            line: None,
            column: None,
            message: message.into(),
            argo_cd: None,
        }
    }

    /// Returns a warning about a file as a whole.
    #[must_use]
    pub fn warning(file: &str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(file, message)
        }
    }

    /// Returns the diagnostic with a place.
    #[must_use]
    pub fn at(mut self, line: impl Into<Option<u32>>, column: impl Into<Option<u32>>) -> Self {
        self.line = line.into();
        self.column = column.into();
        self
    }
}

impl fmt::Display for Diagnostic {
    /// Writes `file:line:column: message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        write!(f, ": {}", self.message)
    }
}
