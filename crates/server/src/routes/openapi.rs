//! The OpenAPI document, made of the table.

use super::{Access, ROUTES, Route, schemas};
use crate::access::Desk;
use crate::call::{Answer, Call};
use crate::refusal::Refusal;
use http::Method;
use std::sync::Arc;
use value::{Value, json};

/// `GET /api/v1/openapi.json`
pub(super) async fn get(_desk: Arc<Desk>, _call: Call) -> Result<Answer, Refusal> {
    Ok(document().into())
}

/// Returns the OpenAPI document of the API.
#[must_use]
pub fn document() -> Value {
    let mut paths = Value::object();
    for route in ROUTES {
        let path = route.path.replace("...}", "}");
        let method = route.method.as_str().to_lowercase();
        paths.set_at(&[&path, &method], operation(route));
    }
    let mut schemas = schemas::components();
    schemas.set_at(&["Error"], error());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Windlass",
            "version": "v1",
            "description": "Applications, what happens to them, and what people ask of them. \
                            Paths that Argo CD has are in its shapes.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": crate::auth::COOKIE},
            },
            "schemas": schemas,
        },
    })
}

fn error() -> Value {
    json!({
        "type": "object",
        "required": ["error", "code", "message"],
        "properties": {
            "error": {"type": "string"},
            "message": {"type": "string"},
            "code": {"type": "integer", "description": "as gRPC numbers it"},
            "hint": {"type": "string", "description": "what to do next"},
        },
    })
}

fn operation(route: &Route) -> Value {
    let names = route.path.split('/').filter(|part| part.starts_with('{'));
    let in_path = names.map(|part| {
        let name = part.trim_matches(['{', '}']).trim_end_matches("...");
        json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
    });
    let in_query = route
        .query
        .split_whitespace()
        .map(|name| json!({"name": name, "in": "query", "schema": {"type": "string"}}));
    let parameters: Vec<Value> = in_path.chain(in_query).collect();
    let mut it = json!({
        "summary": route.summary,
        "operationId": operation_id(route),
        "tags": [tag(route.path)],
        "responses": {
            "200": {"description": "The answer.", "content": content(route)},
            "default": {
                "description": "A refusal.",
                "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Error"},
                }},
            },
        },
    });
    if !parameters.is_empty() {
        it.set_at(&["parameters"], parameters);
    }
    if matches!(route.method, Method::POST | Method::PUT | Method::PATCH) {
        let body = json!({"content": {"application/json": {"schema": {}}}});
        it.set_at(&["requestBody"], body);
    }
    if route.access == Access::Known {
        it.set_at(&["security"], json!([{"token": []}, {"session": []}]));
    }
    it
}

fn content(route: &Route) -> Value {
    let kind = match route.path {
        "/api/v1/stream" => "text/event-stream",
        "/healthz" => "text/plain",
        "/api/badge" => "image/svg+xml",
        _ => "application/json",
    };
    let mut content = Value::object();
    let schema = schemas::of_answer(route.method.as_str(), route.path);
    content.set_at(&[kind, "schema"], schema);
    content
}

fn tag(path: &str) -> &str {
    let path = path.strip_prefix("/api/v1/").unwrap_or(path);
    path.trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default()
}

/// Returns a name like `postApplicationsSync`.
fn operation_id(route: &Route) -> String {
    let mut id = route.method.as_str().to_lowercase();
    let path = route.path.strip_prefix("/api").unwrap_or(route.path);
    for part in path
        .split(['/', '.', '-', '{', '}'])
        .filter(|p| !p.is_empty() && *p != "v1")
    {
        let mut letters = part.chars();
        id.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        id.push_str(letters.as_str());
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let ids: BTreeSet<String> = ROUTES.iter().map(operation_id).collect();
        assert_eq!(ids.len(), ROUTES.len());
    }
}
