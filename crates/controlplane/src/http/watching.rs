//! Watches on the wire: a line of JSON for every event, until the time is up.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use tokio::time::Instant;
use value::{Value, json};

use super::Body;
use super::negotiate::View;
use crate::convert;
use crate::kinds::Kind;
use crate::registry::{WatchEvent, Watcher};
use crate::store::{Event, Object};
use crate::tables::{self, Include};

/// How long a watch without a timeout of its own goes on; clients begin anew.
const WATCH_SECONDS: u64 = 45 * 60;
/// How often a quiet watch tells how far it is.
const BOOKMARK_INTERVAL: Duration = Duration::from_secs(60);

/// What a watch shows and for how long.
pub(super) struct Show {
    pub(super) kind: Arc<Kind>,
    pub(super) view: View,
    pub(super) include: Include,
    pub(super) bookmarks: bool,
    pub(super) timeout_seconds: Option<u64>,
}

struct State {
    watcher: Watcher,
    show: Show,
    now: Box<dyn Fn() -> jiff::Timestamp + Send + Sync>,
    deadline: Instant,
    bookmark_at: Instant,
    /// Tables name their columns once.
    headed: bool,
    ended: bool,
}

/// Returns the answer that is a watch.
pub(super) fn answer(
    watcher: Watcher,
    show: Show,
    now: impl Fn() -> jiff::Timestamp + Send + Sync + 'static,
) -> Response<Body> {
    let timeout = Duration::from_secs(show.timeout_seconds.unwrap_or(WATCH_SECONDS));
    let started = Instant::now();
    let state = State {
        watcher,
        show,
        now: Box::new(now),
        deadline: started + timeout,
        bookmark_at: started + BOOKMARK_INTERVAL,
        headed: false,
        ended: false,
    };
    let lines = stream::unfold(state, |mut state| async move {
        let line = state.line().await?;
        Some((Ok::<_, std::io::Error>(Frame::data(line)), state))
    });
    let mut response = Response::new(StreamBody::new(lines).boxed_unsync());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

impl State {
    async fn line(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        let event = tokio::select! {
            biased;
            event = self.watcher.next() => event,
            () = tokio::time::sleep_until(self.deadline) => {
                self.ended = true;
                return self.show.bookmarks.then(|| self.bookmark(self.watcher.seen(), false));
            }
            () = tokio::time::sleep_until(self.bookmark_at), if self.show.bookmarks => {
                self.bookmark_at = Instant::now() + BOOKMARK_INTERVAL;
                return Some(self.bookmark(self.watcher.seen(), false));
            }
        };
        let Some(event) = event else {
            // Too slow: the client begins anew from what it knows.
            self.ended = true;
            return None;
        };
        Some(match event {
            WatchEvent::Added(object, event) => self.event("ADDED", &object, event.as_deref()),
            WatchEvent::Modified(object, event) => {
                self.event("MODIFIED", &object, event.as_deref())
            }
            WatchEvent::Deleted(object, event) => self.event("DELETED", &object, event.as_deref()),
            WatchEvent::Bookmark {
                revision,
                initial_end,
            } => self.bookmark(revision, initial_end),
        })
    }

    fn event(&mut self, name: &str, object: &Arc<Object>, event: Option<&Event>) -> Bytes {
        if self.show.view == View::Whole && !convert::converts(&self.show.kind) {
            let make = || {
                let json = object.json();
                let mut line = Vec::with_capacity(json.len() + 40);
                line.extend_from_slice(b"{\"type\":\"");
                line.extend_from_slice(name.as_bytes());
                line.extend_from_slice(b"\",\"object\":");
                line.extend_from_slice(&json);
                line.extend_from_slice(b"}\n");
                Bytes::from(line)
            };
            return match event {
                Some(event) => event.lines.whole.get_or_init(make).clone(),
                None => make(),
            };
        }
        let value = convert::from_storage(&self.show.kind, &object.value);
        let shown = match &self.show.view {
            View::Table(version) => {
                let mut table = tables::table(
                    &self.show.kind,
                    version,
                    std::slice::from_ref(&value),
                    self.show.include,
                    (self.now)(),
                );
                table.set_at(
                    &["metadata", "resourceVersion"],
                    value.str_at(&["metadata", "resourceVersion"]),
                );
                if std::mem::replace(&mut self.headed, true) {
                    table.set_at(&["columnDefinitions"], Value::Null);
                }
                table
            }
            View::Partial(version) | View::PartialList(version) => tables::partial(version, &value),
            _ => value,
        };
        line(name, &shown)
    }

    fn bookmark(&mut self, revision: u64, initial_end: bool) -> Bytes {
        let kind = &self.show.kind;
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if initial_end {
            metadata.set_at(&["annotations", "k8s.io/initial-events-end"], "true");
        }
        let mut object = json!({
            "kind": kind.kind.as_str(), "apiVersion": kind.api_version(), "metadata": metadata
        });
        if (kind.group.as_str(), kind.kind.as_str()) == ("", "Pod") {
            object.set_at(&["spec"], json!({"containers": null}));
            object.set_at(&["status"], Value::object());
        }
        let shown = match &self.show.view {
            View::Partial(version) | View::PartialList(version) => {
                tables::partial(version, &object)
            }
            View::Table(version) => {
                let rows = std::slice::from_ref(&object);
                let mut table = tables::table(kind, version, rows, self.show.include, (self.now)());
                table.set_at(&["metadata", "resourceVersion"], revision.to_string());
                if std::mem::replace(&mut self.headed, true) {
                    table.set_at(&["columnDefinitions"], Value::Null);
                }
                table
            }
            _ => object,
        };
        line("BOOKMARK", &shown)
    }
}

fn line(name: &str, object: &Value) -> Bytes {
    let mut line = json!({"type": name, "object": object}).to_vec();
    line.push(b'\n');
    line.into()
}
