//! Who asks: sessions in cookies, tokens in headers, one-time links.

use crate::logins::Logins;
use crate::refusal::{Code, Refusal};
use accounts::Ended;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The cookie's name, as Argo CD calls it.
pub(crate) const COOKIE: &str = "argocd.token";
/// The header that a browser's changes carry.
pub(crate) const CSRF: &str = "x-windlass-csrf";
/// How long a session lasts.
const SESSION: SignedDuration = SignedDuration::from_hours(24);
/// How long a one-time link may wait to be used.
const LINK: SignedDuration = SignedDuration::from_hours(24);
/// Sessions at the same time; the oldest ends first.
const SESSIONS_MAX: usize = 10_000;

type Digest = [u8; 32];

/// Somebody who is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The name that is shown.
    pub(crate) username: String,
    /// The name that policies use.
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) groups: Vec<String>,
    pub(crate) expires: Option<Timestamp>,
    /// What changes must carry; empty if the token came in a header, which no browser sends by
    /// itself.
    pub(crate) csrf: String,
}

impl Identity {
    /// Returns true in the last minutes of a session.
    pub(crate) fn ends_soon(&self, now: Timestamp) -> bool {
        const SOON: SignedDuration = SignedDuration::from_mins(5);
        self.expires.is_some_and(|at| at.duration_since(now) < SOON)
    }
}

struct Session {
    username: String,
    expires: Timestamp,
    csrf: String,
}

struct Token {
    digest: Digest,
    username: String,
}

/// Sessions, one-time links, and tokens that were given at the start, of which only digests are
/// kept; and what accounts say.
pub(crate) struct Auth {
    sessions: Mutex<HashMap<Digest, Session>>,
    links: Mutex<HashMap<Digest, (String, Timestamp)>>,
    tokens: Vec<Token>,
    pub(crate) logins: Logins,
}

/// What it takes to tell who somebody is.
pub(crate) struct Known<'a> {
    pub(crate) now: Timestamp,
    /// The claims whose values are groups.
    pub(crate) scopes: &'a [String],
    /// The tokens of projects' roles.
    pub(crate) projects: &'a dyn accounts::Projects,
}

/// Returns 256 random bits as text.
pub(crate) fn random() -> Result<String, Refusal> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|e| Refusal::new(Code::Internal, format!("no random numbers: {e}")))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn digest(token: &str) -> Digest {
    Sha256::digest(token.as_bytes()).into()
}

impl Auth {
    /// Returns who is known from the start: tokens and their users.
    pub(crate) fn new(tokens: &[(String, String)]) -> Self {
        let token = |(token, username): &(String, String)| Token {
            digest: digest(token),
            username: username.clone(),
        };
        Self {
            sessions: Mutex::default(),
            links: Mutex::default(),
            tokens: tokens.iter().map(token).collect(),
            logins: Logins::new(),
        }
    }

    /// Returns a token that logs `username` in once.
    pub(crate) fn link(&self, username: &str, now: Timestamp) -> Result<String, Refusal> {
        let token = random()?;
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.insert(digest(&token), (username.to_owned(), now + LINK));
        Ok(token)
    }

    /// Uses a one-time token up; returns the session's.
    pub(crate) fn redeem(&self, token: &str, now: Timestamp) -> Result<String, Refusal> {
        let found = {
            let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
            links.remove(&digest(token))
        };
        match found {
            Some((username, until)) if now < until => self.begin(&username, now),
            _ => Err(Refusal::unauthenticated().hint("the link was used already, or is too old")),
        }
    }

    /// Begins a session; returns its token.
    pub(crate) fn begin(&self, username: &str, now: Timestamp) -> Result<String, Refusal> {
        let (token, csrf) = (random()?, random()?);
        let session = Session {
            username: username.to_owned(),
            expires: now + SESSION,
            csrf,
        };
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= SESSIONS_MAX {
            sessions.retain(|_, s| now < s.expires);
            let oldest = sessions.iter().min_by_key(|(_, s)| s.expires);
            if let Some(oldest) = oldest.map(|(digest, _)| *digest)
                && sessions.len() >= SESSIONS_MAX
            {
                sessions.remove(&oldest);
            }
        }
        sessions.insert(digest(&token), session);
        Ok(token)
    }

    /// Ends a session; returns what is to be kept of it.
    pub(crate) fn end(&self, token: &str, known: &Known<'_>) -> Option<Ended> {
        {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            sessions.remove(&digest(token));
        }
        self.logins.end(token, known)
    }

    /// Returns who sends a request; `None` if it doesn't say.
    ///
    /// # Errors
    /// Fails if it says something that isn't true any more.
    pub(crate) fn identify(
        &self,
        headers: &HeaderMap,
        known: &Known<'_>,
    ) -> Result<Option<Identity>, Refusal> {
        if let Some(token) = bearer(headers) {
            let mut identity = self.by_token(token, known)?;
            // No browser sends this header by itself.
            identity.csrf.clear();
            return Ok(Some(identity));
        }
        match cookie(headers) {
            None => Ok(None),
            Some(token) => self.by_token(token, known).map(Some),
        }
    }

