//! Single sign-on with an OpenID Connect provider, `oidc.config` of `argocd-cm`.
//!
//! [`Provider::begin`] sends a browser to the provider, [`Provider::finish`] takes it back and
//! begins a session, [`Provider::verify`] looks at what [`crate::Accounts::verify`] says is foreign:
//! sessions of that kind, and tokens that the provider itself gave to a program.
//!
//! The authorization code flow with PKCE, a state and a nonce, always. A session is a token of our
//! own with the provider's claims inside: it needs no provider to be verified, and lasts as long as
//! a local one. Requests go through [`Http`], which the caller has.

mod config;
mod discovery;
mod flow;
mod keys;
mod verify;
mod web;

pub use config::{Config, ConfigError};
pub use flow::{Begun, Callback, Finished, Renewed};
pub use web::{Http, Request, Response};

use crate::{AuthError, Redacted, TokenError};
use discovery::Discovery;
use keys::Keys;
use std::sync::{Arc, Mutex, PoisonError};

/// How often keys are asked for again because a token names one that isn't known, in seconds:
/// anybody can make such tokens.
const REFRESH_SECONDS: i64 = 60;
/// How long a provider that could not be asked is left alone, in seconds: anybody can make tokens
/// that name it.
const RETRY_SECONDS: i64 = 5;
/// How long what a provider says of itself is believed, in seconds.
const DISCOVERY_SECONDS: i64 = 3600;

/// Single sign-on doesn't work, or not for this somebody. Nothing said here is secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OidcError {
    /// The provider can't be asked.
    #[error("the provider can't be reached at {url}: {why}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// Why it failed.
        why: String,
    },
    /// The provider answers with something else.
    #[error("{url} answers {status}{}", detail(why))]
    Refused {
        /// What was asked for.
        url: String,
        /// The status of HTTP.
        status: u16,
        /// The provider's own code of what is wrong; empty if it has none.
        why: String,
    },
    /// The provider's answer makes no sense.
    #[error("{url} answers something unexpected: {why}")]
    Unexpected {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The provider is another than the settings say.
    #[error("the provider calls itself {got:?}, `oidc.config` says {want:?}")]
    Issuer {
        /// What `oidc.config` says.
        want: String,
        /// What the provider, or a token, says.
        got: String,
    },
    /// The provider didn't let somebody in.
    #[error("the provider refused: {code}{}", detail(description))]
    Login {
        /// Its code, `access_denied` for example.
        code: String,
        /// Its words.
        description: String,
    },
    /// Somebody came back who never left, or too late.
    #[error("this login was not begun in this browser, or more than five minutes ago: try again")]
    State,
    /// The page to return to isn't ours.
    #[error("the page to return to is not on this server")]
    ReturnUrl,
    /// A token was made for another purpose.
    #[error("the token was made for another audience, or for another login")]
    Audience,
    /// A name that policies give a meaning to.
    #[error("the provider's name for the user, {0:?}, is one that only policies may use")]
    ReservedName(String),
    /// A token doesn't count.
    #[error("invalid session: {0}")]
    Token(#[from] TokenError),
    /// Our own part of a token fails.
    #[error(transparent)]
    Auth(#[from] AuthError),
}

fn detail(why: &str) -> String {
    match why {
        "" => String::new(),
        why => format!(": {why}"),
    }
}

/// What is known of a provider.
#[derive(Debug, Clone)]
struct Known {
    discovery: Arc<Discovery>,
    keys: Arc<Keys>,
    at: i64,
}

/// A provider and what it said of itself.
#[derive(Debug)]
pub struct Provider {
    config: Config,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    known: Option<Known>,
    /// When asking failed last, and why.
    failed: Option<(i64, OidcError)>,
}

impl Provider {
    /// Makes a provider that has not been asked yet.
    #[must_use]
    pub const fn new(config: Config) -> Self {
        Self {
            config,
            memory: Mutex::new(Memory {
                known: None,
                failed: None,
            }),
        }
    }

    /// Returns the settings.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Returns where to go after logging out here, to be logged out there too; `None` if the
    /// settings have no `logoutURL`.
    #[must_use]
    pub fn logout_url(&self, return_url: &str) -> Option<String> {
        let url = self.config.logout_url.as_deref()?;
        let url = url.replace("{{logoutRedirectURL}}", return_url);
        // Sessions are ours: the provider's token is gone by then.
        Some(url.replace("{{token}}", ""))
    }

    async fn known(&self, http: &impl Http, now: i64) -> Result<Known, OidcError> {
        let known = self.lock().known.clone();
        match known {
            Some(known) if now.saturating_sub(known.at) < DISCOVERY_SECONDS => Ok(known),
            Some(old) => Ok(self.ask(http, now).await.unwrap_or(old)),
            None => self.ask(http, now).await,
        }
    }

    /// Asks again because a key isn't known; `None` if that was done a moment ago.
    async fn refreshed(&self, http: &impl Http, now: i64) -> Option<Known> {
        let at = self.lock().known.as_ref().map(|k| k.at);
        if at.is_some_and(|at| now.saturating_sub(at) < REFRESH_SECONDS) {
            return None;
        }
        self.ask(http, now).await.ok()
    }

    async fn ask(&self, http: &impl Http, now: i64) -> Result<Known, OidcError> {
        if let Some((at, error)) = &self.lock().failed
            && now.saturating_sub(*at) < RETRY_SECONDS
        {
            return Err(error.clone());
        }
        let asked = self.fetch(http, now).await;
        let mut memory = self.lock();
        match asked {
            Ok(known) => {
                memory.failed = None;
                memory.known = Some(known.clone());
                Ok(known)
            }
            Err(error) => {
                memory.failed = Some((now, error.clone()));
                Err(error)
            }
        }
    }

    async fn fetch(&self, http: &impl Http, now: i64) -> Result<Known, OidcError> {
        let discovery = Discovery::fetch(http, &self.config.issuer).await?;
        let keys = Keys::fetch(http, &discovery).await?;
        Ok(Known {
            discovery: Arc::new(discovery),
            keys: Arc::new(keys),
            at: now,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the client shows to the provider's token endpoint.
type ClientSecret = Option<Redacted<String>>;
