//! The way of a browser to the provider and back.

use super::verify::{SESSION_KEY, SESSION_TYPE};
use super::{Http, Known, OidcError, Provider, Request, web};
use crate::session::unique_id;
use crate::{Accounts, AuthError, Identity, Redacted, Session, TokenError, jwt, same};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use value::{Value, json};

/// How long somebody may take at the provider, in seconds.
const STATE_SECONDS: i64 = 300;
const STATE_KEY: &str = "windlass sso state";

/// Somebody who is about to leave for the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Where to send the browser.
    pub location: String,
    /// The value of a cookie that the browser brings back: `HttpOnly`, `SameSite=Lax`, for five
    /// minutes, gone after [`Provider::finish`].
    pub cookie: Redacted<String>,
}

/// Somebody who has come back, with what the address says, unescaped.
#[derive(Debug, Clone, Default)]
pub struct Callback {
    /// The parameter `code`.
    pub code: Redacted<String>,
    /// The parameter `state`.
    pub state: String,
    /// The parameter `error`; empty if there is none.
    pub error: String,
    /// The parameter `error_description`.
    pub error_description: String,
    /// The value of the cookie.
    pub cookie: Redacted<String>,
}

/// Somebody who is logged in.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// The session: its token goes into the cookie.
    pub session: Session,
    /// Who it is.
    pub identity: Identity,
    /// Where to send the browser: a page of ours.
    pub return_url: String,
    /// What a later session is asked for with; `None` if the provider gave nothing.
    pub refresh: Option<Redacted<String>>,
}

/// Somebody who stays logged in.
#[derive(Debug, Clone, PartialEq)]
pub struct Renewed {
    /// The next session.
    pub session: Session,
    /// What the one after it is asked for with.
    pub refresh: Option<Redacted<String>>,
}

