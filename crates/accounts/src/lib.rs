//! Who somebody is: local accounts, sessions and tokens, as Argo CD keeps them, and single sign-on.
//!
//! [`Accounts`] is a snapshot of `argocd-cm` and `argocd-secret`. It checks passwords
//! ([`Accounts::login`] behind a [`Gate`]), issues and verifies tokens, and answers changes with
//! the [`Change`] that has to be written. Single sign-on is [`oidc`]. What somebody may do is
//! `rbac`'s to say.
//!
//! This crate reads no clock, draws no random numbers and opens no connection: the time is an
//! argument in seconds since 1970, randomness is a [`Random`], HTTP is [`oidc::Http`].
//! No secret is ever printed: what holds one is [`Redacted`], and no error quotes one.
//!
//! ```
//! use accounts::{Accounts, Gate, Limits};
//! use value::json;
//! let mut random = |bytes: &mut [u8]| bytes.fill(7);
//! let (accounts, _) = Accounts::from_config(&json!({}), &json!({}));
//! // What a fresh installation lacks: a key and a password of the administrator.
//! let setup = accounts.setup(1_700_000_000, &mut random).expect("something is missing").unwrap();
//! let password = setup.admin_password.expect("a first password");
//! let (accounts, _) = Accounts::from_config(&json!({}), &setup.change.secret.expose());
//! let gate = Gate::new(Limits::default());
//! let now = 1_700_000_001;
//! let session = accounts.login(&gate, "admin", password.expose(), now, &mut random).unwrap();
//! let identity = accounts.verify(session.token.expose(), now, &accounts::NoProjects).unwrap();
//! assert_eq!(identity.username(), "admin");
//! ```

mod account;
mod change;
mod config;
mod gate;
mod identity;
mod jwt;
mod login;
pub mod oidc;
mod password;
mod project;
mod revoked;
mod secret;
mod session;
mod tokens;

pub use account::{Account, Capability, Token};
pub use change::{Change, ChangeError, Setup};
pub use config::{Accounts, Problem};
pub use gate::{Gate, Limits};
pub use identity::Identity;
pub use jwt::TokenError;
pub use login::LoginError;
pub use password::{Hash, PasswordError, hash, verify as verify_password};
pub use project::{NoProjects, Projects, project_has_token};
pub use revoked::{Ended, Revoked};
pub use secret::{Redacted, same};
pub use session::{AuthError, Session};
pub use tokens::Issued;

/// The issuer of our own tokens, which is Argo CD's.
pub const ISSUER: &str = "argocd";

/// Fills bytes with random ones that nobody can guess.
pub type Random<'a> = &'a mut dyn FnMut(&mut [u8]);

#[cfg(test)]
mod tests;
