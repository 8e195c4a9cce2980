//! What goes wrong, in gojq's words.

/// Why a program can't be read, or stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The program can't be read.
    #[error("{0}")]
    Syntax(String),
    /// The program names what isn't there.
    #[error("{0}")]
    Name(String),
    /// The program failed on this input.
    #[error("{0}")]
    Run(String),
    /// It went too far.
    #[error("{0}")]
    Limit(&'static str),
}
