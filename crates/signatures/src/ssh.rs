//! SSH signatures.

use crate::keyring::{Outcome, Verification};
use crate::signers::AllowedSigner;
use jiff::Timestamp;
use ssh_key::{HashAlg, SshSig};

/// What Git signs for.
const NAMESPACE: &str = "git";
/// A signature in its armour: a large RSA key is in it.
const SIGNATURE_BYTES_MAX: usize = 64 << 10;

pub(crate) fn verify(
    signers: &[AllowedSigner],
    payload: &[u8],
    armored: &str,
    now: Timestamp,
) -> Verification {
    let unreadable = || Verification::new(Outcome::Bad, "");
    if armored.len() > SIGNATURE_BYTES_MAX {
        return unreadable();
    }
    let Ok(signature) = SshSig::from_pem(armored.trim()) else {
        return unreadable();
    };
    let key = signature.public_key();
    let key_id = key.fingerprint(HashAlg::Sha256).to_string();
    let known: Vec<&AllowedSigner> = signers
        .iter()
        .filter(|signer| signer.key.key_data() == key)
        .collect();
    let Some(first) = known.first() else {
        return Verification::new(Outcome::MissingKey, key_id);
    };
    if first.key.verify(NAMESPACE, payload, &signature).is_err() {
        return Verification::new(Outcome::Bad, key_id).by(&*first.principals);
    }
    // Of several lines with the key, the one that says the best of it counts.
    let outcomes = known.iter().map(|signer| (standing(signer, now), signer));
    let best = outcomes.min_by_key(|(outcome, _)| match outcome {
        Outcome::Good => 0,
        Outcome::ExpiredKey => 1,
        _ => 2,
    });
    let (outcome, signer) = best.unwrap_or((Outcome::Untrusted, first));
    Verification::new(outcome, key_id).by(&*signer.principals)
}

fn standing(signer: &AllowedSigner, now: Timestamp) -> Outcome {
    let for_git = signer.namespaces.is_empty()
        || signer.namespaces.iter().any(|pattern| {
            value::glob::Glob::new(pattern, &[]).is_ok_and(|g| g.matches(NAMESPACE))
        });
    if !for_git || signer.valid_after.is_some_and(|after| now < after) {
        return Outcome::Untrusted;
    }
    match signer.valid_before.is_some_and(|before| now >= before) {
        true => Outcome::ExpiredKey,
        false => Outcome::Good,
    }
}
