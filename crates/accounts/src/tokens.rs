//! Tokens for programs: of accounts, and of projects' roles.

use crate::session::unique_id;
use crate::{Accounts, Capability, Change, ChangeError, Random, Redacted, Token};

const TOKEN_ID_BYTES_MAX: usize = 253;

/// A token that was just made, to be shown once, and what has to be written before it counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Issued {
    /// The token itself.
    pub token: Redacted<String>,
    /// What is kept of it.
    pub kept: Token,
    /// The patch of `argocd-secret`; none for a project's role, whose project gets `kept`.
    pub change: Option<Change>,
}

impl Accounts {
    /// Makes a token of an account; 0 seconds is for ever, an empty id becomes a random one.
    ///
    /// # Errors
    /// Fails if the account can't have it.
    pub fn create_token(
        &self,
        name: &str,
        seconds: i64,
        id: &str,
        now: i64,
        random: Random<'_>,
    ) -> Result<Issued, ChangeError> {
        let account = self
            .get(name)
            .ok_or_else(|| ChangeError::NoAccount(name.to_owned()))?;
        let id = id_or_random(id, random)?;
        if account.has_token(&id) {
            return Err(ChangeError::TokenExists(id));
        }
        if !account.can(Capability::ApiKey) {
            return Err(ChangeError::NoApiKey(name.to_owned()));
        }
        let subject = format!("{name}:{}", Capability::ApiKey.as_str());
        let mut issued = self.issue_token(&subject, seconds, &id, now)?;
        let mut tokens = account.tokens.clone();
        tokens.push(issued.kept.clone());
        issued.change = Some(Change::of_tokens(name, &tokens));
        Ok(issued)
    }

    /// Deletes a token of an account.
    ///
    /// # Errors
    /// Fails if there is no such token.
    pub fn delete_token(&self, name: &str, id: &str) -> Result<Change, ChangeError> {
        let account = self
            .get(name)
            .ok_or_else(|| ChangeError::NoAccount(name.to_owned()))?;
        if !account.has_token(id) {
            return Err(ChangeError::NoToken(id.to_owned()));
        }
        let tokens: Vec<Token> = account
            .tokens
            .iter()
            .filter(|t| t.id != id)
            .cloned()
            .collect();
        Ok(Change::of_tokens(name, &tokens))
    }

    /// Makes a token of a project's role; it counts when `kept` is among the project's.
    ///
    /// # Errors
    /// Fails if the id can't be stored, or there is no key.
    pub fn create_project_token(
        &self,
        project: &str,
        role: &str,
        seconds: i64,
        id: &str,
        now: i64,
        random: Random<'_>,
    ) -> Result<Issued, ChangeError> {
        let id = id_or_random(id, random)?;
        self.issue_token(&format!("proj:{project}:{role}"), seconds, &id, now)
    }

    fn issue_token(
        &self,
        subject: &str,
        seconds: i64,
        id: &str,
        now: i64,
    ) -> Result<Issued, ChangeError> {
        let session = self.issue(subject, seconds, id, now);
        let session = session.map_err(|_| ChangeError::NoKey)?;
        Ok(Issued {
            token: session.token,
            kept: Token {
                id: id.to_owned(),
                issued_at: now,
                expires_at: session.expires_at.unwrap_or_default(),
            },
            change: None,
        })
    }
}

fn id_or_random(id: &str, random: Random<'_>) -> Result<String, ChangeError> {
    if id.is_empty() {
        return Ok(unique_id(random));
    }
    if id.len() > TOKEN_ID_BYTES_MAX || id.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(ChangeError::TokenId);
    }
    Ok(id.to_owned())
}
