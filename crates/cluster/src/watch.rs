//! One kind's watch: list once, then follow; list again only if the server has forgotten.

use crate::client::{ApiError, read_line};
use crate::live::revision;
use crate::store::{Cluster, Store};
use serde_json::value::RawValue;
use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;
use value::Value;

/// Objects of one page of a list.
const PAGE: usize = 500;
/// How long the server is asked to keep a watch open, in seconds.
const WATCH_SECONDS: u32 = 290;
/// First wait after a failure.
const BACKOFF: Duration = Duration::from_millis(250);
/// Longest wait after a failure.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// Follows one kind until the cluster is gone.
pub(crate) async fn run(cluster: Weak<Cluster>, store: Arc<Store>) {
    let mut from: Option<String> = None;
    let mut backoff = BACKOFF;
    loop {
        let Some(cluster) = cluster.upgrade() else {
            return;
        };
        let path = store.resource.collection_path("");
        let outcome = match from.take() {
            None => list(&cluster, &store, &path).await.map(Some),
            Some(revision) => follow(&cluster, &store, &path, revision).await,
        };
        cluster.fared(outcome.as_ref().map(|_| ()));
        drop(cluster);
        match outcome {
            Ok(next) => {
                backoff = BACKOFF;
                from = next;
            }
            Err(error) => {
                tracing::warn!(kind = &*store.resource.kind, error = %error, "watch failed");
                tokio::time::sleep(backoff).await;
                backoff = (backoff * 2).min(BACKOFF_MAX);
            }
        }
    }
}

#[derive(serde::Deserialize)]
struct Page<'a> {
    metadata: PageMetadata,
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageMetadata {
    resource_version: String,
    #[serde(default)]
    r#continue: Option<String>,
}

/// Lists the kind page by page; returns the revision to follow from.
async fn list(cluster: &Cluster, store: &Store, path: &str) -> Result<String, ApiError> {
    let mut seen = HashSet::new();
    let mut next = String::new();
    let revision = loop {
        let path = format!("{path}?limit={PAGE}{next}");
        let body = cluster
            .client()
            .send(http::Method::GET, &path, "", Vec::new())
            .await?;
        let page: Page<'_> = serde_json::from_slice(&body).map_err(|e| unreadable(&e))?;
        for item in page.items.unwrap_or_default() {
            let mut object = Value::parse(item.get().as_bytes()).map_err(|e| unreadable(&e))?;
            // Items of a list carry neither.
            object.set_at(&["kind"], &*store.resource.kind);
            object.set_at(&["apiVersion"], api_version(store));
            if let Some(object) = cluster.read_object(&object) {
                seen.insert(object.key.clone());
                if let Some(change) = cluster.take(store, object) {
                    cluster.tell(change).await;
                }
            }
        }
        match page.metadata.r#continue.filter(|c| !c.is_empty()) {
            Some(token) => next = format!("&continue={token}"),
            None => break page.metadata.resource_version,
        }
    };
    let known = revision.parse().unwrap_or(u64::MAX);
    for key in store.keys_without(&seen) {
        if let Some(change) = cluster.drop_object(store, &key, known) {
            cluster.tell(change).await;
        }
    }
    store.ready.send_replace(true);
    Ok(revision)
}

fn api_version(store: &Store) -> String {
    let resource = &store.resource;
    if resource.group.is_empty() {
        resource.version.to_string()
    } else {
        format!("{}/{}", resource.group, resource.version)
    }
}

#[derive(serde::Deserialize)]
struct Event<'a> {
    r#type: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// Follows the kind from a revision. Returns where to go on; `None` is "list again".
async fn follow(
    cluster: &Cluster,
    store: &Store,
    path: &str,
    mut from: String,
) -> Result<Option<String>, ApiError> {
    let path = format!(
        "{path}?watch=true&allowWatchBookmarks=true&timeoutSeconds={WATCH_SECONDS}\
         &resourceVersion={from}"
    );
    let mut reader = match cluster.client().lines(&path).await {
        Ok(reader) => reader,
        Err(error) if error.is_gone() => return Ok(None),
        Err(error) => return Err(error),
    };
    cluster.fared(Ok(()));
    let mut line = Vec::new();
    // A connection that breaks is simply taken up again where it ended.
    while read_line(&mut reader, &mut line).await.unwrap_or(false) {
        let Ok(event) = serde_json::from_slice::<Event<'_>>(&line) else {
            break;
        };
        let Ok(object) = Value::parse(event.object.get().as_bytes()) else {
            break;
        };
        match event.r#type {
            "BOOKMARK" => {}
            "ERROR" => {
                let code = u16::try_from(object.i64_at(&["code"]).unwrap_or(0)).unwrap_or(0);
                let error = ApiError::from_answer(code, event.object.get().as_bytes());
                return if error.is_gone() {
                    Ok(None)
                } else {
                    Err(error)
                };
            }
            kind => {
                let change = cluster.read_object(&object).and_then(|live| {
                    if kind == "DELETED" {
                        cluster.drop_object(store, &live.key, live.resource_version)
                    } else {
                        cluster.take(store, live)
                    }
                });
                if let Some(change) = change {
                    cluster.tell(change).await;
                }
            }
        }
        from = revision(&object).to_string();
    }
    Ok(Some(from))
}

fn unreadable(source: &dyn std::fmt::Display) -> ApiError {
    ApiError {
        code: 0,
        reason: "Unreadable".into(),
        message: source.to_string(),
    }
}
