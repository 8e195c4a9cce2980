//! OpenPGP: which key signed, and whether it still may.

use crate::KeyError;
use crate::keyring::{Outcome, Verification};
use jiff::Timestamp;
use pgp::composed::{ArmorOptions, Deserializable as _, DetachedSignature, SignedPublicKey};
use pgp::crypto::ecc_curve::ECCCurve;
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType};
use pgp::ser::Serialize as _;
use pgp::types::{KeyDetails, KeyId, PublicKeyTrait, PublicParams, Tag};

/// A key in its armour; far beyond any that people have.
const ARMORED_BYTES_MAX: usize = 4 << 20;
/// A signature in its armour.
const SIGNATURE_BYTES_MAX: usize = 64 << 10;
/// A signature may be from a clock that is ahead by so much, in seconds.
const AHEAD_MAX: i64 = 24 * 3600;

/// Someone's public key with its user ids and subkeys, of which nothing is believed yet.
#[derive(Clone, Debug)]
pub(crate) struct Certificate(SignedPublicKey);

impl Certificate {
    pub(crate) fn key_id(&self) -> String {
        digits(&self.0.key_id())
    }
}

/// A public key, as a list of keys shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenPgpKey {
    /// The last sixteen digits of its fingerprint.
    pub id: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// The first user id that the key vouches for.
    pub owner: String,
    /// What kind of key it is, as `gpg` says it: `rsa4096`, `ed25519`.
    pub algorithm: String,
    /// The key alone in its armour.
    pub armored: String,
}

/// Returns the OpenPGP public keys of a text.
///
/// # Errors
/// Fails if one can't be read, or if there is none.
pub fn openpgp_keys(armored: &str) -> Result<Vec<OpenPgpKey>, KeyError> {
    let shown = |certificate: Certificate| {
        let key = &certificate.0.primary_key;
        let armored = certificate.0.to_armored_string(ArmorOptions::default());
        let armored = armored.map_err(|e| KeyError(format!("no OpenPGP key: {e}")))?;
        Ok(OpenPgpKey {
            id: certificate.key_id(),
            fingerprint: format!("{:X}", key.fingerprint()),
            owner: certificate.user(),
            algorithm: algorithm(key.public_params()),
            armored,
        })
    };
    read(armored)?.into_iter().map(shown).collect()
}

fn algorithm(params: &PublicParams) -> String {
    match params {
        // Two lengths of two bytes, and an exponent of three as every program makes it.
        PublicParams::RSA(rsa) => format!("rsa{}", rsa.write_len().saturating_sub(7) * 8),
        PublicParams::DSA(_) => "dsa".into(),
        PublicParams::ECDSA(ec) => match ec.curve() {
            ECCCurve::P256 => "nistp256".into(),
            ECCCurve::P384 => "nistp384".into(),
            ECCCurve::P521 => "nistp521".into(),
            other => other.to_string().to_lowercase(),
        },
        PublicParams::EdDSALegacy(_) | PublicParams::Ed25519(_) => "ed25519".into(),
        PublicParams::Ed448(_) => "ed448".into(),
        _ => "unknown".into(),
    }
}

fn digits(id: &KeyId) -> String {
    id.as_ref()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect()
}

pub(crate) fn read(armored: &str) -> Result<Vec<Certificate>, KeyError> {
    let wrong = |error: &dyn std::fmt::Display| KeyError(format!("no OpenPGP key: {error}"));
    if armored.len() > ARMORED_BYTES_MAX {
        return Err(wrong(&"it is too long"));
    }
    let (keys, _) = SignedPublicKey::from_string_many(armored).map_err(|error| wrong(&error))?;
    let keys: Result<Vec<Certificate>, _> = keys.map(|key| key.map(Certificate)).collect();
    let keys = keys.map_err(|error| wrong(&error))?;
    match keys.is_empty() {
        true => Err(wrong(&"there is none")),
        false => Ok(keys),
    }
}

pub(crate) fn verify(
    keyring: &[Certificate],
    payload: &[u8],
    armored: &str,
    now: Timestamp,
) -> Verification {
    let unreadable = || Verification::new(Outcome::Bad, "");
    if armored.len() > SIGNATURE_BYTES_MAX {
        return unreadable();
    }
    let Ok((signature, _)) = DetachedSignature::from_string(armored) else {
        return unreadable();
    };
    let signature = signature.signature;
    let Some(issuer) = issuer_of(&signature) else {
        return unreadable();
    };
    let key_id = digits(&issuer);
    let mut best: Option<Verification> = None;
    for certificate in keyring {
        let Some(found) = certificate.verify(payload, &signature, &issuer, now) else {
            continue;
        };
        let verification = Verification::new(found, &*key_id).by(certificate.user());
        if found == Outcome::Good {
            return verification;
        }
        best.get_or_insert(verification);
    }
    best.unwrap_or_else(|| Verification::new(Outcome::MissingKey, key_id))
}

/// Returns the key that a signature says it is by.
fn issuer_of(signature: &Signature) -> Option<KeyId> {
    if let Some(id) = signature.issuer().first() {
        return Some(KeyId::clone(id));
    }
    let fingerprint = signature.issuer_fingerprint();
    let bytes = fingerprint.first()?.as_bytes();
    let id: [u8; 8] = bytes.get(bytes.len().checked_sub(8)?..)?.try_into().ok()?;
    Some(KeyId::from(id))
}

/// Hashes that are too weak to tell documents apart.
fn is_weak(signature: &Signature) -> bool {
    !matches!(
        signature.hash_alg(),
        Some(
            HashAlgorithm::Sha224
                | HashAlgorithm::Sha256
                | HashAlgorithm::Sha384
                | HashAlgorithm::Sha512
                | HashAlgorithm::Sha3_256
                | HashAlgorithm::Sha3_512
        )
    )
}

