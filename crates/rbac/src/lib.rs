//! Who may do what: Argo CD's RBAC, which is Casbin with one fixed model, as a lookup.
//!
//! A [`Policy`] is loaded from the texts of `argocd-rbac-cm` ([`Config`]) and the roles of the
//! projects ([`Policy::set_project`]). [`Policy::check`] answers a question about a [`Subject`] with
//! a [`Permit`] or a [`Denied`]. A `Permit` can be made nowhere else: what reads or changes
//! something for a user asks for one, so that a handler that forgot to check doesn't build.
//! [`Policy::explain`] says which line decided, or which would be needed.
//!
//! This crate never looks anything up: projects are told to it, groups come with the subject.
//!
//! ```
//! use rbac::{Config, Policy, Resource, Subject};
//! let mut config = Config::default();
//! config.add("policy.csv", "p, role:dev, applications, sync, shop/*, allow\ng, acme:dev, role:dev");
//! let policy = Policy::parse(&config).unwrap();
//! let alice = Subject::user("alice", ["acme:dev"]);
//! let permit = policy.check(&alice, Resource::Applications, "sync", "shop/web").unwrap();
//! assert_eq!((permit.action(), permit.object()), ("sync", "shop/web"));
//! let denied = policy.check(&alice, Resource::Applications, "delete", "shop/web").unwrap_err();
//! assert_eq!(denied.needed(), "p, alice, applications, delete, shop/web, allow");
//! ```

pub mod action;
mod config;
mod csv;
mod explain;
mod judge;
mod pattern;
mod permit;
mod policy;
mod project;
mod resource;
mod review;
mod rules;
mod sieve;
mod subject;

pub use config::{Config, ConfigError, MatchMode, Text};
pub use explain::Explanation;
pub use judge::Judge;
pub use permit::{Denied, Permit};
pub use policy::{POLICY_BYTES_MAX, Policy, Refused};
pub use project::project_policy;
pub use resource::{Resource, UnknownResource};
pub use review::Problem;
pub use rules::Rule;
pub use subject::Subject;

/// Bytes of an action or an object that is asked about: longer than any name, path or address of a
/// repository, and short enough that no question is dear.
pub const QUESTION_BYTES_MAX: usize = 8 * 1024;

/// The policy that is always there: `role:readonly`, `role:admin`, and `admin` who has it.
pub const BUILTIN: &str = include_str!("builtin.csv");

#[cfg(test)]
mod tests;
