//! Clusters: our own, and those that Secrets name.

use super::stored::{self, Content, Kind, Stored};
use crate::access::Desk;
use crate::call::{Answer, Call};
use crate::refusal::Refusal;
use crate::session::page;
use api::names;
use engine::format_time;
use jiff::Timestamp;
use rbac::{Permit, Resource, action};
use std::net::Ipv6Addr;
use std::sync::Arc;
use value::{Object, Value, json};

/// Said of clusters that are known and not deployed to.
const NOT_YET: &str = "Windlass deploys to its own cluster only";
/// Members that a change may name.
const CHANGEABLE: [&str; 8] = [
    "name",
    "namespaces",
    "config",
    "shard",
    "clusterResources",
    "labels",
    "annotations",
    "project",
];

/// Returns how policies call a cluster.
fn object(cluster: &Value) -> String {
    let server = cluster.str_at(&["server"]);
    match cluster.str_at(&["project"]) {
        "" => server.to_owned(),
        project => format!("{project}/{server}"),
    }
}

fn trimmed(server: &str) -> &str {
    server.trim_end_matches('/')
}

/// Returns a cluster as it is shown: never how one logs in there.
fn shown(desk: &Desk, stored: Option<&Stored>) -> Value {
    let text = |key: &str| stored.map_or_else(String::new, |s| s.text(key));
    let server = match trimmed(&text("server")) {
        "" => names::IN_CLUSTER_SERVER.to_owned(),
        server => server.to_owned(),
    };
    let name = match text("name") {
        name if name.is_empty() => names::IN_CLUSTER_NAME.to_owned(),
        name => name,
    };
    let config = Value::parse(text("config").as_bytes()).unwrap_or_default();
    let tls = config.get("tlsClientConfig");
    let insecure = tls.and_then(|t| t.get("insecure")).and_then(Value::as_bool);
    let mut kept = json!({"tlsClientConfig": {"insecure": insecure.unwrap_or(false)}});
    for path in [&["tlsClientConfig", "serverName"][..], &["proxyUrl"]] {
        match config.str_at(path) {
            "" => {}
            text => kept.set_at(path, source::redact(text)),
        }
    }
    for field in ["awsAuthConfig", "disableCompression"] {
        if let Some(value) = config.get(field).filter(|v| !v.is_null()) {
            kept.set_at(&[field], value.clone());
        }
    }
    let mut it = json!({"server": server.as_str(), "name": name, "config": kept});
    let namespaces = text("namespaces");
    let namespaces = namespaces.split(',').map(str::trim);
    let namespaces: Vec<&str> = namespaces.filter(|n| !n.is_empty()).collect();
    if !namespaces.is_empty() {
        it.set_at(&["namespaces"], namespaces.into_iter().collect::<Value>());
    }
    if let Ok(shard) = text("shard").parse::<i64>() {
        it.set_at(&["shard"], shard);
    }
    if text("clusterResources") == "true" {
        it.set_at(&["clusterResources"], true);
    }
    if !text("project").is_empty() {
        it.set_at(&["project"], text("project"));
    }
    for field in ["labels", "annotations"] {
        let own = stored.map_or_else(Object::new, |s| s.metadata(field));
        if !own.is_empty() {
            it.set_at(&[field], own);
        }
    }
    let state = state(desk, &server);
    it.set_at(&["connectionState"], state.clone());
    it.set_at(&["info", "connectionState"], state);
    it.set_at(&["info", "cacheInfo"], Value::object());
    let mut apps = 0;
    if server == names::IN_CLUSTER_SERVER {
        let (objects, _) = desk.cache_size();
        apps = desk.board.count();
        it.set_at(&["serverVersion"], desk.server_version());
        it.set_at(&["info", "serverVersion"], desk.server_version());
        it.set_at(&["info", "cacheInfo", "resourcesCount"], objects);
        it.set_at(&["info", "cacheInfo", "apisCount"], desk.kinds());
    }
    it.set_at(&["info", "applicationsCount"], apps);
    it
}

fn state(desk: &Desk, server: &str) -> Value {
    if server != names::IN_CLUSTER_SERVER {
        return json!({"status": "Unknown", "message": NOT_YET, "attemptedAt": null});
    }
    let (status, message) = match desk.trouble() {
        None => ("Successful", String::new()),
        Some(trouble) => ("Failed", trouble.why),
    };
    json!({
        "status": status, "message": message, "attemptedAt": format_time(Timestamp::now()),
    })
}

/// A cluster, and its Secret if it has one.
type Known = (Value, Option<Stored>);

/// Returns every cluster.
async fn known(desk: &Desk) -> Vec<Known> {
    let found = stored::list(desk, Kind::Cluster).await.into_iter();
    let mut found: Vec<Known> = found.map(|s| (shown(desk, Some(&s)), Some(s))).collect();
    let is_own = |(it, _): &Known| it.str_at(&["server"]) == names::IN_CLUSTER_SERVER;
    if !found.iter().any(is_own) {
        found.insert(0, (shown(desk, None), None));
    }
    found
}