fn created(signature: &Signature) -> Option<i64> {
    signature.created().map(pgp_seconds)
}

fn pgp_seconds<T: Clone + Into<std::time::SystemTime>>(time: &T) -> i64 {
    let time: std::time::SystemTime = time.clone().into();
    let since = time.duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

/// What a self-signature says about a key's time.
#[derive(Clone, Copy)]
struct Binding {
    created: i64,
    /// Seconds after the key was made.
    lifetime: Option<i64>,
}

fn latest(bindings: impl Iterator<Item = Binding>) -> Option<Binding> {
    bindings.max_by_key(|binding| binding.created)
}

fn binding(signature: &Signature) -> Option<Binding> {
    let lifetime = signature.key_expiration_time();
    let lifetime = lifetime.and_then(|d| Some(d.num_seconds()).filter(|seconds| *seconds > 0));
    Some(Binding {
        created: created(signature)?,
        lifetime,
    })
}

fn is_over(key_created: i64, binding: Binding, now: i64) -> bool {
    binding
        .lifetime
        .is_some_and(|lifetime| key_created.saturating_add(lifetime) <= now)
}

impl Certificate {
    /// Returns the first user id that the key itself vouches for, or else the first.
    fn user(&self) -> String {
        let key = &self.0.primary_key;
        let users = &self.0.details.users;
        let vouched = users.iter().find(|user| {
            let mut own = user.signatures.iter().filter(|s| s.is_certification());
            own.any(|s| s.verify_certification(key, Tag::UserId, &user.id).is_ok())
        });
        let user = vouched.or(users.first());
        user.map_or_else(String::new, |user| {
            String::from_utf8_lossy(user.id.id()).into_owned()
        })
    }

    /// Returns what the key makes of a signature; nothing if it isn't by this key.
    fn verify(
        &self,
        payload: &[u8],
        signature: &Signature,
        issuer: &KeyId,
        now: Timestamp,
    ) -> Option<Outcome> {
        let now = now.as_second();
        let primary = &self.0.primary_key;
        if primary.key_id() == *issuer {
            let fits = check(signature, primary, payload, now);
            return Some(fits.unwrap_or_else(|| self.standing(now)));
        }
        let mut subkeys = self.0.public_subkeys.iter();
        let subkey = subkeys.find(|subkey| subkey.key.key_id() == *issuer)?;
        if let Some(wrong) = check(signature, &subkey.key, payload, now) {
            return Some(wrong);
        }
        let revoked = subkey.signatures.iter().any(|s| {
            s.typ() == Some(SignatureType::SubkeyRevocation)
                && s.verify_subkey_binding(primary, &subkey.key).is_ok()
        });
        if revoked {
            return Some(Outcome::RevokedKey);
        }
        // A subkey may sign if the primary key says so, and it says itself whose it is.
        let bound = subkey.signatures.iter().filter(|s| {
            s.typ() == Some(SignatureType::SubkeyBinding)
                && s.key_flags().sign()
                && s.verify_subkey_binding(primary, &subkey.key).is_ok()
                && s.embedded_signature().is_some_and(|back| {
                    back.typ() == Some(SignatureType::KeyBinding)
                        && back
                            .verify_primary_key_binding(&subkey.key, primary)
                            .is_ok()
                })
        });
        let Some(bound) = latest(bound.filter_map(binding)) else {
            return Some(Outcome::Untrusted);
        };
        if is_over(pgp_seconds(subkey.key.created_at()), bound, now) {
            return Some(Outcome::ExpiredKey);
        }
        Some(self.standing(now))
    }

    /// Returns what the primary key is worth.
    fn standing(&self, now: i64) -> Outcome {
        let primary = &self.0.primary_key;
        let details = &self.0.details;
        let revoked = details.revocation_signatures.iter().any(|s| {
            s.typ() == Some(SignatureType::KeyRevocation) && s.verify_key(primary).is_ok()
        });
        if revoked {
            return Outcome::RevokedKey;
        }
        let by_users = details.users.iter().flat_map(|user| {
            user.signatures.iter().filter(|s| {
                s.is_certification()
                    && s.verify_certification(primary, Tag::UserId, &user.id)
                        .is_ok()
            })
        });
        let direct = details
            .direct_signatures
            .iter()
            .filter(|s| s.typ() == Some(SignatureType::Key) && s.verify_key(primary).is_ok());
        match latest(by_users.chain(direct).filter_map(binding)) {
            None => Outcome::Untrusted,
            Some(own) if is_over(pgp_seconds(primary.created_at()), own, now) => {
                Outcome::ExpiredKey
            }
            Some(_) => Outcome::Good,
        }
    }
}

/// Returns what is wrong with a signature by a key, whatever the key is worth.
fn check<K: PublicKeyTrait + pgp::ser::Serialize>(
    signature: &Signature,
    key: &K,
    payload: &[u8],
    now: i64,
) -> Option<Outcome> {
    let is_of_data = matches!(
        signature.typ(),
        Some(SignatureType::Binary | SignatureType::Text)
    );
    if !is_of_data || is_weak(signature) || signature.verify(key, payload).is_err() {
        return Some(Outcome::Bad);
    }
    let Some(created) = created(signature) else {
        return Some(Outcome::Bad);
    };
    if created < pgp_seconds(key.created_at()) || created > now.saturating_add(AHEAD_MAX) {
        return Some(Outcome::Bad);
    }
    let lifetime = signature.signature_expiration_time();
    let lifetime = lifetime.and_then(|d| Some(d.num_seconds()).filter(|seconds| *seconds > 0));
    lifetime
        .is_some_and(|lifetime| created.saturating_add(lifetime) <= now)
        .then_some(Outcome::ExpiredSignature)
}
