//! Accounts and tokens.

use crate::access::Desk;
use crate::call::{Answer, Call};
use crate::logins::{self, random};
use crate::refusal::Refusal;
use accounts::{Account, Hash};
use jiff::Timestamp;
use rbac::{Permit, Resource, action};
use std::sync::Arc;
use value::{Value, json};

fn shown(account: &Account) -> Value {
    let tokens: Value = account
        .tokens
        .iter()
        .map(|t| {
            json!({
                "id": t.id.as_str(), "issuedAt": t.issued_at,
                "expiresAt": t.expires_at,
            })
        })
        .collect();
    let capabilities: Value = account.capabilities.iter().map(|c| c.as_str()).collect();
    json!({
        "name": account.name.as_str(), "enabled": account.is_enabled,
        "capabilities": capabilities, "tokens": tokens,
    })
}

/// Returns true if an account is one's own: that may always be looked at.
fn is_own(call: &Call, name: &str) -> bool {
    let identity = call.caller.identity.as_ref();
    identity.is_some_and(|i| i.issuer == accounts::ISSUER && i.subject == name)
}

/// `GET /api/v1/account`
pub(crate) async fn all(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let accounts = desk.auth.logins.accounts();
    let may =
        |name: &str| is_own(&call, name) || call.caller.may(Resource::Accounts, action::GET, name);
    let items: Vec<Value> = accounts
        .iter()
        .filter(|a| may(&a.name))
        .map(shown)
        .collect();
    Ok(json!({"items": items}).into())
}

/// `GET /api/v1/account/{name}`
pub(crate) async fn get(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let name = call.capture(0);
    if !is_own(&call, name) {
        call.caller.permit(Resource::Accounts, action::GET, name)?;
    }
    let accounts = desk.auth.logins.accounts();
    let account = accounts.get(name);
    let missing = || Refusal::not_found(format!("account '{name}' does not exist"));
    Ok(shown(account.ok_or_else(missing)?).into())
}

/// Asks for a permit to change an account; one's own needs none but its password.
fn permit(call: &Call, name: &str) -> Result<Permit, Refusal> {
    call.caller.permit(Resource::Accounts, action::UPDATE, name)
}

/// `PUT /api/v1/account/password`
pub(crate) async fn set_password(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let text = |name: &str| body.str_at(&[name]).to_owned();
    let own = call
        .caller
        .identity
        .as_ref()
        .filter(|i| i.issuer == accounts::ISSUER);
    let Some(own) = own.map(|i| i.subject.clone()) else {
        return Err(
            Refusal::invalid("password can only be changed for local users")
                .hint("log in with a name and a password"),
        );
    };
    let name = match text("name") {
        name if name.is_empty() => own.clone(),
        name => name,
    };
    if name != own {
        permit(&call, &name)?;
    }
    let (current, new) = (text("currentPassword"), text("newPassword"));
    let now = Timestamp::now().as_second();
    let (at, account) = (Arc::clone(&desk), name.clone());
    let change = tokio::task::spawn_blocking(move || {
        at.auth.logins.check(&own, &current, now)?;
        let accounts = at.auth.logins.accounts();
        let change = accounts.change_password(&account, &new, Hash::default(), now, &mut random);
        Ok::<_, Refusal>(change?)
    });
    let change = change.await??;
    logins::write(desk.accounts_client(), desk.namespace(), &change).await?;
    desk.audit(
        &call.caller,
        "",
        "account",
        format!("the password of {name} was changed"),
    );
    Ok(json!({}).into())
}

/// Returns how long a token is to last, in seconds; 0 is for ever.
fn lasts(body: &Value) -> Result<i64, Refusal> {
    let seconds = match body.get("expiresIn") {
        None | Some(Value::Null) => Some(0),
        Some(Value::String(text)) => text.parse().ok(),
        Some(number) => number.as_i64(),
    };
    let seconds = seconds.filter(|s| *s >= 0);
    seconds.ok_or_else(|| Refusal::invalid("expiresIn: that is no number of seconds"))
}

/// `POST /api/v1/account/{name}/token`
pub(crate) async fn make_token(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let name = call.capture(0);
    permit(&call, name)?;
    let body = call.json()?;
    let accounts = desk.auth.logins.accounts();
    let now = Timestamp::now().as_second();
    let issued =
        accounts.create_token(name, lasts(&body)?, body.str_at(&["id"]), now, &mut random)?;
    if let Some(change) = &issued.change {
        logins::write(desk.accounts_client(), desk.namespace(), change).await?;
    }
    desk.audit(
        &call.caller,
        "",
        "account",
        format!("a token of {name} was made"),
    );
    Ok(json!({"token": issued.token.expose().as_str()}).into())
}

