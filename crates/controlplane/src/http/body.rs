//! What clients send.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use value::Value;

use crate::failure::{Failure, FieldError, Result};
use crate::kinds::Kind;
use crate::registry::FieldValidation;

/// Bytes of a request's body; the limit of a kube-apiserver.
const BODY_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Reads a body.
pub(super) async fn read(body: Option<Incoming>) -> Result<Bytes> {
    let Some(body) = body else {
        return Ok(Bytes::new());
    };
    match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Failure::new(
            413,
            "RequestEntityTooLarge",
            format!("Request entity too large: limit is {BODY_BYTES_MAX}"),
        )),
        Err(error) => Err(Failure::bad_request(format!(
            "cannot read the body: {error}"
        ))),
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
    let header = headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok());
    let media = header
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    match media.to_ascii_lowercase().as_str() {
        "" | "application/json" => Some(Media::Json),
        "application/yaml" => Some(Media::Yaml),
        _ => None,
    }
}

/// What was read, and what was odd about it: keys that are there twice.
pub(super) struct Parsed {
    pub(super) value: Value,
    pub(super) warnings: Vec<String>,
}

/// Reads an object.
pub(super) fn parse(bytes: &[u8], media: Media, what: &str) -> Result<Parsed> {
    let unrecognized = |why: &str| {
        Failure::bad_request(format!(
            "the object provided is unrecognized (must be of type {what}): {why} ({})",
            excerpt(bytes)
        ))
    };
    let (value, warnings) = match media {
        Media::Json => {
            let value = Value::parse(bytes).map_err(|error| {
                unrecognized(&format!(
                    "couldn't get version/kind; json parse error: {}",
                    go_error(bytes, &error)
                ))
            })?;
            (value, repeated(bytes))
        }
        Media::Yaml => {
            let decoded = yaml::v2::decode(bytes).map_err(|e| unrecognized(&e.to_string()))?;
            let warnings = decoded.duplicates.iter().map(duplicate).collect();
            (decoded.value, warnings)
        }
    };
    if !matches!(value, Value::Object(_) | Value::Null) {
        let given = go_type(&value);
        return Err(unrecognized(&format!(
            "couldn't get version/kind; json parse error: json: cannot unmarshal {given} into Go value of type \
             struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \
             \"json:\\\"kind,omitempty\\\"\" }}"
        )));
    }
    Ok(Parsed { value, warnings })
}

/// Returns what to say about keys that are there twice in JSON.
pub(super) fn repeated(bytes: &[u8]) -> Vec<String> {
    let paths = super::twice::keys(bytes);
    paths
        .iter()
        .map(|p| format!("duplicate field \"{p}\""))
        .collect()
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        other => other.type_name(),
    }
}

fn duplicate(duplicate: &yaml::v2::Duplicate) -> String {
    format!(
        "line {}: key {} already set in map",
        duplicate.line, duplicate.key
    )
}

/// Shows the beginning of a body: as text if it is an object, else as hexadecimal digits.
fn excerpt(bytes: &[u8]) -> String {
    const BYTES_MAX: usize = 30;
    if bytes.is_empty() {
        return "<empty>".to_owned();
    }
    let cut = &bytes[..bytes.len().min(BYTES_MAX)];
    let more = if bytes.len() > BYTES_MAX { " ..." } else { "" };
    let text = if bytes.first() == Some(&b'{') {
        String::from_utf8_lossy(cut).into_owned()
    } else {
        cut.iter().map(|b| format!("{b:02x}")).collect()
    };
    format!("{text}{more}")
}

/// Says why bytes are not JSON, in Go's words for the mistakes that people make.
pub(crate) fn go_error(bytes: &[u8], error: &value::ParseError) -> String {
    let text = error.to_string();
    if text.starts_with("EOF") || bytes.iter().all(u8::is_ascii_whitespace) {
        return "unexpected end of JSON input".to_owned();
    }
    let at = position(bytes, &text);
    let Some(byte) = bytes.get(at) else {
        return "unexpected end of JSON input".to_owned();
    };
    let shown = match byte {
        b'\'' => "'\\''".to_owned(),
        b if b.is_ascii_graphic() || *b == b' ' => format!("'{}'", char::from(*b)),
        b => format!("'\\x{b:02x}'"),
    };
    if text.contains("trailing characters") {
        return format!("invalid character {shown} after top-level value");
    }
    if text.contains("key must be a string") {
        return format!("invalid character {shown} looking for beginning of object key string");
    }
    if text.contains("expected ident") {
        for (literal, first) in [("null", b'n'), ("true", b't'), ("false", b'f')] {
            let start = bytes[..=at].iter().rposition(|b| *b == first);
            if let Some(start) = start
                && at > start
                && let Some(expected) = literal.as_bytes().get(at - start)
            {
                let expected = char::from(*expected);
                return format!(
                    "invalid character {shown} in literal {literal} (expecting '{expected}')"
                );
            }
        }
    }
    format!("invalid character {shown} looking for beginning of value")
}