/// `GET /api/v1/clusters`
pub(crate) async fn all(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let is = |name: &str, own: &str| call.param(name).is_empty() || call.param(name) == own;
    let id = |it: &Value| match call.param("id.type") {
        "name" | "name_escaped" => is("id.value", it.str_at(&["name"])),
        _ => is("id.value", it.str_at(&["server"])),
    };
    let items = known(&desk).await.into_iter().map(|(it, _)| it);
    let items = items.filter(|it| {
        is("server", it.str_at(&["server"])) && is("name", it.str_at(&["name"])) && id(it)
    });
    let may = |it: &Value| {
        call.caller
            .may(Resource::Clusters, action::GET, &object(it))
    };
    let mut items: Vec<Value> = items.filter(may).collect();
    let name = |it: &Value| it.str_at(&["server"]).to_owned();
    items.sort_by_cached_key(name);
    Ok(page(&call, items, name).into())
}

/// Returns the cluster that a request is about, if somebody may do something to it.
async fn find(desk: &Desk, call: &Call, verb: &str) -> Result<(Permit, Known), Refusal> {
    let wanted = call.capture(0);
    let by_name = matches!(call.param("id.type"), "name" | "name_escaped");
    let escaped = call.param("id.type") == "name_escaped";
    let name = match escaped {
        true => crate::call::decode(wanted),
        false => wanted.to_owned(),
    };
    let is = |(it, _): &Known| {
        let named = it.str_at(&["name"]) == name;
        match by_name {
            true => named,
            // In the place of an address a name will do, where nothing else has it.
            false => it.str_at(&["server"]) == trimmed(wanted) || named,
        }
    };
    let found = known(desk).await.into_iter().find(is);
    let Some(found) = found else {
        return Err(Refusal::denied());
    };
    let permit = call
        .caller
        .permit(Resource::Clusters, verb, &object(&found.0));
    // What is absent and what is forbidden look the same.
    let permit = permit.map_err(|_| Refusal::denied())?;
    Ok((permit, found))
}

/// `GET /api/v1/clusters/{server}`
pub(crate) async fn get(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let (_, (it, _)) = find(&desk, &call, action::GET).await?;
    Ok(it.into())
}

/// Returns the name of a cluster's Secret.
fn secret_name(server: &str) -> Result<String, Refusal> {
    let wrong = || Refusal::invalid(format!("{server:?} is not the address of a cluster"));
    let (_, rest) = server.split_once("://").ok_or_else(wrong)?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(v6) => {
            let address = v6.split(']').next().unwrap_or_default();
            let address: Ipv6Addr = address.parse().map_err(|_| wrong())?;
            address.to_string().replace(':', "-")
        }
        None => host.split(':').next().unwrap_or_default().to_lowercase(),
    };
    if host.is_empty() {
        return Err(wrong());
    }
    Ok(format!("cluster-{host}-{}", stored::fnv(&[server])))
}

/// Returns what of a body is to be written; all of it if no fields are named.
fn content(body: &Value, server: &str, only: &[&str]) -> Result<Content, Refusal> {
    let is = |field: &str| only.is_empty() || only.contains(&field);
    let mut content = Content::default();
    let mut set = |key: &str, text: String| content.texts.insert(key, text);
    if only.is_empty() {
        set("server", server.to_owned());
    }
    if is("name") {
        let name = body.str_at(&["name"]);
        set(
            "name",
            if name.is_empty() { server } else { name }.to_owned(),
        );
    }
    if is("namespaces") {
        let namespaces = body.array_at(&["namespaces"]).iter();
        let namespaces: Vec<&str> = namespaces.filter_map(Value::as_str).collect();
        set("namespaces", namespaces.join(","));
    }
    if is("config") {
        let none = json!({"tlsClientConfig": {"insecure": false}});
        set("config", body.get("config").unwrap_or(&none).to_json());
    }
    if is("shard") {
        let shard = body.get("shard").filter(|s| !s.is_null());
        let shard = shard.map(|s| s.as_i64().or_else(|| s.as_str()?.parse().ok()));
        let wrong = || Refusal::invalid("shard is no number");
        let shard = shard.map(|s| s.ok_or_else(wrong)).transpose()?;
        set("shard", shard.map_or_else(String::new, |s| s.to_string()));
    }
    if is("clusterResources") {
        let all = body.get("clusterResources").and_then(Value::as_bool);
        set(
            "clusterResources",
            if all == Some(true) { "true" } else { "" }.to_owned(),
        );
    }
    if is("project") {
        set("project", body.str_at(&["project"]).to_owned());
    }
    let given = |field: &str| {
        let given = body.get(field).and_then(Value::as_object);
        given.filter(|_| is(field)).cloned().unwrap_or_default()
    };
    (content.labels, content.annotations) = (given("labels"), given("annotations"));
    Ok(content)
}

