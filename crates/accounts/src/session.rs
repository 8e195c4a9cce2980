//! Tokens of accounts and projects: issuing and verifying.

use crate::{Accounts, Capability, ISSUER, Identity, Projects, Random, Redacted, TokenError, jwt};
use value::json;

/// A session is prolonged when less than this is left of it.
const RENEWED_SECONDS: i64 = 5 * 60;

/// A token of somebody who has just logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The token: a cookie's value, or a bearer's.
    pub token: Redacted<String>,
    /// Its unique name.
    pub id: String,
    /// When it ends; `None` is never.
    pub expires_at: Option<i64>,
}

/// A token isn't accepted. What is said names no other account and no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// It is damaged, forged or old.
    #[error("invalid session: {0}")]
    Token(#[from] TokenError),
    /// It isn't ours: single sign-on has to look at it.
    #[error("the token was issued by {0:?}, not by this server")]
    Foreign(String),
    /// It has no time of issue.
    #[error("token does not have iat claim")]
    NoIssuedAt,
    /// It has no unique name.
    #[error("token does not have a unique identifier (jti claim) and cannot be validated")]
    NoId,
    /// The account is gone.
    #[error("account '{0}' does not exist")]
    NoAccount(String),
    /// The account is disabled.
    #[error("account {0} is disabled")]
    Disabled(String),
    /// The account may not be used like that.
    #[error("account {0} does not have '{1}' capability")]
    NoCapability(String, &'static str),
    /// The token was deleted.
    #[error("account {0} does not have token with id {1}")]
    NoToken(String, String),
    /// The token of a project's role was deleted, or the role was.
    #[error(
        "JWT token for role '{role}' issued at '{issued_at}' does not exist in project '{project}'"
    )]
    NoProjectToken {
        /// The project.
        project: String,
        /// Its role.
        role: String,
        /// When the token says that it was issued.
        issued_at: i64,
    },
    /// The password was changed after the token was issued.
    #[error("account password has changed since token issued")]
    PasswordChanged,
    /// Somebody logged out.
    #[error("token is revoked, please re-login")]
    Revoked,
    /// There is no key to verify with.
    #[error("the server has no key yet: `server.secretkey` of argocd-secret is missing")]
    NoKey,
}

impl Accounts {
    /// Begins a session of an account; its password, or something as good, was checked.
    ///
    /// # Errors
    /// Fails if there is no key.
    pub fn start_session(
        &self,
        name: &str,
        now: i64,
        random: Random<'_>,
    ) -> Result<Session, AuthError> {
        let id = unique_id(random);
        let subject = format!("{name}:{}", Capability::Login.as_str());
        self.issue(&subject, self.session_seconds, &id, now)
    }

    /// Issues a token for a subject; 0 seconds is for ever.
    pub(crate) fn issue(
        &self,
        subject: &str,
        seconds: i64,
        id: &str,
        now: i64,
    ) -> Result<Session, AuthError> {
        let key = self.key.as_ref().ok_or(AuthError::NoKey)?;
        let mut claims = json!({
            "iss": ISSUER, "sub": subject, "iat": now, "nbf": now, "jti": id,
        });
        let expires_at = (seconds > 0).then(|| now.saturating_add(seconds));
        if let Some(time) = expires_at {
            claims.set_at(&["exp"], time);
        }
        Ok(Session {
            token: Redacted::new(jwt::sign(&claims, key.expose())),
            id: id.to_owned(),
            expires_at,
        })
    }

