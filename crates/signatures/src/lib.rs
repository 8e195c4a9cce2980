//! Signatures of Git commits and tags, OpenPGP and SSH, verified without `gpg` or `ssh-keygen`.
//!
//! A [`Signed`] object is taken apart into what was signed and the signature; a [`Keyring`] says
//! what the signature is worth at a given time, in the words that Argo CD uses. Whatever can't be
//! understood is never good.
//!
//! This crate makes no signatures, reads no files and asks nobody for keys.
//!
//! ```
//! use signatures::{Keyring, Outcome, Signed};
//! let commit = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nno signature\n";
//! let now = jiff::Timestamp::UNIX_EPOCH;
//! assert_eq!(Keyring::default().verify(&Signed::commit(commit), now).outcome, Outcome::Unsigned);
//! ```

mod keyring;
mod openpgp;
mod signed;
mod signers;
mod ssh;

pub use keyring::{Keyring, Outcome, Verification};
pub use openpgp::{OpenPgpKey, openpgp_keys};
pub use signed::{Format, Signed};

/// A key can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(String);
