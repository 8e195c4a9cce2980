//! Single sign-on: the provider that `argocd-cm` names, and the way there and back.

use crate::access::Desk;
use crate::auth::{self, Identity};
use crate::call::{Answer, Call};
use crate::logins::random;
use crate::refusal::{Code, Refusal};
use accounts::oidc::{Callback, Config, ConfigError, Http, OidcError, Provider, Request, Response};
use accounts::{Accounts, Redacted, Session};
use cluster::Client;
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use value::{Value, json};

/// The cookie that a browser takes to the provider and back, as Argo CD calls it.
const STATE_COOKIE: &str = "argocd.oauthstate";
/// How long it may take, in seconds.
const STATE_SECONDS: u32 = 300;
/// A provider that takes longer is down.
const PROVIDER_TIME: Duration = Duration::from_secs(10);
/// Bytes of a provider's answer that are read, one more than are taken.
const ANSWER_MAX: usize = 1024 * 1024 + 1;

/// The provider, if there is one.
#[derive(Default)]
pub(crate) struct Sso {
    door: RwLock<Option<Arc<Door>>>,
    refreshes: Mutex<HashMap<String, Refresh>>,
    /// When a failed login was last written into the trail, in seconds since 1970.
    failed_at: AtomicI64,
}

/// What the next session of somebody is asked for with. It is in memory alone: after a restart
/// sessions last as long as they do, and end.
struct Refresh {
    token: Redacted<String>,
    ends_at: i64,
}

/// Sessions whose next one can be asked for.
const REFRESHES_MAX: usize = 10_000;
/// Seconds between two failed logins in the trail: anybody can fail.
const FAILED_SECONDS: i64 = 10;
/// Where a person reads that single sign-on has failed, and tries again.
const FAILED_PAGE: &str = "/login?reason=sso";

/// A provider and the connections to it.
pub(crate) struct Door {
    provider: Provider,
    web: Web,
}

/// Sends requests to a provider.
struct Web(reqwest::Client);

impl Http for Web {
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, String>> + Send {
        let mut building = match &request.form {
            None => self.0.get(&request.url),
            Some(form) => self
                .0
                .post(&request.url)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.expose().clone()),
        };
        if let Some(authorization) = &request.authorization {
            let value = HeaderValue::from_str(authorization.expose());
            if let Ok(mut value) = value {
                value.set_sensitive(true);
                building = building.header(header::AUTHORIZATION, value);
            }
        }
        building = building.header(header::ACCEPT, "application/json");
        async move {
            // The address is in what is made of it.
            let said = |e: reqwest::Error| chain(&e.without_url());
            let mut response = building.send().await.map_err(said)?;
            let content_type = response.headers().get(header::CONTENT_TYPE);
            let content_type = content_type.and_then(|v| v.to_str().ok());
            let mut taken = Response {
                status: response.status().as_u16(),
                content_type: content_type.unwrap_or_default().to_owned(),
                body: Vec::new(),
            };
            while let Some(part) = response.chunk().await.map_err(said)? {
                taken.body.extend_from_slice(&part);
                if taken.body.len() >= ANSWER_MAX {
                    break;
                }
            }
            Ok(taken)
        }
    }
}

/// Returns an error with what is behind it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

impl Web {
    fn new(config: &Config) -> reqwest::Result<Self> {
        // An error means that the process has chosen its TLS provider already.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("windlass/", env!("CARGO_PKG_VERSION")))
            .timeout(PROVIDER_TIME)
            .redirect(reqwest::redirect::Policy::none());
        if !config.root_ca.is_empty() {
            let authorities = reqwest::Certificate::from_pem_bundle(config.root_ca.as_bytes())?;
            builder = builder.tls_certs_merge(authorities);
        }
        if config.issuer.starts_with("http://") {
            builder = builder.tls_certs_only([]);
        }
        builder.build().map(Self)
    }
}

impl Sso {
    /// Returns what the button says; `None` without a provider.
    pub(crate) fn name(&self) -> Option<String> {
        Some(self.door()?.provider.config().name.clone())
    }

    /// Returns what Argo CD's command line needs to log in with the provider itself.
    pub(crate) fn client_settings(&self) -> Value {
        let Some(door) = self.door() else {
            return Value::Null;
        };
        let config = door.provider.config();
        json!({
            "name": config.name.as_str(), "issuer": config.issuer.as_str(),
            "clientID": config.client_id.as_str(), "cliClientID": config.cli_client_id.as_str(),
            "scopes": config.scopes.clone(), "enablePKCEAuthentication": true,
        })
    }

