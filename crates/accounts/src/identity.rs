//! Somebody who has shown who they are.

use crate::{Capability, ISSUER, jwt};
use value::Value;

/// Somebody who is logged in, or a program with a token.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    claims: Value,
    capability: Option<Capability>,
}

impl Identity {
    /// Of claims that were verified.
    pub(crate) const fn new(claims: Value, capability: Option<Capability>) -> Self {
        Self { claims, capability }
    }

    /// Returns the name that is shown: an account's, `proj:<project>:<role>`, or for single sign-on
    /// the address of mail if the token has one.
    #[must_use]
    pub fn username(&self) -> &str {
        let email = self.claims.str_at(&["email"]);
        if self.issuer() != ISSUER && !email.is_empty() {
            return email;
        }
        self.subject()
    }

    /// Returns the name that policies use.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self.claims.str_at(&["federated_claims", "user_id"]) {
            "" => self.claims.str_at(&["sub"]),
            user => user,
        }
    }

    /// Returns who issued the token: [`ISSUER`] or the address of a provider.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.claims.str_at(&["iss"])
    }

    /// Returns true if a password or a token of ours is behind it, not single sign-on.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.issuer() == ISSUER
    }

    /// Returns true if it is a token of a project's role.
    #[must_use]
    pub fn is_project_role(&self) -> bool {
        self.is_local() && self.capability.is_none()
    }

    /// Returns true for the session of a person, false for a token that a program uses.
    #[must_use]
    pub fn is_session(&self) -> bool {
        !self.is_local() || self.capability == Some(Capability::Login)
    }

    /// Returns the groups that the claims name; `scopes` are the policy's.
    #[must_use]
    pub fn groups(&self, scopes: &[String]) -> Vec<String> {
        let subject = self.rbac_subject(scopes);
        subject.groups().map(str::to_owned).collect()
    }

    /// Returns whom to ask the policy about.
    #[must_use]
    pub fn rbac_subject(&self, scopes: &[String]) -> rbac::Subject {
        rbac::Subject::of_claims(&self.claims, scopes)
    }

    /// Returns the unique name of the token; empty if it has none.
    #[must_use]
    pub fn token_id(&self) -> &str {
        match self.claims.str_at(&["jti"]) {
            "" => self.claims.str_at(&["uti"]),
            id => id,
        }
    }

    /// Returns when the token was issued.
    #[must_use]
    pub fn issued_at(&self) -> i64 {
        jwt::time(&self.claims, "iat").unwrap_or_default()
    }

    /// Returns when the token ends; `None` is never.
    #[must_use]
    pub fn expires_at(&self) -> Option<i64> {
        jwt::time(&self.claims, "exp")
    }

    /// Returns what the token says.
    #[must_use]
    pub const fn claims(&self) -> &Value {
        &self.claims
    }
}
