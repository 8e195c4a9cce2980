//! Kinds that are questions, not objects, and subresources that are deeds.

use std::sync::Arc;

use http::{Method, Response};
use value::{Value, json};

use super::negotiate::Offers;
use super::{Body, Call, Service, body, respond};
use crate::clock;
use crate::failure::{Failure, Result};
use crate::registry::{DeleteOptions, Target, WriteOptions};

async fn read(call: &mut Call) -> Result<Value> {
    let media = body::media(&call.headers).ok_or_else(body::unsupported)?;
    let bytes = body::read(call.body.take()).await?;
    Ok(body::parse(&bytes, media, "object")?.value)
}

/// Answers a question.
pub(super) async fn answer(
    service: &Arc<Service>,
    mut call: Call,
    target: &Target,
) -> Result<Response<Body>> {
    if call.method != Method::POST || !target.name.is_empty() {
        return Err(Failure::method_not_allowed());
    }
    let (format, _) = call.accept.choose(Offers::Object)?;
    let question = read(&mut call).await?;
    let kind = &target.kind;
    let spec = question
        .at(&["spec"])
        .cloned()
        .unwrap_or_else(Value::object);
    let mut answer = json!({
        "kind": kind.kind.as_str(), "apiVersion": kind.api_version(), "metadata": {},
        "spec": spec.clone(),
    });
    let who = |call: &Call| json!({"username": call.caller.user.as_str(), "groups": call.caller.groups.clone()});
    match kind.kind.as_str() {
        "SelfSubjectReview" => {
            answer.remove_at(&["spec"]);
            answer.set_at(
                &["metadata", "creationTimestamp"],
                clock::seconds(service.registry.now()),
            );
            answer.set_at(&["status", "userInfo"], who(&call));
        }
        "TokenReview" => {
            let status = match service.tokens.user(spec.str_at(&["token"])) {
                Some((user, groups)) => json!({
                    "authenticated": true,
                    "user": {"username": user.as_str(), "groups": groups.clone()},
                    "audiences": ["https://kubernetes.default.svc"],
                }),
                None => json!({"user": {}, "error": "[invalid bearer token, token lookup failed]"}),
            };
            answer.set_at(&["status"], status);
        }
        "SelfSubjectAccessReview" | "SubjectAccessReview" | "LocalSubjectAccessReview" => {
            answer.set_at(&["status"], json!({"allowed": true}));
        }
        "SelfSubjectRulesReview" => {
            answer.set_at(
                &["status"],
                json!({
                    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
                    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
                    "incomplete": false,
                }),
            );
        }
        "Binding" => {
            let name = question.str_at(&["metadata", "name"]).to_owned();
            let pods = service.registry.kind("", "v1", "pods")?;
            let pod = Target::object(&pods, &target.namespace, &name).sub("binding");
            return bind_to(service, &call, &pod, &question).await;
        }
        _ => return Err(Failure::method_not_allowed()),
    }
    Ok(respond::value(201, &answer, format))
}

fn options(call: &Call) -> Result<WriteOptions> {
    Ok(WriteOptions {
        caller: call.caller.clone(),
        ..call.params.write("CreateOptions")?
    })
}

fn success() -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})
}

/// Puts a pod on a node.
pub(super) async fn bind(
    service: &Arc<Service>,
    mut call: Call,
    target: &Target,
) -> Result<Response<Body>> {
    let question = read(&mut call).await?;
    if question.str_at(&["metadata", "name"]) != target.name {
        return Err(Failure::bad_request(
            "name in URL does not match name in Binding object",
        ));
    }
    bind_to(service, &call, target, &question).await
}

async fn bind_to(
    service: &Arc<Service>,
    call: &Call,
    target: &Target,
    question: &Value,
) -> Result<Response<Body>> {
    let (format, _) = call.accept.choose(Offers::Object)?;
    let node = question.str_at(&["target", "name"]).to_owned();
    let annotations = question
        .at(&["metadata", "annotations"])
        .cloned()
        .unwrap_or_default();
    let now = clock::seconds(service.registry.now());
    service
        .registry
        .modify(target, &options(call)?, |pod| {
            let bound = pod.str_at(&["spec", "nodeName"]);
            if !bound.is_empty() {
                let why = format!(
                    "pod {} is already assigned to node \"{bound}\"",
                    target.name
                );
                let message = format!(
                    "Operation cannot be fulfilled on pods/binding \"{}\": {why}",
                    target.name
                );
                return Err(Failure::new(409, "Conflict", message)
                    .with_details(json!({"name": target.name.as_str(), "kind": "pods/binding"})));
            }
            for (name, value) in annotations.as_object().into_iter().flatten() {
                pod.set_at(&["metadata", "annotations", name.as_str()], value.clone());
            }
            pod.set_at(&["spec", "nodeName"], node.as_str());
            let mut conditions = pod.array_at(&["status", "conditions"]).to_vec();
            conditions.retain(|c| c.str_at(&["type"]) != "PodScheduled");
            conditions.push(json!({
                "type": "PodScheduled", "status": "True", "lastProbeTime": null,
                "lastTransitionTime": now.as_str(),
            }));
            pod.set_at(&["status", "conditions"], Value::Array(conditions));
            Ok(())
        })
        .await?;
    Ok(respond::value(201, &success(), format))
}

/// Deletes a pod, if no disruption budget forbids it.
pub(super) async fn evict(
    service: &Arc<Service>,
    mut call: Call,
    target: &Target,
) -> Result<Response<Body>> {
    let (format, _) = call.accept.choose(Offers::Object)?;
    let question = read(&mut call).await?;
    let write = options(&call)?;
    if question.str_at(&["metadata", "name"]) != target.name {
        return Err(Failure::bad_request(
            "name in URL does not match name in Eviction object",
        ));
    }
    let pod = Target::object(&target.kind, &target.namespace, &target.name);
    let options = DeleteOptions {
        grace_period_seconds: question.i64_at(&["deleteOptions", "gracePeriodSeconds"]),
        write,
        ..DeleteOptions::default()
    };
    service.registry.evict(&pod, &options).await?;
    Ok(respond::value(201, &success(), format))
}

/// Issues a token for a service account.
pub(super) async fn token(
    service: &Arc<Service>,
    mut call: Call,
    target: &Target,
) -> Result<Response<Body>> {
    let (format, _) = call.accept.choose(Offers::Object)?;
    let question = read(&mut call).await?;
    let account = Target::object(&target.kind, &target.namespace, &target.name);
    service.registry.get(&account).await?;
    let seconds = question
        .i64_at(&["spec", "expirationSeconds"])
        .unwrap_or(3_600);
    let until = service.registry.now();
    let until = until
        .checked_add(jiff::SignedDuration::from_secs(seconds))
        .unwrap_or(until);
    // Nothing runs here that could use one; the token says what it is and opens nothing.
    let answer = json!({
        "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
        "metadata": {
            "name": target.name.as_str(), "namespace": target.namespace.as_str(),
            "creationTimestamp": clock::seconds(service.registry.now()),
        },
        "spec": {
            "audiences": ["https://kubernetes.default.svc"], "expirationSeconds": seconds,
            "boundObjectRef": null,
        },
        "status": {"token": "simulated", "expirationTimestamp": clock::seconds(until)},
    });
    Ok(respond::value(201, &answer, format))
}
