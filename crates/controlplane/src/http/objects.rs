//! Requests for objects and collections.

mod deleting;
mod listing;

use std::sync::Arc;

use http::{Method, Response};
use value::Value;

use super::negotiate::{Format, Offers, View};
use super::{Body, Call, Service, body, path, respond, reviews};
use crate::convert;
use crate::failure::{Failure, FieldError, Result};
use crate::kinds::Kind;
use crate::registry::{PatchType, Target, WriteOptions, Written};
use crate::tables::{self, Include};

/// Answers a request below a group and version.
pub(super) async fn answer(
    service: &Arc<Service>,
    call: Call,
    group: &str,
    version: &str,
    segments: &[String],
) -> Result<Response<Body>> {
    let plural = path::named(segments).plural.to_owned();
    let accept = call.accept.clone();
    let answer = dispatch(service, call, group, version, segments).await;
    let kind = service.registry.kinds().get(group, version, &plural);
    let Some(warning) = kind.as_deref().and_then(crate::warnings::of_kind) else {
        return answer;
    };
    let warning = warning.to_owned();
    let mut response = answer.unwrap_or_else(|failure| respond::failure(&failure, &accept));
    respond::warn(&mut response, &[warning]);
    Ok(response)
}

async fn dispatch(
    service: &Arc<Service>,
    call: Call,
    group: &str,
    version: &str,
    segments: &[String],
) -> Result<Response<Body>> {
    let named = path::named(segments);
    let kinds = service.registry.kinds();
    let Some(kind) = kinds.get(group, version, named.plural) else {
        let known = kinds.all();
        let builtin = known
            .iter()
            .any(|k| k.group == group && k.definition.is_none());
        return Err(if builtin {
            Failure::no_resource()
        } else {
            Failure::no_page()
        });
    };
    if named.too_long {
        return Err(Failure::no_resource());
    }
    if !kind.namespaced() && !named.namespace.is_empty() {
        return Err(match &kind.definition {
            Some(_) => Failure::no_page(),
            None => Failure::no_resource(),
        });
    }
    let target = Target {
        kind: Arc::clone(&kind),
        namespace: named.namespace.to_owned(),
        name: named.name.to_owned(),
        subresource: named.subresource.to_owned(),
    };
    let watch = named.watch || call.params.flag("watch");
    if !target.subresource.is_empty() {
        return subresource(service, call, target).await;
    }
    if kind.verbs == "create" {
        return reviews::answer(service, call, &target).await;
    }
    // An object of a namespace has no path without one.
    let homeless = kind.namespaced() && target.namespace.is_empty();
    if homeless && !target.name.is_empty() {
        return Err(Failure::no_resource());
    }
    match (call.method.clone(), target.name.is_empty()) {
        (Method::GET, true) if watch => listing::start_watch(service, &call, &target),
        (Method::GET, false) if named.watch => listing::start_watch(service, &call, &target),
        (Method::GET, true) => listing::list(service, &call, &target).await,
        (Method::GET, false) => get(service, &call, &target).await,
        (Method::POST, true) if kind.can("create") && !homeless => {
            create(service, call, &target).await
        }
        (Method::PUT, false) if kind.can("update") => update(service, call, &target).await,
        (Method::PATCH, false) if kind.can("patch") => patch(service, call, &target).await,
        (Method::DELETE, false) if kind.can("delete") => {
            deleting::delete(service, call, &target).await
        }
        (Method::DELETE, true) if kind.can("deletecollection") && !homeless => {
            deleting::delete_collection(service, call, &target).await
        }
        _ => Err(Failure::method_not_allowed()),
    }
}

async fn subresource(service: &Arc<Service>, call: Call, target: Target) -> Result<Response<Body>> {
    let Some(sub) = target.kind.subresource(&target.subresource) else {
        return Err(Failure::no_resource());
    };
    let verb = match call.method {
        Method::GET => "get",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::POST => "create",
        Method::DELETE => "delete",
        _ => "",
    };
    if !sub.verbs.split(' ').any(|v| v == verb) {
        if target.kind.definition.is_some() {
            return Err(Failure::not_supported(&target.kind, verb));
        }
        return Err(Failure::method_not_allowed());
    }
    match (target.subresource.as_str(), verb) {
        ("log", _) => {
            call.accept.choose(Offers::NoTable)?;
            log(service, &target).await
        }
        ("eviction", _) => reviews::evict(service, call, &target).await,
        ("binding", _) => reviews::bind(service, call, &target).await,
        ("token", _) => reviews::token(service, call, &target).await,
        ("attach" | "exec" | "portforward" | "proxy", _) => Err(Failure::new(
            501,
            "NotImplemented",
            "the embedded control plane runs no containers to connect to",
        )),
        (_, "get") => get(service, &call, &target).await,
        ("finalize", "update") => {
            call.accept.choose(Offers::NoTable)?;
            update(service, call, &target).await
        }
        (_, "update") => update(service, call, &target).await,
        (_, "patch") => patch(service, call, &target).await,
        _ => Err(Failure::method_not_allowed()),
    }
}

