//! What else Argo CD's clients ask about an application: events, windows, commits.

use super::logs::escaped;
use crate::access::Desk;
use crate::call::{Answer, Call};
use crate::refusal::Refusal;
use crate::wire;
use cluster::Client;
use jiff::Timestamp;
use project::{Trigger, Verdict, WindowKind};
use std::sync::Arc;
use value::{Value, json};

/// `GET /api/v1/applications/{app}/events`
pub(crate) async fn events(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let (namespace, name, uid) = match call.param("resourceName") {
        "" => (
            app.key.namespace.to_string(),
            app.name().to_owned(),
            app.value.str_at(&["metadata", "uid"]).to_owned(),
        ),
        name => {
            // Only of what belongs to the application.
            let namespace = call.param("resourceNamespace");
            let uid = call.param("resourceUID");
            let nodes = crate::detail::live_nodes(&app);
            let is_it = |n: &&crate::detail::LiveNode| {
                *n.live.key.name == *name
                    && *n.live.key.namespace == *namespace
                    && (uid.is_empty() || *n.live.uid == *uid)
            };
            let Some(found) = nodes.iter().find(is_it) else {
                return Err(Refusal::invalid(format!(
                    "{name} not found as part of application {}",
                    app.name()
                )));
            };
            let key = &found.live.key;
            (
                key.namespace.to_string(),
                key.name.to_string(),
                found.live.uid.to_string(),
            )
        }
    };
    // An application's own events are ours to read; those of its objects are in the cluster that
    // it is deployed to, where its project may ask for other rights.
    let client = match call.param("resourceName") {
        "" => app.client(app.permit()).clone(),
        _ => app.acting_client(app.permit())?,
    };
    Ok(events_of(&client, &namespace, &name, &uid).await?.into())
}

/// Returns the events about an object.
pub(super) async fn events_of(
    client: &Client,
    namespace: &str,
    name: &str,
    uid: &str,
) -> Result<Value, Refusal> {
    let selector = format!("involvedObject.name={name},involvedObject.uid={uid}");
    let path = match namespace {
        "" => "/api/v1/events".to_owned(),
        namespace => format!("/api/v1/namespaces/{namespace}/events"),
    };
    let path = format!("{path}?limit=500&fieldSelector={}", escaped(&selector));
    let mut list = client.get(&path).await?;
    list.remove_at(&["apiVersion"]);
    list.remove_at(&["kind"]);
    Ok(list)
}

/// `GET /api/v1/applications/{app}/syncwindows`
pub(crate) async fn windows(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let now = Timestamp::now();
    let windows = app.view().windows(app.name(), &app.parsed.spec);
    let can = windows.can_sync(Trigger::Manual, None, now);
    let each = |active: bool| -> Value {
        windows
            .iter()
            .filter(|w| !active || w.is_open(now).unwrap_or(false))
            .map(window)
            .collect()
    };
    Ok(json!({
        "activeWindows": each(true),
        "assignedWindows": each(false),
        "canSync": matches!(can, Ok(Verdict::Allowed)),
    })
    .into())
}

fn window(window: &project::Window) -> Value {
    let kind = match window.kind {
        WindowKind::Deny => "deny",
        _ => "allow",
    };
    json!({
        "kind": kind, "schedule": window.schedule.as_str(), "duration": window.duration.as_str(),
        "manualSync": window.manual_sync,
    })
}

/// `GET /api/v1/applications/{app}/revisions/{revision}/metadata`
pub(crate) async fn revision(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let answer = tokio::task::spawn_blocking(move || {
        let revision = call.capture(1);
        let info = crate::detail::commit_info(&app, revision);
        let Some(info) = info else {
            return Err(Refusal::not_found(format!(
                "the revision {revision} is not known here"
            )));
        };
        Ok(json!({
            "author": format!("{} <{}>", info.author, info.email),
            "date": wire::time_of(info.seconds),
            "message": info.subject.as_str(),
        }))
    });
    Ok(answer.await??.into())
}
