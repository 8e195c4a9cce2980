//! The HTTP API, the event stream, and the embedded dashboard.
//!
//! A [`Server`] answers for one controller: what it shows comes from the controller's live cache and
//! renderings, what it changes is a patch of a resource on the API server, in a person's name. The
//! routes are one table ([`routes`]); a handler gets at an application only through a
//! [`rbac::Permit`], so one that forgot to ask doesn't build.
//!
//! It keeps nothing that can't be made anew: sessions aside, a restart loses nothing. No value of a
//! Secret is ever in an answer.

mod access;
mod actions;
mod activity;
mod apps;
mod argo;
mod assets;
mod auth;
mod board;
mod call;
mod causes;
mod detail;
mod fleet;
mod http;
mod index;
mod logins;
mod masks;
mod people;
mod policies;
mod preferences;
mod records;
mod refusal;
pub mod routes;
mod server;
mod session;
mod sso;
mod stream;
mod wire;

pub use server::{Mode, Options, Server, StartError};
