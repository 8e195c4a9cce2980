//! Argo CD's own paths: what its clients ask for, in its shapes.

pub(crate) mod applicationsets;
pub(crate) mod badge;
pub(crate) mod certificates;
pub(crate) mod change;
pub(crate) mod clusters;
pub(crate) mod gpgkeys;
pub(crate) mod info;
pub(crate) mod links;
pub(crate) mod logs;
pub(crate) mod policy;
pub(crate) mod projects;
pub(crate) mod repositories;
pub(crate) mod resources;
pub(crate) mod steps;
mod stored;
pub(crate) mod watch;
mod x509;
