//! Requests for lists and watches.

use super::super::negotiate::{Format, Offers, View};
use super::super::{Body, Call, Service, respond, watching};
use super::{Answer, check_view, include};
use crate::failure::{Failure, FieldError, Result};
use crate::kinds::Kind;
use crate::registry::{Listing, Target, WatchOptions};
use crate::tables::Include;
use crate::{convert, tables};
use http::Response;
use std::sync::Arc;
use value::{Value, json};

pub(super) async fn list(
    service: &Arc<Service>,
    call: &Call,
    target: &Target,
) -> Result<Response<Body>> {
    let form = call.accept.choose(Offers::Collection)?;
    let include = include(call, &form.1)?;
    let options = call.params.list()?;
    check_list_options(call)?;
    let listing = service.registry.list(target, &options).await?;
    check_view(&form.1, &target.kind, Answer::List)?;
    Ok(listed(service, target, &listing, &form, include))
}

pub(super) fn check_list_options(call: &Call) -> Result<()> {
    let params = &call.params;
    let mut errors = Vec::new();
    let how = params.text("resourceVersionMatch");
    let version = params.text("resourceVersion");
    let field = "resourceVersionMatch";
    if params
        .get("sendInitialEvents")
        .is_some_and(|v| !v.is_empty())
    {
        errors.push(FieldError::forbidden(
            "sendInitialEvents",
            "sendInitialEvents is forbidden for list",
        ));
    }
    if !how.is_empty() {
        if !params.text("continue").is_empty() {
            errors.push(FieldError::forbidden(
                field,
                "resourceVersionMatch is forbidden when continue is provided",
            ));
        }
        if version.is_empty() {
            errors.push(FieldError::forbidden(
                field,
                "resourceVersionMatch is forbidden unless resourceVersion is provided",
            ));
        }
        if how == "Exact" && version == "0" {
            errors.push(FieldError::forbidden(
                field,
                "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
            ));
        }
        if !matches!(how, "Exact" | "NotOlderThan") {
            errors.push(FieldError::not_supported(
                field,
                how,
                &["Exact", "NotOlderThan", ""],
            ));
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(Failure::invalid_named(
        "meta.k8s.io",
        "ListOptions",
        "",
        &errors,
    ))
}

pub(super) fn list_metadata(listing: &Listing) -> Value {
    let mut metadata = json!({"resourceVersion": listing.revision.to_string()});
    if let Some(token) = &listing.continue_token {
        metadata.set_at(&["continue"], token.as_str());
    }
    if let Some(remaining) = listing.remaining {
        metadata.set_at(&["remainingItemCount"], remaining);
    }
    metadata
}

/// Returns a list in the form that was chosen.
pub(super) fn listed(
    service: &Service,
    target: &Target,
    listing: &Listing,
    (format, view): &(Format, View),
    include: Include,
) -> Response<Body> {
    let kind = &target.kind;
    let mut metadata = list_metadata(listing);
    if kind.custom && *view == View::Whole && listing.continue_token.is_none() {
        metadata.set_at(&["continue"], "");
    }
    let values = || {
        listing
            .objects
            .iter()
            .map(|o| convert::from_storage(kind, &o.value))
    };
    match view {
        View::Table(version) => {
            let rows: Vec<Value> = values().collect();
            let mut table = tables::table(kind, version, &rows, include, service.registry.now());
            table.set_at(&["metadata"], metadata);
            respond::value(200, &table, *format)
        }
        View::Partial(version) | View::PartialList(version) => {
            let items: Vec<Value> = values().map(|v| tables::partial(version, &v)).collect();
            let items = if items.is_empty() {
                Value::Null
            } else {
                Value::Array(items)
            };
            let list = json!({
                "kind": "PartialObjectMetadataList", "apiVersion": format!("meta.k8s.io/{version}"),
                "metadata": metadata, "items": items,
            });
            respond::value(200, &list, *format)
        }
        _ if *format == Format::Json && !convert::converts(kind) => {
            respond::bytes(200, "application/json", list_json(kind, &metadata, listing))
        }
        _ => {
            let items: Vec<Value> = values().map(|v| list_item(kind, v)).collect();
            let list = json!({
                "kind": kind.list_kind(), "apiVersion": kind.api_version(),
                "metadata": metadata, "items": items,
            });
            respond::value(200, &list, *format)
        }
    }
}

/// Items of built-in kinds don't repeat their kind.
pub(super) fn list_item(kind: &Kind, mut value: Value) -> Value {
    if !kind.custom {
        value.remove_at(&["kind"]);
        value.remove_at(&["apiVersion"]);
    }
    value
}

/// Writes a list without copying its objects first.
pub(super) fn list_json(kind: &Kind, metadata: &Value, listing: &Listing) -> Vec<u8> {
    let mut out = Vec::with_capacity(256 + listing.objects.len() * 1_024);
    out.extend_from_slice(b"{\"apiVersion\":\"");
    out.extend_from_slice(kind.api_version().as_bytes());
    out.extend_from_slice(b"\",\"kind\":\"");
    out.extend_from_slice(kind.list_kind().as_bytes());
    out.extend_from_slice(b"\",\"metadata\":");
    out.extend_from_slice(&metadata.to_vec());
    out.extend_from_slice(b",\"items\":[");
    for (i, object) in listing.objects.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        if kind.custom {
            out.extend_from_slice(&object.json());
            continue;
        }
        out.push(b'{');
        let members = object
            .value
            .as_object()
            .into_iter()
            .flat_map(value::Object::iter);
        let members = members.filter(|(k, _)| !matches!(k.as_str(), "kind" | "apiVersion"));
        for (j, (name, member)) in members.enumerate() {
            if j > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&Value::from(name.as_str()).to_vec());
            out.push(b':');
            out.extend_from_slice(&member.to_vec());
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"]}\n");
    out
}

pub(super) fn start_watch(
    service: &Arc<Service>,
    call: &Call,
    target: &Target,
) -> Result<Response<Body>> {
    let kind = &target.kind;
    if !kind.can("watch") {
        let message = format!(
            "watch is not supported on resources of kind \"{}\"",
            kind.plural
        );
        return Err(Failure::new(405, "MethodNotAllowed", message)
            .with_details(crate::failure::names(kind, "", &kind.plural)));
    }
    let (_, view) = call.accept.choose(Offers::Collection)?;
    let include = include(call, &view)?;
    let list = call.params.list()?;
    let params = &call.params;
    let initial = match params.get("sendInitialEvents") {
        None | Some("") => None,
        Some(v) => Some(!matches!(v.to_lowercase().as_str(), "false" | "0")),
    };
    check_watch_options(call, initial)?;
    let bookmarks = params.flag("allowWatchBookmarks");
    let options = WatchOptions {
        labels: list.labels,
        fields: list.fields,
        resource_version: list.resource_version,
        send_initial_events: initial,
        bookmarks,
    };
    let timeout = params
        .number("timeoutSeconds")?
        .and_then(|t| u64::try_from(t).ok());
    let watcher = service.registry.watch(target, &options)?;
    let show = watching::Show {
        kind: Arc::clone(kind),
        view,
        include,
        bookmarks,
        timeout_seconds: timeout.filter(|t| *t > 0),
    };
    let registry = service.registry.clone();
    Ok(watching::answer(watcher, show, move || registry.now()))
}

pub(super) fn check_watch_options(call: &Call, initial: Option<bool>) -> Result<()> {
    let how = call.params.text("resourceVersionMatch");
    let field = "resourceVersionMatch";
    let mut errors = Vec::new();
    if initial.is_some() {
        if how != "NotOlderThan" {
            errors.push(FieldError::forbidden(
                field,
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            ));
        }
        if !matches!(how, "" | "NotOlderThan") {
            errors.push(FieldError::not_supported(field, how, &["NotOlderThan"]));
        }
    } else if !how.is_empty() {
        errors.push(FieldError::forbidden(
            field,
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ));
        if how != "NotOlderThan" {
            errors.push(FieldError::not_supported(field, how, &["NotOlderThan"]));
        }
    }
    if !call.params.text("continue").is_empty() {
        errors.push(FieldError::forbidden(
            field,
            "resourceVersionMatch is forbidden when continue is provided",
        ));
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(Failure::invalid_named(
        "meta.k8s.io",
        "ListOptions",
        "",
        &errors,
    ))
}
