//! What the server can do, as documents made from the table of kinds.

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Response};
use value::{Object, Value, json};

use super::negotiate::{Format, Offers, View};
use super::{Body, Call, Service, respond};
use crate::failure::{Failure, Result};
use crate::kinds::{Kind, api_version};

/// The version of Kubernetes that the server answers as.
const GIT_VERSION: &str = concat!("v1.36.3+windlass.", env!("CARGO_PKG_VERSION"));

fn only_get(call: &Call) -> Result<()> {
    if call.method == Method::GET {
        Ok(())
    } else {
        Err(Failure::method_not_allowed())
    }
}

pub(super) fn version(call: &Call) -> Result<Response<Body>> {
    only_get(call)?;
    let (format, _) = call.accept.choose(Offers::Json)?;
    let version = json!({
        "major": "1", "minor": "36", "gitVersion": GIT_VERSION, "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z", "goVersion": "none", "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    });
    Ok(respond::value(200, &version, format))
}

pub(super) fn health(call: &Call, segments: &[&str]) -> Result<Response<Body>> {
    only_get(call)?;
    match segments {
        [check] if call.params.get("verbose").is_some() => Ok(respond::text(
            200,
            format!("[+]ping ok\n{check} check passed\n"),
        )),
        [_] | [_, "ping"] => Ok(respond::text(200, "ok")),
        _ => Err(Failure::no_page()),
    }
}

pub(super) fn core(service: &Service, call: &Call) -> Result<Response<Body>> {
    only_get(call)?;
    let (format, view) = call.accept.choose(Offers::Discovery)?;
    if let View::Discovery(version) = view {
        return Ok(aggregated_answer(service, &version, Groups::Core, format));
    }
    let answer = json!({
        "kind": "APIVersions", "versions": ["v1"],
        "serverAddressByClientCIDRs": [
            {"clientCIDR": "0.0.0.0/0", "serverAddress": service.address.as_str()}
        ],
    });
    Ok(respond::value(200, &answer, format))
}

pub(super) fn groups(service: &Service, call: &Call) -> Result<Response<Body>> {
    only_get(call)?;
    let (format, view) = call.accept.choose(Offers::Discovery)?;
    if let View::Discovery(version) = view {
        return Ok(aggregated_answer(service, &version, Groups::Named, format));
    }
    let groups: Vec<Value> = group_names(service)
        .iter()
        .filter_map(|name| group_value(service, name))
        .collect();
    let answer = json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups});
    Ok(respond::value(200, &answer, format))
}

pub(super) fn group(service: &Service, call: &Call, name: &str) -> Result<Response<Body>> {
    let Some(group) = group_value(service, name) else {
        return Err(Failure::no_page());
    };
    only_get(call)?;
    let (format, _) = call.accept.choose(Offers::Object)?;
    let mut answer = json!({"kind": "APIGroup", "apiVersion": "v1"});
    answer.merge_patch(&group);
    Ok(respond::value(200, &answer, format))
}

/// Returns the named groups in the order of their priority.
fn group_names(service: &Service) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for kind in service.registry.kinds().all() {
        if !kind.group.is_empty() && !names.contains(&kind.group) {
            names.push(kind.group.clone());
        }
    }
    names
}

fn versions(service: &Service, group: &str) -> Vec<String> {
    let mut versions: Vec<String> = Vec::new();
    for kind in service.registry.kinds().all() {
        if kind.group == group && !versions.contains(&kind.version) {
            versions.push(kind.version.clone());
        }
    }
    versions
}

fn group_value(service: &Service, name: &str) -> Option<Value> {
    let versions: Vec<Value> = versions(service, name)
        .iter()
        .map(|v| json!({"groupVersion": api_version(name, v), "version": v.as_str()}))
        .collect();
    let preferred = versions.first()?.clone();
    Some(json!({"name": name, "versions": versions, "preferredVersion": preferred}))
}

