//! Argo CD's own paths: what its clients ask for, in its shapes.

pub(crate) mod change;
pub(crate) mod info;
pub(crate) mod installation;
pub(crate) mod logs;
pub(crate) mod projects;
pub(crate) mod resources;
pub(crate) mod steps;
pub(crate) mod watch;
