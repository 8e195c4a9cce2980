//! OpenAPI documents, as small as clients can work with: every kind is an object of any fields.
//!
//! `kubectl` looks here whether a kind is known and whether its requests may be validated by the
//! server (`fieldValidation` among the parameters says that they are).

mod protobuf;

use http::header::ACCEPT;
use http::{Method, Response};
use value::{Object, Value, json};

use super::{Body, Call, Service, respond};
use crate::failure::{Failure, Result};
use crate::kinds::Kind;

const PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

/// The same as clients can parse it: `@` is none of the characters of a media type.
const PROTOBUF_ANSWER: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

fn wants_protobuf(call: &Call) -> bool {
    let accepted = call.headers.get_all(ACCEPT).iter();
    accepted
        .filter_map(|v| v.to_str().ok())
        .any(|v| [PROTOBUF, PROTOBUF_ANSWER].iter().any(|p| v.contains(p)))
}

pub(super) fn answer(service: &Service, call: &Call, rest: &[&str]) -> Result<Response<Body>> {
    if call.method != Method::GET {
        return Err(Failure::method_not_allowed());
    }
    match rest {
        ["v2"] if wants_protobuf(call) => {
            let kinds = service.registry.kinds().all();
            Ok(respond::bytes(
                200,
                PROTOBUF_ANSWER,
                protobuf::document(&kinds),
            ))
        }
        ["v2"] => Ok(json_answer(&version_2(service))),
        ["v3"] | ["v3", ""] => Ok(json_answer(&index(service))),
        ["v3", "api", "v1"] => Ok(json_answer(&version_3(service, "", "v1"))),
        ["v3", "apis", group, version] => {
            let known = service.registry.kinds().all();
            if !known
                .iter()
                .any(|k| k.group == *group && k.version == *version)
            {
                return Ok(respond::text(404, ""));
            }
            Ok(json_answer(&version_3(service, group, version)))
        }
        _ => Ok(respond::text(404, "")),
    }
}

fn json_answer(document: &Value) -> Response<Body> {
    respond::bytes(200, "application/json", document.to_vec())
}

fn base(group: &str, version: &str) -> String {
    if group.is_empty() {
        format!("api/{version}")
    } else {
        format!("apis/{group}/{version}")
    }
}

fn index(service: &Service) -> Value {
    let mut paths = Object::new();
    for kind in service.registry.kinds().all() {
        let path = base(&kind.group, &kind.version);
        let url = format!("/openapi/v3/{path}?hash=1");
        paths.insert(path, json!({"serverRelativeURL": url}));
    }
    json!({"paths": paths})
}

fn name(kind: &Kind) -> String {
    let group = if kind.group.is_empty() {
        "core"
    } else {
        &kind.group
    };
    let reversed: Vec<&str> = group.split('.').rev().collect();
    format!(
        "windlass.{}.{}.{}",
        reversed.join("."),
        kind.version,
        kind.kind
    )
}

fn group_version_kind(kind: &Kind) -> Value {
    json!({
        "group": kind.group.as_str(), "version": kind.version.as_str(), "kind": kind.kind.as_str()
    })
}

fn schema(kind: &Kind) -> Value {
    json!({
        "type": "object", "x-kubernetes-preserve-unknown-fields": true,
        "x-kubernetes-group-version-kind": [group_version_kind(kind)],
        "properties": {
            "apiVersion": {"type": "string"}, "kind": {"type": "string"},
            "metadata": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        },
    })
}

/// Returns the path of a kind's objects and the parameters that it names.
fn path(kind: &Kind) -> String {
    let base = base(&kind.group, &kind.version);
    let namespace = if kind.namespaced() {
        "namespaces/{namespace}/"
    } else {
        ""
    };
    format!("/{base}/{namespace}{}/{{name}}", kind.plural)
}

fn version_3(service: &Service, group: &str, version: &str) -> Value {
    let mut schemas = Object::new();
    let mut paths = Object::new();
    let kinds = service.registry.kinds().all();
    for kind in kinds
        .iter()
        .filter(|k| k.group == group && k.version == version)
    {
        let name = name(kind);
        let reference = json!({"$ref": format!("#/components/schemas/{name}")});
        schemas.insert(name, schema(kind));
        let mut content = Object::new();
        content.insert("application/json", json!({"schema": reference}));
        let query = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string"}});
        let operation = |action: &str| {
            json!({
                "x-kubernetes-action": action,
                "x-kubernetes-group-version-kind": group_version_kind(kind),
                "parameters": [query("dryRun"), query("fieldManager"), query("fieldValidation")],
                "responses": {"200": {"description": "OK", "content": content.clone()}},
            })
        };
        let item = json!({
            "get": operation("get"), "put": operation("put"), "patch": operation("patch"),
        });
        paths.insert(path(kind), item);
    }
    json!({
        "openapi": "3.0.0", "info": {"title": "Windlass", "version": "v1.36.3"},
        "paths": paths, "components": {"schemas": schemas},
    })
}

fn version_2(service: &Service) -> Value {
    let mut definitions = Object::new();
    let mut paths = Object::new();
    for kind in service.registry.kinds().all() {
        let name = name(&kind);
        let reference = json!({"$ref": format!("#/definitions/{name}")});
        definitions.insert(name, schema(&kind));
        let query = |name: &str| json!({"name": name, "in": "query", "type": "string"});
        let operation = |action: &str| {
            json!({
                "x-kubernetes-action": action,
                "x-kubernetes-group-version-kind": group_version_kind(&kind),
                "parameters": [query("dryRun"), query("fieldManager"), query("fieldValidation")],
                "responses": {"200": {"description": "OK", "schema": reference.clone()}},
            })
        };
        let item = json!({
            "get": operation("get"), "put": operation("put"), "patch": operation("patch"),
        });
        paths.insert(path(&kind), item);
    }
    json!({
        "swagger": "2.0", "info": {"title": "Windlass", "version": "v1.36.3"},
        "paths": paths, "definitions": definitions,
    })
}
