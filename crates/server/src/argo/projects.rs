//! Projects.

use super::{clusters, repositories};
use crate::access::Desk;
use crate::call::{Answer, Call};
use crate::refusal::{Code, Refusal};
use crate::session::page;
use api::names;
use jiff::Timestamp;
use project::GlobalProjects;
use rbac::{Permit, Resource, action};
use std::sync::Arc;
use value::{Value, json};

fn shown(mut project: Value) -> Value {
    project.remove_at(&["metadata", "managedFields"]);
    project
}

pub(super) fn find(desk: &Desk, call: &Call) -> Result<(Permit, Value), Refusal> {
    let name = call.capture(0);
    let mut all = desk.projects(&call.caller).into_iter();
    // What is absent and what is forbidden look the same.
    all.find(|(permit, _)| permit.object() == name)
        .ok_or_else(Refusal::denied)
}

/// `GET /api/v1/projects`
pub(crate) async fn all(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let projects = desk.projects(&call.caller).into_iter();
    let wanted = call.param("name");
    let projects = projects.filter(|(p, _)| wanted.is_empty() || p.object() == wanted);
    let projects = projects.map(|(_, project)| shown(project)).collect();
    let name = |it: &Value| it.str_at(&["metadata", "name"]).to_owned();
    Ok(page(&call, projects, name).into())
}

/// `GET /api/v1/projects/{name}`
pub(crate) async fn get(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    Ok(shown(find(&desk, &call)?.1).into())
}

/// `GET /api/v1/projects/{name}/detailed`
pub(crate) async fn detailed(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let (permit, project) = find(&desk, &call)?;
    let global: Value = inherited(&desk, &project).into();
    Ok(json!({
        "globalProjects": global, "project": shown(project),
        "repositories": repositories::of_project(&desk, &permit).await,
        "clusters": clusters::of_project(&desk, &permit).await,
    })
    .into())
}

/// Returns the projects that one inherits from, by `globalProjects` of `argocd-cm`.
fn inherited(desk: &Desk, project: &Value) -> Vec<Value> {
    let cm = desk.argocd_cm();
    let text = cm.str_at(&["data", "globalProjects"]);
    let rules = yaml::v2::to_value(text.as_bytes()).unwrap_or_default();
    let rules = GlobalProjects::parse(&rules);
    let none = Value::object();
    let labels = project.at(&["metadata", "labels"]).unwrap_or(&none);
    let name = project.str_at(&["metadata", "name"]);
    let found = rules.of(name, labels);
    found
        .filter_map(|global| desk.project(global).map(shown))
        .collect()
}

/// `GET /api/v1/projects/{name}/globalprojects`
pub(crate) async fn global(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let (_, project) = find(&desk, &call)?;
    Ok(json!({"items": inherited(&desk, &project)}).into())
}

/// `GET /api/v1/projects/{name}/events`
pub(crate) async fn events(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let (permit, project) = find(&desk, &call)?;
    let uid = project.str_at(&["metadata", "uid"]);
    let client = desk.client(&permit);
    let list = super::info::events_of(client, desk.namespace(), permit.object(), uid).await?;
    Ok(list.into())
}

/// `GET /api/v1/projects/{name}/syncwindows`
pub(crate) async fn windows(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let (_, project) = find(&desk, &call)?;
    let now = Timestamp::now();
    let parsed = project::Project::parse(&project).windows;
    let raw = project.array_at(&["spec", "syncWindows"]).iter();
    let active = raw
        .zip(parsed.iter())
        .filter(|(_, w)| w.is_open(now).unwrap_or(false));
    let active: Vec<Value> = active.map(|(raw, _)| raw.clone()).collect();
    Ok(json!({"windows": active}).into())
}

