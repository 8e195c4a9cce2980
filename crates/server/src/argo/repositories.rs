//! Repositories and credential templates.

use super::stored::{self, Content, Kind, Stored};
use crate::access::Desk;
use crate::call::{Answer, Call};
use crate::refusal::{Code, Refusal};
use crate::session::{list, page};
use engine::format_time;
use jiff::Timestamp;
use rbac::{Permit, Resource, action};
use std::collections::BTreeMap;
use std::sync::Arc;
use value::{Object, Value, json};

/// How a member of a repository is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Flag,
    Number,
}

/// Who may see a member.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sight {
    Shown,
    /// Parts of logins, and what may hold one.
    Hidden,
}

/// A member of the wire, its key in the Secret of a repository and in that of a template (empty if
/// it has none there), how it is written, and whether it is shown.
struct Member(&'static str, &'static str, &'static str, Form, Sight);

#[rustfmt::skip]
const MEMBERS: &[Member] = &[
    Member("type", "type", "type", Form::Text, Sight::Shown),
    Member("name", "name", "", Form::Text, Sight::Shown),
    Member("project", "project", "", Form::Text, Sight::Shown),
    Member("username", "username", "username", Form::Text, Sight::Hidden),
    Member("password", "password", "password", Form::Text, Sight::Hidden),
    Member("bearerToken", "bearerToken", "bearerToken", Form::Text, Sight::Hidden),
    Member("sshPrivateKey", "sshPrivateKey", "sshPrivateKey", Form::Text, Sight::Hidden),
    Member("tlsClientCertData", "tlsClientCertData", "tlsClientCertData", Form::Text, Sight::Hidden),
    Member("tlsClientCertKey", "tlsClientCertKey", "tlsClientCertKey", Form::Text, Sight::Hidden),
    Member("insecure", "insecure", "", Form::Flag, Sight::Shown),
    Member("insecureIgnoreHostKey", "insecureIgnoreHostKey", "", Form::Flag, Sight::Hidden),
    Member("enableLfs", "enableLfs", "", Form::Flag, Sight::Shown),
    Member("enableOCI", "enableOCI", "enableOCI", Form::Flag, Sight::Shown),
    Member("insecureOCIForceHttp", "insecureOCIForceHttp", "insecureOCIForceHttp", Form::Flag, Sight::Hidden),
    Member("githubAppPrivateKey", "githubAppPrivateKey", "githubAppPrivateKey", Form::Text, Sight::Hidden),
    Member("githubAppID", "githubAppID", "githubAppID", Form::Number, Sight::Shown),
    Member("githubAppInstallationID", "githubAppInstallationID", "githubAppInstallationID", Form::Number, Sight::Shown),
    Member("githubAppEnterpriseBaseUrl", "githubAppEnterpriseBaseUrl", "githubAppEnterpriseBaseUrl", Form::Text, Sight::Shown),
    Member("gcpServiceAccountKey", "gcpServiceAccountKey", "gcpServiceAccountKey", Form::Text, Sight::Hidden),
    Member("proxy", "proxy", "proxy", Form::Text, Sight::Shown),
    Member("noProxy", "noProxy", "noProxy", Form::Text, Sight::Shown),
    Member("forceHttpBasicAuth", "forceHttpBasicAuth", "forceHttpBasicAuth", Form::Flag, Sight::Shown),
    Member("useAzureWorkloadIdentity", "useAzureWorkloadIdentity", "useAzureWorkloadIdentity", Form::Flag, Sight::Shown),
    Member("azureServicePrincipalClientId", "azureServicePrincipalClientId", "azureServicePrincipalClientID", Form::Text, Sight::Shown),
    Member("azureServicePrincipalClientSecret", "azureServicePrincipalClientSecret", "azureServicePrincipalClientSecret", Form::Text, Sight::Hidden),
    Member("azureServicePrincipalTenantId", "azureServicePrincipalTenantId", "azureServicePrincipalTenantID", Form::Text, Sight::Shown),
    Member("azureActiveDirectoryEndpoint", "azureActiveDirectoryEndpoint", "azureActiveDirectoryEndpoint", Form::Text, Sight::Shown),
    Member("depth", "depth", "", Form::Number, Sight::Shown),
    Member("webhookManifestCacheWarmDisabled", "webhookManifestCacheWarmDisabled", "", Form::Flag, Sight::Hidden),
];

impl Member {
    const fn key(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Credentials => self.2,
            _ => self.1,
        }
    }

    /// Returns the text that stands for a value; empty for nothing.
    fn text(&self, value: &Value) -> Result<String, Refusal> {
        let wrong = |what: &str| Refusal::invalid(format!("{} is no {what}", self.0));
        Ok(match (self.3, value) {
            (_, Value::Null) => String::new(),
            (Form::Text, value) => value.as_str().ok_or_else(|| wrong("text"))?.to_owned(),
            (Form::Flag, value) => match value.as_bool().ok_or_else(|| wrong("true or false"))? {
                true => "true".to_owned(),
                false => String::new(),
            },
            // Clients that know protobuf's JSON write large numbers as texts.
            (Form::Number, value) => {
                let number = match value.as_str() {
                    Some(text) => text.parse().ok(),
                    None => value.as_i64(),
                };
                match number.ok_or_else(|| wrong("number"))? {
                    0 => String::new(),
                    number => number.to_string(),
                }
            }
        })
    }
}

