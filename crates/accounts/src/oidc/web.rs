//! Requests, and the addresses that they go to.

use super::OidcError;
use crate::Redacted;
use std::future::Future;
use value::Value;

/// Bytes of an answer that are read: keys and claims take a few thousand.
pub(super) const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// A request to the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where it goes.
    pub url: String,
    /// The header `Authorization`, if it has one.
    pub authorization: Option<Redacted<String>>,
    /// The form that it posts; without one, it gets.
    pub form: Option<Redacted<String>>,
}

/// The provider's answer.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The header `Content-Type`.
    pub content_type: String,
    /// The body; a client may stop reading after a mebibyte.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Bodies have tokens in them.
        let mut shown = f.debug_struct("Response");
        shown.field("status", &self.status).finish_non_exhaustive()
    }
}

/// Who sends requests: with a time-out, without following redirects.
pub trait Http: Sync {
    /// Sends a request; the error is a sentence about the connection.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, String>> + Send;
}

/// Gets an object of JSON.
pub(super) async fn get(http: &impl Http, url: &str) -> Result<Value, OidcError> {
    let request = Request {
        url: url.to_owned(),
        authorization: None,
        form: None,
    };
    let response = send(http, request).await?;
    object(url, &response)
}

pub(super) async fn send(http: &impl Http, request: Request) -> Result<Response, OidcError> {
    let url = request.url.clone();
    let response = http.send(request).await;
    let response = response.map_err(|why| OidcError::Unreachable {
        url: url.clone(),
        why,
    })?;
    if response.body.len() > ANSWER_BYTES_MAX {
        let why = "it is longer than a mebibyte";
        return Err(OidcError::Unexpected { url, why });
    }
    if response.status != 200 {
        // The code is from a short list; the description could repeat what was sent.
        let body = Value::parse(&response.body).unwrap_or(Value::Null);
        return Err(OidcError::Refused {
            url,
            status: response.status,
            why: printable(body.str_at(&["error"])),
        });
    }
    Ok(response)
}

pub(super) fn object(url: &str, response: &Response) -> Result<Value, OidcError> {
    match Value::parse(&response.body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => Err(OidcError::Unexpected {
            url: url.to_owned(),
            why: "it is no object of JSON",
        }),
    }
}

/// Returns a text of a stranger as far as it can be shown in one line.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Writes a form, or a query.
pub(super) fn form(fields: &[(&str, &str)]) -> String {
    let fields = fields
        .iter()
        .map(|(n, v)| format!("{}={}", escape(n), escape(v)));
    fields.collect::<Vec<_>>().join("&")
}

/// Escapes all but letters, digits and `-._~`.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Splits an address into what names the server (`https://host:port`) and the path.
fn split(url: &str) -> Option<(&str, &str)> {
    let scheme = ["https://", "http://"]
        .iter()
        .find(|s| url.starts_with(**s))?;
    let rest = &url[scheme.len()..];
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    (!authority.is_empty() && !authority.contains('@')).then(|| url.split_at(scheme.len() + end))
}

/// Returns true if a page is below one of our addresses, or a path of ours.
pub(super) fn is_own_page(page: &str, urls: &[String]) -> bool {
    // Browsers read a backslash as a slash, and drop control characters.
    if page.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
        return false;
    }
    let path_of = |rest: &str| -> Option<String> {
        let path = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
        let has_dots = path.split('/').any(|s| {
            let segment = s.to_ascii_lowercase().replace("%2e", ".");
            segment == "." || segment == ".."
        });
        (!has_dots).then(|| format!("{}/", path.trim_end_matches('/')))
    };
    if page.starts_with('/') {
        return !page.starts_with("//") && path_of(page).is_some();
    }
    let Some((server, rest)) = split(page) else {
        return false;
    };
    let Some(path) = path_of(rest) else {
        return false;
    };
    urls.iter().filter_map(|u| split(u)).any(|(own, base)| {
        let base = format!("{}/", base.trim_end_matches('/'));
        own.eq_ignore_ascii_case(server) && path.starts_with(&base)
    })
}

/// Returns true if a provider's address may be used: encrypted, or as plain as its issuer's.
pub(super) fn is_as_safe(url: &str, issuer: &str) -> bool {
    split(url).is_some() && (url.starts_with("https://") || issuer.starts_with("http://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_pages_are_returned_to() {
        let urls = [
            "https://a.example.com".to_owned(),
            "https://b.example.com/cd".to_owned(),
        ];
        for (page, want) in [
            ("/applications/x?y=//z", true),
            ("https://a.example.com", true),
            ("https://A.example.com/x#y", true),
            ("https://b.example.com/cd/x", true),
            ("https://b.example.com/cd", true),
            ("https://b.example.com/cdx", false),
            ("https://b.example.com/", false),
            ("https://b.example.com/cd/../x", false),
            ("https://b.example.com/cd/%2E./x", false),
            ("http://a.example.com/", false),
            ("https://a.example.com:444/", false),
            ("https://a.example.com.evil.org/", false),
            ("https://a.example.com@evil.org/", false),
            ("https://evil.org/https://a.example.com", false),
            ("//evil.org", false),
            ("/\\evil.org", false),
            ("/\tx", false),
            ("javascript:alert(1)", false),
            ("", false),
        ] {
            assert_eq!(is_own_page(page, &urls), want, "{page}");
        }
    }

    #[test]
    fn forms_are_escaped() {
        assert_eq!(
            form(&[("a", "b c&d=é"), ("e", "~")]),
            "a=b%20c%26d%3D%C3%A9&e=~"
        );
    }
}