pub(super) fn resources(
    service: &Service,
    call: &Call,
    group: &str,
    version: &str,
) -> Result<Response<Body>> {
    let kinds: Vec<Arc<Kind>> = service.registry.kinds().all();
    if !kinds.iter().any(|k| k.group == group) {
        return Err(Failure::no_page());
    }
    let mut resources: Vec<Value> = Vec::new();
    for kind in kinds
        .iter()
        .filter(|k| k.group == group && k.version == version)
    {
        resources.push(resource(kind));
        resources.extend(kind.subresources.iter().map(|s| subresource(kind, s)));
    }
    if resources.is_empty() {
        let builtin = |k: &Arc<Kind>| k.group == group && k.definition.is_none();
        return Err(if kinds.iter().any(builtin) {
            Failure::no_resource()
        } else {
            Failure::no_page()
        });
    }
    only_get(call)?;
    let (format, _) = call.accept.choose(Offers::Object)?;
    // Subresources of custom resources stand where their definition has them.
    let custom = |r: &Value| {
        let name = r
            .str_at(&["name"])
            .split('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        let of = service.registry.kinds().get(group, version, &name);
        (of.is_none_or(|k| k.definition.is_none()))
            .then(|| r.str_at(&["name"]).to_owned())
            .or(Some(name))
    };
    resources.sort_by_key(custom);
    let mut answer = json!({
        "kind": "APIResourceList", "groupVersion": api_version(group, version),
        "resources": resources,
    });
    if !group.is_empty() {
        answer.set_at(&["apiVersion"], "v1");
    }
    Ok(respond::value(200, &answer, format))
}

fn words(text: &str) -> Value {
    text.split(' ').collect()
}

fn resource(kind: &Kind) -> Value {
    let mut resource = json!({
        "name": kind.plural.as_str(), "singularName": kind.singular.as_str(),
        "namespaced": kind.namespaced(), "kind": kind.kind.as_str(), "verbs": words(&kind.verbs),
    });
    if !kind.short_names.is_empty() {
        resource.set_at(&["shortNames"], kind.short_names.clone());
    }
    if !kind.categories.is_empty() {
        resource.set_at(&["categories"], kind.categories.clone());
    }
    if kind.can("update") {
        resource.set_at(&["storageVersionHash"], kind.storage_version_hash());
    }
    resource
}

fn subresource(kind: &Kind, sub: &crate::kinds::Subresource) -> Value {
    let mut resource = json!({
        "name": format!("{}/{}", kind.plural, sub.name), "singularName": "",
        "namespaced": kind.namespaced(), "kind": kind.kind.as_str(), "verbs": words(sub.verbs),
    });
    if let Some((group, version, name)) = sub.kind {
        resource.set_at(&["kind"], name);
        if !version.is_empty() {
            resource.set_at(&["group"], group);
            resource.set_at(&["version"], version);
        }
    }
    resource
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Groups {
    Core,
    Named,
}

/// Clients believe that a document is aggregated only if its media type says so.
fn aggregated_answer(
    service: &Service,
    version: &str,
    which: Groups,
    format: Format,
) -> Response<Body> {
    let mut response = respond::value(200, &aggregated(service, version, which), format);
    let media = match (format, version) {
        (Format::Json, "v2") => {
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        }
        (Format::Json, _) => {
            "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
        }
        (Format::Yaml, _) => "application/yaml",
    };
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

fn aggregated(service: &Service, version: &str, which: Groups) -> Value {
    let names = match which {
        Groups::Core => vec![String::new()],
        Groups::Named => group_names(service),
    };
    let kinds = service.registry.kinds().all();
    let mut items: Vec<Value> = Vec::new();
    for name in &names {
        let versions: Vec<Value> = versions(service, name)
            .iter()
            .map(|v| {
                let mut rows: Vec<&Arc<Kind>> = kinds
                    .iter()
                    .filter(|k| k.group == *name && k.version == *v)
                    .collect();
                rows.sort_by(|a, b| a.plural.cmp(&b.plural));
                let resources: Vec<Value> = rows.into_iter().map(|k| discovered(k)).collect();
                json!({"version": v.as_str(), "resources": resources, "freshness": "Current"})
            })
            .collect();
        let metadata = if name.is_empty() {
            json!({})
        } else {
            json!({"name": name.as_str()})
        };
        items.push(json!({"metadata": metadata, "versions": versions}));
    }
    json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": format!("apidiscovery.k8s.io/{version}"),
        "metadata": {}, "items": items,
    })
}

fn discovered(kind: &Kind) -> Value {
    let own = || json!({"group": "", "version": "", "kind": kind.kind.as_str()});
    let mut resource = json!({
        "resource": kind.plural.as_str(), "responseKind": own(),
        "scope": if kind.namespaced() { "Namespaced" } else { "Cluster" },
        "singularResource": kind.singular.as_str(), "verbs": words(&kind.verbs),
    });
    if kind.custom {
        let full = json!({
            "group": kind.group.as_str(), "version": kind.version.as_str(), "kind": kind.kind.as_str()
        });
        resource.set_at(&["responseKind"], full);
    }
    if !kind.short_names.is_empty() {
        resource.set_at(&["shortNames"], kind.short_names.clone());
    }
    if !kind.categories.is_empty() {
        resource.set_at(&["categories"], kind.categories.clone());
    }
    let subresources: Vec<Value> = kind
        .subresources
        .iter()
        .map(|s| {
            let kind = match s.kind {
                Some((group, version, name)) => {
                    json!({"group": group, "version": version, "kind": name})
                }
                None => resource.at(&["responseKind"]).cloned().unwrap_or_default(),
            };
            json!({"subresource": s.name, "responseKind": kind, "verbs": words(s.verbs)})
        })
        .collect();
    if !subresources.is_empty() {
        resource.set_at(&["subresources"], subresources);
    }
    resource
}

pub(super) fn root(service: &Service, call: &Call) -> Result<Response<Body>> {
    only_get(call)?;
    let mut paths = vec!["/api".to_owned(), "/api/v1".to_owned(), "/apis".to_owned()];
    for group in group_names(service) {
        paths.push(format!("/apis/{group}"));
        paths.extend(
            versions(service, &group)
                .iter()
                .map(|v| format!("/apis/{group}/{v}")),
        );
    }
    for path in [
        "/healthz",
        "/livez",
        "/openapi/v2",
        "/openapi/v3",
        "/readyz",
        "/version",
    ] {
        paths.push(path.to_owned());
    }
    Ok(respond::value(
        200,
        &json!({"paths": paths}),
        call.accept.format(),
    ))
}

pub(super) fn openid(service: &Service, call: &Call) -> Result<Response<Body>> {
    only_get(call)?;
    let mut answer = Object::new();
    answer.insert("issuer", "https://kubernetes.default.svc");
    answer.insert(
        "jwks_uri",
        format!("https://{}/openid/v1/jwks", service.address),
    );
    answer.insert("response_types_supported", json!(["id_token"]));
    answer.insert("subject_types_supported", json!(["public"]));
    answer.insert("id_token_signing_alg_values_supported", json!(["RS256"]));
    Ok(respond::value(200, &answer.into(), call.accept.format()))
}
