//! Hashes of passwords: bcrypt, as Argo CD writes them, and argon2id, as we do.

use crate::{Random, Redacted};
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

/// Bytes of a password that is looked at. Longer ones only cost time.
pub(crate) const PASSWORD_BYTES_MAX: usize = 1024;
/// Memory of a hash that is verified, in KiB: a hash could ask for all there is.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 64;
/// Go's default, and the least that Argo CD writes.
const BCRYPT_COST: u32 = 10;
/// Verifying takes time that doubles with each.
const BCRYPT_COST_MAX: &str = "15";
const BCRYPT_BYTES_MAX: usize = 72;

/// How a new password is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hash {
    /// Argon2id with 19 MiB and two passes. Argo CD can't read it.
    #[default]
    Argon2id,
    /// Bcrypt, for Secrets that Argo CD reads too.
    Bcrypt,
}

/// A password that can't be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Nothing at all.
    #[error("blank passwords are not allowed")]
    Blank,
    /// Longer than the hash looks at.
    #[error("the password is too long ({0} bytes max)")]
    TooLong(usize),
}

/// Returns the hash of a password.
///
/// # Errors
/// Fails if the password is blank or too long.
pub fn hash(
    password: &str,
    kind: Hash,
    random: Random<'_>,
) -> Result<Redacted<String>, PasswordError> {
    let max = match kind {
        Hash::Argon2id => PASSWORD_BYTES_MAX,
        Hash::Bcrypt => BCRYPT_BYTES_MAX,
    };
    if password.is_empty() {
        return Err(PasswordError::Blank);
    }
    if password.len() > max {
        return Err(PasswordError::TooLong(max));
    }
    let mut salt = [0; 16];
    random(&mut salt);
    let text = match kind {
        Hash::Argon2id => {
            let salt = SaltString::encode_b64(&salt).expect("sixteen bytes are a salt");
            let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default());
            let hashed = argon.hash_password(password.as_bytes(), &salt);
            hashed
                .expect("length and parameters are in range")
                .to_string()
        }
        Hash::Bcrypt => {
            let parts = bcrypt::hash_with_salt(password, BCRYPT_COST, salt);
            let parts = parts.expect("the cost is in range");
            // The letter that Go writes.
            parts.format_for_version(bcrypt::Version::TwoA)
        }
    };
    Ok(Redacted::new(text))
}

/// Returns true if a password is that of a hash. It takes as long whether it is or not.
#[must_use]
pub fn verify(password: &str, hash: &str) -> bool {
    if password.is_empty() || password.len() > PASSWORD_BYTES_MAX {
        return false;
    }
    if let Some(rest) = hash.strip_prefix("$2") {
        let cost = rest.split('$').nth(1).unwrap_or_default();
        return cost.len() == 2
            && cost <= BCRYPT_COST_MAX
            && bcrypt::verify(password, hash).unwrap_or(false);
    }
    let Ok(hash) = PasswordHash::new(hash) else {
        return false;
    };
    let asked = Params::try_from(&hash);
    if !asked.is_ok_and(|p| p.m_cost() <= MEMORY_KIB_MAX && p.t_cost() <= PASSES_MAX) {
        return false;
    }
    let argon = Argon2::default();
    argon.verify_password(password.as_bytes(), &hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_are_written_and_read() {
        for (kind, start) in [
            (Hash::Argon2id, "$argon2id$v=19$m=19456,t=2,p=1$"),
            (Hash::Bcrypt, "$2a$10$"),
        ] {
            let hash = hash("correct horse", kind, &mut |b| b.fill(3)).expect("a hash");
            assert!(hash.expose().starts_with(start), "{start}");
            assert!(verify("correct horse", hash.expose()));
            assert!(!verify("correct house", hash.expose()));
            assert_eq!(format!("{hash:?}"), "[redacted]");
        }
        let go = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
        assert!(!verify("", go) && !verify("x", go) && !verify("x", "plain") && !verify("x", ""));
    }

    #[test]
    fn dear_hashes_are_not_computed() {
        assert!(!verify(
            "x",
            "$argon2id$v=19$m=4194304,t=9999,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"
        ));
        assert!(!verify(
            "x",
            "$2a$31$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"
        ));
    }
}