impl Provider {
    /// Sends a browser to the provider.
    ///
    /// `base` is our address as the browser knows it, one of [`Accounts::urls`]; `return_url` is the
    /// page that it wanted, empty for the first one.
    ///
    /// # Errors
    /// Fails if the page isn't ours or the provider can't be asked.
    pub async fn begin(
        &self,
        http: &impl Http,
        accounts: &Accounts,
        base: &str,
        return_url: &str,
        now: i64,
        random: &mut (dyn FnMut(&mut [u8]) + Send),
    ) -> Result<Begun, OidcError> {
        let return_url = if return_url.is_empty() {
            "/"
        } else {
            return_url
        };
        if !web::is_own_page(return_url, accounts.urls()) {
            return Err(OidcError::ReturnUrl);
        }
        let mut bytes = [0; 32];
        random(&mut bytes);
        let known = self.known(http, now).await?;
        let state = URL_SAFE_NO_PAD.encode(bytes);
        let secrets = Secrets::of(accounts, &state)?;
        let redirect = redirect_url(base);
        let cookie = json!({
            "state": &*state, "return": return_url, "redirect": &*redirect,
            "exp": now.saturating_add(STATE_SECONDS),
        });
        let scopes = self.config.scopes.join(" ");
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(secrets.verifier.expose()));
        let mut query = vec![
            ("response_type", "code"),
            ("client_id", &*self.config.client_id),
            ("redirect_uri", &*redirect),
            ("scope", &*scopes),
            ("state", &*state),
            ("nonce", &*secrets.nonce),
            ("code_challenge", &*challenge),
            ("code_challenge_method", "S256"),
        ];
        if let Some(claims) = &self.config.requested_claims {
            query.push(("claims", claims));
        }
        if !self.config.domain_hint.is_empty() {
            query.push(("domain_hint", &self.config.domain_hint));
        }
        let at = &known.discovery.authorization;
        let joint = if at.contains('?') { '&' } else { '?' };
        Ok(Begun {
            location: format!("{at}{joint}{}", web::form(&query)),
            cookie: Redacted::new(jwt::sign(&cookie, secrets.cookie_key.expose())),
        })
    }

    /// Takes a browser back and begins a session.
    ///
    /// # Errors
    /// Fails if the provider refused, the browser didn't begin this, or the token isn't good.
    pub async fn finish(
        &self,
        http: &impl Http,
        accounts: &Accounts,
        callback: &Callback,
        now: i64,
        random: &mut (dyn FnMut(&mut [u8]) + Send),
    ) -> Result<Finished, OidcError> {
        let secrets = Secrets::of(accounts, &callback.state)?;
        let cookie = read_cookie(callback, &secrets, now).ok_or(OidcError::State)?;
        if !callback.error.is_empty() {
            return Err(OidcError::Login {
                code: web::printable(&callback.error),
                description: web::printable(&callback.error_description),
            });
        }
        let mut id = [0; 16];
        random(&mut id);
        let known = self.known(http, now).await?;
        let redirect = cookie.str_at(&["redirect"]);
        let form = vec![
            ("grant_type", "authorization_code"),
            ("code", callback.code.expose().as_str()),
            ("redirect_uri", redirect),
            ("code_verifier", secrets.verifier.expose()),
        ];
        let tokens = self.exchange(http, &known, form).await?;
        let claims = self.claims(http, &tokens, now).await?;
        let nonce = claims.str_at(&["nonce"]);
        if !same(nonce.as_bytes(), secrets.nonce.as_bytes()) {
            return Err(OidcError::Audience);
        }
        let unique = unique_id(&mut |bytes: &mut [u8]| bytes.copy_from_slice(&id));
        let (session, identity) = self.start_session(accounts, claims, &unique, now)?;
        Ok(Finished {
            session,
            identity,
            return_url: cookie.str_at(&["return"]).to_owned(),
            refresh: refresh_of(&tokens),
        })
    }

    /// Asks the provider whether somebody is still who they were, and begins another session in
    /// place of one that ends soon.
    ///
    /// # Errors
    /// Fails if the provider refuses, can't be asked, or speaks of somebody else.
    pub async fn renew(
        &self,
        http: &impl Http,
        accounts: &Accounts,
        identity: &Identity,
        refresh: &Redacted<String>,
        now: i64,
        random: &mut (dyn FnMut(&mut [u8]) + Send),
    ) -> Result<Renewed, OidcError> {
        let mut id = [0; 16];
        random(&mut id);
        let known = self.known(http, now).await?;
        let scopes = self.config.scopes.join(" ");
        let form = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.expose().as_str()),
            ("scope", scopes.as_str()),
        ];
        let tokens = self.exchange(http, &known, form).await?;
        let claims = self.claims(http, &tokens, now).await?;
        if claims.str_at(&["sub"]) != identity.claims().str_at(&["sub"]) {
            return Err(OidcError::Unexpected {
                url: known.discovery.token.clone(),
                why: "it speaks of somebody else",
            });
        }
        let unique = unique_id(&mut |bytes: &mut [u8]| bytes.copy_from_slice(&id));
        let (session, _) = self.start_session(accounts, claims, &unique, now)?;
        Ok(Renewed {
            session,
            // A provider that gives no other lets the same be used again.
            refresh: refresh_of(&tokens).or_else(|| Some(refresh.clone())),
        })
    }

    /// Returns what a provider's tokens say of the user.
    async fn claims(
        &self,
        http: &impl Http,
        tokens: &Redacted<Value>,
        now: i64,
    ) -> Result<Value, OidcError> {
        let id_token = Redacted::new(tokens.expose().str_at(&["id_token"]).to_owned());
        let access = Redacted::new(tokens.expose().str_at(&["access_token"]).to_owned());
        let mut claims = self.verify_id_token(http, id_token.expose(), now).await?;
        if let Some(url) = &self.config.user_info_url {
            let said = self.user_info(http, url, &access, now).await?;
            if said.str_at(&["sub"]) != claims.str_at(&["sub"]) {
                return Err(OidcError::Unexpected {
                    url: url.clone(),
                    why: "it speaks of somebody else",
                });
            }
            claims.set_at(&["groups"], said.get("groups").cloned());
        }
        Ok(claims)
    }

    /// Asks what the provider knows of the user; some sign it.
    async fn user_info(
        &self,
        http: &impl Http,
        url: &str,
        access: &Redacted<String>,
        now: i64,
    ) -> Result<Value, OidcError> {
        let request = Request {
            url: url.to_owned(),
            authorization: Some(Redacted::new(format!("Bearer {}", access.expose()))),
            form: None,
        };
        let response = web::send(http, request).await?;
        if !response.content_type.starts_with("application/jwt") {
            return web::object(url, &response);
        }
        let token = String::from_utf8(response.body).map_err(|_| TokenError::Malformed)?;
        self.verify_id_token(http, token.trim(), now).await
    }

    /// Makes our own session of a provider's user.
    fn start_session(
        &self,
        accounts: &Accounts,
        mut claims: Value,
        id: &str,
        now: i64,
    ) -> Result<(Session, Identity), OidcError> {
        let key = accounts.derived_key(SESSION_KEY).ok_or(AuthError::NoKey)?;
        // What only the exchange needed would make the cookie longer.
        for name in [
            "nonce",
            "at_hash",
            "c_hash",
            "auth_time",
            "nbf",
            "exp",
            "acr",
            "amr",
        ] {
            claims.remove_at(&[name]);
        }
        claims.set_at(&["iat"], now);
        claims.set_at(&["jti"], id);
        let seconds = accounts.session_seconds();
        let expires_at = (seconds > 0).then(|| now.saturating_add(seconds));
        if let Some(time) = expires_at {
            claims.set_at(&["exp"], time);
        }
        let session = Session {
            token: Redacted::new(jwt::sign_as(SESSION_TYPE, &claims, key.expose())),
            id: id.to_owned(),
            expires_at,
        };
        Ok((session, Identity::new(claims, None)))
    }

    async fn exchange(
        &self,
        http: &impl Http,
        known: &Known,
        mut form: Vec<(&'static str, &str)>,
    ) -> Result<Redacted<Value>, OidcError> {
        let config = &self.config;
        let mut authorization = None;
        match &config.client_secret {
            Some(secret) if known.discovery.takes_basic => {
                let (id, secret) = (web::escape(&config.client_id), web::escape(secret.expose()));
                let both = STANDARD.encode(format!("{id}:{secret}"));
                authorization = Some(Redacted::new(format!("Basic {both}")));
            }
            Some(secret) => {
                form.push(("client_id", &config.client_id));
                form.push(("client_secret", secret.expose()));
            }
            None => form.push(("client_id", &config.client_id)),
        }
        let url = known.discovery.token.clone();
        let request = Request {
            url: url.clone(),
            authorization,
            form: Some(Redacted::new(web::form(&form))),
        };
        let response = web::send(http, request).await?;
        let tokens = web::object(&url, &response)?;
        if tokens.str_at(&["id_token"]).is_empty() {
            return Err(OidcError::Unexpected {
                url,
                why: "it has no id_token",
            });
        }
        Ok(Redacted::new(tokens))
    }
}