/// Returns where a parser stopped, from `... at line L column C`.
fn position(bytes: &[u8], text: &str) -> usize {
    let number = |word: &str| {
        let rest = text.rsplit_once(word)?.1;
        rest.split(|c: char| !c.is_ascii_digit())
            .next()?
            .parse::<usize>()
            .ok()
    };
    let (line, column) = (number("line ").unwrap_or(1), number("column ").unwrap_or(1));
    let start: usize = bytes
        .split(|b| *b == b'\n')
        .take(line - 1)
        .map(|l| l.len() + 1)
        .sum();
    (start + column).saturating_sub(1)
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
        Failure::bad_request(format!("error decoding patch: {}", go_error(bytes, &error)))
    })
}

/// Reads what is applied: YAML, of which JSON is a part.
pub(super) fn parse_apply(bytes: &[u8], validation: FieldValidation) -> Result<Parsed> {
    let convert = |e: &yaml::Error| {
        Failure::bad_request(format!(
            "error decoding YAML: error converting YAML to JSON: {e}"
        ))
    };
    let decoded = yaml::v2::decode(bytes).map_err(|e| convert(&e))?;
    if validation == FieldValidation::Strict
        && let Err(error) = yaml::v2::to_value_strict(bytes)
    {
        return Err(Failure::bad_request(format!(
            "error strict decoding YAML: error converting YAML to JSON: {error}"
        )));
    }
    let value = match decoded.value {
        Value::Null => Value::object(),
        object @ Value::Object(_) => object,
        other => {
            return Err(Failure::bad_request(format!(
                "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} \
                 into Go value of type map[string]interface {{}}",
                go_type(&other)
            )));
        }
    };
    let warnings = match validation {
        FieldValidation::Warn => decoded.duplicates.iter().map(duplicate).collect(),
        _ => Vec::new(),
    };
    Ok(Parsed { value, warnings })
}

/// Reads the options of a deletion.
pub(super) fn parse_options(bytes: &[u8], media: Media) -> Result<Value> {
    let value = match media {
        Media::Json => Value::parse(bytes).map_err(|error| {
            let why = go_error(bytes, &error);
            Failure::bad_request(format!(
                "couldn't get version/kind; json parse error: {why}"
            ))
        })?,
        Media::Yaml => {
            yaml::v2::to_value(bytes).map_err(|e| Failure::bad_request(e.to_string()))?
        }
    };
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
            go_type(grace)
        )));
    }
    Ok(value)
}

/// Checks that a body says no other kind than the path does.
pub(super) fn check_kind(bytes: &[u8], value: &Value, kind: &Kind) -> Result<()> {
    if kind.definition.is_some() {
        return check_custom(bytes, value, kind);
    }
    check_named(value, &kind.group, &kind.version, &kind.kind)
}

/// Custom resources must say what they are.
fn check_custom(bytes: &[u8], value: &Value, kind: &Kind) -> Result<()> {
    let (version, name) = (value.str_at(&["apiVersion"]), value.str_at(&["kind"]));
    if name.is_empty() {
        let text = String::from_utf8_lossy(bytes);
        return Err(Failure::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): Object 'Kind' is missing in '{}' ({})",
            kind.kind,
            text.trim_end_matches('\n'),
            excerpt(bytes)
        )));
    }
    let expected = kind.api_version();
    if version != expected {
        return Err(Failure::bad_request(format!(
            "the API version in the data ({version}) does not match the expected API version ({expected})"
        )));
    }
    if name != kind.kind {
        let why = format!("must be {}", kind.kind);
        let error = FieldError::invalid("kind", name, &why);
        let called = value.str_at(&["metadata", "name"]);
        return Err(Failure::invalid_named(&kind.group, name, called, &[error]));
    }
    Ok(())
}

/// Checks that a body says no other kind than these words do.
pub(super) fn check_named(value: &Value, group: &str, version: &str, kind: &str) -> Result<()> {
    let expected = crate::kinds::api_version(group, version);
    let (given_version, given) = (value.str_at(&["apiVersion"]), value.str_at(&["kind"]));
    let fits = (given_version.is_empty() || given_version == expected)
        && (given.is_empty() || given == kind);
    if fits {
        return Ok(());
    }
    let given_version = if given_version.is_empty() {
        &expected
    } else {
        given_version
    };
    let given = if given.is_empty() { kind } else { given };
    let (given_group, short) = crate::kinds::split_api_version(given_version);
    let internal = |group: &str| match group {
        "" => "core".to_owned(),
        group => group.split('.').next().unwrap_or(group).to_owned(),
    };
    let why = if known(given_version, given) {
        format!(
            "converting ({short}.{given}) to ({}.{kind}): unknown conversion",
            internal(group)
        )
    } else {
        let _ = given_group;
        format!(
            "no kind \"{given}\" is registered for version \"{given_version}\" in scheme \"pkg/runtime/scheme.go:111\""
        )
    };
    Err(Failure::bad_request(format!(
        "{given} in version \"{short}\" cannot be handled as a {kind}: {why}"
    )))
}

/// Returns true if there is a built-in kind, or a list of one, of this name.
fn known(api_version: &str, kind: &str) -> bool {
    let schema = merge::builtin();
    let item = kind.strip_suffix("List").unwrap_or(kind);
    (api_version == "v1" && kind == "List")
        || schema.type_of(api_version, kind).is_some()
        || schema.type_of(api_version, item).is_some()
}