/// Returns how policies call a repository.
fn object(project: &str, url: &str) -> String {
    match project {
        "" => url.to_owned(),
        project => format!("{project}/{url}"),
    }
}

/// Returns a URL in the form in which two are compared.
fn normal(url: &str) -> String {
    let url = source::redact(url.trim()).to_lowercase();
    let url = url.trim_end_matches('/');
    url.strip_suffix(".git").unwrap_or(url).to_owned()
}

/// How a repository was when an application last needed it.
struct Seen {
    status: &'static str,
    message: String,
    at: Option<i64>,
}

impl Seen {
    fn never() -> Self {
        Self {
            status: "Unknown",
            message: "no application uses it".into(),
            at: None,
        }
    }

    fn state(&self) -> Value {
        let at = self.at.and_then(|at| Timestamp::from_second(at).ok());
        json!({
            "status": self.status, "message": self.message.as_str(),
            "attemptedAt": at.map_or(Value::Null, |at| format_time(at).into()),
        })
    }
}

/// Returns how each repository is that an application uses which somebody may see.
fn used(desk: &Desk, call: &Call) -> BTreeMap<String, (String, Seen)> {
    let mut found: BTreeMap<String, (String, Seen)> = BTreeMap::new();
    let now = Timestamp::now().as_second();
    for row in desk.board.visible(&call.caller) {
        if row.repo.is_empty() {
            continue;
        }
        let (_, seen) = found
            .entry(normal(&row.repo))
            .or_insert_with(|| (source::redact(&row.repo), Seen::never()));
        if &*row.sync != "Unknown" {
            *seen = Seen {
                status: "Successful",
                message: String::new(),
                at: Some(now),
            };
        } else if seen.status == "Unknown" {
            *seen = Seen {
                status: "Failed",
                message: row.cause.to_string(),
                at: Some(row.since),
            };
        }
    }
    found
}

/// Returns a repository as it is shown: never its login.
fn shown(stored: &Stored, state: &Seen) -> Value {
    let mut it = json!({"repo": source::redact(&stored.text("url"))});
    for member in MEMBERS.iter().filter(|m| m.4 == Sight::Shown) {
        let text = stored.text(member.1);
        match member.3 {
            _ if text.is_empty() => {}
            Form::Text if member.0 == "proxy" => it.set_at(&["proxy"], source::redact(&text)),
            Form::Text => it.set_at(&[member.0], text),
            Form::Flag if stored.flag(member.1) => it.set_at(&[member.0], true),
            Form::Flag => {}
            Form::Number => match text.parse::<i64>() {
                Ok(0) | Err(_) => {}
                Ok(number) => it.set_at(&[member.0], number),
            },
        }
    }
    if it.get("type").is_none() {
        it.set_at(&["type"], "git");
    }
    if stored.flag("insecureIgnoreHostKey") {
        it.set_at(&["insecure"], true);
    }
    it.set_at(&["connectionState"], state.state());
    it
}

/// Returns the repositories that somebody may read, by project and address: those with a Secret,
/// and those that applications use without.
async fn readable(desk: &Desk, call: &Call) -> Vec<Value> {
    let mut used = used(desk, call);
    let may = |project: &str, url: &str| {
        let object = object(project, url);
        call.caller
            .may(Resource::Repositories, action::GET, &object)
    };
    let mut items = Vec::new();
    for stored in stored::list(desk, Kind::Repository).await {
        let (url, project) = (stored.text("url"), stored.text("project"));
        let seen = used.remove(&normal(&url)).map(|(_, seen)| seen);
        if may(&project, &url) {
            items.push(shown(&stored, &seen.unwrap_or_else(Seen::never)));
        }
    }
    for (url, seen) in used.into_values().filter(|(url, _)| may("", url)) {
        items.push(json!({"repo": url, "type": "git", "connectionState": seen.state()}));
    }
    items.sort_by_cached_key(place);
    items
}

/// Returns what repositories are sorted by.
fn place(it: &Value) -> String {
    format!("{}/{}", it.str_at(&["project"]), it.str_at(&["repo"]))
}