/// Returns what a later session is asked for with.
fn refresh_of(tokens: &Redacted<Value>) -> Option<Redacted<String>> {
    let token = tokens.expose().str_at(&["refresh_token"]);
    (!token.is_empty()).then(|| Redacted::new(token.to_owned()))
}

/// What belongs to one login: made from its state and the server's key, so that nothing has to be
/// kept, and the browser never sees the verifier.
struct Secrets {
    cookie_key: Redacted<[u8; 32]>,
    nonce: String,
    verifier: Redacted<String>,
}

impl Secrets {
    fn of(accounts: &Accounts, state: &str) -> Result<Self, AuthError> {
        let cookie_key = accounts.derived_key(STATE_KEY).ok_or(AuthError::NoKey)?;
        let of = |purpose: &str| {
            let code = jwt::code(
                cookie_key.expose(),
                format!("{purpose}\n{state}").as_bytes(),
            );
            URL_SAFE_NO_PAD.encode(code)
        };
        Ok(Self {
            nonce: of("nonce"),
            verifier: Redacted::new(of("verifier")),
            cookie_key,
        })
    }
}

/// Returns what the cookie says, if it is ours, of this login, and not too old.
fn read_cookie(callback: &Callback, secrets: &Secrets, now: i64) -> Option<Value> {
    let parts = jwt::Parts::parse(callback.cookie.expose()).ok()?;
    parts
        .check_own_signature(secrets.cookie_key.expose())
        .ok()?;
    parts.claims.get("exp")?;
    parts.check_times(now).ok()?;
    let state = parts.claims.str_at(&["state"]);
    (!state.is_empty() && same(state.as_bytes(), callback.state.as_bytes())).then_some(parts.claims)
}

fn redirect_url(base: &str) -> String {
    format!("{}/auth/callback", base.trim_end_matches('/'))
}
