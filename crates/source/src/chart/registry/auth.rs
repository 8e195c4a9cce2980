//! Logging in to a registry: what it asks for, and the tokens that it gave.

use super::Place;
use crate::chart::http::{Get, may_lead};
use crate::chart::known::lock;
use crate::chart::repository::{ChartRepository, Login, shown};
use crate::chart::{Charts, refused};
use crate::error::{Error, Reason};
use reqwest::header::HeaderValue;
use reqwest::{StatusCode, Url};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use value::Value;

/// An answer with a token.
const TOKEN_BYTES_MAX: usize = 256 << 10;
/// How long a token is good for that doesn't say so, by the specification.
const TOKEN_LIFE: Duration = Duration::from_secs(60);
/// A token isn't used any more this long before its end: a request takes time.
const TOKEN_MARGIN: Duration = Duration::from_secs(10);
/// The longest that a token is trusted, whatever it says.
const TOKEN_LIFE_MAX: Duration = Duration::from_secs(3_600);
/// Tokens that are kept.
const TOKENS_MAX: usize = 1_024;

/// What a registry asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password, at once.
    Basic,
    /// A token from `realm`.
    Bearer {
        realm: String,
        service: Option<String>,
        scope: Option<String>,
    },
}

/// A login that a registry takes, and until when.
pub(super) struct Granted {
    pub(super) login: Login,
    until: Instant,
}

/// Logins that registries take, by place and name.
#[derive(Default)]
pub(super) struct Tokens(Mutex<HashMap<(Place, String), (Login, Instant)>>);

impl Tokens {
    pub(super) fn get(&self, key: &(Place, String)) -> Option<Login> {
        let tokens = lock(&self.0);
        let (login, until) = tokens.get(key)?;
        (*until > Instant::now()).then(|| login.clone())
    }

    pub(super) fn put(&self, key: (Place, String), granted: &Granted) {
        let mut tokens = lock(&self.0);
        if tokens.len() >= TOKENS_MAX {
            tokens.clear();
        }
        tokens.insert(key, (granted.login.clone(), granted.until));
    }
}

impl Charts {
    /// Does what a registry asks for; nothing if we can't.
    pub(super) fn log_in(
        &self,
        repository: &ChartRepository,
        name: &str,
        asked: Option<Challenge>,
    ) -> Result<Option<Granted>, Error> {
        let (realm, service, scope) = match asked {
            None => return Ok(None),
            Some(Challenge::Basic) => {
                let granted = |login: &Login| Granted {
                    login: login.clone(),
                    until: Instant::now() + TOKEN_LIFE_MAX,
                };
                return Ok(repository.login.as_ref().map(granted));
            }
            Some(Challenge::Bearer {
                realm,
                service,
                scope,
            }) => (realm, service, scope),
        };
        let what = format!("registry {}", repository.shown());
        let mut url = Url::parse(&realm)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| {
                let text = format!("{what} sends for a token to something that is no URL");
                Error::new(Reason::RepositoryInvalid, text)
            })?;
        if repository.url.scheme() == "https" && url.scheme() == "http" {
            let text = format!("{what} sends for a token to {}, in clear text", shown(&url));
            return Err(Error::new(Reason::RepositoryInvalid, text));
        }
        if !may_lead(&repository.url, &url) {
            let at = shown(&url);
            let text = format!("{what} sends for a token to {at}, which is for this machine alone");
            return Err(Error::new(Reason::RepositoryInvalid, text));
        }
        let scope = scope.unwrap_or_else(|| format!("repository:{name}:pull"));
        {
            let mut query = url.query_pairs_mut();
            if let Some(service) = &service {
                query.append_pair("service", service);
            }
            for scope in scope.split(' ').filter(|s| !s.is_empty()) {
                query.append_pair("scope", scope);
            }
        }
        let answer = self.http.get(&Get {
            login: repository.login.as_ref(),
            ..Get::new(repository, url, "application/json")
        })?;
        if answer.status != StatusCode::OK {
            return Err(refused(answer, &what, repository.login.as_ref()));
        }
        let bytes = answer.bytes(TOKEN_BYTES_MAX)?;
        granted(&bytes).map(Some).ok_or_else(|| {
            let text = format!("{what} has given no token that can be read");
            Error::new(Reason::RepositoryInvalid, text)
        })
    }
}

