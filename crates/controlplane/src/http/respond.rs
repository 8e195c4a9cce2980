//! Answers.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, WARNING};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use value::Value;

use super::Body;
use super::negotiate::{Accept, Format};
use crate::failure::Failure;

/// Returns a body without content.
pub(super) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// Returns a body of bytes.
pub(super) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// Returns an answer of bytes.
pub(super) fn bytes(code: u16, media: &'static str, content: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(full(content));
    *response.status_mut() =
        StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

/// Returns an answer of text.
pub(super) fn text(code: u16, content: impl Into<Bytes>) -> Response<Body> {
    bytes(code, "text/plain; charset=utf-8", content)
}

/// Returns a value in the form that was chosen.
pub(super) fn value(code: u16, value: &Value, format: Format) -> Response<Body> {
    match format {
        Format::Json => {
            let mut content = value.to_vec();
            content.push(b'\n');
            bytes(code, "application/json", content)
        }
        Format::Yaml => bytes(code, "application/yaml", yaml::to_yaml(value)),
    }
}

/// Returns a refusal.
pub(super) fn failure(failure: &Failure, accept: &Accept) -> Response<Body> {
    if failure.plain {
        return text(failure.code, failure.message.clone());
    }
    let mut response = value(failure.code, &failure.status(), accept.format());
    warn(&mut response, &failure.warnings);
    if failure.code == 504 {
        response
            .headers_mut()
            .insert("Retry-After", HeaderValue::from_static("1"));
    }
    response
}

/// Adds warnings for the person at the other end.
pub(super) fn warn(response: &mut Response<Body>, warnings: &[String]) {
    for warning in warnings {
        let mut quoted = String::from("299 - \"");
        for c in warning.chars() {
            match c {
                '"' | '\\' => quoted.extend(['\\', c]),
                c if c.is_control() => quoted.push(' '),
                c => quoted.push(c),
            }
        }
        quoted.push('"');
        if let Ok(value) = HeaderValue::from_str(&quoted) {
            response.headers_mut().append(WARNING, value);
        }
    }
}
