//! The stream: changes as they happen, taken up again, or begun anew.

use crate::support::{ADMIN, BOB, Stage};
use value::{Value, json};

fn names(data: &Value) -> Vec<String> {
    let rows = data.array_at(&["changed"]).iter();
    rows.map(|r| r.str_at(&["name"]).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_where_it_ended() {
    let stage = Stage::new().await;
    let mut events = stage
        .events("topics=apps,drift,audit,app:argocd/shop", ADMIN)
        .await;
    stage.shop(true).await;
    let (first, data) = tokio::task::spawn_blocking(move || {
        let found = events.event("rows", |data| names(data) == ["shop"]);
        events.event("app", |data| data.str_at(&["name"]) == "shop");
        events.event("audit", |data| data.str_at(&["action"]) == "sync");
        found
    })
    .await
    .unwrap();
    assert_eq!(
        data.i64_at(&["seq"]).map(|s| s.to_string()),
        Some(first.clone())
    );
    // Whoever comes back with that number gets all that came after it.
    let mut again = stage
        .events(&format!("topics=apps&since={first}"), ADMIN)
        .await;
    let (second, _) = tokio::task::spawn_blocking(move || {
        again.event("rows", |data| {
            let rows = data.array_at(&["changed"]);
            rows.iter().any(|r| r.str_at(&["health"]) == "Healthy")
        })
    })
    .await
    .unwrap();
    assert!(second.parse::<u64>().unwrap() > first.parse::<u64>().unwrap());
    // A number that was never ours begins anew.
    for query in ["topics=apps&since=12", "topics=apps&since=nonsense"] {
        let mut lost = stage.events(query, ADMIN).await;
        let event = tokio::task::spawn_blocking(move || lost.event("resync", |_| true));
        assert!(event.await.unwrap().1.i64_at(&["seq"]).unwrap() > 12);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_hears_only_what_they_may_see() {
    let stage = Stage::new().await;
    let policy = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "argocd-rbac-cm", "namespace": "argocd"},
        "data": {"policy.csv": "p, bob, applications, get, default/other, allow"},
    });
    let maps = "/api/v1/namespaces/argocd/configmaps";
    stage.client.create(maps, &policy).await.unwrap();
    stage.shop(true).await;
    stage.allowed(BOB, "applications/get/default/other").await;
    let mut events = stage.events("topics=apps,audit&since=0", BOB).await;
    let other = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": "other", "namespace": "argocd"},
        "spec": {
            "project": "default",
            "source": {"repoURL": stage.repo("shop"), "path": ".", "targetRevision": "main"},
            "destination": {"name": "in-cluster", "namespace": "shop"},
        },
    });
    let mut shop = other.clone();
    shop.set_at(&["metadata", "name"], "shop2");
    for app in [shop, other] {
        stage
            .client
            .create(crate::support::APPLICATIONS, &app)
            .await
            .unwrap();
    }
    let heard = tokio::task::spawn_blocking(move || {
        let mut heard = Vec::new();
        events.event("rows", |data| {
            heard_names(data);
            names(data) == ["other"]
        });
        heard.push(());
        heard
    });
    heard.await.unwrap();
    let board = stage
        .send("GET", "/api/v1/board", BOB, &[], b"")
        .await
        .json();
    assert_eq!(board.at(&["rows", "name"]), Some(&json!(["other"])));
    let mine = stage
        .send("GET", "/api/v1/applications", BOB, &[], b"")
        .await
        .json();
    assert_eq!(mine.array_at(&["items"]).len(), 1);
}

fn heard_names(data: &Value) {
    for name in names(data) {
        assert_eq!(name, "other", "nobody may hear of it");
    }
}