/// `DELETE /api/v1/account/{name}/token/{id}`
pub(crate) async fn delete_token(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let (name, id) = (call.capture(0), call.capture(1));
    permit(&call, name)?;
    let change = desk.auth.logins.accounts().delete_token(name, id)?;
    logins::write(desk.accounts_client(), desk.namespace(), &change).await?;
    desk.audit(
        &call.caller,
        "",
        "account",
        format!("the token {id} of {name} was deleted"),
    );
    Ok(json!({}).into())
}

/// The roles of a project as they are, for one who may change it.
struct Roles {
    permit: Permit,
    path: String,
    project: Value,
    /// The place of the role that is meant.
    at: usize,
}

impl Roles {
    async fn read(desk: &Desk, call: &Call) -> Result<Self, Refusal> {
        let (name, role) = (call.capture(0), call.capture(1));
        let permit = call
            .caller
            .permit(Resource::Projects, action::UPDATE, name)?;
        let (group, namespace) = (api::names::ARGO_API_VERSION, desk.namespace());
        let path = format!("/apis/{group}/namespaces/{namespace}/appprojects/{name}");
        let project = desk.client(&permit).get(&path).await?;
        let roles = project.array_at(&["spec", "roles"]).iter();
        let mut roles = roles
            .enumerate()
            .filter(|(_, r)| r.str_at(&["name"]) == role);
        let Some((at, _)) = roles.next() else {
            return Err(Refusal::not_found(format!(
                "role '{role}' does not exist in project '{name}'"
            )));
        };
        Ok(Self {
            permit,
            path,
            at,
            project,
        })
    }

    /// Writes the tokens of the role, unless somebody has changed the project meanwhile.
    async fn write(self, desk: &Desk, change: impl FnOnce(&mut Vec<Value>)) -> Result<(), Refusal> {
        let mut roles = self.project.array_at(&["spec", "roles"]).to_vec();
        let mut tokens = roles[self.at].array_at(&["jwtTokens"]).to_vec();
        change(&mut tokens);
        roles[self.at].set_at(&["jwtTokens"], tokens);
        let version = self.project.str_at(&["metadata", "resourceVersion"]);
        let patch = json!({
            "metadata": {"resourceVersion": version}, "spec": {"roles": roles},
        });
        desk.client(&self.permit)
            .merge_patch(&self.path, &patch)
            .await?;
        Ok(())
    }
}

/// `POST /api/v1/projects/{name}/roles/{role}/token`
pub(crate) async fn make_project_token(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let roles = Roles::read(&desk, &call).await?;
    let (name, role) = (call.capture(0).to_owned(), call.capture(1).to_owned());
    let accounts = desk.auth.logins.accounts();
    let now = Timestamp::now().as_second();
    let (seconds, id) = (lasts(&body)?, body.str_at(&["id"]));
    let issued = accounts.create_project_token(&name, &role, seconds, id, now, &mut random)?;
    let mut kept = json!({"iat": issued.kept.issued_at, "id": issued.kept.id.as_str()});
    if issued.kept.expires_at > 0 {
        kept.set_at(&["exp"], issued.kept.expires_at);
    }
    roles.write(&desk, |tokens| tokens.push(kept)).await?;
    desk.audit(
        &call.caller,
        "",
        "project",
        format!("a token of {name}/{role} was made"),
    );
    Ok(json!({"token": issued.token.expose().as_str()}).into())
}

/// `DELETE /api/v1/projects/{name}/roles/{role}/token/{iat}`
pub(crate) async fn delete_project_token(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let roles = Roles::read(&desk, &call).await?;
    let (iat, id) = (
        call.capture(2).parse::<i64>().ok(),
        call.param("id").to_owned(),
    );
    let is_it = |token: &Value| match id.as_str() {
        "" => iat.is_some() && token.i64_at(&["iat"]) == iat,
        id => token.str_at(&["id"]) == id,
    };
    roles
        .write(&desk, |tokens| tokens.retain(|token| !is_it(token)))
        .await?;
    let (name, role) = (call.capture(0), call.capture(1));
    desk.audit(
        &call.caller,
        "",
        "project",
        format!("a token of {name}/{role} was deleted"),
    );
    Ok(json!({}).into())
}
