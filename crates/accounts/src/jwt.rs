//! JSON web tokens, and those that we sign.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use value::{Value, json};

/// Bytes of a token: a cookie's 4 KiB several times over, for tokens with hundreds of groups.
pub(crate) const TOKEN_BYTES_MAX: usize = 64 * 1024;

/// A token that doesn't count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Not three parts of base64 with JSON inside.
    #[error("the token is malformed")]
    Malformed,
    /// Signed in a way that isn't accepted.
    #[error("the token's signing method is not accepted")]
    Algorithm,
    /// Somebody changed it, or another key signed it.
    #[error("the token's signature is invalid")]
    Signature,
    /// It has ended.
    #[error("the token is expired")]
    Expired,
    /// It hasn't begun.
    #[error("the token is not valid yet")]
    NotYet,
}

/// A token in its parts, not verified.
pub(crate) struct Parts<'a> {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    /// What is signed.
    pub(crate) signed: &'a str,
    pub(crate) signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    pub(crate) fn parse(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        if claims.contains('.') {
            return Err(TokenError::Malformed);
        }
        let decode = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part);
            bytes.map_err(|_| TokenError::Malformed)
        };
        let object = |part: &str| match Value::parse(&decode(part)?) {
            Ok(value @ Value::Object(_)) => Ok(value),
            _ => Err(TokenError::Malformed),
        };
        Ok(Self {
            header: object(header)?,
            claims: object(claims)?,
            signed,
            signature: decode(signature)?,
        })
    }

    /// Returns whether the claims hold at a moment.
    pub(crate) fn check_times(&self, now: i64) -> Result<(), TokenError> {
        if self.claims.get("exp").is_some() {
            let ends = time(&self.claims, "exp").ok_or(TokenError::Malformed)?;
            if now >= ends {
                return Err(TokenError::Expired);
            }
        }
        if self.claims.get("nbf").is_some() {
            let begins = time(&self.claims, "nbf").ok_or(TokenError::Malformed)?;
            if now < begins {
                return Err(TokenError::NotYet);
            }
        }
        Ok(())
    }

    /// Checks a signature of ours. The algorithm is ours too, whatever the token says.
    pub(crate) fn check_own_signature(&self, key: &[u8]) -> Result<(), TokenError> {
        if self.header.str_at(&["alg"]) != "HS256" {
            return Err(TokenError::Algorithm);
        }
        let mac = mac(key, self.signed.as_bytes());
        mac.verify_slice(&self.signature)
            .map_err(|_| TokenError::Signature)
    }
}

/// Returns a time of a token in seconds; fractions are allowed.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a number without bounds ends at the largest"
)]
pub(crate) fn time(claims: &Value, name: &str) -> Option<i64> {
    let value = claims.get(name)?;
    value.as_i64().or_else(|| Some(value.as_f64()? as i64))
}

/// Signs claims.
pub(crate) fn sign(claims: &Value, key: &[u8]) -> String {
    sign_as("JWT", claims, key)
}

/// Signs claims of a type of their own.
pub(crate) fn sign_as(kind: &str, claims: &Value, key: &[u8]) -> String {
    let header = json!({"alg": "HS256", "typ": kind});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_json());
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = code(key, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Returns a message's authentication code.
pub(crate) fn code(key: &[u8], message: &[u8]) -> [u8; 32] {
    mac(key, message).finalize().into_bytes().into()
}

fn mac(key: &[u8], message: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    mac.update(message);
    mac
}
