//! What can go wrong between a URL and a file's bytes.

use crate::chart::Login;
use std::fmt;

/// A stable name of a failure, for conditions and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is no repository at the URL.
    RepositoryNotFound,
    /// The repository asks for a login that we don't have, or refuses ours.
    AuthenticationRequired,
    /// The server can't be reached or answers with an error of its own.
    RepositoryUnreachable,
    /// The branch, tag or commit isn't there.
    RevisionNotFound,
    /// The certificates that we were given for a repository can't be read.
    CertificateInvalid,
    /// The URL is malformed or of a kind that isn't supported.
    UrlInvalid,
    /// The repository has no such chart.
    ChartNotFound,
    /// The chart has no such version, or none in the range.
    VersionNotFound,
    /// The bytes aren't those that the repository has announced.
    DigestMismatch,
    /// The repository's answer can't be understood.
    RepositoryInvalid,
    /// The chart's archive can't be unpacked, or has what no chart may have.
    ChartInvalid,
    /// Something is larger than we read.
    TooLarge,
    /// Our own cache can't be read or written (disk full, permissions).
    CacheFailed,
}

impl Reason {
    /// Returns the name in CamelCase.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RepositoryNotFound => "RepositoryNotFound",
            Self::AuthenticationRequired => "AuthenticationRequired",
            Self::RepositoryUnreachable => "RepositoryUnreachable",
            Self::RevisionNotFound => "RevisionNotFound",
            Self::CertificateInvalid => "CertificateInvalid",
            Self::UrlInvalid => "UrlInvalid",
            Self::ChartNotFound => "ChartNotFound",
            Self::VersionNotFound => "VersionNotFound",
            Self::DigestMismatch => "DigestMismatch",
            Self::RepositoryInvalid => "RepositoryInvalid",
            Self::ChartInvalid => "ChartInvalid",
            Self::TooLarge => "TooLarge",
            Self::CacheFailed => "CacheFailed",
        }
    }

    /// Returns true if trying again may help without anyone changing anything.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::RepositoryUnreachable | Self::CacheFailed)
    }
}

/// A failure, with the URL redacted.
#[derive(Clone, Debug)]
pub struct Error {
    reason: Reason,
    message: String,
}

impl Error {
    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
        }
    }

    /// Returns the stable name of the failure.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// Sorts a failed conversation with the server into one of our reasons.
    pub(crate) fn from_fetch(url: &str, login: Option<&Login>, failure: &gix::Error) -> Self {
        let text = chain(failure);
        let shown = crate::redact(url);
        let lower = text.to_lowercase();
        let has = |needles: &[&str]| needles.iter().any(|n| lower.contains(n));
        // gix keeps no status code in its error types, only in their words.
        let reason = if has(&[
            "status 401",
            "status 403",
            "unauthenticated",
            "credential",
            "authentic",
        ]) {
            Reason::AuthenticationRequired
        } else if has(&["status 404", "repository not found", "no such repository"]) {
            Reason::RepositoryNotFound
        } else if has(&[
            "no space left",
            "read-only file system",
            "permission denied",
        ]) {
            Reason::CacheFailed
        } else {
            Reason::RepositoryUnreachable
        };
        let message = match reason {
            Reason::AuthenticationRequired => match login {
                None => format!("repository {shown} requires a login"),
                Some(Login::Basic { user, .. }) => {
                    format!("repository {shown} refuses the login of {user:?}")
                }
                Some(Login::Bearer(_)) => format!("repository {shown} refuses the token"),
            },
            Reason::RepositoryNotFound => format!("repository {shown} does not exist"),
            _ => format!(
                "fetch from {shown}: {}",
                crate::url::redact_within(&text, url)
            ),
        };
        Self { reason, message }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Returns an error and its causes on one line, each said once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        next = cause.source();
    }
    text.replace('\n', " ")
}
