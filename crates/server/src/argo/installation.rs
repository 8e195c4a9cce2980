//! The installation: repositories, clusters, and what the policy says.

use crate::access::Desk;
use crate::call::{Answer, Call};
use crate::refusal::Refusal;
use crate::session::list;
use api::names;
use base64::Engine as _;
use engine::format_time;
use jiff::Timestamp;
use rbac::{Permit, Resource, Subject, action};
use std::collections::BTreeMap;
use std::sync::Arc;
use value::{Value, json};

/// `GET /api/v1/repositories`
pub(crate) async fn repositories(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let mut found = BTreeMap::new();
    // Each is asked about on its own; the list needs no right of its own, as in Argo CD.
    for row in desk.board.visible(&call.caller) {
        found.insert(
            row.repo.to_string(),
            (row.project.to_string(), row.path.to_string()),
        );
    }
    let mut items: Vec<Value> = Vec::new();
    let secrets = repository_secrets(&desk, &call).await;
    let known: Vec<String> = secrets
        .iter()
        .map(|s| s.str_at(&["repo"]).to_owned())
        .collect();
    items.extend(secrets);
    for repo in found
        .into_keys()
        .filter(|r| !r.is_empty() && !known.contains(r))
    {
        let may = call.caller.may(Resource::Repositories, action::GET, &repo);
        if may {
            items.push(repository(&repo, "", "git", ""));
        }
    }
    Ok(list(items).into())
}

fn repository(repo: &str, name: &str, kind: &str, project: &str) -> Value {
    json!({
        "repo": repo, "name": name, "type": kind, "project": project,
        "connectionState": {
            "status": "Successful", "message": "", "attemptedAt": format_time(Timestamp::now()),
        },
    })
}

/// Returns the repositories with a Secret that somebody may read; never what the Secret holds
/// beside addresses and names.
async fn repository_secrets(desk: &Desk, call: &Call) -> Vec<Value> {
    let path = format!(
        "/api/v1/namespaces/{}/secrets?labelSelector=argocd.argoproj.io%2Fsecret-type%3Drepository",
        desk.namespace()
    );
    let Some(secrets) = desk.secrets(&path).await else {
        return Vec::new();
    };
    let mut items = Vec::new();
    for secret in secrets.array_at(&["items"]) {
        let text = |name: &str| {
            let data = secret.str_at(&["data", name]);
            let bytes = base64::engine::general_purpose::STANDARD.decode(data);
            bytes
                .ok()
                .and_then(|b| String::from_utf8(b).ok())
                .unwrap_or_default()
        };
        let (url, project) = (text("url"), text("project"));
        let object = match project.as_str() {
            "" => url.clone(),
            project => format!("{project}/{url}"),
        };
        if call
            .caller
            .may(Resource::Repositories, action::GET, &object)
        {
            let kind = text("type");
            let kind = if kind.is_empty() { "git" } else { &kind };
            let mut item = repository(&url, &text("name"), kind, &project);
            if !text("username").is_empty() {
                item.set_at(&["username"], text("username"));
            }
            items.push(item);
        }
    }
    items
}

/// Returns the repositories that somebody may read.
pub(crate) async fn repositories_of(
    desk: &Desk,
    call: &Call,
    _permit: &Permit,
) -> Result<Vec<Value>, Refusal> {
    Ok(repository_secrets(desk, call).await)
}

/// `GET /api/v1/clusters`
pub(crate) async fn clusters(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let may = call
        .caller
        .may(Resource::Clusters, action::GET, names::IN_CLUSTER_SERVER);
    let items = if may {
        vec![in_cluster(&desk)]
    } else {
        Vec::new()
    };
    Ok(list(items).into())
}

