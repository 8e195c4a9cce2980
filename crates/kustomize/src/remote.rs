//! Kustomizations of other repositories.

use std::sync::Arc;
use tree::Tree;

/// Gives trees for other repositories. It must give the same tree for the same address as long as a
/// build may be remembered: pin the commit.
pub trait Remotes {
    /// Returns the tree of a repository.
    ///
    /// # Errors
    /// Fails with a sentence for the person whose kustomization asks for it.
    fn tree(&self, repository: &RepoSpec) -> Result<Arc<dyn Tree>, String>;
}

/// An address of a kustomization in another repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepoSpec {
    /// The address as written.
    pub raw: String,
    /// What to clone.
    pub url: String,
    /// The folder in it.
    pub path: String,
    /// A branch, tag or commit; empty for the default branch.
    pub reference: String,
    /// Submodules belong to it.
    pub submodules: bool,
}

impl RepoSpec {
    /// Reads an address; nothing if it is a path of files.
    ///
    /// ```
    /// use kustomize::RepoSpec;
    /// let spec = RepoSpec::parse("https://github.com/org/repo//deploy/base?ref=v1.2").unwrap();
    /// assert_eq!(spec.url, "https://github.com/org/repo");
    /// assert_eq!((spec.path.as_str(), spec.reference.as_str()), ("deploy/base", "v1.2"));
    /// assert!(RepoSpec::parse("../base").is_none());
    /// ```
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        if raw.is_empty() || raw.starts_with(['/', '.']) {
            return None;
        }
        let (address, query) = raw.split_once('?').unwrap_or((raw, ""));
        let mut spec = Self {
            raw: raw.to_owned(),
            url: String::new(),
            path: String::new(),
            reference: String::new(),
            submodules: true,
        };
        for pair in query.split('&') {
            match pair.split_once('=') {
                Some(("ref", value)) if !value.is_empty() => value.clone_into(&mut spec.reference),
                Some(("version", value)) if spec.reference.is_empty() => {
                    value.clone_into(&mut spec.reference);
                }
                Some(("submodules", value)) => spec.submodules = !matches!(value, "0" | "false"),
                _ => {}
            }
        }
        let address = address.strip_prefix("git::").unwrap_or(address);
        let (scheme, rest) = split_scheme(address)?;
        // What stands behind `//` is the folder.
        if let Some((repository, path)) = rest.split_once("//") {
            spec.url = format!("{scheme}{}", repository.trim_end_matches('/'));
            spec.path = path.trim_matches('/').to_owned();
            return spec.finished();
        }
        for marker in ["/_git/", ".git/", ".git"] {
            if let Some(i) = rest.find(marker) {
                let end = if marker == "/_git/" {
                    let start = i + marker.len();
                    rest[start..].find('/').map_or(rest.len(), |j| start + j)
                } else {
                    i + ".git".len()
                };
                spec.url = format!("{scheme}{}", &rest[..end]);
                rest[end..].trim_matches('/').clone_into(&mut spec.path);
                return spec.finished();
            }
        }
        // Host, organisation, repository: the folder follows.
        let separator = if scheme.is_empty() && rest.contains('@') {
            ':'
        } else {
            '/'
        };
        let (host, rest) = rest.split_once(separator)?;
        let mut parts = rest.splitn(3, '/');
        let (org, repository) = (parts.next()?, parts.next()?);
        if host.is_empty() || org.is_empty() || repository.is_empty() {
            return None;
        }
        spec.url = format!("{scheme}{host}{separator}{org}/{repository}");
        spec.path = parts.next().unwrap_or("").trim_matches('/').to_owned();
        spec.finished()
    }

    fn finished(mut self) -> Option<Self> {
        if self.path.split('/').any(|name| name == "..") {
            return None;
        }
        if let Some(rest) = self.url.strip_prefix("github.com") {
            self.url = format!("https://github.com{rest}");
        }
        Some(self)
    }
}

/// Returns the scheme, in its long form, and the rest; nothing for a path.
fn split_scheme(address: &str) -> Option<(&str, &str)> {
    for scheme in ["https://", "http://", "ssh://", "file://"] {
        if address
            .get(..scheme.len())
            .is_some_and(|s| s.eq_ignore_ascii_case(scheme))
        {
            return Some((scheme, &address[scheme.len()..]));
        }
    }
    if let Some((user, host)) = address.split_once('@')
        && host.contains(':')
        && user.bytes().all(|b| b.is_ascii_alphanumeric())
    {
        return Some(("", address));
    }
    let github = ["github.com/", "github.com:"];
    let name = address.strip_prefix("www.").unwrap_or(address);
    let is_github = |prefix: &str| {
        name.get(..prefix.len())
            .is_some_and(|s| s.eq_ignore_ascii_case(prefix))
    };
    if github.iter().any(|p| is_github(p)) {
        let (_, rest) = name.split_at("github.com/".len());
        return Some(("https://github.com/", rest))
            .filter(|(_, rest)| rest.contains('/'))
            .map(|_| ("", name));
    }
    None
}
