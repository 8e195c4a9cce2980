//! Listing: selectors, pages, and states of the past.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use value::selector::{FieldSelector, LabelSelector};
use value::{Value, json};

use super::{Registry, Result, Target};
use crate::failure::Failure;
use crate::kinds::Kind;
use crate::store::{NoState, Object};
use crate::strategy::UnknownField;

/// What a list's resource version means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// That state or a newer one.
    NotOlderThan,
    /// Exactly that state.
    Exact,
}

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct ListOptions {
    /// Which labels objects must have.
    pub labels: LabelSelector,
    /// Which fields objects must have.
    pub fields: FieldSelector,
    /// How many at most; 0 is all.
    pub limit: usize,
    /// Where to go on.
    pub continue_token: String,
    /// The resource version, as sent.
    pub resource_version: String,
    /// What the resource version means.
    pub resource_version_match: Option<Match>,
}

/// A list of objects.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// The revision that the list shows.
    pub revision: u64,
    /// The objects in the order of their keys.
    pub objects: Vec<Arc<Object>>,
    /// Where to go on, if there is more.
    pub continue_token: Option<String>,
    /// How many more there are, if that is known.
    pub remaining: Option<usize>,
}

impl Registry {
    /// Lists objects.
    ///
    /// # Errors
    /// Fails if the options make no sense, or ask for a state that is gone.
    pub async fn list(&self, target: &Target, options: &ListOptions) -> Result<Listing> {
        let listing = self.list_now(target, options)?;
        self.store.durable(listing.revision).await?;
        Ok(listing)
    }

    /// Does the same without waiting until it is durable: for parts of the control plane, whose
    /// knowledge ends with the process too.
    ///
    /// # Errors
    /// Fails for the same reasons.
    pub fn list_now(&self, target: &Target, options: &ListOptions) -> Result<Listing> {
        check_fields(&target.kind, &options.fields)?;
        let prefix = target.prefix();
        let mut after = String::new();
        let mut at = None;
        if options.continue_token.is_empty() {
            let wanted = parse_version(&options.resource_version)?;
            let exact = match options.resource_version_match {
                Some(how) => how == Match::Exact,
                None => options.limit > 0 && wanted > 0,
            };
            if exact && wanted > 0 {
                at = Some(wanted);
            } else {
                let now = self.store.revision();
                if wanted > now {
                    return Err(too_large(wanted, now));
                }
            }
        } else {
            let (revision, start) = decode_token(&options.continue_token, &prefix)?;
            after = start;
            at = u64::try_from(revision).ok().filter(|r| *r > 0);
        }
        let page = self.store.list(&target.table(), &prefix, at).map_err(|e| match e {
            NoState::Expired if !options.continue_token.is_empty() => Failure::expired(
                "The provided continue parameter is too old to display a consistent list result. \
                 You can start a new list without the continue parameter.",
            ),
            NoState::Expired => Failure::expired("The resourceVersion for the provided list is too old."),
            NoState::Ahead(now) => too_large(at.unwrap_or(0), now),
        })?;
        let selects = Selects::new(&target.kind, &options.labels, &options.fields);
        let mut objects = page
            .objects
            .into_iter()
            .filter(|o| after.is_empty() || key_of(o).as_str() >= after.as_str())
            .peekable();
        // A state of any age comes from a cache, which knows no pages.
        let unpaged = options.resource_version == "0" && options.resource_version_match.is_none();
        let limit = if options.limit == 0 || unpaged {
            usize::MAX
        } else {
            options.limit
        };
        let mut listing = Listing {
            revision: page.revision,
            ..Listing::default()
        };
        while listing.objects.len() < limit
            && let Some(object) = objects.next()
        {
            if selects.matches(&object.value) {
                listing.objects.push(object);
            }
        }
        if objects.peek().is_some() {
            let more = objects.filter(|o| selects.matches(&o.value)).count();
            if more > 0
                && let Some(last) = listing.objects.last()
            {
                listing.continue_token = Some(encode_token(
                    page.revision,
                    &format!("{}\0", key_of(last)),
                    &prefix,
                ));
                if selects.everything {
                    listing.remaining = Some(more);
                }
            }
        }
        Ok(listing)
    }
}

fn key_of(object: &Object) -> String {
    crate::store::key(object.namespace(), object.name())
}

/// Reads a resource version of a list or watch; empty is 0.
pub(crate) fn parse_version(text: &str) -> Result<u64> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| {
        let quoted = crate::failure::go_quote(text);
        Failure::bad_request(format!(
            "invalid resource version: resourceVersion: Invalid value: {quoted}: strconv.ParseUint: \
             parsing {quoted}: invalid syntax"
        ))
    })
}

/// The revision that was asked for does not exist yet.
pub(crate) fn too_large(wanted: u64, now: u64) -> Failure {
    Failure::new(
        504,
        "Timeout",
        format!("Too large resource version: {wanted}, current: {now}"),
    )
    .with_details(json!({
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }))
}

fn encode_token(revision: u64, start: &str, prefix: &str) -> String {
    let start = start.strip_prefix(prefix).unwrap_or(start);
    let token = json!({"v": "meta.k8s.io/v1", "rv": revision, "start": start});
    URL_SAFE_NO_PAD.encode(token.to_vec())
}

