//! Argo CD's clients decode our answers: each has the members that they need, and no others than
//! they know, but for those that are ours by name.

use crate::support::{ADMIN, Stage};
use value::Value;

/// A path, where in its answer the object is (each item of a list), the members that are always
/// there, those that may be, and those that are ours.
struct Shape(
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

#[rustfmt::skip]
const SHAPES: &[Shape] = &[
    Shape("applications", "", "metadata items", "", ""),
    Shape("applications", "/metadata", "resourceVersion", "continue remainingItemCount", ""),
    Shape("applications", "/items", "apiVersion kind metadata spec status", "operation", ""),
    Shape("applications/shop", "", "apiVersion kind metadata spec status", "operation", ""),
    Shape("applications/shop", "/metadata", "name namespace uid resourceVersion creationTimestamp generation", "labels annotations finalizers", ""),
    Shape("applications/shop", "/status", "sync health resources history reconciledAt sourceType summary", "operationState conditions sourceTypes resourceHealthSource controllerNamespace", ""),
    Shape("applications/shop/resource-tree", "", "nodes", "orphanedNodes hosts shardsCount", ""),
    Shape("applications/shop/resource-tree", "/nodes", "version kind namespace name uid resourceVersion createdAt", "group parentRefs info networkingInfo images health", ""),
    Shape("applications/shop/managed-resources", "/items", "kind namespace name targetState liveState normalizedLiveState predictedLiveState resourceVersion", "group diff hook modified", ""),
    Shape("applications/shop/manifests", "", "manifests namespace server revision sourceType", "verifyResult commands", ""),
    Shape("applications/shop/resource?group=apps&version=v1&kind=Deployment&namespace=shop&resourceName=web", "", "manifest", "", ""),
    Shape("applications/shop/resource/actions?group=apps&version=v1&kind=Deployment&namespace=shop&resourceName=web", "/actions", "name", "params disabled iconClass displayName", ""),
    Shape("applications/shop/events", "", "metadata items", "", ""),
    Shape("applications/shop/syncwindows", "", "canSync", "activeWindows assignedWindows", ""),
    Shape("applications/shop/links", "", "", "items", "errors"),
    Shape("projects", "", "metadata items", "", ""),
    Shape("projects/default", "", "apiVersion kind metadata spec", "status", ""),
    Shape("projects/default/detailed", "", "project", "globalProjects repositories clusters", ""),
    Shape("projects/default/globalprojects", "", "", "items", ""),
    Shape("projects/default/events", "", "metadata items", "", ""),
    Shape("projects/default/links", "", "", "items", "errors"),
    Shape("projects/default/syncwindows", "", "", "windows", ""),
    Shape("repositories", "/items", "repo type connectionState", "name project insecure", ""),
    Shape("repositories", "/items/connectionState", "status message attemptedAt", "", ""),
    Shape("repocreds", "", "metadata items", "", ""),
    Shape("clusters", "/items", "server name config connectionState info", "serverVersion namespaces shard labels annotations project clusterResources", ""),
    Shape("clusters", "/items/config", "tlsClientConfig", "", ""),
    Shape("clusters", "/items/info", "connectionState applicationsCount cacheInfo", "serverVersion apiVersions", ""),
    Shape("clusters/in-cluster?id.type=name", "", "server name config connectionState info", "serverVersion", ""),
    Shape("settings", "", "url appLabelKey passwordPattern trackingMethod controllerNamespace", "help plugins userLoginsDisabled execEnabled appsInAnyNamespaceEnabled oidcConfig statusBadgeEnabled", "windlass"),
    Shape("session/userinfo", "", "loggedIn username iss", "groups", "csrf expires"),
    Shape("account", "/items", "name capabilities", "enabled tokens", ""),
    Shape("account/admin", "", "name capabilities", "enabled tokens", ""),
    Shape("account/can-i/applications/get/default/shop", "", "value", "", ""),
    Shape("certificates", "", "metadata items", "", ""),
    Shape("gpgkeys", "", "metadata items", "", ""),
    Shape("applicationsets", "", "metadata items", "", ""),
];

/// Returns the objects at a place: of lists each item.
fn objects(of: &Value, place: &str) -> Vec<Value> {
    let mut found = vec![of.clone()];
    for name in place.split('/').filter(|n| !n.is_empty()) {
        let below = found.iter().filter_map(|it| it.get(name).cloned());
        found = below
            .flat_map(|it| match it {
                Value::Array(items) => items.into_iter().collect(),
                one => vec![one],
            })
            .collect();
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn argo_cds_clients_can_decode_every_answer() {
    let stage = Stage::new().await;
    stage.shop(true).await;
    stage
        .ask("/api/v1/repositories", ADMIN, |a| {
            a.json().array_at(&["items"]).len() == 1
        })
        .await;
    for Shape(path, place, always, maybe, ours) in SHAPES {
        let answer = stage.get(&format!("/api/v1/{path}")).await;
        let found = objects(&answer, place);
        assert!(!found.is_empty(), "{path} {place}: {}", answer.to_json());
        for it in found {
            let members = it.as_object().expect("an object");
            for name in always.split_whitespace() {
                assert!(
                    members.get(name).is_some(),
                    "{path} {place} lacks {name}: {}",
                    it.to_json()
                );
            }
            for (name, _) in members.iter() {
                let known = [always, maybe, ours];
                let mut known = known.iter().flat_map(|names| names.split_whitespace());
                assert!(
                    known.any(|n| n == name.as_str()),
                    "{path} {place} has {name}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_wrap_each_document() {
    let stage = Stage::new().await;
    stage.shop(true).await;
    for (path, member) in [
        ("stream/applications?name=shop", "application"),
        ("stream/applications/shop/resource-tree", "nodes"),
    ] {
        let first = stage.first_line(&format!("/api/v1/{path}")).await;
        let document = Value::parse(first.as_bytes()).expect("a document");
        let result = document.get("result").expect("a result");
        assert!(result.get(member).is_some(), "{path}: {first}");
    }
}

/// Compares a value with a schema of the document: a member that it must have, a member that it
/// doesn't know, and a value of another kind are all wrong.
fn compare(document: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    if let Some(name) = schema
        .str_at(&["$ref"])
        .rsplit('/')
        .next()
        .filter(|n| !n.is_empty())
    {
        let schema = document
            .at(&["components", "schemas", name])
            .expect("a schema");
        return compare(document, schema, value, &format!("{at}:{name}"), wrong);
    }
    if let Some(some) = schema.get("anyOf") {
        if !value.is_null() {
            let first = &some.as_array().expect("a list")[0];
            compare(document, first, value, at, wrong);
        }
        return;
    }
    let is_kind = match schema.str_at(&["type"]) {
        "string" => value.as_str().is_some(),
        "integer" => value.as_i64().is_some(),
        "boolean" => value.as_bool().is_some(),
        "array" => value.as_array().is_some(),
        "object" => value.as_object().is_some(),
        _ => true,
    };
    if !is_kind {
        wrong.push(format!("{at} is {}", value.to_json()));
        return;
    }
    if schema.str_at(&["format"]) == "date-time" {
        let text = value.as_str().unwrap_or_default();
        if text.parse::<jiff::Timestamp>().is_err() {
            wrong.push(format!("{at} is no time: {text:?}"));
        }
    }
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        for value in values {
            compare(document, items, value, &format!("{at}[]"), wrong);
        }
    }
    let Some(members) = value.as_object() else {
        return;
    };
    for name in schema
        .array_at(&["required"])
        .iter()
        .filter_map(Value::as_str)
    {
        if members.get(name).is_none() {
            wrong.push(format!("{at} lacks {name}"));
        }
    }
    for (name, value) in members.iter() {
        let name = name.as_str();
        let own = schema.at(&["properties", name]);
        match own.or_else(|| schema.get("additionalProperties")) {
            Some(schema) => compare(document, schema, value, &format!("{at}.{name}"), wrong),
            None if schema.get("properties").is_some() => wrong.push(format!("{at} has {name}")),
            None => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_as_the_document_says() {
    let stage = Stage::new().await;
    stage.shop(true).await;
    let app = stage.get("/api/v1/applications/shop").await;
    let revision = app.str_at(&["status", "sync", "revision"]).to_owned();
    let web = "group=apps&version=v1&kind=Deployment&namespace=shop";
    let metadata = format!("revisions/{revision}/metadata");
    let (resource, actions) = (
        format!("resource?{web}&resourceName=web"),
        format!("resource/actions?{web}&resourceName=web"),
    );
    let explain = format!("explain?{web}&name=web&pointer=/spec/replicas");
    let of_app = [
        ("resource-tree", "resource-tree"),
        ("managed-resources", "managed-resources"),
        ("manifests", "manifests"),
        ("resource", &resource),
        ("resource/actions", &actions),
        ("links", "links"),
        ("events", "events"),
        ("syncwindows", "syncwindows"),
        ("revisions/{revision}/metadata", &metadata),
        ("rendered", "rendered"),
        ("explain", &explain),
        ("overview", "overview"),
        ("tree", "tree"),
        ("diff", "diff?all=true"),
        ("plan", "plan"),
        ("timeline", "timeline"),
        ("attempts", "attempts"),
    ];
    let of_app = of_app.map(|(route, path)| {
        (
            format!("/applications/{{app}}/{route}"),
            format!("/applications/shop/{path}"),
        )
    });
    let others = [
        ("/board", "/board"),
        ("/fleet", "/fleet"),
        ("/drift", "/drift"),
        ("/audit", "/audit"),
        ("/rollouts", "/rollouts"),
        ("/resources", "/resources"),
        ("/search", "/search?q=shop"),
        ("/applications", "/applications"),
        ("/applications/{app}", "/applications/shop"),
        ("/projects", "/projects"),
        ("/projects/{name}", "/projects/default"),
        ("/repositories", "/repositories"),
        ("/repocreds", "/repocreds"),
        ("/clusters", "/clusters"),
        ("/clusters/{server}", "/clusters/in-cluster"),
        ("/certificates", "/certificates"),
        ("/gpgkeys", "/gpgkeys"),
        (
            "/can-i",
            "/can-i?resource=applications&action=get&object=default/shop",
        ),
        ("/policy", "/policy"),
        ("/session/userinfo", "/session/userinfo"),
        ("/account", "/account"),
        ("/account/{name}", "/account/admin"),
    ];
    let others = others.map(|(route, path)| (route.to_owned(), path.to_owned()));
    let document = server::routes::document();
    let mut wrong = Vec::new();
    for (route, path) in of_app.into_iter().chain(others) {
        let answer = stage.get(&format!("/api/v1{path}")).await;
        let place = ["responses", "200", "content", "application/json", "schema"];
        let operation = document.at(&["paths", &format!("/api/v1{route}"), "get"]);
        let schema = operation.and_then(|o| o.at(&place)).expect("a schema");
        assert!(!schema.is_empty(), "{route} has no schema");
        compare(&document, schema, &answer, &route, &mut wrong);
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
