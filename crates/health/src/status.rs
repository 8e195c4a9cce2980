//! Health itself: a status and a sentence.

/// How an object or an application is, from best to worst: the worst of several is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HealthStatus {
    /// It does what it should.
    Healthy,
    /// It was paused on purpose.
    Suspended,
    /// It is on its way.
    Progressing,
    /// It isn't there.
    Missing,
    /// It failed, or can't get on.
    Degraded,
    /// It can't be told.
    Unknown,
}

impl HealthStatus {
    /// Returns the status's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Suspended => "Suspended",
            Self::Progressing => "Progressing",
            Self::Missing => "Missing",
            Self::Degraded => "Degraded",
            Self::Unknown => "Unknown",
        }
    }

    /// Reads a status's name; one that isn't known is [`HealthStatus::Unknown`].
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "Healthy" => Self::Healthy,
            "Suspended" => Self::Suspended,
            "Progressing" => Self::Progressing,
            "Missing" => Self::Missing,
            "Degraded" => Self::Degraded,
            _ => Self::Unknown,
        }
    }
}

/// The health of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// How it is.
    pub status: HealthStatus,
    /// Why, in a sentence; may be empty.
    pub message: String,
}

impl Health {
    /// Returns a health with a sentence.
    #[must_use]
    pub fn new(status: HealthStatus, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    /// Returns a health that needs no words.
    #[must_use]
    pub const fn plain(status: HealthStatus) -> Self {
        Self {
            status,
            message: String::new(),
        }
    }
}

impl std::fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
