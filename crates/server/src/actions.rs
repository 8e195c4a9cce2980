//! What people ask of applications. Every change is a patch of the resource in their name, after a
//! permit.

use crate::access::{App, Desk};
use crate::apps::shown;
use crate::call::{Answer, Call};
use crate::detail;
use crate::refusal::{Code, Refusal};
use api::names;
use engine::{ask, parse_time};
use jiff::Timestamp;
use rbac::action;
use std::sync::Arc;
use value::{Value, json};

/// Letters of a reason.
const REASON_MAX: usize = 1_000;

fn text(body: &Value, name: &str) -> String {
    body.str_at(&[name]).trim().to_owned()
}

fn flag(body: &Value, path: &[&str]) -> bool {
    body.at(path).and_then(Value::as_bool) == Some(true)
}

fn reason(body: &Value, path: &[&str]) -> Result<String, Refusal> {
    let reason = body.str_at(path).trim();
    if reason.chars().count() > REASON_MAX {
        return Err(Refusal::invalid(format!(
            "a reason has at most {REASON_MAX} letters"
        )));
    }
    Ok(reason.to_owned())
}

/// Returns the application, which a body may name the project and namespace of.
fn app_of(desk: &Arc<Desk>, call: &Call, body: &Value) -> Result<App, Refusal> {
    let or = |given: &str, name: &str| match given {
        "" => body.str_at(&[name]).to_owned(),
        given => given.to_owned(),
    };
    let namespace = match or(call.param("appNamespace"), "appNamespace").as_str() {
        "" => desk.namespace().to_owned(),
        namespace => namespace.to_owned(),
    };
    let project = or(call.param("project"), "project");
    desk.app_named(&call.caller, &namespace, call.capture(0), &project)
}

/// `POST /api/v1/applications/{app}/sync`
pub(crate) async fn sync(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let app = app_of(&desk, &call, &body)?;
    let permit = app.permit_to(action::SYNC)?;
    if !body.array_at(&["manifests"]).is_empty() {
        app.permit_to(action::OVERRIDE)?;
        return Err(Refusal::new(
            Code::Unimplemented,
            "manifests that are not in Git can't be synced",
        ));
    }
    let revision = match argo_revisions(&body) {
        list if list.is_empty() => text(&body, "revision"),
        list => engine::join_revisions(list.iter().map(String::as_str)),
    };
    let tracked = app.parsed.spec.sources.target_revision();
    if !revision.is_empty() && revision != tracked {
        // What the application doesn't track is for those who may override it, if automation would
        // undo it; Argo CD asks so too.
        if app.parsed.spec.automated.is_some() && !flag(&body, &["dryRun"]) {
            return Err(Refusal::new(
                Code::Precondition,
                format!("Cannot sync to {revision}: auto-sync currently set to {tracked}"),
            )
            .hint("roll back, or change targetRevision"));
        }
    }
    let overrides = flag(&body, &["windlass", "overrideWindow"]);
    let why = reason(&body, &["windlass", "reason"])?;
    if overrides {
        app.permit_to(action::OVERRIDE)?;
        if why.is_empty() {
            return Err(Refusal::invalid("going against a window needs a reason"));
        }
    }
    let options = body
        .at(&["syncOptions", "items"])
        .or_else(|| body.get("syncOptions"));
    let options = options.and_then(Value::as_array).map(<[Value]>::to_vec);
    let ask = ask::Sync {
        revision,
        prune: flag(&body, &["prune"]),
        dry_run: flag(&body, &["dryRun"]),
        resources: body.array_at(&["resources"]).to_vec(),
        strategy: body.get("strategy").filter(|s| s.is_object()).cloned(),
        options,
        retry: body.get("retryStrategy").filter(|r| r.is_object()).cloned(),
        infos: body.array_at(&["infos"]).to_vec(),
        override_window: overrides.then(|| why.clone()),
    };
    if !overrides && let Some(blocked) = detail::blocked(&app, Timestamp::now()) {
        return Err(
            Refusal::new(Code::Precondition, format!("Cannot sync: {blocked}"))
                .hint("wait, or override the window with a reason"),
        );
    }
    let digest = body.str_at(&["windlass", "planDigest"]);
    if !digest.is_empty() {
        let now = detail::plan_digest(&app, &ask).await?;
        if now != digest {
            return Err(Refusal::new(
                Code::Aborted,
                "what a sync would do has changed since it was shown",
            )
            .hint("look at the plan again"));
        }
    }
    let patch = ask::sync(&app.value, &ask, call.caller.name())?;
    let changed = app.operate(&permit, &patch).await?;
    if !why.is_empty() {
        app.audit("sync-asked", why);
    }
    Ok(shown(changed).into())
}

