//! Who changed something, and how well that is known.

use engine::ObjectKey;

/// How well an author is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// The API server that stored the change authenticated the user and told us.
    Verified,
    /// Only the name that the client gave as field manager.
    Manager,
    /// Nothing is known: a deleted object names nobody.
    Unknown,
}

impl Grade {
    /// Returns the letter shown beside a name.
    #[must_use]
    pub const fn letter(self) -> &'static str {
        match self {
            Self::Verified => "V",
            Self::Manager => "M",
            Self::Unknown => "?",
        }
    }
}

/// Who changed something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The user, or the field manager.
    pub name: String,
    /// With what: `kubectl scale`.
    pub via: String,
    /// How well that is known.
    pub grade: Grade,
}

impl Author {
    /// Returns "nobody knows".
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            name: "unknown".into(),
            via: String::new(),
            grade: Grade::Unknown,
        }
    }
}

/// A source of authenticated identities.
pub trait Identity: Send + Sync {
    /// Returns who last changed an object, our own field manager aside, if that is known.
    fn who(&self, key: &ObjectKey) -> Option<Author>;
}

/// No authenticated identities: the field managers are all there is.
#[derive(Debug, Default)]
pub struct NoIdentity;

impl Identity for NoIdentity {
    fn who(&self, _key: &ObjectKey) -> Option<Author> {
        None
    }
}

/// Returns the author that the field managers name, most recent first.
#[must_use]
pub fn author_from_managers<'a>(managers: impl IntoIterator<Item = &'a str>) -> Author {
    managers
        .into_iter()
        .find(|m| !m.is_empty())
        .map_or_else(Author::unknown, |manager| Author {
            name: manager.to_owned(),
            via: manager.to_owned(),
            grade: Grade::Manager,
        })
}