/// `GET /api/v1/repositories`
pub(crate) async fn all(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let items = readable(&desk, &call).await;
    Ok(page(&call, items, place).into())
}

/// Returns the repository that a request is about, if somebody may read it.
async fn find(desk: &Desk, call: &Call) -> Result<Value, Refusal> {
    let (url, project) = (normal(call.capture(0)), call.param("appProject"));
    let found = readable(desk, call).await.into_iter();
    let mut found: Vec<Value> = found
        .filter(|it| normal(it.str_at(&["repo"])) == url)
        .collect();
    if found.is_empty() {
        return Err(Refusal::denied());
    }
    if found.len() > 1 || !project.is_empty() {
        found.retain(|it| it.str_at(&["project"]) == project);
    }
    let missing = || {
        let url = call.capture(0);
        Refusal::not_found(format!(
            "repository not found for url {url:?} and project {project:?}"
        ))
    };
    found.into_iter().next().ok_or_else(missing)
}

/// `GET /api/v1/repositories/{repo}`
pub(crate) async fn get(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    Ok(find(&desk, &call).await?.into())
}

/// Returns the Secret of a repository or a template with the very address, and project.
async fn secret(desk: &Desk, kind: Kind, url: &str, project: &str) -> Option<Stored> {
    let found = stored::list(desk, kind).await.into_iter();
    let url = normal(url);
    found
        .into_iter()
        .find(|s| normal(&s.text("url")) == url && s.text("project") == project)
}

/// Returns what a body says, as texts for a Secret.
fn texts(kind: Kind, body: &Value, url: &str) -> Result<Object, Refusal> {
    let mut texts = Object::new();
    texts.insert("url", url);
    for member in MEMBERS.iter().filter(|m| !m.key(kind).is_empty()) {
        let value = body.get(member.0).unwrap_or(&Value::Null);
        texts.insert(member.key(kind), member.text(value)?);
    }
    Ok(texts)
}

/// Returns true if a Secret says what is to be said.
fn is_same(stored: &Stored, texts: &Object) -> bool {
    texts.iter().all(|(key, text)| {
        let kept = stored.text(key.as_str());
        let kept = if kept == "false" || kept == "0" {
            String::new()
        } else {
            kept
        };
        let default = key.as_str() == "type" && (kept.is_empty() || text.as_str() == Some(""));
        default || Some(kept.as_str()) == text.as_str()
    })
}

/// Writes a repository or a template.
async fn write(
    desk: &Desk,
    call: &Call,
    permit: &Permit,
    kind: Kind,
    texts: Object,
) -> Result<(), Refusal> {
    let text = |key: &str| texts.get(key).and_then(Value::as_str).unwrap_or_default();
    let (url, project) = (text("url").to_owned(), text("project").to_owned());
    let (prefix, what) = match kind {
        Kind::Credentials => ("creds", "credentials"),
        _ => ("repo", "repository"),
    };
    let content = |mut texts: Object, all: bool| {
        texts.retain(|_, text| all || text.as_str() != Some(""));
        Content {
            texts,
            ..Content::default()
        }
    };
    match secret(desk, kind, &url, &project).await {
        Some(stored) => stored::update(desk, permit, &stored, content(texts, true)).await?,
        None => {
            let name = format!("{prefix}-{}", stored::fnv(&[&url, &project]));
            stored::create(desk, permit, kind, &name, content(texts, false)).await?;
        }
    }
    let message = format!("the {what} {} was set", source::redact(&url));
    desk.audit(&call.caller, "", "repository", message);
    Ok(())
}

/// Returns the answer to a change of a repository.
fn changed(body: &Value) -> Answer {
    let mut it = json!({"repo": body.str_at(&["repo"])});
    for field in ["type", "name"] {
        if !body.str_at(&[field]).is_empty() {
            it.set_at(&[field], body.str_at(&[field]));
        }
    }
    it.set_at(
        &["connectionState"],
        json!({"status": "", "message": "", "attemptedAt": null}),
    );
    it.into()
}

fn is_different(what: &str) -> Refusal {
    Refusal::invalid(format!(
        "existing {what} spec is different; use upsert flag to force update"
    ))
}

fn address<'a>(body: &'a Value, field: &str) -> Result<&'a str, Refusal> {
    match body.str_at(&[field]).trim() {
        "" => Err(Refusal::invalid(format!("must specify {field}"))),
        url => Ok(url),
    }
}

