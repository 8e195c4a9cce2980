//! Logging in and out, and what anybody may know.

use crate::access::Desk;
use crate::apps::masked;
use crate::auth;
use crate::call::{Answer, Call};
use crate::refusal::Refusal;
use engine::format_time;
use http::header;
use jiff::Timestamp;
use std::sync::Arc;
use value::{Value, json};

/// Returns true for paths of the API that need no login.
pub(crate) fn is_open(path: &str) -> bool {
    matches!(
        path,
        "/api/version"
            | "/api/badge"
            | "/api/v1/settings"
            | "/api/v1/session"
            | "/api/v1/session/userinfo"
    )
}

/// Uses a one-time link up; `None` if the request has none.
pub(crate) fn redeem(desk: &Desk, call: &Call, now: Timestamp) -> Option<Answer> {
    let token = call.param("t");
    if token.is_empty() {
        return None;
    }
    let target = own_page(&call.path);
    Some(match desk.auth.redeem(token, now) {
        Ok(session) => Answer::redirect(target).with(
            header::SET_COOKIE,
            auth::set_cookie(&session, auth::is_secure(&call.headers)),
        ),
        Err(_) if call.caller.identity.is_some() => Answer::redirect(target),
        Err(_) => Answer::redirect("/login?reason=link"),
    })
}

/// Returns a path of ours: browsers take `//host` and `/\host` for another site's.
fn own_page(path: &str) -> &str {
    match path.as_bytes() {
        [b'/'] => path,
        [b'/', second, ..] if !matches!(second, b'/' | b'\\') => path,
        _ => "/",
    }
}

/// `GET /api/v1/session/userinfo`
pub(crate) async fn userinfo(_desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let Some(identity) = &call.caller.identity else {
        return Ok(json!({"loggedIn": false, "username": "", "iss": "", "groups": []}).into());
    };
    let mut info = json!({
        "loggedIn": true,
        "username": identity.username.as_str(),
        "iss": identity.issuer.as_str(),
        "groups": identity.groups.clone(),
    });
    if !identity.csrf.is_empty() {
        info.set_at(&["csrf"], identity.csrf.as_str());
    }
    if let Some(expires) = identity.expires {
        info.set_at(&["expires"], format_time(expires));
    }
    Ok(info.into())
}

/// `POST /api/v1/session`
pub(crate) async fn login(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let (name, password) = (
        body.str_at(&["username"]).to_owned(),
        body.str_at(&["password"]).to_owned(),
    );
    let now = Timestamp::now().as_second();
    let secure = auth::is_secure(&call.headers);
    // A hash takes a tenth of a second.
    let answer = tokio::task::spawn_blocking(move || desk.auth.logins.login(&name, &password, now));
    let token = answer.await??;
    let answer = Answer::from(json!({"token": token.as_str()}));
    Ok(answer.with(header::SET_COOKIE, auth::set_cookie(&token, secure)))
}

/// `DELETE /api/v1/session`
pub(crate) async fn logout(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    if let Some(token) = auth::cookie(&call.headers) {
        desk.end(token, Timestamp::now()).await;
    }
    let answer = Answer::from(json!({}));
    Ok(answer.with(
        header::SET_COOKIE,
        auth::set_cookie("", auth::is_secure(&call.headers)),
    ))
}

/// Members of the settings that are texts of `argocd-cm`, as they are there.
const TEXTS: [(&str, &str); 6] = [
    ("uiCssURL", "ui.cssurl"),
    ("uiBannerContent", "ui.bannercontent"),
    ("uiBannerURL", "ui.bannerurl"),
    ("uiBannerPosition", "ui.bannerposition"),
    ("statusBadgeRootUrl", "statusbadge.url"),
    ("installationID", "installationID"),
];
/// Members of the settings that are `"true"` there.
const FLAGS: [(&str, &str); 3] = [
    ("statusBadgeEnabled", "statusbadge.enabled"),
    ("uiBannerPermanent", "ui.bannerpermanent"),
    (
        "impersonationEnabled",
        "application.sync.impersonation.enabled",
    ),
];

/// Returns where one gets help, as `argocd-cm` says.
fn help(cm: &Value) -> Value {
    let mut it = Value::object();
    let data = cm.get("data").and_then(Value::as_object);
    for (name, text) in data.into_iter().flat_map(value::Object::iter) {
        match name.as_str() {
            "help.chatUrl" => it.set_at(&["chatUrl"], text.clone()),
            "help.chatText" => it.set_at(&["chatText"], text.clone()),
            name => {
                if let Some(system) = name.strip_prefix("help.download.") {
                    it.set_at(&["binaryUrls", system], text.clone());
                }
            }
        }
    }
    it
}

