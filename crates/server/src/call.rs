//! One request, taken apart and bounded, and its answer.

use crate::access::Caller;
use crate::refusal::Refusal;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use std::sync::Arc;
use value::Value;

/// Parameters of a query that are read; more is no honest request.
const PARAMS_MAX: usize = 200;

/// A request.
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The path as it was sent, without the query.
    pub(crate) path: String,
    /// What stands for the `{...}` of the route.
    pub(crate) captures: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) caller: Arc<Caller>,
    pub(crate) body: Bytes,
}

impl Call {
    /// Returns what stands for a `{...}` of the route, by its place.
    pub(crate) fn capture(&self, at: usize) -> &str {
        self.captures.get(at).map_or("", String::as_str)
    }

    /// Returns a parameter of the query; empty if it wasn't given.
    pub(crate) fn param(&self, name: &str) -> &str {
        let found = self.query.iter().find(|(n, _)| n == name);
        found.map_or("", |(_, value)| value)
    }

    /// Returns every value of a parameter that may be given several times, or with commas.
    pub(crate) fn params<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let given = self.query.iter().filter(move |(n, _)| n == name);
        let parts = given.flat_map(|(_, value)| value.split(','));
        parts.map(str::trim).filter(|part| !part.is_empty())
    }

    /// Returns true if a parameter says so.
    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.param(name), "true" | "1")
    }

    /// Returns a number of the query, or the default, and at most `max`.
    pub(crate) fn number(&self, name: &str, default: usize, max: usize) -> usize {
        self.param(name).parse().unwrap_or(default).min(max)
    }

    /// Returns the body as JSON; an empty one is an empty object.
    pub(crate) fn json(&self) -> Result<Value, Refusal> {
        if self.body.is_empty() {
            return Ok(Value::object());
        }
        Value::parse(&self.body).map_err(|e| Refusal::invalid(format!("the body is not JSON: {e}")))
    }

    /// Returns a header's text.
    pub(crate) fn header(&self, name: &HeaderName) -> &str {
        let value = self.headers.get(name);
        value.and_then(|v| v.to_str().ok()).unwrap_or("")
    }
}

/// Takes a query apart.
pub(crate) fn query(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|p| !p.is_empty()).take(PARAMS_MAX);
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                decode(&name.replace('+', " ")),
                decode(&value.replace('+', " ")),
            )
        })
        .collect()
}

/// Undoes percent encoding; what isn't one stays as it is.
pub(crate) fn decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = text.get(i + 1..i + 3).filter(|_| bytes[i] == b'%');
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What is sent back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) content: Content,
}

/// A body.
pub(crate) enum Content {
    Empty,
    /// As it is; it may be compressed on the way.
    Plain(Bytes),
    /// Compressed already, as the header says.
    Encoded(Bytes),
    /// Piece by piece.
    Stream(tokio::sync::mpsc::Receiver<Bytes>),
}

impl Answer {
    pub(crate) fn json(value: &Value) -> Self {
        Self::text("application/json", value.to_vec())
    }

    pub(crate) fn text(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let content_type = HeaderValue::from_static(content_type);
        Self {
            status: StatusCode::OK,
            headers: vec![(header::CONTENT_TYPE, content_type)],
            content: Content::Plain(body.into()),
        }
    }

    pub(crate) const fn status(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content: Content::Empty,
        }
    }

    pub(crate) fn stream(
        content_type: &'static str,
        pieces: tokio::sync::mpsc::Receiver<Bytes>,
    ) -> Self {
        let mut answer = Self::text(content_type, Bytes::new());
        answer.content = Content::Stream(pieces);
        // A proxy that waits for more would hold back what is news.
        let no = HeaderValue::from_static("no");
        answer.with(HeaderName::from_static("x-accel-buffering"), no)
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn redirect(to: &str) -> Self {
        let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
        Self::status(StatusCode::SEE_OTHER).with(header::LOCATION, to)
    }
}

impl From<Value> for Answer {
    fn from(value: Value) -> Self {
        Self::json(&value)
    }
}

impl From<&Refusal> for Answer {
    fn from(refusal: &Refusal) -> Self {
        Self {
            status: refusal.status(),
            ..Self::json(&refusal.body())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_are_decoded_once() {
        assert_eq!(decode("a%2Fb%zz%"), "a/b%zz%");
        assert_eq!(
            query("q=a+b%26c&&x"),
            [("q".into(), "a b&c".into()), ("x".into(), String::new())]
        );
    }
}
