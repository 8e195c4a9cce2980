//! What is wrong with a kustomization.

use tree::{FollowError, TreeError};

/// Why a build failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something that the user wrote.
    #[error("{0}")]
    Mistake(Box<Mistake>),
    /// The tree can't be read just now.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// What the user wrote wrong: Kustomize's words with the chain of kustomizations, and the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The whole text.
    pub message: String,
    /// The file, from the tree's root; empty if no file is to blame.
    pub file: String,
    /// The line, from 1; 0 if none is known.
    pub line: u32,
    /// The file isn't YAML: then it isn't a folder either.
    pub(crate) is_malformed: bool,
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

/// What a step gives back.
pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Returns a mistake of the user's, at no place yet.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Mistake(Box::new(Mistake {
            message: message.into(),
            file: String::new(),
            line: 0,
            is_malformed: false,
        }))
    }

    /// Puts `before: ` in front of the text.
    pub(crate) fn context(self, before: impl std::fmt::Display) -> Self {
        self.map(|m| m.message = format!("{before}: {}", m.message))
    }

    /// Puts the text between two others.
    pub(crate) fn reworded(self, words: impl FnOnce(&str) -> String) -> Self {
        self.map(|m| m.message = words(&m.message))
    }

    /// Says where, unless that is known already.
    pub(crate) fn at(self, file: &str, line: u32) -> Self {
        self.map(|m| {
            if m.file.is_empty() {
                file.clone_into(&mut m.file);
                m.line = line;
            } else if m.file == file && m.line == 0 {
                m.line = line;
            }
        })
    }

    pub(crate) fn malformed(self) -> Self {
        self.map(|m| m.is_malformed = true)
    }

    pub(crate) fn is_malformed(&self) -> bool {
        matches!(self, Self::Mistake(m) if m.is_malformed)
    }

    fn map(mut self, change: impl FnOnce(&mut Mistake)) -> Self {
        if let Self::Mistake(mistake) = &mut self {
            change(mistake);
        }
        self
    }
}

impl From<FollowError> for Error {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Tree(error) => Self::Tree(error),
            other => Self::new(other.to_string()),
        }
    }
}

impl From<yaml::Error> for Error {
    fn from(error: yaml::Error) -> Self {
        Self::new(error.to_string()).map(|m| m.line = error.line().unwrap_or(0))
    }
}

/// Returns an error made of a format string.
macro_rules! mistake {
    ($($words:tt)*) => { crate::error::Error::new(format!($($words)*)) };
}
pub(crate) use mistake;
