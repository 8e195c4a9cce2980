//! What can be acted on.

use std::fmt;
use std::str::FromStr;

/// A kind of thing that a policy speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// Clusters.
    Clusters,
    /// Projects.
    Projects,
    /// Applications, as `<project>/<name>` or `<project>/<namespace>/<name>`.
    Applications,
    /// Application sets.
    ApplicationSets,
    /// Repositories.
    Repositories,
    /// The repositories that are pushed to.
    WriteRepositories,
    /// Certificates and known hosts of repositories.
    Certificates,
    /// Local accounts.
    Accounts,
    /// GnuPG keys.
    GpgKeys,
    /// Logs of an application's pods.
    Logs,
    /// Shells in an application's pods.
    Exec,
    /// Extensions of the API.
    Extensions,
}

impl Resource {
    /// Every resource.
    pub const ALL: [Self; 12] = [
        Self::Clusters,
        Self::Projects,
        Self::Applications,
        Self::ApplicationSets,
        Self::Repositories,
        Self::WriteRepositories,
        Self::Certificates,
        Self::Accounts,
        Self::GpgKeys,
        Self::Logs,
        Self::Exec,
        Self::Extensions,
    ];

    /// Returns the name that policies use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clusters => "clusters",
            Self::Projects => "projects",
            Self::Applications => "applications",
            Self::ApplicationSets => "applicationsets",
            Self::Repositories => "repositories",
            Self::WriteRepositories => "write-repositories",
            Self::Certificates => "certificates",
            Self::Accounts => "accounts",
            Self::GpgKeys => "gpgkeys",
            Self::Logs => "logs",
            Self::Exec => "exec",
            Self::Extensions => "extensions",
        }
    }

    /// Returns the project of an object, whose roles then have a say.
    pub(crate) fn project_of(self, object: &str) -> Option<&str> {
        match self {
            Self::Applications
            | Self::ApplicationSets
            | Self::Repositories
            | Self::Clusters
            | Self::Logs
            | Self::Exec => object.split_once('/').map(|(project, _)| project),
            Self::Projects => Some(object),
            _ => None,
        }
    }

    /// Returns true if every object is `<project>/...`.
    pub(crate) const fn is_in_project(self) -> bool {
        matches!(
            self,
            Self::Applications | Self::ApplicationSets | Self::Logs | Self::Exec
        )
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no resource's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no resource {name:?}: one of {}", names())]
pub struct UnknownResource {
    name: String,
}

fn names() -> String {
    Resource::ALL.map(Resource::as_str).join(", ")
}

impl FromStr for Resource {
    type Err = UnknownResource;

    fn from_str(name: &str) -> Result<Self, UnknownResource> {
        let found = Self::ALL.into_iter().find(|r| r.as_str() == name);
        found.ok_or_else(|| UnknownResource {
            name: name.to_owned(),
        })
    }
}
