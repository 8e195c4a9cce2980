//! Application sets, as the cluster has them.

use crate::access::{Desk, rbac_name};
use crate::apps::{mask, projects, selector, shown};
use crate::call::{Answer, Call};
use crate::refusal::Refusal;
use api::names;
use rbac::{Resource, action};
use std::sync::Arc;
use value::{Value, json};

/// Returns those that somebody may see, by name, and the list's version; none if the cluster
/// doesn't know the kind.
async fn visible(desk: &Desk, call: &Call) -> (Vec<Value>, String) {
    let (group, namespace) = (names::ARGO_API_VERSION, desk.namespace());
    let other = call.param("appsetNamespace");
    if !other.is_empty() && other != namespace {
        return (Vec::new(), String::new());
    }
    let path = format!("/apis/{group}/namespaces/{namespace}/applicationsets");
    let Some(list) = desk.kept(&path).await else {
        return (Vec::new(), String::new());
    };
    let mut items: Vec<Value> = list
        .array_at(&["items"])
        .iter()
        .filter(|set| {
            let name = set.str_at(&["metadata", "name"]);
            let object = rbac_name(project(set), namespace, namespace, name);
            call.caller
                .may(Resource::ApplicationSets, action::GET, &object)
        })
        .map(|set| {
            let mut set = shown(set.clone());
            set.set_at(&["apiVersion"], group);
            set.set_at(&["kind"], "ApplicationSet");
            set
        })
        .collect();
    items.sort_by(|a, b| {
        let name = |it: &Value| it.str_at(&["metadata", "name"]).to_owned();
        name(a).cmp(&name(b))
    });
    let version = list.str_at(&["metadata", "resourceVersion"]).to_owned();
    (items, version)
}

fn project(set: &Value) -> &str {
    set.str_at(&["spec", "template", "spec", "project"])
}

/// `GET /api/v1/applicationsets`
pub(crate) async fn all(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let selector = selector(&call)?;
    let projects = projects(&call);
    let (mut items, version) = visible(&desk, &call).await;
    items.retain(|set| {
        let labels = set.at(&["metadata", "labels"]).unwrap_or(&Value::Null);
        (projects.is_empty() || projects.contains(project(set)))
            && selector.as_ref().is_none_or(|s| s.matches(labels))
    });
    let mut answer = json!({"metadata": {"resourceVersion": version}, "items": items});
    mask(&mut answer, call.param("fields"));
    Ok(answer.into())
}

/// `GET /api/v1/applicationsets/{name}`
pub(crate) async fn get(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let (items, _) = visible(&desk, &call).await;
    let mut items = items.into_iter();
    let found = items.find(|set| set.str_at(&["metadata", "name"]) == call.capture(0));
    Ok(found.ok_or_else(Refusal::denied)?.into())
}
