//! Making, changing and deleting applications.

use crate::access::{App, Desk, rbac_name};
use crate::apps::shown;
use crate::call::{Answer, Call};
use crate::refusal::{Code, Refusal};
use api::names;
use engine::argo;
use rbac::{Resource, action};
use std::sync::Arc;
use value::{Value, create_merge_patch, json, json_patch};

/// Parts of the resource that a client may set; the rest is the controller's.
const SETTABLE: [&str; 3] = ["labels", "annotations", "finalizers"];

/// Returns an application as a body has it, cleaned of what clients don't set.
fn given(body: &Value, namespace: &str) -> Result<Value, Refusal> {
    let name = body.str_at(&["metadata", "name"]);
    if name.is_empty() {
        return Err(Refusal::invalid("metadata.name is missing"));
    }
    let mut app = json!({
        "apiVersion": names::ARGO_API_VERSION,
        "kind": "Application",
        "metadata": {"name": name, "namespace": namespace},
        "spec": body.get("spec").cloned().unwrap_or_else(Value::object),
    });
    for field in SETTABLE {
        if let Some(value) = body.at(&["metadata", field]).filter(|v| !v.is_null()) {
            app.set_at(&["metadata", field], value.clone());
        }
    }
    if app.str_at(&["spec", "project"]).is_empty() {
        app.set_at(&["spec", "project"], "default");
    }
    Ok(app)
}

/// Refuses a specification that makes no sense, or that its project doesn't permit.
fn valid(desk: &Desk, permit: &rbac::Permit, app: &Value) -> Result<(), Refusal> {
    let spec = argo::view(app).spec;
    let mut problems = spec.problems.clone();
    problems.extend(desk.view(permit).objections(&spec));
    match problems.first() {
        None => Ok(()),
        Some(_) => {
            let name = app.str_at(&["metadata", "name"]);
            let all = problems.join("; ");
            Err(Refusal::invalid(format!(
                "application spec for {name} is invalid: {all}"
            )))
        }
    }
}

/// Refuses a change by somebody who has seen another version than the current one.
pub(super) fn unchanged(there: &Value, given: &Value) -> Result<(), Refusal> {
    let version = ["metadata", "resourceVersion"];
    match given.str_at(&version) {
        "" => Ok(()),
        seen if seen == there.str_at(&version) => Ok(()),
        _ => Err(
            Refusal::new(Code::Aborted, "it has been changed since you looked")
                .hint("look again, and make your change to what is there now"),
        ),
    }
}

/// Returns an application that isn't written: a new one, or one that is there with another
/// specification, for those who may make it so.
pub(crate) fn draft(desk: &Arc<Desk>, call: &Call) -> Result<App, Refusal> {
    let body = call.json()?;
    let mut app = given(&body, desk.namespace())?;
    let (name, project) = (
        app.str_at(&["metadata", "name"]).to_owned(),
        app.str_at(&["spec", "project"]).to_owned(),
    );
    let caller = &call.caller;
    let object = rbac_name(&project, desk.namespace(), desk.namespace(), &name);
    let there = desk.app_named(caller, desk.namespace(), &name, "").ok();
    let permit = match there {
        Some(there) => {
            let permit = there.permit_to(action::UPDATE)?;
            // What is known of it counts: its uid, its history.
            let mut wanted = there.value;
            wanted.set_at(&["spec"], app.get("spec").cloned().unwrap_or_default());
            app = wanted;
            match permit.object() == object {
                true => permit,
                false => caller.permit(Resource::Applications, action::CREATE, &object)?,
            }
        }
        None => caller.permit(Resource::Applications, action::CREATE, &object)?,
    };
    // What its project doesn't permit isn't read.
    valid(desk, &permit, &app)?;
    Ok(desk.draft(caller, permit, app))
}

/// `POST /api/v1/applications`
pub(crate) async fn create(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let namespace = match body.str_at(&["metadata", "namespace"]) {
        "" => desk.namespace(),
        namespace => namespace,
    };
    if namespace != desk.namespace() {
        return Err(Refusal::denied());
    }
    let app = given(&body, namespace)?;
    let (name, project) = (
        app.str_at(&["metadata", "name"]),
        app.str_at(&["spec", "project"]),
    );
    let object = rbac_name(project, desk.namespace(), namespace, name);
    let permit = call
        .caller
        .permit(Resource::Applications, action::CREATE, &object)?;
    if call.param("validate") != "false" {
        valid(&desk, &permit, &app)?;
    }
    // Who may make it may know that it is there already.
    if let Ok(there) = desk.app_named(&call.caller, namespace, name, "") {
        if there.value.get("spec") == app.get("spec") {
            return Ok(shown(there.value.clone()).into());
        }
        if !call.flag("upsert") {
            return Err(Refusal::invalid(
                "existing application spec is different, use upsert flag to force update",
            ));
        }
        return update_with(&there, &app).await;
    }
    let made = desk.create_app(&permit, &app, call.flag("dryRun")).await?;
    desk.audit(
        &call.caller,
        name,
        "create",
        format!("application {name} was made"),
    );
    Ok(shown(made).into())
}

