//! One local account.

use crate::Redacted;
use value::{Value, json};

/// What an account may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// Logging in with a password.
    Login,
    /// Tokens that are issued once and used by programs.
    ApiKey,
}

impl Capability {
    /// Returns the name that settings and tokens use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::ApiKey => "apiKey",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let all = [Self::Login, Self::ApiKey];
        all.into_iter().find(|c| c.as_str() == text)
    }
}

/// A token that was issued to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its unique name.
    pub id: String,
    /// When it was issued.
    pub issued_at: i64,
    /// When it ends; 0 is never.
    pub expires_at: i64,
}

impl Token {
    pub(crate) fn parse(token: &Value) -> Self {
        Self {
            id: token.str_at(&["id"]).to_owned(),
            issued_at: token.i64_at(&["iat"]).unwrap_or_default(),
            expires_at: token.i64_at(&["exp"]).unwrap_or_default(),
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        let mut value = json!({"id": &*self.id, "iat": self.issued_at});
        if self.expires_at != 0 {
            value.set_at(&["exp"], self.expires_at);
        }
        value
    }
}

/// A local account.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Whether it may be used at all.
    pub is_enabled: bool,
    /// What it may be used for.
    pub capabilities: Vec<Capability>,
    /// Tokens that were issued to it.
    pub tokens: Vec<Token>,
    /// When the password was changed last: older tokens don't count.
    pub password_changed_at: Option<i64>,
    pub(crate) password_hash: Redacted<String>,
}

impl Account {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            is_enabled: true,
            capabilities: Vec::new(),
            tokens: Vec::new(),
            password_changed_at: None,
            password_hash: Redacted::default(),
        }
    }

    /// Returns true if the account may be used for something.
    #[must_use]
    pub fn can(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }

    /// Returns true if the account has a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        !self.password_hash.expose().is_empty()
    }

    pub(crate) fn has_token(&self, id: &str) -> bool {
        self.tokens.iter().any(|t| t.id == id)
    }
}