fn given(desk: &Desk, body: &Value) -> Result<Value, Refusal> {
    let project = body.get("project").unwrap_or(body);
    let name = project.str_at(&["metadata", "name"]);
    if name.is_empty() {
        return Err(Refusal::invalid("metadata.name is missing"));
    }
    let mut it = json!({
        "apiVersion": names::ARGO_API_VERSION,
        "kind": "AppProject",
        "metadata": {"name": name, "namespace": desk.namespace()},
        "spec": project.get("spec").cloned().unwrap_or_else(Value::object),
    });
    for field in ["labels", "annotations"] {
        if let Some(value) = project.at(&["metadata", field]).filter(|v| !v.is_null()) {
            it.set_at(&["metadata", field], value.clone());
        }
    }
    let problems = project::Project::parse(&it).problems();
    match problems.first() {
        None => Ok(it),
        Some(_) => Err(Refusal::invalid(problems.join("; "))),
    }
}

fn path(desk: &Desk, name: &str) -> String {
    let (group, namespace) = (names::ARGO_API_VERSION, desk.namespace());
    let slash = if name.is_empty() { "" } else { "/" };
    format!("/apis/{group}/namespaces/{namespace}/appprojects{slash}{name}")
}

/// `POST /api/v1/projects`
pub(crate) async fn create(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let project = given(&desk, &body)?;
    let name = project.str_at(&["metadata", "name"]);
    let permit = call
        .caller
        .permit(Resource::Projects, action::CREATE, name)?;
    let path = format!("{}?fieldManager=windlass-dashboard", path(&desk, ""));
    let made = desk.client(&permit).create(&path, &project).await;
    let made = match made {
        Err(error) if error.code == 409 && body.get("upsert") == Some(&Value::Bool(true)) => {
            let permit = call
                .caller
                .permit(Resource::Projects, action::UPDATE, name)?;
            let patch = json!({"spec": project.get("spec").cloned().unwrap_or_default()});
            let path = self::path(&desk, name);
            desk.client(&permit).merge_patch(&path, &patch).await?
        }
        answer => answer?,
    };
    desk.audit(
        &call.caller,
        "",
        "project",
        format!("project {name} was made"),
    );
    Ok(shown(made).into())
}

/// `PUT /api/v1/projects/{name}`
pub(crate) async fn update(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let project = given(&desk, &body)?;
    let name = project.str_at(&["metadata", "name"]);
    if name != call.capture(0) {
        return Err(Refusal::invalid("the body is about another project"));
    }
    let permit = call
        .caller
        .permit(Resource::Projects, action::UPDATE, name)?;
    let client = desk.client(&permit);
    let before = client.get(&path(&desk, name)).await?;
    super::change::unchanged(&before, body.get("project").unwrap_or(&body))?;
    let mut wanted = before.clone();
    wanted.set_at(&["spec"], project.get("spec").cloned().unwrap_or_default());
    let mut patch = value::create_merge_patch(&before, &wanted);
    // Who has changed it meanwhile isn't overwritten.
    let version = before.str_at(&["metadata", "resourceVersion"]);
    patch.set_at(&["metadata", "resourceVersion"], version);
    let path = format!("{}?fieldManager=windlass-dashboard", path(&desk, name));
    let changed = client.merge_patch(&path, &patch).await?;
    desk.audit(
        &call.caller,
        "",
        "project",
        format!("project {name} was changed"),
    );
    Ok(shown(changed).into())
}

/// `DELETE /api/v1/projects/{name}`
pub(crate) async fn delete(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let name = call.capture(0);
    let permit = call
        .caller
        .permit(Resource::Projects, action::DELETE, name)?;
    if name == "default" {
        return Err(Refusal::invalid(
            "name 'default' is reserved and cannot be deleted",
        ));
    }
    let used = desk.board.users_of(name);
    if used > 0 {
        return Err(Refusal::new(
            Code::Invalid,
            format!("project is referenced by {used} applications"),
        ));
    }
    desk.client(&permit)
        .delete(&path(&desk, name), &Value::object())
        .await?;
    desk.audit(
        &call.caller,
        "",
        "project",
        format!("project {name} was deleted"),
    );
    Ok(json!({}).into())
}