fn decode_token(token: &str, prefix: &str) -> Result<(i64, String)> {
    let invalid = |why: &str| {
        Failure::bad_request(format!(
            "invalid continue token: continue key is not valid: {why}"
        ))
    };
    let bytes = URL_SAFE_NO_PAD
        .decode(token.trim_end_matches('='))
        .or_else(|_| URL_SAFE.decode(token))
        .map_err(|error| match error {
            base64::DecodeError::InvalidByte(at, _)
            | base64::DecodeError::InvalidLastSymbol(at, _) => {
                invalid(&format!("illegal base64 data at input byte {at}"))
            }
            _ => invalid(&format!(
                "illegal base64 data at input byte {}",
                token.len()
            )),
        })?;
    let token = Value::parse(&bytes).map_err(|_| {
        let first = bytes.first().copied().map_or(' ', char::from);
        invalid(&format!(
            "invalid character '{first}' looking for beginning of value"
        ))
    })?;
    match token.str_at(&["v"]) {
        "meta.k8s.io/v1" => {}
        other => {
            return Err(invalid(&format!(
                "server does not recognize this encoded version {other}"
            )));
        }
    }
    let revision = token.i64_at(&["rv"]).unwrap_or(0);
    if revision == 0 {
        return Err(invalid(
            "incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
        ));
    }
    let start = token.str_at(&["start"]);
    if start.is_empty() {
        return Err(invalid("encoded start key empty (version meta.k8s.io/v1)"));
    }
    if start.contains("..") {
        return Err(invalid(start));
    }
    Ok((revision, format!("{prefix}{start}")))
}

/// Which objects a list or watch shows.
#[derive(Debug, Clone)]
pub(crate) struct Selects {
    labels: LabelSelector,
    fields: FieldSelector,
    /// True if every object is shown.
    pub(crate) everything: bool,
}

impl Selects {
    pub(crate) fn new(_kind: &Kind, labels: &LabelSelector, fields: &FieldSelector) -> Self {
        let everything = labels.is_everything() && fields.requirements.is_empty();
        Self {
            labels: labels.clone(),
            fields: fields.clone(),
            everything,
        }
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        if self.everything {
            return true;
        }
        let labels = object.at(&["metadata", "labels"]).unwrap_or(&Value::Null);
        self.labels.matches(labels)
            && self
                .fields
                .requirements
                .iter()
                .all(|r| (field_text(object, &r.field) == r.value) != r.negated)
    }
}

/// Returns the text of a field as selectors compare it.
fn field_text(object: &Value, field: &str) -> String {
    let field = match field {
        "spec.serviceAccountName" if object.at(&["spec", "serviceAccountName"]).is_none() => {
            return String::new();
        }
        "status.podIPs" => {
            let ips = object
                .array_at(&["status", "podIPs"])
                .iter()
                .map(|ip| ip.str_at(&["ip"]));
            return ips.collect::<Vec<_>>().join(",");
        }
        "status.successful" => "status.succeeded",
        // The events of the core group and the newer ones are stored alike.
        "regarding.kind" => "involvedObject.kind",
        "regarding.namespace" => "involvedObject.namespace",
        "regarding.name" => "involvedObject.name",
        "regarding.uid" => "involvedObject.uid",
        "regarding.apiVersion" => "involvedObject.apiVersion",
        "regarding.resourceVersion" => "involvedObject.resourceVersion",
        "regarding.fieldPath" => "involvedObject.fieldPath",
        "reportingController" => "reportingComponent",
        "source" => "source.component",
        other => other,
    };
    let names: Vec<&str> = field.split('.').collect();
    match object.at(&names) {
        Some(Value::String(s)) => s.to_string(),
        Some(Value::Null) | None => match field {
            "spec.hostNetwork" | "spec.unschedulable" => "false".to_owned(),
            "status.replicas" | "status.succeeded" => "0".to_owned(),
            _ => String::new(),
        },
        Some(other) => other.to_json(),
    }
}

/// Checks that a kind knows every field that a selector names.
pub(crate) fn check_fields(kind: &Kind, fields: &FieldSelector) -> Result<()> {
    for requirement in &fields.requirements {
        let field = requirement.field.as_str();
        if matches!(field, "metadata.name" | "metadata.namespace")
            || kind.strategy.fields.contains(&field)
            || kind
                .definition
                .as_ref()
                .is_some_and(|d| d.selectable.iter().any(|s| s == field))
        {
            continue;
        }
        // Namespaces are selected by a short name too, as it once was everywhere.
        let message = match kind.strategy.unknown_field {
            UnknownField::KnownOnly => format!(
                "\"{field}\" is not a known field selector: only \"metadata.name\", \
                 \"metadata.namespace\""
            ),
            UnknownField::NotSupported => format!("field label not supported: {field}"),
            UnknownField::NotSupportedForKind => {
                format!("field label \"{field}\" not supported for {}", kind.kind)
            }
        };
        return Err(Failure::bad_request(message));
    }
    Ok(())
}