/// `GET /api/v1/settings`
pub(crate) async fn settings(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let settings = &desk.settings;
    let accounts = desk.auth.logins.accounts();
    let host = call.header(&header::HOST);
    let is_known = call.caller.identity.is_some();
    let cm = desk.argocd_cm();
    let said = |name: &str| cm.str_at(&["data", name]).to_owned();
    let or = |name: &str, default: &str| match said(name) {
        text if text.is_empty() => default.to_owned(),
        text => text,
    };
    let mut answer = json!({
        "url": or("url", &format!("http://{host}")),
        "appLabelKey": or("application.instanceLabelKey", api::names::INSTANCE_LABEL),
        "userLoginsDisabled": !accounts.is_login_possible(),
        "passwordPattern": accounts.password_pattern(),
        "execEnabled": false,
        "appsInAnyNamespaceEnabled": false,
        "controllerNamespace": desk.namespace(),
        "trackingMethod": or("application.resourceTrackingMethod", "annotation"),
        "help": help(&cm),
        "plugins": [],
        "windlass": {
            "mode": settings.mode.as_str(),
            "simulated": settings.mode.is_simulated(),
            "version": settings.version.as_str(),
            "login": {"local": accounts.is_login_possible()},
            "anonymous": accounts.is_anonymous_enabled(),
            "controlNamespace": desk.namespace(),
        },
    });
    for (field, name) in TEXTS {
        if !said(name).is_empty() {
            answer.set_at(&[field], said(name));
        }
    }
    for (field, name) in FLAGS {
        if said(name) == "true" {
            answer.set_at(&[field], true);
        }
    }
    if let Some(name) = desk.auth.logins.sso.name() {
        answer.set_at(&["windlass", "login", "oidc", "name"], name);
        answer.set_at(&["oidcConfig"], desk.auth.logins.sso.client_settings());
    }
    if !is_known {
        // Who isn't logged in need not know more than how to.
        for private in ["controllerNamespace", "trackingMethod", "installationID"] {
            answer.remove_at(&[private]);
        }
    }
    Ok(answer.into())
}

/// `GET /api/version`
pub(crate) async fn version(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let version = &desk.settings.version;
    let mut answer = json!({"Version": format!("v{version}+windlass")});
    if call.caller.identity.is_some() {
        for (name, text) in [
            ("Compiler", "rustc"),
            ("KustomizeVersion", "built in"),
            ("HelmVersion", "built in"),
            ("KubectlVersion", "none"),
            ("Platform", concat!(env!("CARGO_PKG_NAME"), "")),
        ] {
            answer.set_at(&[name], text);
        }
    }
    Ok(answer.into())
}

/// `GET /healthz`
pub(crate) async fn health(_desk: Arc<Desk>, _call: Call) -> Result<Answer, Refusal> {
    Ok(Answer::text("text/plain; charset=utf-8", "ok\n"))
}

/// Refuses who hasn't logged in, unless nobody need; what they may do is for the policy to say.
pub(crate) fn known(desk: &Desk, call: &Call) -> Result<(), Refusal> {
    match call.caller.identity {
        Some(_) => Ok(()),
        None if desk.auth.logins.accounts().is_anonymous_enabled() => Ok(()),
        None => Err(Refusal::unauthenticated()),
    }
}

/// Returns a list as the API has them.
pub(crate) fn list(items: Vec<Value>) -> Value {
    json!({"metadata": {}, "items": items})
}

/// Returns a page of a list that is sorted by a name of each item: as many as `limit` says, from
/// behind `continue`, with the fields that are asked for.
pub(crate) fn page(call: &Call, mut items: Vec<Value>, name: impl Fn(&Value) -> String) -> Value {
    let after = call.param("continue");
    if !after.is_empty() {
        items.retain(|item| *name(item) > *after);
    }
    let limit = match call.number("limit", 0, usize::MAX) {
        0 => items.len(),
        limit => limit,
    };
    let rest = items.len().saturating_sub(limit);
    items.truncate(limit);
    let next = items.last().filter(|_| rest > 0).map(&name);
    let mut answer = list(items);
    if let Some(next) = next {
        answer.set_at(&["metadata", "continue"], next);
        answer.set_at(&["metadata", "remainingItemCount"], rest);
    }
    masked(answer, call)
}

#[cfg(test)]
mod tests {
    use super::own_page;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for (path, want) in [
            ("/", "/"),
            ("/apps/argocd/shop", "/apps/argocd/shop"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("", "/"),
        ] {
            assert_eq!(own_page(path), want);
        }
    }
}