    /// Keeps what the next session is asked for with.
    fn keep(&self, session: &Session, refresh: Option<Redacted<String>>, now: i64) {
        let Some((token, ends_at)) = refresh.zip(session.expires_at) else {
            return;
        };
        let known = self.refreshes.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REFRESHES_MAX {
            known.retain(|_, it| it.ends_at > now);
        }
        if known.len() < REFRESHES_MAX {
            known.insert(session.id.clone(), Refresh { token, ends_at });
        }
    }

    fn take_refresh(&self, token_id: &str) -> Option<Redacted<String>> {
        let known = self.refreshes.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        known.remove(token_id).map(|it| it.token)
    }

    /// Forgets what the next session would be asked for with: somebody has logged out.
    pub(crate) fn forget(&self, token_id: &str) {
        // It may be none of single sign-on's.
        let _forgotten = self.take_refresh(token_id);
    }

    /// Returns the next token of a session that ends soon, if the provider still vouches for them.
    pub(crate) async fn renew(&self, accounts: &Accounts, token: &str, now: i64) -> Option<String> {
        let door = self.door()?;
        let identity = self.session(accounts, token, now).ok()??;
        // One request of several at once asks; the others go on with the old one.
        let refresh = self.take_refresh(identity.token_id())?;
        let mut bytes = random;
        let provider = &door.provider;
        let renewed = provider.renew(&door.web, accounts, &identity, &refresh, now, &mut bytes);
        match renewed.await {
            Ok(renewed) => {
                self.keep(&renewed.session, renewed.refresh, now);
                Some(renewed.session.token.into_inner())
            }
            Err(error) => {
                tracing::warn!(error = %error, "a session of single sign-on isn't renewed");
                if matches!(error, OidcError::Unreachable { .. }) {
                    let session = Session {
                        token: Redacted::default(),
                        id: identity.token_id().to_owned(),
                        expires_at: identity.expires_at(),
                    };
                    self.keep(&session, Some(refresh), now);
                }
                None
            }
        }
    }

