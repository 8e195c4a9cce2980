//! What clients send.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use value::Value;

use crate::failure::{Failure, Result};

/// Bytes of a request's body; the limit of a kube-apiserver.
const BODY_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Reads a body.
pub(super) async fn read(body: Option<Incoming>) -> Result<Bytes> {
    let Some(body) = body else { return Ok(Bytes::new()) };
    match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Failure::new(
            413,
            "RequestEntityTooLarge",
            format!("Request entity too large: limit is {BODY_BYTES_MAX}"),
        )),
        Err(error) => Err(Failure::bad_request(format!("cannot read the body: {error}"))),
    }
}

/// What a body is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// Returns what a body is written in; `None` for what is not understood.
pub(super) fn media(headers: &http::HeaderMap) -> Option<Media> {
    let header = headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let media = header.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    match media {
        "" | "application/json" => Some(Media::Json),
        "application/yaml" => Some(Media::Yaml),
        _ => None,
    }
}

/// Reads a body as a value.
pub(super) fn parse(bytes: &[u8], media: Media) -> Result<Value> {
    match media {
        Media::Json => Value::parse(bytes)
            .map_err(|error| Failure::bad_request(format!("couldn't get version/kind; json parse error: {error}"))),
        Media::Yaml => Value::parse(bytes)
            .map_err(|error| Failure::bad_request(format!("couldn't get version/kind; json parse error: {error}"))),
    }
}

/// The body is in none of the forms that are understood.
pub(super) fn unsupported() -> Failure {
    Failure::new(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: \
         application/json, application/yaml, application/vnd.kubernetes.protobuf",
    )
}

/// Reads a JSON or merge patch.
pub(super) fn parse_patch(bytes: &[u8]) -> Result<Value> {
    Value::parse(bytes).map_err(|error| {
        Failure::bad_request(format!("error decoding patch: {error}"))
    })
}

/// Reads what is applied: YAML, of which JSON is a part.
pub(super) fn parse_apply(bytes: &[u8]) -> Result<Value> {
    Value::parse(bytes)
        .map_err(|error| Failure::bad_request(format!("error decoding YAML: {error}")))
}

/// Reads the options of a deletion.
pub(super) fn parse_options(bytes: &[u8], media: Media) -> Result<Value> {
    let value = parse(bytes, media)?;
    let (version, kind) = (value.str_at(&["apiVersion"]), value.str_at(&["kind"]));
    if !matches!(kind, "" | "DeleteOptions") {
        return Err(Failure::bad_request(format!(
            "no kind \"{kind}\" is registered for version \"{version}\" in scheme \"pkg/runtime/scheme.go:111\""
        )));
    }
    if let Some(grace) = value.get("gracePeriodSeconds")
        && !grace.is_null()
        && grace.as_i64().is_none()
    {
        return Err(Failure::bad_request(format!(
            "json: cannot unmarshal {} into Go struct field DeleteOptions.gracePeriodSeconds of type int64",
            grace.type_name()
        )));
    }
    Ok(value)
}