/// `GET /api/v1/clusters/{server}`
pub(crate) async fn cluster(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let wanted = call.capture(0);
    let is_own = matches!(wanted, names::IN_CLUSTER_SERVER | names::IN_CLUSTER_NAME);
    let permit = call
        .caller
        .permit(Resource::Clusters, action::GET, names::IN_CLUSTER_SERVER);
    match permit {
        Ok(_) if is_own => Ok(in_cluster(&desk).into()),
        _ => Err(Refusal::denied()),
    }
}

fn in_cluster(desk: &Desk) -> Value {
    let trouble = desk.trouble();
    let (status, message) = match &trouble {
        None => ("Successful", String::new()),
        Some(trouble) => ("Failed", trouble.why.clone()),
    };
    let state = json!({
        "status": status, "message": message, "attemptedAt": format_time(Timestamp::now()),
    });
    let (objects, _) = desk.cache_size();
    json!({
        "server": names::IN_CLUSTER_SERVER, "name": names::IN_CLUSTER_NAME,
        "config": {"tlsClientConfig": {"insecure": false}},
        "serverVersion": desk.server_version(),
        "connectionState": state.clone(),
        "info": {
            "connectionState": state,
            "serverVersion": desk.server_version(),
            "applicationsCount": desk.board.count(),
            "cacheInfo": {"resourcesCount": objects},
        },
    })
}

/// `GET /api/v1/account/can-i/{resource}/{action}/{object...}`
pub(crate) async fn account_can_i(_desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let resource: Resource = call
        .capture(0)
        .parse()
        .map_err(|e: rbac::UnknownResource| Refusal::invalid(e.to_string()))?;
    let may = call.caller.may(resource, call.capture(1), call.capture(2));
    Ok(json!({"value": if may { "yes" } else { "no" }}).into())
}

/// `GET /api/v1/can-i`
pub(crate) async fn can_i(_desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let resource: Resource = call
        .param("resource")
        .parse()
        .map_err(|e: rbac::UnknownResource| Refusal::invalid(e.to_string()))?;
    let user = call.param("user");
    let groups: Vec<&str> = call.params("groups").collect();
    let is_own = (user.is_empty() || user == call.caller.name()) && groups.is_empty();
    let subject = match is_own {
        true => call.caller.subject().clone(),
        false => {
            // What others may do is for those who may read the accounts.
            call.caller.permit(Resource::Accounts, action::GET, user)?;
            Subject::user(user, groups)
        }
    };
    let policy = &call.caller.current().policy;
    let it = policy.explain(
        &subject,
        resource,
        call.param("action"),
        call.param("object"),
    );
    Ok(explanation(&it).into())
}

fn explanation(it: &rbac::Explanation) -> Value {
    let rule = it.rule.as_ref();
    json!({
        "allowed": it.is_allowed,
        "rule": rule.map_or("", |r| &r.text),
        "source": rule.map_or_else(String::new, |r| format!("{}:{}", r.source, r.line)),
        "why": it.why.as_str(),
        "needed": it.needed.as_str(),
    })
}

/// `GET /api/v1/policy`
pub(crate) async fn policy(_desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    call.caller.permit(Resource::Accounts, action::GET, "*")?;
    let current = call.caller.current();
    let policy = &current.policy;
    let problem_of = |rule: &rbac::Rule| {
        let mut problems = policy.problems().iter();
        problems
            .find(|p| p.source == rule.source && p.line == rule.line)
            .map(ToString::to_string)
    };
    let rules: Vec<Value> = policy
        .rules()
        .iter()
        .map(|rule| {
            let mut it = json!({
                "line": rule.line, "source": &*rule.source, "text": &*rule.text,
            });
            if let Some(problem) = problem_of(rule) {
                it.set_at(&["problem"], problem);
            }
            it
        })
        .collect();
    let mode = match current.config.match_mode {
        rbac::MatchMode::Glob => "glob",
        rbac::MatchMode::Regex => "regex",
    };
    Ok(json!({
        "matchMode": mode, "default": policy.default_role(), "rules": rules,
        "refused": current.refused.clone(),
    })
    .into())
}
