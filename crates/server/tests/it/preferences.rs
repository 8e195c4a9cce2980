//! What people keep of their own, and share.

use crate::support::{ADMIN, BOB, NOBODY, Stage};
use value::{Value, json};

const PATH: &str = "/api/v1/preferences";

async fn put(stage: &Stage, token: &str, body: &Value) -> u16 {
    let body = body.to_vec();
    stage.send("PUT", PATH, token, &[], &body).await.status
}

async fn get(stage: &Stage, token: &str) -> Value {
    stage.send("GET", PATH, token, &[], b"").await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn favourites_are_ones_own_and_views_can_be_shared() {
    let stage = Stage::new().await;
    assert_eq!(get(&stage, ADMIN).await.array_at(&["favourites"]).len(), 0);
    let view = json!([{"name": "bad", "search": "?q=health:!healthy"}]);
    let own = json!({"favourites": ["argocd/shop"], "views": view.clone()});
    assert_eq!(put(&stage, ADMIN, &own).await, 200);
    assert_eq!(
        put(&stage, ADMIN, &json!({"favourites": ["argocd/web"]})).await,
        200
    );
    let mine = get(&stage, ADMIN).await;
    assert_eq!(
        mine.array_at(&["favourites"])[0].as_str(),
        Some("argocd/web")
    );
    assert_eq!(mine.array_at(&["views"])[0].str_at(&["name"]), "bad");
    assert_eq!(get(&stage, BOB).await.array_at(&["favourites"]).len(), 0);

    assert_eq!(
        put(&stage, NOBODY, &json!({"shared": view.clone()})).await,
        403
    );
    assert_eq!(put(&stage, ADMIN, &json!({"shared": view})).await, 200);
    let shared = get(&stage, BOB).await;
    assert_eq!(
        shared.array_at(&["shared"])[0].str_at(&["search"]),
        "?q=health:!healthy"
    );
    for wrong in [
        json!({"favourites": "x"}),
        json!({"favourites": [""]}),
        json!({"views": [{"name": "x", "search": "javascript:x"}]}),
        json!({"views": [{"name": "x".repeat(1_000), "search": "?q=x"}]}),
        json!({"favourites": vec![Value::from("x"); 501]}),
    ] {
        assert_eq!(put(&stage, ADMIN, &wrong).await, 400, "{}", wrong.to_json());
    }
}
