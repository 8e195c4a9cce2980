//! Which Helm we are.

use gotemplate::Dialect;

/// The Helm whose answers are given. They differ in few things: what `null` in defaults does, what
/// `.Chart` is, the texts of errors, some functions, and the white space between documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compat {
    /// Helm 4.2.
    #[default]
    V4,
    /// Helm 3.21.
    V3,
}

impl Compat {
    /// Returns what templates are written in.
    pub(crate) const fn dialect(self) -> Dialect {
        match self {
            Self::V4 => Dialect::Helm,
            Self::V3 => Dialect::Helm3,
        }
    }
}
