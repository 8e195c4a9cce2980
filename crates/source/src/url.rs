//! Repository URLs: what they name, and how they are shown.

use crate::{Error, Reason};
use std::path::PathBuf;

/// Where a repository is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// A folder of this machine.
    Local(PathBuf),
    /// An HTTP(S) server.
    Http(String),
}

/// Reads a repository URL as applications spell it.
pub(crate) fn locate(url: &str) -> Result<Location, Error> {
    let url = url.trim();
    if url.starts_with("http://") && redact(url) != url {
        return Err(Error::new(
            Reason::UrlInvalid,
            format!(
                "repository {} would get its password in clear text: use https",
                redact(url)
            ),
        ));
    }
    if url.starts_with("http://") || url.starts_with("https://") {
        return Ok(Location::Http(url.trim_end_matches('/').to_owned()));
    }
    if let Some(path) = url.strip_prefix("file://") {
        return Ok(Location::Local(PathBuf::from(path)));
    }
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    if scheme.is_some() || (url.contains('@') && url.contains(':')) {
        return Err(Error::new(
            Reason::UrlInvalid,
            format!(
                "repository {} is reached over {}, which is not supported yet: use http(s) or a \
                 local path",
                redact(url),
                scheme.unwrap_or("ssh"),
            ),
        ));
    }
    if url.is_empty() || url.starts_with('-') {
        return Err(Error::new(
            Reason::UrlInvalid,
            format!("{url:?} is not a repository URL"),
        ));
    }
    Ok(Location::Local(PathBuf::from(url)))
}

/// Returns the URL without user and password.
#[must_use]
pub fn redact(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let host = rest[..end].rfind('@').map_or(0, |at| at + 1);
            format!("{scheme}://{}", &rest[host..])
        }
        None => url.to_owned(),
    }
}

/// Returns `text` with every occurrence of the URL redacted.
pub(crate) fn redact_within(text: &str, url: &str) -> String {
    let mut text = text.replace(url, &redact(url));
    if let Some((_, rest)) = url.split_once("://")
        && let Some((login, _)) = rest.split_once('@')
    {
        text = text.replace(login, "***");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_located() {
        let cases = [
            (
                "https://host/x.git/",
                Some(Location::Http("https://host/x.git".into())),
            ),
            ("/srv/repo", Some(Location::Local("/srv/repo".into()))),
            (
                "file:///srv/repo",
                Some(Location::Local("/srv/repo".into())),
            ),
            ("git@github.com:org/x.git", None),
            ("ssh://git@host/x", None),
            ("ext::sh -c x", Some(Location::Local("ext::sh -c x".into()))),
            ("", None),
            ("--upload-pack=x", None),
        ];
        for (url, want) in cases {
            assert_eq!(locate(url).ok(), want, "{url}");
        }
    }

    #[test]
    fn secrets_are_redacted() {
        assert_eq!(redact("https://bob:s3cret@host/x@y"), "https://host/x@y");
        let text = redact_within(
            "GET https://bob:s3cret@host/x: bob:s3cret",
            "https://bob:s3cret@host/x",
        );
        assert!(!text.contains("s3cret"), "{text}");
    }
}
