//! The keys of a provider, and what they signed.

use super::discovery::Discovery;
use super::{Http, OidcError, web};
use crate::TokenError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Verifier;
use rsa::{BigUint, RsaPublicKey};
use sha2::digest::FixedOutputReset;
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::fmt;
use value::Value;

/// Keys of a provider that are looked at: they have two or three.
const KEYS_MAX: usize = 64;
/// Bits of an RSA key: fewer can be broken, more only cost time.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

enum Kind {
    Rsa(RsaPublicKey),
    P256(p256::ecdsa::VerifyingKey),
    Ed25519(ed25519_dalek::VerifyingKey),
}

struct Key {
    id: String,
    /// The one algorithm that it is for; empty if it doesn't say.
    algorithm: String,
    kind: Kind,
}

/// A provider's public keys.
pub(super) struct Keys {
    keys: Vec<Key>,
    /// The algorithms that the provider uses.
    algorithms: Vec<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.keys.iter().map(|k| &k.id))
            .finish()
    }
}

/// Whether a signature is a key's.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Check {
    Good,
    /// No key of that name, or another made it: the keys may be old.
    Bad,
}

impl Keys {
    pub(super) async fn fetch(http: &impl Http, of: &Discovery) -> Result<Self, OidcError> {
        let set = web::get(http, &of.keys).await?;
        Ok(Self::parse(&set, &of.algorithms))
    }

    /// Takes the keys that can be used; others may be for other clients.
    fn parse(set: &Value, algorithms: &[String]) -> Self {
        let keys = set.array_at(&["keys"]).iter().take(KEYS_MAX);
        Self {
            keys: keys.filter_map(key).collect(),
            algorithms: algorithms.to_vec(),
        }
    }

    /// Checks a signature. The algorithm must be one that the provider uses, and the key's kind.
    pub(super) fn check(
        &self,
        algorithm: &str,
        id: &str,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<Check, TokenError> {
        // None of them is symmetric: a public key must not be taken for a shared one.
        let known = [
            "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "EdDSA",
        ];
        if !known.contains(&algorithm) || !self.algorithms.iter().any(|a| a == algorithm) {
            return Err(TokenError::Algorithm);
        }
        let named = self.keys.iter().filter(|k| id.is_empty() || k.id == id);
        let mut fitting = named.filter(|k| k.algorithm.is_empty() || k.algorithm == algorithm);
        if fitting.any(|k| k.kind.verifies(algorithm, signed, signature)) {
            return Ok(Check::Good);
        }
        Ok(Check::Bad)
    }
}

impl Kind {
    fn verifies(&self, algorithm: &str, signed: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Self::Rsa(key), "RS256") => pkcs1::<Sha256>(key, signed, signature),
            (Self::Rsa(key), "RS384") => pkcs1::<Sha384>(key, signed, signature),
            (Self::Rsa(key), "RS512") => pkcs1::<Sha512>(key, signed, signature),
            (Self::Rsa(key), "PS256") => pss::<Sha256>(key, signed, signature),
            (Self::Rsa(key), "PS384") => pss::<Sha384>(key, signed, signature),
            (Self::Rsa(key), "PS512") => pss::<Sha512>(key, signed, signature),
            (Self::P256(key), "ES256") => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(signed, &signature).is_ok()),
            (Self::Ed25519(key), "EdDSA") => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(signed, &signature).is_ok()),
            _ => false,
        }
    }
}

fn pkcs1<D>(key: &RsaPublicKey, signed: &[u8], signature: &[u8]) -> bool
where
    D: Digest + rsa::pkcs8::AssociatedOid,
{
    let key = rsa::pkcs1v15::VerifyingKey::<D>::new(key.clone());
    rsa::pkcs1v15::Signature::try_from(signature)
        .is_ok_and(|signature| key.verify(signed, &signature).is_ok())
}

fn pss<D>(key: &RsaPublicKey, signed: &[u8], signature: &[u8]) -> bool
where
    D: Digest + FixedOutputReset,
{
    let key = rsa::pss::VerifyingKey::<D>::new(key.clone());
    rsa::pss::Signature::try_from(signature)
        .is_ok_and(|signature| key.verify(signed, &signature).is_ok())
}

fn key(key: &Value) -> Option<Key> {
    let text = |name: &str| key.str_at(&[name]);
    if text("use") == "enc" {
        return None;
    }
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)).ok();
    let kind = match (text("kty"), text("crv")) {
        ("RSA", _) => {
            let (n, e) = (bytes("n")?, bytes("e")?);
            if n.len() > RSA_BITS.end() / 8 + 1 {
                return None;
            }
            let (n, e) = (BigUint::from_bytes_be(&n), BigUint::from_bytes_be(&e));
            if !RSA_BITS.contains(&n.bits()) {
                return None;
            }
            Kind::Rsa(RsaPublicKey::new_with_max_size(n, e, *RSA_BITS.end()).ok()?)
        }
        ("EC", "P-256") => {
            let (x, y) = (bytes("x")?, bytes("y")?);
            if x.len() != 32 || y.len() != 32 {
                return None;
            }
            let point = [&[4], x.as_slice(), y.as_slice()].concat();
            Kind::P256(p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?)
        }
        ("OKP", "Ed25519") => {
            let bytes: [u8; 32] = bytes("x")?.try_into().ok()?;
            Kind::Ed25519(ed25519_dalek::VerifyingKey::from_bytes(&bytes).ok()?)
        }
        _ => return None,
    };
    Some(Key {
        id: text("kid").to_owned(),
        algorithm: text("alg").to_owned(),
        kind,
    })
}