/// Gives an application another specification, labels and annotations.
async fn update_with(app: &App, new: &Value) -> Result<Answer, Refusal> {
    let permit = app.permit_to(action::UPDATE)?;
    let project = new.str_at(&["spec", "project"]);
    if project != app.value.str_at(&["spec", "project"]) {
        // Who moves it must be able to make it there.
        let (control, ns) = (app.desk().namespace(), &*app.key.namespace);
        let object = rbac_name(project, control, ns, app.name());
        app.caller()
            .permit(Resource::Applications, action::CREATE, &object)?;
    }
    let mut wanted = app.value.clone();
    wanted.set_at(
        &["spec"],
        new.get("spec").cloned().unwrap_or_else(Value::object),
    );
    for field in SETTABLE {
        match new.at(&["metadata", field]) {
            Some(value) => wanted.set_at(&["metadata", field], value.clone()),
            None if field == "annotations" => {}
            None => {
                wanted.remove_at(&["metadata", field]);
            }
        }
    }
    let patch = create_merge_patch(&app.value, &wanted);
    let changed = app.patch(&permit, &patch).await?;
    app.audit("update", "the application was changed".to_owned());
    Ok(shown(changed).into())
}

/// `PUT /api/v1/applications/{app}`
pub(crate) async fn update(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let app = desk.app(&call)?;
    let new = given(&body, &app.key.namespace)?;
    if new.str_at(&["metadata", "name"]) != app.name() {
        return Err(Refusal::invalid("the body is about another application"));
    }
    unchanged(&app.value, &body)?;
    let permit = app.permit_to(action::UPDATE)?;
    if call.param("validate") != "false" {
        valid(&desk, &permit, &new)?;
    }
    update_with(&app, &new).await
}

/// `PUT /api/v1/applications/{app}/spec`
pub(crate) async fn set_spec(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let spec = call.json()?;
    let app = desk.app(&call)?;
    let permit = app.permit_to(action::UPDATE)?;
    let mut new = app.value.clone();
    new.set_at(&["spec"], spec);
    if call.param("validate") != "false" {
        valid(&desk, &permit, &new)?;
    }
    update_with(&app, &new).await?;
    Ok(new.get("spec").cloned().unwrap_or_default().into())
}

/// `PATCH /api/v1/applications/{app}`
pub(crate) async fn patch(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let app = desk.app(&call)?;
    app.permit_to(action::UPDATE)?;
    let text = body.str_at(&["patch"]);
    let patch = Value::parse(text.as_bytes())
        .map_err(|e| Refusal::invalid(format!("patch is not JSON: {e}")))?;
    let mut new = app.value.clone();
    match body.str_at(&["patchType"]) {
        "" | "json" => {
            new = json_patch(new, &patch)
                .map_err(|e| Refusal::invalid(format!("error applying patch: {e}")))?;
        }
        "merge" => new.merge_patch(&patch),
        other => {
            return Err(
                Refusal::invalid(format!("Patch type '{other}' is not supported"))
                    .hint("json or merge"),
            );
        }
    }
    let new = given(&new, &app.key.namespace)?;
    if new.str_at(&["metadata", "name"]) != app.name() {
        return Err(Refusal::invalid("a patch can't rename an application"));
    }
    let permit = app.permit_to(action::UPDATE)?;
    valid(&desk, &permit, &new)?;
    update_with(&app, &new).await
}

/// `DELETE /api/v1/applications/{app}`
pub(crate) async fn delete(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let permit = app.permit_to(action::DELETE)?;
    let cascade = call.param("cascade") != "false";
    let policy = call.param("propagationPolicy");
    let ours = match (cascade, policy) {
        (false, "") => None,
        (false, _) => {
            return Err(Refusal::invalid(
                "cannot set propagation policy when cascading is disabled",
            ));
        }
        (true, "" | "foreground") => Some(names::RESOURCES_FINALIZER.to_owned()),
        (true, "background") => Some(format!("{}/background", names::RESOURCES_FINALIZER)),
        (true, other) => {
            return Err(
                Refusal::invalid(format!("invalid propagation policy: {other}"))
                    .hint("foreground or background"),
            );
        }
    };
    let mut finalizers = argo::foreign_finalizers(&app.parsed.finalizers);
    finalizers.extend(ours);
    if finalizers != app.parsed.finalizers {
        let patch = json!({"metadata": {"finalizers": finalizers}});
        app.patch(&permit, &patch).await?;
    }
    app.delete(&permit, &json!({"propagationPolicy": "Foreground"}))
        .await?;
    let count = app.value.array_at(&["status", "resources"]).len();
    app.audit(
        "delete",
        match cascade {
            true => format!("the application and its {count} objects are deleted"),
            false => format!("the application is deleted; its {count} objects stay"),
        },
    );
    Ok(json!({}).into())
}
