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