    fn door(&self) -> Option<Arc<Door>> {
        let door = self.door.read();
        door.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes new settings; what is known of a provider stays while they are the same.
    pub(crate) fn take(&self, config: Result<Option<Config>, ConfigError>) {
        let config = config.unwrap_or_else(|error| {
            tracing::warn!(error = %error, "single sign-on is off");
            None
        });
        let known = self.door();
        if known.as_ref().map(|d| d.provider.config()) == config.as_ref() {
            return;
        }
        let door = config.and_then(|config| match Web::new(&config) {
            Ok(web) => Some(Arc::new(Door {
                provider: Provider::new(config),
                web,
            })),
            Err(error) => {
                tracing::warn!(error = %error, "single sign-on is off: its certificates are bad");
                None
            }
        });
        *self.door.write().unwrap_or_else(PoisonError::into_inner) = door;
    }

    /// Returns who has a session of single sign-on.
    pub(crate) fn session(
        &self,
        accounts: &Accounts,
        token: &str,
        now: i64,
    ) -> Result<Option<accounts::Identity>, OidcError> {
        match self.door() {
            Some(door) => door.provider.verify_session(accounts, token, now),
            None => Ok(None),
        }
    }

    /// Returns whose token of the provider it is; the provider may have to be asked.
    pub(crate) async fn foreign(
        &self,
        accounts: &Accounts,
        token: &str,
        now: i64,
    ) -> Result<Option<accounts::Identity>, OidcError> {
        let Some(door) = self.door() else {
            return Ok(None);
        };
        let found = door.provider.verify(&door.web, accounts, token, now);
        found.await.map(Some)
    }
}

impl From<OidcError> for Refusal {
    fn from(error: OidcError) -> Self {
        let code = match &error {
            OidcError::Unreachable { .. } | OidcError::Refused { .. } => Code::Unavailable,
            OidcError::Unexpected { .. } => Code::Unavailable,
            OidcError::ReturnUrl => Code::Invalid,
            _ => Code::Unauthenticated,
        };
        Self::new(code, error.to_string()).hint("log in again")
    }
}

/// Reads the settings, with the Secrets that they refer to.
pub(crate) async fn settings(
    client: &Client,
    namespace: &str,
    config_map: &Value,
    own: &Value,
) -> Result<Option<Config>, ConfigError> {
    let mut others = Vec::new();
    for name in Config::secret_names(config_map) {
        let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
        match client.get(&path).await {
            // Only what says that it belongs here: the settings could name any.
            Ok(secret)
                if secret.str_at(&["metadata", "labels", "app.kubernetes.io/part-of"])
                    == "argocd" =>
            {
                others.push((name, secret));
            }
            Ok(_) => tracing::warn!(%name, "the secret lacks the label of Argo CD's"),
            Err(error) => tracing::warn!(%name, error = %error, "a secret can't be read"),
        }
    }
    Config::from_config_map(config_map, &|name| {
        let mut others = others.iter();
        match name {
            "argocd-secret" => Some(own.clone()),
            name => others.find(|(n, _)| n == name).map(|(_, s)| s.clone()),
        }
    })
}

/// Returns who sends a request with a token of the provider's; `None` if it has none.
pub(crate) async fn bearer(
    desk: &Desk,
    headers: &HeaderMap,
    now: Timestamp,
) -> Option<Result<Identity, Refusal>> {
    let token = auth::bearer(headers)?;
    let current = desk.policies.current();
    let found = desk
        .auth
        .logins
        .foreign(token, now, current.policy.scopes());
    Some(found.await?.map(|mut identity| {
        // No browser sends this header by itself.
        identity.csrf.clear();
        identity
    }))
}

fn none() -> Refusal {
    Refusal::not_found("single sign-on is not configured").hint("set oidc.config of argocd-cm")
}

/// `GET /auth/login`
pub(crate) async fn begin(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let door = desk.auth.logins.sso.door().ok_or_else(none)?;
    let accounts = desk.auth.logins.accounts();
    let host = call.header(&header::HOST);
    let secure = auth::is_secure(&call.headers);
    let plain = format!("{}://{host}", if secure { "https" } else { "http" });
    let base = accounts.url_for_host(host).unwrap_or(&plain);
    let now = Timestamp::now().as_second();
    let (provider, page) = (&door.provider, call.param("return_url"));
    let mut bytes = random;
    let begun = provider.begin(&door.web, &accounts, base, page, now, &mut bytes);
    let begun = match begun.await {
        Ok(begun) => begun,
        Err(error) => return Ok(told(&desk, &call, &error)),
    };
    let cookie = state_cookie(begun.cookie.expose(), STATE_SECONDS, secure);
    Ok(Answer::redirect(&begun.location).with(header::SET_COOKIE, cookie))
}

/// `GET /auth/callback`
pub(crate) async fn finish(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let door = desk.auth.logins.sso.door().ok_or_else(none)?;
    let accounts = desk.auth.logins.accounts();
    let secure = auth::is_secure(&call.headers);
    let text = |name: &str| call.param(name).to_owned();
    let callback = Callback {
        code: Redacted::new(text("code")),
        state: text("state"),
        error: text("error"),
        error_description: text("error_description"),
        cookie: Redacted::new(cookie(&call.headers).to_owned()),
    };
    let now = Timestamp::now().as_second();
    let provider = &door.provider;
    let mut bytes = random;
    let finished = provider.finish(&door.web, &accounts, &callback, now, &mut bytes);
    let finished = match finished.await {
        Ok(finished) => finished,
        Err(error) => return Ok(told(&desk, &call, &error)),
    };
    let sso = &desk.auth.logins.sso;
    sso.keep(&finished.session, finished.refresh, now);
    let session = auth::set_cookie(finished.session.token.expose(), secure);
    Ok(Answer::redirect(&finished.return_url)
        .with(header::SET_COOKIE, session)
        .with(header::SET_COOKIE, state_cookie("", 0, secure)))
}

/// Sends a person whom nobody logged in back to the login; why is in the log, and in the trail.
fn told(desk: &Desk, call: &Call, error: &OidcError) -> Answer {
    tracing::warn!(error = %error, "nobody was logged in by single sign-on");
    let now = Timestamp::now().as_second();
    let failed_at = &desk.auth.logins.sso.failed_at;
    let last = failed_at.load(Ordering::Relaxed);
    // Who never left for the provider is no failed login.
    let is_told = !matches!(error, OidcError::State | OidcError::ReturnUrl)
        && now.saturating_sub(last) >= FAILED_SECONDS
        && failed_at
            .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok();
    if is_told {
        let message = format!("single sign-on failed: {error}");
        desk.audit_unknown("login", message);
    }
    let secure = auth::is_secure(&call.headers);
    Answer::redirect(FAILED_PAGE).with(header::SET_COOKIE, state_cookie("", 0, secure))
}

fn state_cookie(value: &str, seconds: u32, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    // Strict cookies stay behind when the provider sends the browser back.
    let text = format!(
        "{STATE_COOKIE}={value}; Path=/auth; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    );
    HeaderValue::from_str(&text).expect("tokens are plain letters")
}

fn cookie(headers: &HeaderMap) -> &str {
    let all = headers.get_all(header::COOKIE).iter();
    let pairs = all
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'));
    let mut pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
    let found = pairs.find(|(name, _)| *name == STATE_COOKIE);
    found.map_or("", |(_, value)| value)
}