/// `POST /api/v1/clusters`
pub(crate) async fn create(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let mut body = call.json()?;
    let server = trimmed(body.str_at(&["server"])).to_owned();
    body.set_at(&["server"], server.as_str());
    let name = secret_name(&server)?;
    let mut permit = call
        .caller
        .permit(Resource::Clusters, action::CREATE, &object(&body))?;
    let is = |(it, stored): &Known| it.str_at(&["server"]) == server && stored.is_some();
    let there = known(&desk).await.into_iter().find(is);
    let mut wanted = content(&body, &server, &[])?;
    match there {
        Some((it, Some(stored))) => {
            let is_same = wanted
                .texts
                .iter()
                .all(|(key, text)| Some(stored.text(key.as_str()).as_str()) == text.as_str());
            if is_same {
                return Ok(it.into());
            }
            if !call.flag("upsert") {
                return Err(Refusal::invalid(
                    "existing cluster spec is different; use upsert flag to force update",
                ));
            }
            for it in [&it, &body] {
                let verb = action::UPDATE;
                permit = call.caller.permit(Resource::Clusters, verb, &object(it))?;
            }
            stored::update(&desk, &permit, &stored, wanted).await?;
        }
        _ => {
            wanted.texts.retain(|_, text| text.as_str() != Some(""));
            stored::create(&desk, &permit, Kind::Cluster, &name, wanted).await?;
        }
    }
    let message = format!("the cluster {server} was set");
    desk.audit(&call.caller, "", "cluster", message);
    written(&desk, &server).await
}

async fn written(desk: &Desk, server: &str) -> Result<Answer, Refusal> {
    let is = |(it, _): &Known| it.str_at(&["server"]) == server;
    let found = known(desk).await.into_iter().find(is);
    let (it, _) = found.ok_or_else(Refusal::denied)?;
    Ok(it.into())
}

/// `PUT /api/v1/clusters/{server}`
pub(crate) async fn update(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let mut body = call.json()?;
    let (permit, (before, stored)) = find(&desk, &call, action::UPDATE).await?;
    let server = before.str_at(&["server"]).to_owned();
    let only: Vec<&str> = call.params("updatedFields").collect();
    let only: Vec<&str> = only
        .into_iter()
        .filter(|f| CHANGEABLE.contains(f))
        .collect();
    body.set_at(&["server"], server.as_str());
    if only.is_empty() || only.contains(&"project") {
        // Who moves it must be able to change it there.
        call.caller
            .permit(Resource::Clusters, action::UPDATE, &object(&body))?;
    }
    let mut wanted = content(&body, &server, &only)?;
    match stored {
        Some(stored) => stored::update(&desk, &permit, &stored, wanted).await?,
        None => {
            wanted.texts.insert("server", server.as_str());
            wanted.texts.retain(|_, text| text.as_str() != Some(""));
            let name = secret_name(&server)?;
            stored::create(&desk, &permit, Kind::Cluster, &name, wanted).await?;
        }
    }
    let message = format!("the cluster {server} was changed");
    desk.audit(&call.caller, "", "cluster", message);
    written(&desk, &server).await
}

/// `DELETE /api/v1/clusters/{server}`
pub(crate) async fn delete(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let (permit, (it, stored)) = find(&desk, &call, action::DELETE).await?;
    let server = it.str_at(&["server"]);
    let missing = || Refusal::not_found(format!("cluster {server:?} has no secret"));
    stored::delete(&desk, &permit, &stored.ok_or_else(missing)?).await?;
    let message = format!("the cluster {server} was taken out");
    desk.audit(&call.caller, "", "cluster", message);
    Ok(json!({}).into())
}

/// `POST /api/v1/clusters/{server}/invalidate-cache`
pub(crate) async fn invalidate(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    // The cache is followed by watches: there is nothing to throw away.
    let (_, (it, _)) = find(&desk, &call, action::UPDATE).await?;
    Ok(it.into())
}

/// Returns the clusters of a project.
pub(super) async fn of_project(desk: &Desk, permit: &Permit) -> Vec<Value> {
    let all = known(desk).await.into_iter().map(|(it, _)| it);
    all.filter(|it| it.str_at(&["project"]) == permit.object())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_called_as_argo_cd_calls_them() {
        for (server, want) in [
            ("http://foo", Some("cluster-foo-752281925")),
            (
                "http://thelongestdomainnameintheworld.argocd-project.com:3000",
                Some("cluster-thelongestdomainnameintheworld.argocd-project.com-2721640553"),
            ),
            (
                "http://[fe80::1ff:fe23:4567:890a]",
                Some("cluster-fe80--1ff-fe23-4567-890a-3877258831"),
            ),
            ("foo", None),
        ] {
            assert_eq!(secret_name(server).ok().as_deref(), want, "{server}");
        }
    }

    #[test]
    fn a_change_sets_what_it_names() {
        let body = json!({"name": "prod", "shard": "2", "labels": {"a": "b"}});
        let some = content(&body, "https://x", &["shard", "labels"]).unwrap();
        assert_eq!(Value::Object(some.texts), json!({"shard": "2"}));
        assert_eq!(some.labels.len(), 1);
        let all = content(&body, "https://x", &[]).unwrap().texts;
        assert_eq!(all.get("server").and_then(Value::as_str), Some("https://x"));
        assert!(content(&json!({"shard": "x"}), "https://x", &[]).is_err());
    }
}