/// Logs are those that the simulation writes into an annotation.
async fn log(service: &Arc<Service>, target: &Target) -> Result<Response<Body>> {
    let pod = service.registry.get(target).await?;
    let name = pod.name().to_owned();
    let image = pod
        .value
        .array_at(&["spec", "containers"])
        .first()
        .map(|c| c.str_at(&["image"]).to_owned());
    let text = format!(
        "simulated container of pod {name}, image {}\n",
        image.unwrap_or_default()
    );
    Ok(respond::text(200, text))
}

async fn get(service: &Arc<Service>, call: &Call, target: &Target) -> Result<Response<Body>> {
    let (format, view) = call.accept.choose(Offers::Object)?;
    let include = include(call, &view)?;
    let asked = call.params.text("resourceVersion");
    if !asked.is_empty() && asked != "0" {
        let wanted: u64 = asked.parse().map_err(|_| {
            let quoted = crate::failure::go_quote(asked);
            Failure::unexplained(format!(
                "resourceVersion: Invalid value: {quoted}: strconv.ParseUint: parsing {quoted}: invalid syntax"
            ))
        })?;
        let now = service.registry.revision();
        if wanted > now {
            return Err(crate::registry::too_large(wanted, now));
        }
    }
    let object = service.registry.get(target).await?;
    check_view(&view, &target.kind, Answer::Object)?;
    if view == View::Whole
        && format == Format::Json
        && target.subresource != "scale"
        && !convert::converts(&target.kind)
    {
        return Ok(respond::bytes(200, "application/json", object.json()));
    }
    Ok(shown(
        service,
        200,
        target,
        &object.value,
        (format, view),
        include,
    ))
}

/// Returns an object in the form that was chosen.
fn shown(
    service: &Service,
    code: u16,
    target: &Target,
    stored: &Value,
    (format, view): (Format, View),
    include: Include,
) -> Response<Body> {
    let kind = &target.kind;
    let value = convert::from_storage(kind, stored);
    let value = if target.subresource == "scale" {
        match service.registry.scale_of(target, &value) {
            Ok(scale) => scale,
            Err(failure) => return respond::value(failure.code, &failure.status(), format),
        }
    } else {
        value
    };
    let value = match &view {
        View::Table(version) => {
            let rows = std::slice::from_ref(&value);
            let scale = target.subresource == "scale";
            let mut table = if scale {
                tables::scale(version, rows, include, service.registry.now())
            } else {
                tables::table(kind, version, rows, include, service.registry.now())
            };
            if let Some(revision) = value.at(&["metadata", "resourceVersion"]) {
                table.set_at(&["metadata", "resourceVersion"], revision.clone());
            }
            table
        }
        View::Partial(version) | View::PartialList(version) => tables::partial(version, &value),
        _ => value,
    };
    respond::value(code, &value, format)
}

/// Refuses the metadata of a list as those of an object, and the other way round.
fn check_view(view: &View, kind: &Kind, answer: Answer) -> Result<()> {
    let (wanted, is) = match (view, answer) {
        (View::Partial(_), Answer::List) => ("PartialObjectMetadata", "a list"),
        (View::PartialList(_), Answer::Object) => ("PartialObjectMetadataList", "not a list"),
        _ => return Ok(()),
    };
    let list = if answer == Answer::List { "List" } else { "" };
    let package = match kind.storage_group.split('.').next() {
        _ if kind.custom => "unstructured",
        Some("") | None => "core",
        Some(package) => package,
    };
    let name = if kind.custom {
        "Unstructured"
    } else {
        &kind.kind
    };
    let message = format!(
        "you requested {wanted}, but the requested object is {is} (*{package}.{name}{list})"
    );
    Err(Failure::new(406, "NotAcceptable", message))
}

/// What is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Object,
    List,
}

fn include(call: &Call, view: &View) -> Result<Include> {
    if !matches!(view, View::Table(_)) {
        return Ok(Include::Metadata);
    }
    match call.params.text("includeObject") {
        "" | "Metadata" => Ok(Include::Metadata),
        "None" => Ok(Include::None),
        "Object" => Ok(Include::Object),
        other => Err(Failure::bad_request(format!(
            "Unable to convert to Table as requested: includeObject: Invalid value: {}: \
             must be 'Metadata', 'Object', 'None', or empty",
            crate::failure::go_quote(other)
        ))),
    }
}

