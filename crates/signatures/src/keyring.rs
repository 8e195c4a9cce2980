//! Keys, and what they make of a signature.

use crate::openpgp::Certificate;
use crate::signed::{Format, Signed};
use crate::signers::AllowedSigner;
use crate::{KeyError, openpgp, signers, ssh};
use jiff::Timestamp;
use std::fmt;
use value::Value;

/// What a signature is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is by a known key and fits.
    Good,
    /// It doesn't fit, or can't be read.
    Bad,
    /// It fits, but the key isn't trusted for this.
    Untrusted,
    /// It fits, but is no longer valid.
    ExpiredSignature,
    /// It fits, but its key has expired.
    ExpiredKey,
    /// Its key was revoked.
    RevokedKey,
    /// Nobody knows its key.
    MissingKey,
    /// There is none.
    Unsigned,
}

impl Outcome {
    /// Returns the outcome as Argo CD words it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "signed",
            Self::Bad => "bad signature",
            Self::Untrusted => "signed with untrusted key",
            Self::ExpiredSignature => "expired signature",
            Self::ExpiredKey => "signed with expired key",
            Self::RevokedKey => "signed with revoked key",
            Self::MissingKey => "signed with key not in keyring",
            Self::Unsigned => "unsigned",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What became of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// What it is worth.
    pub outcome: Outcome,
    /// The key that it says it is by: the last 16 digits of an OpenPGP fingerprint, or
    /// `SHA256:...` of an SSH key. Empty if there is no telling.
    pub key_id: String,
    /// Who has that key, as the keyring knows: a user id, or the signers' names.
    pub signer: String,
}

impl Verification {
    pub(crate) fn new(outcome: Outcome, key_id: impl Into<String>) -> Self {
        Self {
            outcome,
            key_id: key_id.into(),
            signer: String::new(),
        }
    }

    pub(crate) fn by(mut self, signer: impl Into<String>) -> Self {
        self.signer = signer.into();
        self
    }
}

/// Keys that signatures are checked with.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    certificates: Vec<Certificate>,
    signers: Vec<AllowedSigner>,
}

impl Keyring {
    /// Adds OpenPGP public keys in their armour; returns how many.
    ///
    /// # Errors
    /// Fails if one can't be read, or if there is none.
    pub fn add_openpgp(&mut self, armored: &str) -> Result<usize, KeyError> {
        let certificates = openpgp::read(armored)?;
        let count = certificates.len();
        self.certificates.extend(certificates);
        Ok(count)
    }

    /// Adds SSH signers from a file in the format of `allowed_signers`; returns what in it can't be
    /// used, with line numbers.
    pub fn add_allowed_signers(&mut self, text: &str) -> Vec<String> {
        let (signers, problems) = signers::parse(text);
        self.signers.extend(signers);
        problems
    }

    /// Reads the config map `argocd-gpg-keys-cm`: armoured keys by their ids. Returns what in it
    /// can't be used too.
    #[must_use]
    pub fn from_gpg_keys_cm(config_map: &Value) -> (Self, Vec<String>) {
        let mut keyring = Self::default();
        let mut problems = Vec::new();
        let data = config_map.get("data").and_then(Value::as_object);
        for (name, armored) in data.into_iter().flat_map(value::Object::iter) {
            let name = name.as_str();
            let read = openpgp::read(armored.as_str().unwrap_or_default());
            match read {
                Ok(certificates) => {
                    if !certificates
                        .iter()
                        .any(|c| c.key_id().eq_ignore_ascii_case(name))
                    {
                        problems.push(format!("{name}: the key's id is another"));
                    }
                    keyring.certificates.extend(certificates);
                }
                Err(error) => problems.push(format!("{name}: {error}")),
            }
        }
        (keyring, problems)
    }

    /// Returns true if no signature could be good.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.certificates.is_empty() && self.signers.is_empty()
    }

    /// Says what a signature is worth.
    #[must_use]
    pub fn verify(&self, signed: &Signed, now: Timestamp) -> Verification {
        let Some(signature) = &signed.signature else {
            return Verification::new(Outcome::Unsigned, "");
        };
        match signed.format() {
            Some(Format::OpenPgp) => {
                openpgp::verify(&self.certificates, &signed.payload, signature, now)
            }
            Some(Format::Ssh) => ssh::verify(&self.signers, &signed.payload, signature, now),
            Some(Format::X509) | None => Verification::new(Outcome::Bad, ""),
        }
    }
}