    /// Verifies a token of ours. Whether it was [`crate::Revoked`] is for the caller to ask.
    ///
    /// # Errors
    /// Fails if it doesn't count, or if another issuer made it ([`AuthError::Foreign`]).
    pub fn verify(
        &self,
        token: &str,
        now: i64,
        projects: &dyn Projects,
    ) -> Result<Identity, AuthError> {
        let parts = jwt::Parts::parse(token)?;
        let issuer = parts.claims.str_at(&["iss"]);
        if issuer != ISSUER {
            return Err(AuthError::Foreign(issuer.to_owned()));
        }
        let key = self.key.as_ref().ok_or(AuthError::NoKey)?;
        parts.check_own_signature(key.expose())?;
        parts.check_times(now)?;
        let issued_at = jwt::time(&parts.claims, "iat").ok_or(AuthError::NoIssuedAt)?;
        let mut claims = parts.claims;
        let id = claims.str_at(&["jti"]).to_owned();
        let subject = claims.str_at(&["sub"]).to_owned();
        if let ["proj", project, role] = subject.split(':').collect::<Vec<_>>().as_slice() {
            if projects.has_token(project, role, issued_at, &id) {
                return Ok(Identity::new(claims, None));
            }
            return Err(AuthError::NoProjectToken {
                project: (*project).to_owned(),
                role: (*role).to_owned(),
                issued_at,
            });
        }
        let (name, capability) = name_and_capability(&subject);
        self.check_account(name, capability, &id, issued_at)?;
        claims.set_at(&["sub"], name);
        // Ours never have it, and it would be taken for the user's name.
        claims.remove_at(&["federated_claims"]);
        Ok(Identity::new(claims, Some(capability)))
    }

    fn check_account(
        &self,
        name: &str,
        capability: Capability,
        id: &str,
        issued_at: i64,
    ) -> Result<(), AuthError> {
        let owned = || name.to_owned();
        let account = self
            .get(name)
            .ok_or_else(|| AuthError::NoAccount(owned()))?;
        if !account.is_enabled {
            return Err(AuthError::Disabled(owned()));
        }
        if !account.can(capability) {
            return Err(AuthError::NoCapability(owned(), capability.as_str()));
        }
        if id.is_empty() {
            return Err(AuthError::NoId);
        }
        if capability == Capability::ApiKey && !account.has_token(id) {
            return Err(AuthError::NoToken(owned(), id.to_owned()));
        }
        if account.password_changed_at.is_some_and(|t| issued_at < t) {
            return Err(AuthError::PasswordChanged);
        }
        Ok(())
    }

    /// Returns a new session in place of one that ends soon; `None` if there is time.
    ///
    /// # Errors
    /// Fails if there is no key.
    pub fn renew(
        &self,
        identity: &Identity,
        now: i64,
        random: Random<'_>,
    ) -> Result<Option<Session>, AuthError> {
        let Some(ends) = identity.expires_at() else {
            return Ok(None);
        };
        if !identity.is_local()
            || !identity.is_session()
            || ends.saturating_sub(now) >= RENEWED_SECONDS
        {
            return Ok(None);
        }
        let id = unique_id(random);
        let subject = format!("{}:{}", identity.subject(), Capability::Login.as_str());
        let seconds = ends.saturating_sub(identity.issued_at());
        self.issue(&subject, seconds, &id, now).map(Some)
    }

    /// Returns the token that a page has to send with what it changes, beside its cookie: only who
    /// can read the page has it.
    ///
    /// # Errors
    /// Fails if there is no key.
    pub fn csrf_token(&self, session_token: &str) -> Result<String, AuthError> {
        use base64::Engine as _;
        let key = self.derived_key("windlass csrf").ok_or(AuthError::NoKey)?;
        let code = jwt::code(key.expose(), session_token.as_bytes());
        Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(code))
    }

    /// Returns a key of our own for a purpose, from the server's; `None` if there is none yet.
    pub(crate) fn derived_key(&self, purpose: &str) -> Option<Redacted<[u8; 32]>> {
        let key = self.key.as_ref()?;
        Some(Redacted::new(jwt::code(key.expose(), purpose.as_bytes())))
    }
}

/// Splits `NAME:login`; a name alone is that of an old token for programs.
fn name_and_capability(subject: &str) -> (&str, Capability) {
    let mut parts = subject.split(':');
    let name = parts.next().unwrap_or_default();
    let capability = parts.next().and_then(Capability::parse);
    (name, capability.unwrap_or(Capability::ApiKey))
}

/// Returns a random UUID.
pub(crate) fn unique_id(random: Random<'_>) -> String {
    let mut bytes = [0; 16];
    random(&mut bytes);
    let mut id = u128::from_be_bytes(bytes);
    id = id & !(0xf << 76) | 0x4 << 76;
    id = id & !(0b11 << 62) | 0b10 << 62;
    let hex = format!("{id:032x}");
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-")
}
