//! Tokens of a provider, and our sessions of its users.

use super::{Config, Http, Known, OidcError, Provider, keys::Check};
use crate::{Accounts, AuthError, ISSUER, Identity, TokenError, jwt};
use value::Value;

/// How far a provider's clock may be ahead, in seconds.
const LEEWAY_SECONDS: i64 = 300;
/// What tells our sessions of a provider's users from all other tokens.
pub(super) const SESSION_TYPE: &str = "windlass-sso+jwt";
pub(super) const SESSION_KEY: &str = "windlass sso session";

impl Provider {
    /// Verifies a token that [`Accounts::verify`] says is foreign: a session that
    /// [`Provider::finish`] began, or a token that the provider gave to a program.
    ///
    /// # Errors
    /// Fails if it doesn't count, or if the provider's keys are needed and can't be had.
    pub async fn verify(
        &self,
        http: &impl Http,
        accounts: &Accounts,
        token: &str,
        now: i64,
    ) -> Result<Identity, OidcError> {
        if let Some(found) = self.verify_session(accounts, token, now)? {
            return Ok(found);
        }
        let claims = self.verify_id_token(http, token, now).await?;
        Ok(Identity::new(claims, None))
    }

    /// Verifies a session that [`Provider::finish`] began, which takes nobody else; `None` if the
    /// token is something else.
    ///
    /// # Errors
    /// Fails if the session doesn't count.
    pub fn verify_session(
        &self,
        accounts: &Accounts,
        token: &str,
        now: i64,
    ) -> Result<Option<Identity>, OidcError> {
        let parts = jwt::Parts::parse(token)?;
        if parts.header.str_at(&["typ"]) != SESSION_TYPE {
            return Ok(None);
        }
        let key = accounts.derived_key(SESSION_KEY).ok_or(AuthError::NoKey)?;
        parts.check_own_signature(key.expose())?;
        check_issuer(&self.config, &parts.claims)?;
        parts.check_times(now)?;
        Ok(Some(Identity::new(parts.claims, None)))
    }

    /// Verifies a provider's token; returns what it says.
    pub(super) async fn verify_id_token(
        &self,
        http: &impl Http,
        token: &str,
        now: i64,
    ) -> Result<Value, OidcError> {
        let parts = jwt::Parts::parse(token)?;
        // Before anything is asked for: most strangers' tokens end here.
        check_issuer(&self.config, &parts.claims)?;
        let known = self.known(http, now).await?;
        if check(&parts, &known)? == Check::Bad {
            let known = self
                .refreshed(http, now)
                .await
                .ok_or(TokenError::Signature)?;
            if check(&parts, &known)? == Check::Bad {
                return Err(TokenError::Signature.into());
            }
        }
        if parts.claims.get("exp").is_none() {
            return Err(TokenError::Expired.into());
        }
        parts.check_times(now).or_else(|e| match e {
            TokenError::NotYet => parts.check_times(now.saturating_add(LEEWAY_SECONDS)),
            e => Err(e),
        })?;
        check_audience(&self.config, &parts.claims)?;
        check_name(&parts.claims)?;
        Ok(parts.claims)
    }
}

fn check(parts: &jwt::Parts<'_>, known: &Known) -> Result<Check, TokenError> {
    let header = |name: &str| parts.header.str_at(&[name]);
    // What we don't understand may change what the rest means.
    if parts.header.get("crit").is_some() {
        return Err(TokenError::Algorithm);
    }
    let signed = parts.signed.as_bytes();
    known
        .keys
        .check(header("alg"), header("kid"), signed, &parts.signature)
}

fn check_issuer(config: &Config, claims: &Value) -> Result<(), OidcError> {
    let got = claims.str_at(&["iss"]);
    if got == config.issuer && got != ISSUER {
        return Ok(());
    }
    Err(OidcError::Issuer {
        want: config.issuer.clone(),
        got: super::web::printable(got),
    })
}

fn check_audience(config: &Config, claims: &Value) -> Result<(), OidcError> {
    let is_allowed = |a: &Value| {
        let audience = a.as_str().unwrap_or_default();
        config.allowed_audiences.iter().any(|own| own == audience)
    };
    let fits = match claims.get("aud") {
        None => config.accepts_no_audience,
        Some(Value::Array(all)) => all.iter().any(is_allowed),
        Some(one) => is_allowed(one),
    };
    if fits {
        Ok(())
    } else {
        Err(OidcError::Audience)
    }
}

/// A provider may name its users as it likes, but not as roles.
fn check_name(claims: &Value) -> Result<(), OidcError> {
    let identity = Identity::new(claims.clone(), None);
    let name = identity.subject();
    if name.is_empty() || name.starts_with("role:") || name.starts_with("proj:") {
        return Err(OidcError::ReservedName(super::web::printable(name)));
    }
    Ok(())
}
