//! Requests that delete.

use super::super::negotiate::Offers;
use super::super::{Body, Call, Service, body, respond};
use super::{include, listing, shown};
use crate::failure::{Failure, FieldError, Result};
use crate::registry::{DeleteOptions, Deleted, Propagation, Target, WriteOptions};
use http::Response;
use std::sync::Arc;
use value::{Value, json};

pub(super) async fn delete(
    service: &Arc<Service>,
    mut call: Call,
    target: &Target,
) -> Result<Response<Body>> {
    let form = call.accept.choose(Offers::Object)?;
    let include = include(&call, &form.1)?;
    let (options, warning) = delete_options(&mut call, target).await?;
    let deleted = match service.registry.delete(target, &options).await {
        Ok(deleted) => deleted,
        Err(failure) => {
            let mut response = respond::failure(&failure, &call.accept);
            respond::warn(&mut response, &warning);
            return Ok(response);
        }
    };
    let kind = &target.kind;
    let mut response = match &deleted {
        Deleted::Gone(object) if !kind.strategy.deletion_answers_object => {
            let mut details = crate::failure::names(kind, object.name(), &kind.plural);
            details.set_at(&["uid"], object.uid());
            let status = json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                "details": details,
            });
            // Only objects have rows and metadata to show.
            respond::value(200, &status, form.0)
        }
        _ => shown(service, 200, target, &deleted.object().value, form, include),
    };
    respond::warn(&mut response, &warning);
    Ok(response)
}

pub(super) async fn delete_collection(
    service: &Arc<Service>,
    mut call: Call,
    target: &Target,
) -> Result<Response<Body>> {
    let form = call.accept.choose(Offers::Collection)?;
    let include = include(&call, &form.1)?;
    let list = call.params.list()?;
    let (options, warning) = delete_options(&mut call, target).await?;
    let listing = service
        .registry
        .delete_collection(target, &list, &options)
        .await?;
    let mut response = listing::listed(service, target, &listing, &form, include);
    respond::warn(&mut response, &warning);
    Ok(response)
}

pub(super) async fn delete_options(
    call: &mut Call,
    target: &Target,
) -> Result<(DeleteOptions, Vec<String>)> {
    let media = body::media(&call.headers);
    let bytes = body::read(call.body.take()).await?;
    let value = if bytes.is_empty() {
        query_delete_options(call)?
    } else {
        body::parse_options(&bytes, media.ok_or_else(body::unsupported)?)?
    };
    let mut errors = Vec::new();
    let dry_run = value.array_at(&["dryRun"]);
    if dry_run.iter().any(|v| v.as_str() != Some("All")) {
        errors.push(FieldError::not_supported(
            "dryRun",
            Value::Array(dry_run.to_vec()),
            &["All"],
        ));
    }
    let orphan = value.at(&["orphanDependents"]).and_then(Value::as_bool);
    let policy = value.at(&["propagationPolicy"]).and_then(Value::as_str);
    let propagation = match policy {
        None => orphan.map(|o| {
            if o {
                Propagation::Orphan
            } else {
                Propagation::Background
            }
        }),
        Some(policy) if orphan.is_some() => {
            let why = "orphanDependents and deletionPropagation cannot be both set";
            errors.push(FieldError::invalid("propagationPolicy", policy, why));
            None
        }
        Some("Background") => Some(Propagation::Background),
        Some("Foreground") => Some(Propagation::Foreground),
        Some("Orphan") => Some(Propagation::Orphan),
        Some(other) => {
            let allowed = ["Foreground", "Background", "Orphan", "nil"];
            errors.push(FieldError::not_supported(
                "propagationPolicy",
                other,
                &allowed,
            ));
            None
        }
    };
    if !errors.is_empty() {
        return Err(Failure::invalid_named(
            "meta.k8s.io",
            "DeleteOptions",
            "",
            &errors,
        ));
    }
    let text = |name: &str| {
        let text = value.str_at(&["preconditions", name]);
        (!text.is_empty()).then(|| text.to_owned())
    };
    let jobs = (target.kind.group.as_str(), target.kind.kind.as_str()) == ("batch", "Job");
    let warning = if jobs && propagation.is_none() {
        vec![
            "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background \
             to remove them or set propagationPolicy=Orphan to suppress this warning"
                .to_owned(),
        ]
    } else {
        Vec::new()
    };
    let options = DeleteOptions {
        grace_period_seconds: value.i64_at(&["gracePeriodSeconds"]),
        propagation,
        uid: text("uid"),
        resource_version: text("resourceVersion"),
        write: WriteOptions {
            caller: call.caller.clone(),
            dry_run: !dry_run.is_empty(),
            ..WriteOptions::default()
        },
    };
    Ok((options, warning))
}

pub(super) fn query_delete_options(call: &Call) -> Result<Value> {
    let mut value = Value::object();
    if let Some(grace) = call.params.number("gracePeriodSeconds")? {
        value.set_at(&["gracePeriodSeconds"], grace);
    }
    if let Some(policy) = call.params.get("propagationPolicy") {
        value.set_at(&["propagationPolicy"], policy);
    }
    if call.params.get("orphanDependents").is_some() {
        value.set_at(&["orphanDependents"], call.params.flag("orphanDependents"));
    }
    let dry_run: Vec<&str> = call.params.all("dryRun");
    if !dry_run.is_empty() {
        value.set_at(&["dryRun"], dry_run);
    }
    Ok(value)
}