/// Reads an answer with a token.
fn granted(answer: &[u8]) -> Option<Granted> {
    let answer = Value::parse(answer).ok()?;
    let token = ["token", "access_token"].map(|name| answer.str_at(&[name]));
    let token = token.into_iter().find(|t| !t.is_empty())?;
    let seconds = answer
        .i64_at(&["expires_in"])
        .and_then(|s| u64::try_from(s).ok());
    let life = seconds
        .map_or(TOKEN_LIFE, Duration::from_secs)
        .min(TOKEN_LIFE_MAX);
    Some(Granted {
        login: Login::Bearer(token.to_owned()),
        until: Instant::now() + life.saturating_sub(TOKEN_MARGIN),
    })
}

/// Returns what a registry asks for; a token if it leaves the choice.
pub(super) fn challenge<'h>(
    headers: impl IntoIterator<Item = &'h HeaderValue>,
) -> Option<Challenge> {
    let mut basic = None;
    for header in headers {
        let Ok(text) = header.to_str() else { continue };
        let text = text.trim();
        let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            basic = Some(Challenge::Basic);
        }
        if scheme.eq_ignore_ascii_case("bearer") {
            let mut all = parameters(rest);
            if let Some(realm) = all.remove("realm") {
                return Some(Challenge::Bearer {
                    realm,
                    service: all.remove("service"),
                    scope: all.remove("scope"),
                });
            }
        }
    }
    basic
}

/// Reads `name="value",name=value`; a comma in quotes separates nothing.
fn parameters(mut text: &str) -> HashMap<String, String> {
    let mut all = HashMap::new();
    while let Some((name, rest)) = text.split_once('=') {
        let name = name.trim_matches([' ', ',']).to_ascii_lowercase();
        let rest = rest.trim_start();
        let value = if let Some(quoted) = rest.strip_prefix('"') {
            let (value, rest) = quoted.split_once('"').unwrap_or((quoted, ""));
            text = rest;
            value
        } else {
            let (value, rest) = rest.split_once(',').unwrap_or((rest, ""));
            text = rest;
            value.trim()
        };
        all.entry(name).or_insert_with(|| value.to_owned());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let bearer = |realm: &str, service: Option<&str>, scope: Option<&str>| {
            Some(Challenge::Bearer {
                realm: realm.to_owned(),
                service: service.map(str::to_owned),
                scope: scope.map(str::to_owned),
            })
        };
        let cases: [(&[&str], _); 6] = [
            (
                &[r#"Bearer realm="https://a/t",service="s",scope="repository:a/b:pull,push""#],
                bearer("https://a/t", Some("s"), Some("repository:a/b:pull,push")),
            ),
            (
                &["basic realm=x", "bearer realm=https://a/t , service=s"],
                bearer("https://a/t", Some("s"), None),
            ),
            (&[r#"Basic realm="x""#], Some(Challenge::Basic)),
            (&["Bearer service=s"], None),
            (&["Negotiate"], None),
            (&[], None),
        ];
        for (headers, want) in cases {
            let values: Vec<HeaderValue> = headers
                .iter()
                .map(|h| HeaderValue::from_str(h).unwrap())
                .collect();
            assert_eq!(challenge(&values), want, "{headers:?}");
        }
    }

    #[test]
    fn tokens_are_read_under_both_names() {
        let token = |text: &str| granted(text.as_bytes()).map(|g| g.login);
        let want = Some(Login::Bearer("t".into()));
        assert_eq!(token(r#"{"token":"t","expires_in":300}"#), want);
        assert_eq!(token(r#"{"access_token":"t","expires_in":-1}"#), want);
        assert_eq!(token(r#"{"token":""}"#), None);
        assert_eq!(token("x"), None);
    }
}
