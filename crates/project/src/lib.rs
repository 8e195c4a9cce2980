//! Argo CD's `AppProject` as data and decisions: from where, to where, what kinds, and when.
//!
//! A [`Project`] is parsed from its resource, inherits from global projects ([`GlobalProjects`]),
//! and answers with yes or with Argo CD's own sentence ([`Refused`]). Sync windows
//! ([`Windows`]) say which window holds an application up, and until when.
//!
//! This crate reads no clock and no time zone files: time is an argument, the zones are inside.
//!
//! ```
//! use project::{Destination, Project};
//! use value::json;
//! let team = Project::parse(&json!({
//!     "metadata": {"name": "team"},
//!     "spec": {"sourceRepos": ["https://git.example.com/team/*"],
//!              "destinations": [{"server": "*", "namespace": "team-*"}]},
//! }));
//! assert!(team.permits_source("https://git.example.com/team/shop.git").is_ok());
//! let elsewhere = Destination { server: "https://kubernetes.default.svc", name: "", namespace: "kube-system" };
//! assert_eq!(
//!     team.permits_destination(&elsewhere).unwrap_err().to_string(),
//!     "application destination server 'https://kubernetes.default.svc' and namespace 'kube-system' \
//!      do not match any of the allowed destinations in project 'team'"
//! );
//! ```

pub mod cron;
mod global;
mod integrity;
mod pattern;
mod permissions;
mod spec;
mod validate;
mod windows;

pub use global::GlobalProjects;
pub use integrity::{GpgMode, GpgPolicy, IntegrityPolicy};
pub use pattern::normalize_git_url;
pub use permissions::{Destination, Refused, Scope};
pub use spec::{
    Cluster, DestinationRule, DestinationServiceAccount, KindRule, OrphanedResources, Project,
    Role, Token,
};
pub use windows::{Blocked, Subject, Trigger, Verdict, Window, WindowError, WindowKind, Windows};

#[cfg(test)]
mod tests;