fn written(
    service: &Service,
    target: &Target,
    written: &Written,
    form: (Format, View),
    include: Include,
) -> Response<Body> {
    let code = if written.created { 201 } else { 200 };
    let mut response = if form == (Format::Json, View::Whole)
        && target.subresource != "scale"
        && !convert::converts(&target.kind)
    {
        respond::bytes(code, "application/json", written.object.json())
    } else {
        shown(service, code, target, &written.object.value, form, include)
    };
    respond::warn(&mut response, &written.warnings);
    response
}

async fn create(service: &Arc<Service>, mut call: Call, target: &Target) -> Result<Response<Body>> {
    let form = call.accept.choose(Offers::Object)?;
    let include = include(&call, &form.1)?;
    let mut options = write_options(&call, "CreateOptions")?;
    let body = object_body(&mut call, &target.kind).await?;
    options.repeated = body.warnings;
    let done = service
        .registry
        .create(target, body.value, &options)
        .await?;
    Ok(written(service, target, &done, form, include))
}

async fn update(service: &Arc<Service>, mut call: Call, target: &Target) -> Result<Response<Body>> {
    let form = call.accept.choose(Offers::Object)?;
    let include = include(&call, &form.1)?;
    let mut options = write_options(&call, "UpdateOptions")?;
    let body = if target.subresource == "scale" {
        scale_body(&mut call).await?
    } else {
        object_body(&mut call, &target.kind).await?
    };
    options.repeated = body.warnings;
    let done = service
        .registry
        .update(target, body.value, &options)
        .await?;
    Ok(written(service, target, &done, form, include))
}

async fn patch(service: &Arc<Service>, mut call: Call, target: &Target) -> Result<Response<Body>> {
    let form = call.accept.choose(Offers::Object)?;
    let include = include(&call, &form.1)?;
    let media = content_type(&call);
    let custom = target.kind.custom;
    let patch_type = match media.as_str() {
        "application/json-patch+json" => PatchType::Json,
        "application/merge-patch+json" => PatchType::Merge,
        "application/strategic-merge-patch+json" if !custom => PatchType::Strategic,
        "application/apply-patch+yaml" => PatchType::Apply,
        _ if custom => {
            return Err(Failure::new(
                415,
                "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types include: \
                 application/json-patch+json, application/merge-patch+json, \
                 application/apply-patch+yaml",
            ));
        }
        _ => {
            return Err(
                Failure::new(415, "UnsupportedMediaType", "415: Unsupported Media Type")
                    .with_details(Value::object()),
            );
        }
    };
    let mut options = write_options(&call, "PatchOptions")?;
    let mut errors = Vec::new();
    if patch_type == PatchType::Apply {
        if options.manager.is_empty() {
            errors.push(FieldError::required(
                "fieldManager",
                "is required for apply patch",
            ));
        }
    } else if call.params.get("force").is_some() {
        errors.push(FieldError::forbidden(
            "force",
            "may not be specified for non-apply patch",
        ));
    }
    if !errors.is_empty() {
        return Err(Failure::invalid_named(
            "meta.k8s.io",
            "PatchOptions",
            "",
            &errors,
        ));
    }
    let bytes = body::read(call.body.take()).await?;
    let (value, warnings) = match patch_type {
        PatchType::Apply => {
            let parsed = body::parse_apply(&bytes, options.field_validation)?;
            (parsed.value, parsed.warnings)
        }
        _ => {
            let patch = body::parse_patch(&bytes)?;
            if patch_type != PatchType::Json {
                options.repeated = body::repeated(&bytes);
            }
            (patch, Vec::new())
        }
    };
    let mut done = service
        .registry
        .patch(target, patch_type, &value, &options)
        .await?;
    done.warnings.splice(0..0, warnings);
    Ok(written(service, target, &done, form, include))
}

fn content_type(call: &Call) -> String {
    let header = call
        .headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok());
    header
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn write_options(call: &Call, name: &'static str) -> Result<WriteOptions> {
    let options = call.params.write(name)?;
    Ok(WriteOptions {
        caller: call.caller.clone(),
        ..options
    })
}

/// Reads an object of `kind`.
async fn object_body(call: &mut Call, kind: &Kind) -> Result<body::Parsed> {
    let media = body::media(&call.headers).ok_or_else(body::unsupported)?;
    let bytes = body::read(call.body.take()).await?;
    let parsed = body::parse(&bytes, media, &kind.kind)?;
    body::check_kind(&bytes, &parsed.value, kind)?;
    Ok(parsed)
}

async fn scale_body(call: &mut Call) -> Result<body::Parsed> {
    let media = body::media(&call.headers).ok_or_else(body::unsupported)?;
    let bytes = body::read(call.body.take()).await?;
    let parsed = body::parse(&bytes, media, "Scale")?;
    body::check_named(&parsed.value, "autoscaling", "v1", "Scale")?;
    Ok(parsed)
}
