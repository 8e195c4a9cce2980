//! Why a template can't be parsed or executed, in Go's words.

use std::fmt;

/// An error of parsing or executing a template.
///
/// It is a chain: when a function that a template calls fails, its error is the source. The text
/// is that of the whole chain, as Go prints it.
#[derive(Debug)]
pub struct Error(Box<Link>);

#[derive(Debug)]
struct Link {
    /// The text before that of the source.
    message: String,
    source: Option<Error>,
    is_execution: bool,
}

impl Error {
    /// Returns an error with a text.
    pub fn new(message: impl Into<String>) -> Self {
        Self::link(message.into(), None, false)
    }

    /// Returns an error whose text ends with that of its source.
    pub fn wrap(message: impl Into<String>, source: Self) -> Self {
        Self::link(message.into(), Some(source), false)
    }

    fn link(message: String, source: Option<Self>, is_execution: bool) -> Self {
        Self(Box::new(Link {
            message,
            source,
            is_execution,
        }))
    }

    pub(crate) fn execution(message: String, source: Option<Self>) -> Self {
        Self::link(message, source, true)
    }

    /// Returns true if executing a template went wrong somewhere in the chain.
    #[must_use]
    pub fn is_execution(&self) -> bool {
        self.chain().any(|e| e.0.is_execution)
    }

    /// Returns the error, its source, the source of that, and so on.
    pub fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |e| e.0.source.as_ref())
    }

    /// Returns the error that this one wraps.
    #[must_use]
    pub fn inner(&self) -> Option<&Self> {
        self.0.source.as_ref()
    }

    /// Returns the text before that of the source.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

impl Drop for Error {
    /// A chain may be longer than the stack is deep.
    fn drop(&mut self) {
        let mut next = self.0.source.take();
        while let Some(mut error) = next {
            next = error.0.source.take();
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chain().try_for_each(|e| f.write_str(&e.0.message))
    }
}

impl std::error::Error for Error {}

impl From<String> for Error {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<&str> for Error {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}
