//! Where charts come from: an HTTP repository with an index, or an OCI registry.

use crate::error::{Error, Reason};
use crate::url::redact;
use reqwest::Url;
use std::fmt;

/// How we say who we are. Its secrets are in no text that it or this crate makes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Login {
    /// A user's name and password.
    Basic {
        /// The user.
        user: String,
        /// The password, or a token in its place.
        password: String,
    },
    /// A token as it is.
    Bearer(String),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic { user, .. } => write!(f, "Basic({user:?}, ***)"),
            Self::Bearer(_) => f.write_str("Bearer(***)"),
        }
    }
}

/// Who gets the login of a repository.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PassCredentials {
    /// The repository's own host alone.
    #[default]
    OwnHost,
    /// Every host that the index names for a chart.
    AllHosts,
}

/// Whether a host must prove who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Verify {
    /// It must.
    #[default]
    Yes,
    /// Whoever answers is believed; a login may reach anybody.
    No,
}

/// How the other end of a TLS connection is known, and how it knows us. All of it is PEM.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Tls {
    /// Certificates of authorities that are trusted beside those of the machine.
    pub authorities: Option<String>,
    /// Our certificate and its key; shown to the repository's own host alone.
    pub identity: Option<String>,
    /// Whether hosts must prove who they are.
    pub verify: Verify,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("authorities", &self.authorities.is_some())
            .field("identity", &self.identity.as_ref().map(|_| "***"))
            .field("verify", &self.verify)
            .finish()
    }
}

/// What speaks at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Protocol {
    /// A Helm repository: `index.yaml` and archives.
    Index,
    /// An OCI registry.
    Oci,
}

/// A repository of charts, and how to log in to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ChartRepository {
    /// Without login; its scheme is `http` or `https`, also of a registry.
    pub(crate) url: Url,
    pub(crate) protocol: Protocol,
    pub(crate) login: Option<Login>,
    pub(crate) pass_credentials: PassCredentials,
    pub(crate) tls: Tls,
}

impl ChartRepository {
    /// Returns the repository at a URL as applications spell it: `https://` and `http://` are Helm
    /// repositories, `oci://` and no scheme at all (`registry.example.com/charts`) are registries.
    /// A login in the URL is taken out of it.
    ///
    /// # Errors
    /// Fails if the URL is malformed or of another kind, or has a password that would travel in
    /// clear text.
    pub fn new(url: &str) -> Result<Self, Error> {
        let text = url.trim();
        let invalid = |why: &str| {
            let shown = redact(text);
            Error::new(
                Reason::UrlInvalid,
                format!("chart repository {shown:?} {why}"),
            )
        };
        let (protocol, text) = match text.split_once("://") {
            Some(("http" | "https", _)) => (Protocol::Index, text.to_owned()),
            Some(("oci", rest)) => (Protocol::Oci, format!("https://{rest}")),
            Some((scheme, _)) => {
                return Err(invalid(&format!(
                    "is reached over {scheme}, which is not supported: use https or oci"
                )));
            }
            None => (Protocol::Oci, format!("https://{text}")),
        };
        let mut url = Url::parse(&text).map_err(|e| invalid(&format!("is no URL: {e}")))?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(invalid("names no host"));
        }
        let login = embedded_login(&url);
        if login.is_some() {
            if url.scheme() == "http" {
                return Err(invalid("would get its password in clear text: use https"));
            }
            let cleared = url.set_username("").and_then(|()| url.set_password(None));
            cleared.map_err(|()| invalid("can have no login"))?;
        }
        url.set_fragment(None);
        if protocol == Protocol::Oci {
            // The name that everybody uses is not where the registry is.
            if url.host_str() == Some("docker.io") {
                let moved = url.set_host(Some("registry-1.docker.io"));
                moved.map_err(|e| invalid(&format!("is no URL: {e}")))?;
            }
            url.set_query(None);
        }
        Ok(Self {
            url,
            protocol,
            login,
            pass_credentials: PassCredentials::default(),
            tls: Tls::default(),
        })
    }

    /// Returns the repository with a login, in the place of one from the URL.
    #[must_use]
    pub fn with_login(mut self, login: Login) -> Self {
        self.login = Some(login);
        self
    }

    /// Returns the repository with another answer to who gets its login.
    #[must_use]
    pub fn with_pass_credentials(mut self, pass: PassCredentials) -> Self {
        self.pass_credentials = pass;
        self
    }

    /// Returns the repository with other rules of TLS.
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// Returns the registry, spoken to without TLS. A Helm repository says so by its URL.
    #[must_use]
    pub fn with_plain_http(mut self) -> Self {
        if self.protocol == Protocol::Oci {
            // Always possible between these two schemes.
            let changed = self.url.set_scheme("http");
            debug_assert!(changed.is_ok(), "https may become http");
        }
        self
    }

    /// Returns true if it is an OCI registry.
    #[must_use]
    pub fn is_oci(&self) -> bool {
        self.protocol == Protocol::Oci
    }

    /// Returns the URL without login and query, as errors and logs show it.
    #[must_use]
    pub fn shown(&self) -> String {
        let shown = shown(&self.url);
        match (self.protocol, shown.split_once("://")) {
            (Protocol::Oci, Some((_, rest))) => format!("oci://{rest}"),
            _ => shown,
        }
    }
}

/// Returns a URL as errors and logs show it: a query may hold a signature or a token.
pub(crate) fn shown(url: &Url) -> String {
    let port = url.port().map(|p| format!(":{p}")).unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    let path = url.path().trim_end_matches('/');
    format!("{}://{host}{port}{path}", url.scheme())
}

/// Returns the login that a URL contains.
fn embedded_login(url: &Url) -> Option<Login> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    Some(Login::Basic {
        user: unescape(url.username()),
        password: unescape(url.password().unwrap_or_default()),
    })
}

/// Returns text with `%41` and the like replaced by what they stand for.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digit = |i: usize| char::from(*tail.get(i)?).to_digit(16);
        if *first == b'%'
            && let (Some(high), Some(low)) = (digit(0), digit(1))
            && let Ok(byte) = u8::try_from(high * 16 + low)
        {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_applications_spell_them() {
        let cases = [
            (
                "https://charts.example.com/stable/",
                "https://charts.example.com/stable",
            ),
            ("http://charts:8080", "http://charts:8080"),
            ("oci://ghcr.io/org/charts", "oci://ghcr.io/org/charts"),
            ("ghcr.io/org/charts", "oci://ghcr.io/org/charts"),
            ("docker.io/org", "oci://registry-1.docker.io/org"),
            ("localhost:5000/charts", "oci://localhost:5000/charts"),
            ("https://bob:s3cret@host/x?token=y", "https://host/x"),
        ];
        for (url, want) in cases {
            assert_eq!(ChartRepository::new(url).unwrap().shown(), want, "{url}");
        }
        for wrong in [
            "",
            "s3://bucket/charts",
            "http://bob:s3cret@host/x",
            "https://",
        ] {
            let error = ChartRepository::new(wrong).unwrap_err();
            assert_eq!(error.reason(), Reason::UrlInvalid, "{wrong}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn logins_are_taken_out_of_the_url_and_never_shown() {
        let repository = ChartRepository::new("https://b%40b:s3%3Acret@host/x").unwrap();
        let login = Login::Basic {
            user: "b@b".into(),
            password: "s3:cret".into(),
        };
        assert_eq!(repository.login, Some(login));
        let shown = format!("{repository:?} {:?}", Login::Bearer("s3:cret".into()));
        assert!(!shown.contains("s3"), "{shown}");
    }
}
