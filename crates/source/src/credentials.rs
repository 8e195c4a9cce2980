//! Which login is for which repository.

use crate::chart::{ChartRepository, Login, PassCredentials, Tls};
use crate::error::Error;
use crate::url::redact;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How one repository, or all whose URL begins alike, is spoken to.
#[derive(Clone, Debug, Default)]
pub struct Credential {
    /// The repository's URL, or how the URLs of many begin.
    pub url: String,
    /// It is for every repository whose URL begins so.
    pub is_prefix: bool,
    /// The project that may use it; empty for all. A prefix is for all.
    pub project: String,
    /// Who we are; a repository of its own without a login takes that of a prefix.
    pub login: Option<Login>,
    /// How the other end is known.
    pub tls: Tls,
    /// Who gets the login of a Helm repository.
    pub pass_credentials: PassCredentials,
    /// An OCI registry is spoken to without TLS.
    pub is_plain_http: bool,
}

/// All credentials of an installation, and the authorities that each host is known by.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    known: Vec<Credential>,
    /// Host and PEM.
    authorities: Vec<(String, String)>,
}

impl Credentials {
    /// Returns credentials; `authorities` are PEM certificates by host, for hosts that no credential
    /// has certificates for.
    #[must_use]
    pub const fn new(known: Vec<Credential>, authorities: Vec<(String, String)>) -> Self {
        Self { known, authorities }
    }

    /// Returns the project that alone may use what is known of a repository, if an application of
    /// `project` would use it; empty if everybody may.
    #[must_use]
    pub(crate) fn scope(&self, url: &str, project: &str) -> &str {
        self.own(&normal(url), project)
            .map_or("", |own| own.project.as_str())
    }

    /// Returns what is for a repository alone: the project's own before everybody's.
    fn own(&self, wanted: &str, project: &str) -> Option<&Credential> {
        let of = |owner: &str| {
            let mut known = self.known.iter();
            known.find(|c| !c.is_prefix && c.project == owner && normal(&c.url) == wanted)
        };
        of(project).or_else(|| of(""))
    }

    /// Returns what an application of a project knows of a repository: what is for it alone, and its
    /// login or, if it has none, that of the longest prefix. The rules are Argo CD's.
    #[must_use]
    pub fn of(&self, url: &str, project: &str) -> Credential {
        let wanted = normal(url);
        let own = self.own(&wanted, project);
        let prefix = self
            .known
            .iter()
            .filter(|c| c.is_prefix && wanted.starts_with(&normal(&c.url)))
            .max_by_key(|c| c.url.len());
        let mut found = match (own, prefix) {
            (Some(own), Some(prefix)) if own.login.is_none() => Credential {
                login: prefix.login.clone(),
                tls: if own.tls == Tls::default() {
                    prefix.tls.clone()
                } else {
                    own.tls.clone()
                },
                ..own.clone()
            },
            (Some(own), _) => own.clone(),
            (None, Some(prefix)) => prefix.clone(),
            (None, None) => Credential::default(),
        };
        if found.tls.authorities.is_none() {
            let host = host(url);
            let known = self.authorities.iter().find(|(name, _)| *name == host);
            found.tls.authorities = known.map(|(_, pem)| pem.clone());
        }
        found
    }

    /// Returns the chart repository at a URL, with what an application of a project knows of it.
    ///
    /// # Errors
    /// Fails like [`ChartRepository::new`].
    pub fn chart_repository(&self, url: &str, project: &str) -> Result<ChartRepository, Error> {
        let known = self.of(url, project);
        let mut repository = ChartRepository::new(url)?
            .with_tls(known.tls)
            .with_pass_credentials(known.pass_credentials);
        if let Some(login) = known.login {
            repository = repository.with_login(login);
        }
        if known.is_plain_http {
            repository = repository.with_plain_http();
        }
        Ok(repository)
    }
}

impl Login {
    /// Returns what stands in the `Authorization` header.
    pub(crate) fn authorization(&self) -> String {
        match self {
            Self::Basic { user, password } => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
            }
            Self::Bearer(token) => format!("Bearer {token}"),
        }
    }
}

/// Returns a URL in the form in which two are compared: lower case, without login, scheme of OCI,
/// closing slash and `.git`.
fn normal(url: &str) -> String {
    let url = redact(url.trim()).to_lowercase();
    let url = url.strip_prefix("oci://").unwrap_or(&url);
    let url = url.trim_end_matches('/');
    url.strip_suffix(".git").unwrap_or(url).to_owned()
}

/// Returns the host that a URL names, without its port.
fn host(url: &str) -> String {
    let url = redact(url.trim());
    let rest = url.split_once("://").map_or(&*url, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(url: &str, is_prefix: bool, user: &str) -> Credential {
        Credential {
            url: url.into(),
            is_prefix,
            login: (!user.is_empty()).then(|| Login::Basic {
                user: user.into(),
                password: "s3cret".into(),
            }),
            ..Credential::default()
        }
    }

    #[test]
    fn the_repository_s_own_login_wins_and_then_the_longest_prefix() {
        let credentials = Credentials::new(
            vec![
                named("https://git/org/", true, "org"),
                named("https://git", true, "host"),
                named("https://git/org/own.git", false, "own"),
                named("https://git/org/bare", false, ""),
                named("registry/charts", false, "oci"),
            ],
            vec![("git".to_owned(), "PEM".to_owned())],
        );
        for (url, user) in [
            ("https://git/org/own", "own"),
            ("https://GIT/org/Own.git/", "own"),
            ("https://git/org/bare.git", "org"),
            ("https://git/org/other", "org"),
            ("https://git/else", "host"),
            ("oci://registry/charts", "oci"),
            ("https://elsewhere/x", ""),
        ] {
            let login = credentials.of(url, "any").login;
            let wanted = named("", false, user).login;
            assert_eq!(login, wanted, "{url}");
        }
        let authorities = |url: &str| credentials.of(url, "").tls.authorities;
        assert_eq!(authorities("https://git:8443/x").as_deref(), Some("PEM"));
        assert_eq!(authorities("https://other/x"), None);
    }

    #[test]
    fn a_login_of_a_project_is_for_nobody_else() {
        let of = |project: &str, user: &str| Credential {
            project: project.into(),
            ..named("https://git/x", false, user)
        };
        let host = named("https://git", true, "host");
        let scoped = vec![host, of("a", "alice"), of("b", "bob")];
        let open = [scoped.clone(), vec![of("", "everybody")]].concat();
        for (known, project, user, scope) in [
            (&scoped, "a", "alice", "a"),
            (&scoped, "b", "bob", "b"),
            (&scoped, "c", "host", ""),
            (&scoped, "", "host", ""),
            (&open, "a", "alice", "a"),
            (&open, "c", "everybody", ""),
        ] {
            let credentials = Credentials::new(known.clone(), Vec::new());
            let login = credentials.of("https://git/x.git", project).login;
            assert_eq!(login, named("", false, user).login, "{project}");
            assert_eq!(credentials.scope("https://git/X", project), scope);
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let shown = format!("{:?}", named("https://git", true, "bob"));
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