    fn by_token(&self, token: &str, known: &Known<'_>) -> Result<Identity, Refusal> {
        if let Some(identity) = self.by_session(token, known.now) {
            return Ok(identity);
        }
        let wanted = digest(token);
        // Digests are compared: what the time tells is of no use.
        if let Some(token) = self.tokens.iter().find(|t| t.digest == wanted) {
            return Ok(Identity {
                username: token.username.clone(),
                subject: token.username.clone(),
                issuer: "windlass".into(),
                groups: Vec::new(),
                expires: None,
                csrf: String::new(),
            });
        }
        self.logins.verify(token, known)
    }

    /// Returns the cookie's next token, if the session ends soon.
    pub(crate) fn renew(&self, headers: &HeaderMap, known: &Known<'_>) -> Option<String> {
        if bearer(headers).is_some() {
            return None;
        }
        self.logins.renew(cookie(headers)?, known)
    }

    fn by_session(&self, token: &str, now: Timestamp) -> Option<Identity> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get(&digest(token)).filter(|s| now < s.expires)?;
        Some(Identity {
            username: session.username.clone(),
            subject: session.username.clone(),
            issuer: "windlass".into(),
            groups: Vec::new(),
            expires: Some(session.expires),
            csrf: session.csrf.clone(),
        })
    }
}

/// Returns the token of the header `Authorization`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Returns the token of the cookie.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter();
    let pairs = all
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'));
    let mut pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
    let (_, token) = pairs.find(|(name, token)| *name == COOKIE && !token.is_empty())?;
    Some(token)
}

/// Returns the header that sets the cookie, or with an empty token removes it.
pub(crate) fn set_cookie(token: &str, secure: bool) -> HeaderValue {
    let age = if token.is_empty() {
        0
    } else {
        SESSION.as_secs()
    };
    let secure = if secure { "; Secure" } else { "" };
    let text =
        format!("{COOKIE}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&text).expect("tokens are plain letters")
}

/// Returns true if the browser's side of the connection is encrypted, as the proxy before us says.
pub(crate) fn is_secure(headers: &HeaderMap) -> bool {
    let value = headers
        .get("x-forwarded-proto")
        .and_then(|v| v.to_str().ok());
    value.is_some_and(|v| v.split(',').next() == Some("https"))
}

/// Returns true for requests that change nothing.
pub(crate) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Sees to it that a change was meant by whom the browser belongs to.
pub(crate) fn meant(
    method: &Method,
    headers: &HeaderMap,
    identity: Option<&Identity>,
) -> Result<(), Refusal> {
    if is_safe(method) {
        return Ok(());
    }
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(origin) = text("origin") {
        let host = text("host").unwrap_or_default();
        let from = origin
            .split_once("://")
            .map_or("", |(_, authority)| authority);
        if host.is_empty() || !from.eq_ignore_ascii_case(host) {
            return Err(Refusal::new(
                Code::Denied,
                "the request comes from another site",
            ));
        }
    }
    match identity {
        Some(identity) if !identity.csrf.is_empty() => {
            let given = text(CSRF).unwrap_or_default();
            if digest(given) == digest(&identity.csrf) {
                return Ok(());
            }
            Err(
                Refusal::new(Code::Denied, "the request lacks the session's own mark")
                    .hint("send userinfo's csrf in the header X-Windlass-CSRF"),
            )
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn with(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    fn known(now: Timestamp) -> Known<'static> {
        Known {
            now,
            scopes: &[],
            projects: &accounts::NoProjects,
        }
    }

    #[test]
    fn a_link_works_once_and_its_session_for_a_day() {
        let auth = Auth::new(&[]);
        let link = auth.link("alice", now()).unwrap();
        let session = auth.redeem(&link, now()).unwrap();
        assert!(auth.redeem(&link, now()).is_err());
        let headers = with("cookie", &format!("a=b; {COOKIE}={session}"));
        let found = auth.identify(&headers, &known(now())).unwrap().unwrap();
        assert_eq!(found.username, "alice");
        assert!(!found.csrf.is_empty());
        assert!(auth.identify(&headers, &known(now() + SESSION)).is_err());
        auth.end(&session, &known(now()));
        assert!(auth.identify(&headers, &known(now())).is_err());
        assert!(
            auth.identify(&HeaderMap::new(), &known(now()))
                .unwrap()
                .is_none()
        );
        assert!(
            auth.identify(&with("authorization", "Bearer forged"), &known(now()))
                .is_err()
        );
    }

    #[test]
    fn a_browsers_change_carries_the_mark_and_comes_from_here() {
        let auth = Auth::new(&[]);
        let session = auth.begin("alice", now()).unwrap();
        let headers = with("cookie", &format!("{COOKIE}={session}"));
        let found = auth.identify(&headers, &known(now())).unwrap().unwrap();
        assert!(meant(&Method::GET, &headers, Some(&found)).is_ok());
        assert!(meant(&Method::POST, &headers, Some(&found)).is_err());
        let mut marked = headers;
        marked.insert(CSRF, found.csrf.parse().unwrap());
        assert!(meant(&Method::POST, &marked, Some(&found)).is_ok());
        marked.insert("host", "127.0.0.1:80".parse().unwrap());
        marked.insert("origin", "http://evil.example".parse().unwrap());
        assert!(meant(&Method::POST, &marked, Some(&found)).is_err());
        marked.insert("origin", "http://127.0.0.1:80".parse().unwrap());
        assert!(meant(&Method::POST, &marked, Some(&found)).is_ok());
    }
}