fn argo_revisions(body: &Value) -> Vec<String> {
    let list = body.array_at(&["revisions"]).iter();
    list.filter_map(|r| r.as_str().map(str::to_owned)).collect()
}

/// `POST /api/v1/applications/{app}/rollback`
pub(crate) async fn rollback(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let app = app_of(&desk, &call, &body)?;
    let permit = app.permit_to(action::SYNC)?;
    let target = match body.get("id") {
        Some(Value::String(id)) => Some(id.to_string()),
        Some(id) => id.as_i64().filter(|id| *id != 0).map(|id| id.to_string()),
        None => None,
    };
    let target = target.or_else(|| Some(text(&body, "revision")).filter(|r| !r.is_empty()));
    let why = reason(&body, &["reason"])?;
    let why = if why.is_empty() {
        reason(&body, &["windlass", "reason"])?
    } else {
        why
    };
    let (user, now) = (call.caller.name(), Timestamp::now());
    let back = ask::rollback(&app.value, target.as_deref(), &why, user, now)?;
    if flag(&body, &["dryRun"]) {
        return Ok(shown(app.value.clone()).into());
    }
    let changed = app.operate(&permit, &back.patch).await?;
    let short = crate::wire::short;
    app.audit(
        "rollback-asked",
        format!("{} -> {}: {why}", short(&back.from), short(&back.back_to)),
    );
    Ok(shown(changed).into())
}

/// `DELETE /api/v1/applications/{app}/operation`
pub(crate) async fn terminate(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let permit = app.permit_to(action::SYNC)?;
    app.patch(&permit, &ask::terminate(&app.value)?).await?;
    app.audit("terminate", "the operation was ended".to_owned());
    Ok(json!({}).into())
}

/// `POST /api/v1/applications/{app}/hold`
pub(crate) async fn hold(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let app = app_of(&desk, &call, &body)?;
    let permit = app.permit_to(action::SYNC)?;
    let why = reason(&body, &["reason"])?;
    let (revision, now) = (text(&body, "revision"), Timestamp::now());
    let (patch, full) = ask::hold(&app.value, &revision, &why, call.caller.name(), now)?;
    let changed = app.patch(&permit, &patch).await?;
    app.audit(
        "hold",
        format!("{} is held: {why}", crate::wire::short(&full)),
    );
    Ok(shown(changed).into())
}

/// `DELETE /api/v1/applications/{app}/hold`
pub(crate) async fn unhold(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let permit = app.permit_to(action::SYNC)?;
    let revision = Some(call.param("revision")).filter(|r| !r.is_empty());
    let (patch, gone) = ask::unhold(&app.value, revision)?;
    let changed = app.patch(&permit, &patch).await?;
    let what = revision.map_or_else(
        || format!("{gone} revisions"),
        |r| crate::wire::short(r).to_owned(),
    );
    app.audit("unhold", format!("{what} let go"));
    Ok(shown(changed).into())
}

/// `POST /api/v1/applications/{app}/pause`
pub(crate) async fn pause(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let app = app_of(&desk, &call, &body)?;
    let permit = app.permit_to(action::SYNC)?;
    let why = reason(&body, &["reason"])?;
    let until = match body.str_at(&["until"]) {
        "" => None,
        text => Some(parse_time(text).ok_or_else(|| {
            Refusal::invalid(format!("until: {text:?} is no time")).hint("2026-01-02T15:04:05Z")
        })?),
    };
    let now = Timestamp::now();
    if until.is_some_and(|until| until <= now) {
        return Err(Refusal::invalid("until: that time is over"));
    }
    let patch = ask::pause(&why, call.caller.name(), until, now);
    let changed = app.patch(&permit, &patch).await?;
    app.audit("pause", format!("automation is paused: {why}"));
    Ok(shown(changed).into())
}

/// `POST /api/v1/applications/{app}/resume`
pub(crate) async fn resume(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let permit = app.permit_to(action::SYNC)?;
    let changed = app.patch(&permit, &ask::resume(&app.value)?).await?;
    app.audit("resume", "automation goes on".to_owned());
    Ok(shown(changed).into())
}

/// `POST /api/v1/applications/{app}/refresh`
pub(crate) async fn refresh(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let app = app_of(&desk, &call, &body)?;
    // Who may read may look: nothing of the cluster changes.
    let patch = ask::refresh(flag(&body, &["hard"]));
    let changed = app.patch(app.permit(), &patch).await?;
    Ok(shown(changed).into())
}

/// `POST /api/v1/applications/{app}/approve`
pub(crate) async fn approve(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let app = desk.app(&call)?;
    let permit = app.permit_to(action::SYNC)?;
    let changed = app.patch(&permit, &ask::approve(Timestamp::now())).await?;
    app.audit("approve", format!("{} was set", names::DELETION_APPROVED));
    Ok(shown(changed).into())
}
