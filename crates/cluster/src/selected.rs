//! A few objects followed whole, for configuration: a namespace's projects, its repositories'
//! secrets, one ConfigMap.

use crate::client::{ApiError, Client, read_line};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use value::Value;

/// How long the server is asked to keep a watch open, in seconds.
const WATCH_SECONDS: u32 = 290;
/// First wait after a failure.
const BACKOFF: Duration = Duration::from_millis(250);
/// Longest wait after a failure.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// The objects by name; `None` until they were listed once.
pub type Objects = Option<Arc<BTreeMap<String, Arc<Value>>>>;

/// Follows the objects of a collection (`/api/v1/namespaces/argocd/secrets`) that fit a selector
/// (`labelSelector=...`, escaped; empty for all) and whose name `keep` wants, until nobody listens
/// any more. A kind that the server doesn't know has no objects.
#[must_use]
pub fn follow_selected(
    client: Client,
    collection: &str,
    selector: &str,
    keep: fn(&str) -> bool,
) -> watch::Receiver<Objects> {
    let (sender, receiver) = watch::channel(None);
    let mut follower = Follower {
        client,
        collection: collection.to_owned(),
        selector: match selector {
            "" => String::new(),
            selector => format!("&{selector}"),
        },
        keep,
        objects: BTreeMap::new(),
        sender,
    };
    tokio::spawn(async move {
        let mut backoff = BACKOFF;
        while !follower.sender.is_closed() {
            let Err(error) = follower.run().await else {
                backoff = BACKOFF;
                continue;
            };
            if error.is_not_found() {
                follower.objects.clear();
                follower.publish();
            } else if !error.is_gone() {
                let collection = &*follower.collection;
                tracing::warn!(collection, error = %error, "configuration can't be followed");
            }
            tokio::time::sleep(backoff).await;
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    });
    receiver
}

struct Follower {
    client: Client,
    collection: String,
    selector: String,
    keep: fn(&str) -> bool,
    objects: BTreeMap<String, Arc<Value>>,
    sender: watch::Sender<Objects>,
}

impl Follower {
    /// Lists, and follows until the server ends it.
    async fn run(&mut self) -> Result<(), ApiError> {
        // There are few of them: no pages.
        let list = self
            .client
            .get(&format!(
                "{}?resourceVersion=0{}",
                self.collection, self.selector
            ))
            .await?;
        let items = list.array_at(&["items"]).iter();
        let items = items.filter(|o| (self.keep)(&name(o)));
        self.objects = items.map(|o| (name(o), Arc::new(o.clone()))).collect();
        self.publish();
        let mut from = list.str_at(&["metadata", "resourceVersion"]).to_owned();
        loop {
            let before = std::time::Instant::now();
            from = self.follow(&from).await?;
            if self.sender.is_closed() {
                return Ok(());
            }
            // A server that hangs up at once must not be asked in a circle.
            if before.elapsed() < BACKOFF {
                tokio::time::sleep(BACKOFF).await;
            }
        }
    }

    async fn follow(&mut self, from: &str) -> Result<String, ApiError> {
        let path = format!(
            "{}?watch=true&allowWatchBookmarks=true&timeoutSeconds={WATCH_SECONDS}\
             &resourceVersion={from}{}",
            self.collection, self.selector
        );
        let mut from = from.to_owned();
        let mut reader = self.client.lines(&path).await?;
        let mut line = Vec::new();
        // A connection that breaks is taken up again where it ended.
        while read_line(&mut reader, &mut line).await.unwrap_or(false) {
            let Ok(event) = Value::parse(&line) else {
                break;
            };
            let object = event.get("object").cloned().unwrap_or_default();
            match event.str_at(&["type"]) {
                "ERROR" => {
                    let code = u16::try_from(object.i64_at(&["code"]).unwrap_or(0)).unwrap_or(0);
                    return Err(ApiError::from_answer(code, object.to_json().as_bytes()));
                }
                "BOOKMARK" => {}
                "DELETED" => {
                    if self.objects.remove(&name(&object)).is_some() {
                        self.publish();
                    }
                }
                _ if !(self.keep)(&name(&object)) => {}
                _ => {
                    self.objects.insert(name(&object), Arc::new(object.clone()));
                    self.publish();
                }
            }
            object
                .str_at(&["metadata", "resourceVersion"])
                .clone_into(&mut from);
        }
        Ok(from)
    }

    /// Tells the listeners, if they don't know it yet.
    fn publish(&self) {
        self.sender.send_if_modified(|known| {
            let is_known = known.as_deref() == Some(&self.objects);
            if !is_known {
                *known = Some(Arc::new(self.objects.clone()));
            }
            !is_known
        });
    }
}

fn name(object: &Value) -> String {
    object.str_at(&["metadata", "name"]).to_owned()
}