/// `POST /api/v1/repositories`
pub(crate) async fn create(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let url = address(&body, "repo")?;
    let project = body.str_at(&["project"]);
    let may = |verb| {
        let object = object(project, url);
        call.caller.permit(Resource::Repositories, verb, &object)
    };
    let mut permit = may(action::CREATE)?;
    let texts = texts(Kind::Repository, &body, url)?;
    if let Some(stored) = secret(&desk, Kind::Repository, url, project).await {
        if is_same(&stored, &texts) {
            return Ok(changed(&body));
        }
        if !call.flag("upsert") {
            return Err(is_different("repository"));
        }
        permit = may(action::UPDATE)?;
    }
    write(&desk, &call, &permit, Kind::Repository, texts).await?;
    Ok(changed(&body))
}

/// `PUT /api/v1/repositories/{repo}`
pub(crate) async fn update(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let mut body = call.json()?;
    let url = call.capture(0);
    body.set_at(&["repo"], url);
    let project = body.str_at(&["project"]);
    let object = object(project, url);
    let permit = call
        .caller
        .permit(Resource::Repositories, action::UPDATE, &object)?;
    let texts = texts(Kind::Repository, &body, url)?;
    write(&desk, &call, &permit, Kind::Repository, texts).await?;
    Ok(changed(&body))
}

/// `DELETE /api/v1/repositories/{repo}`
pub(crate) async fn delete(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let found = find(&desk, &call).await?;
    let (url, project) = (found.str_at(&["repo"]), found.str_at(&["project"]));
    let object = object(project, url);
    let permit = call
        .caller
        .permit(Resource::Repositories, action::DELETE, &object)?;
    let stored = secret(&desk, Kind::Repository, url, project).await;
    let missing = || Refusal::not_found(format!("repository {url:?} not found"));
    stored::delete(&desk, &permit, &stored.ok_or_else(missing)?).await?;
    let message = format!("the repository {url} was taken out");
    desk.audit(&call.caller, "", "repository", message);
    Ok(json!({}).into())
}

/// Returns the repositories of a project with a Secret, without how they are.
pub(super) async fn of_project(desk: &Desk, permit: &Permit) -> Vec<Value> {
    let all = stored::list(desk, Kind::Repository).await.into_iter();
    all.filter(|s| s.text("project") == permit.object())
        .map(|s| {
            let mut it = shown(&s, &Seen::never());
            let none = json!({"status": "", "message": "", "attemptedAt": null});
            it.set_at(&["connectionState"], none);
            it
        })
        .collect()
}

/// `GET /api/v1/repocreds`
pub(crate) async fn all_credentials(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let found = stored::list(&desk, Kind::Credentials).await.into_iter();
    let items = found.filter_map(|stored| {
        let url = stored.text("url");
        let may = call.caller.may(Resource::Repositories, action::GET, &url);
        let mut it = json!({"url": source::redact(&url)});
        if !stored.text("username").is_empty() {
            it.set_at(&["username"], stored.text("username"));
        }
        may.then_some(it)
    });
    Ok(list(items.collect()).into())
}

/// `POST /api/v1/repocreds`
pub(crate) async fn create_credentials(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let url = address(&body, "url")?;
    let may = |verb| call.caller.permit(Resource::Repositories, verb, url);
    let mut permit = may(action::CREATE)?;
    let texts = texts(Kind::Credentials, &body, url)?;
    if let Some(stored) = secret(&desk, Kind::Credentials, url, "").await {
        if is_same(&stored, &texts) {
            return Ok(json!({"url": url}).into());
        }
        if !call.flag("upsert") {
            return Err(is_different("repository credentials"));
        }
        permit = may(action::UPDATE)?;
    }
    write(&desk, &call, &permit, Kind::Credentials, texts).await?;
    Ok(json!({"url": url}).into())
}

/// `PUT /api/v1/repocreds/{url}`
pub(crate) async fn update_credentials(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let url = call.capture(0);
    let permit = call
        .caller
        .permit(Resource::Repositories, action::UPDATE, url)?;
    let texts = texts(Kind::Credentials, &body, url)?;
    write(&desk, &call, &permit, Kind::Credentials, texts).await?;
    Ok(json!({"url": url}).into())
}

/// `DELETE /api/v1/repocreds/{url}`
pub(crate) async fn delete_credentials(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let url = call.capture(0);
    let permit = call
        .caller
        .permit(Resource::Repositories, action::DELETE, url)?;
    let stored = secret(&desk, Kind::Credentials, url, "").await;
    let missing = || {
        let message = format!("repository credentials {url:?} not found");
        Refusal::new(Code::NotFound, message)
    };
    stored::delete(&desk, &permit, &stored.ok_or_else(missing)?).await?;
    let message = format!("the credentials {} were taken out", source::redact(url));
    desk.audit(&call.caller, "", "repository", message);
    Ok(json!({}).into())
}
