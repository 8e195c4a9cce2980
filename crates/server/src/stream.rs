//! The stream of changes as server-sent events: numbered, resumable, never faster than who reads.

use crate::access::Desk;
use crate::board::{Board, News, Read, SEES, app_message};
use crate::call::{Answer, Call};
use crate::refusal::{Code, Refusal};
use bytes::Bytes;
use engine::format_time;
use http::HeaderName;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// Streams at the same time.
const STREAMS_MAX: usize = 2_000;
/// Messages that wait for one reader; who is slower reads from the ring, or begins anew.
const WAITING_MAX: usize = 16;
/// How often a quiet stream says that it is alive.
const PING: Duration = Duration::from_secs(15);
/// How often it is asked whether the session still lasts.
const ASK: Duration = Duration::from_secs(30);

static STREAMS: AtomicUsize = AtomicUsize::new(0);

/// One open stream, counted.
struct Counted;

impl Counted {
    fn new() -> Result<Self, Refusal> {
        if STREAMS.fetch_add(1, Ordering::Relaxed) >= STREAMS_MAX {
            STREAMS.fetch_sub(1, Ordering::Relaxed);
            return Err(Refusal::new(Code::Exhausted, "too many streams are open"));
        }
        Ok(Self)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        STREAMS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a listener wants to hear of.
#[derive(Default)]
struct Topics {
    rows: bool,
    drift: bool,
    audit: bool,
    apps: BTreeSet<(Box<str>, Box<str>)>,
}

impl Topics {
    fn of(call: &Call, control: &str) -> Result<Self, Refusal> {
        let mut topics = Self::default();
        for topic in call.params("topics") {
            match topic {
                "apps" => topics.rows = true,
                "drift" => topics.drift = true,
                "audit" => topics.audit = true,
                _ => {
                    let Some(app) = topic.strip_prefix("app:") else {
                        return Err(Refusal::invalid(format!("there is no topic {topic:?}"))
                            .hint("apps, drift, audit, app:NAMESPACE/NAME"));
                    };
                    let (ns, name) = app.split_once('/').unwrap_or((control, app));
                    topics.apps.insert((ns.into(), name.into()));
                }
            }
        }
        if call.param("topics").is_empty() {
            topics.rows = true;
        }
        Ok(topics)
    }
}

/// `GET /api/v1/stream`
pub(crate) async fn stream(desk: Arc<Desk>, call: Call) -> Result<Answer, Refusal> {
    let topics = Topics::of(&call, desk.namespace())?;
    let counted = Counted::new()?;
    let last = call.header(&HeaderName::from_static("last-event-id"));
    let since = match last {
        "" => call.param("since"),
        last => last,
    };
    let since = match since {
        "" => desk.board.seq(),
        // What is no number was never ours.
        text => text.parse().unwrap_or(0),
    };
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    tokio::spawn(async move {
        let listener = Listener {
            desk,
            call,
            topics,
            at: since,
            sender,
        };
        // An error means that the reader is gone.
        let _gone = listener.run().await;
        drop(counted);
    });
    Ok(Answer::stream("text/event-stream", receiver))
}

struct Listener {
    desk: Arc<Desk>,
    call: Call,
    topics: Topics,
    at: u64,
    sender: mpsc::Sender<Bytes>,
}

/// The reader is gone.
struct Gone;

impl Listener {
    async fn run(mut self) -> Result<(), Gone> {
        let mut news = self.desk.board.listen();
        let mut pings = tokio::time::interval(PING);
        let mut asks = tokio::time::interval(ASK);
        asks.tick().await;
        loop {
            if !self.has_same_policy() {
                // Who comes back is asked by the policy of now.
                return Ok(());
            }
            news.borrow_and_update();
            self.catch_up().await?;
            tokio::select! {
                changed = news.changed() => changed.map_err(|_| Gone)?,
                _ = pings.tick() => self.ping().await?,
                _ = asks.tick() => if !self.is_known() { return Ok(()); },
                () = self.sender.closed() => return Ok(()),
            }
        }
    }

    /// Returns true while the policy is the one that was asked.
    fn has_same_policy(&self) -> bool {
        let generation = self.desk.policies.current().generation;
        generation == self.call.caller.current().generation
    }

    /// Returns true while the session lasts.
    fn is_known(&self) -> bool {
        let now = Timestamp::now();
        let known = self.desk.identify(&self.call.headers, now);
        known.is_ok_and(|identity| identity == self.call.caller.identity)
    }

    async fn ping(&self) -> Result<(), Gone> {
        let now = format_time(Timestamp::now());
        let seq = self.at;
        let text = format!("event: ping\ndata: {{\"seq\":{seq},\"now\":\"{now}\"}}\n\n");
        self.send(text.into()).await
    }

    async fn send(&self, message: Bytes) -> Result<(), Gone> {
        self.sender.send(message).await.map_err(|_| Gone)
    }

    async fn catch_up(&mut self) -> Result<(), Gone> {
        loop {
            match self.desk.board.since(self.at) {
                Read::Lost(seq) => {
                    self.at = seq;
                    let text = format!("id: {seq}\nevent: resync\ndata: {{\"seq\":{seq}}}\n\n");
                    self.send(text.into()).await?;
                }
                Read::Entries(entries) if entries.is_empty() => return Ok(()),
                Read::Entries(entries) => {
                    for (seq, news) in entries {
                        if let Some(message) = self.message(&self.desk.board, seq, &news) {
                            self.send(message).await?;
                        }
                        self.at = seq;
                    }
                }
            }
        }
    }

    /// Returns what this listener is told of a change; `None` if it is nothing to them.
    fn message(&self, board: &Board, seq: u64, news: &News) -> Option<Bytes> {
        let caller = &self.call.caller;
        match news {
            News::Rows(rows) if self.topics.rows => {
                let changed = board.masks(caller, &rows.changed);
                let removed = board.masks(caller, &rows.removed);
                rows.message(seq, &changed, &removed)
            }
            News::App(row) => {
                let is_wanted = !self.topics.apps.is_empty()
                    && self
                        .topics
                        .apps
                        .contains(&(row.ns.clone(), row.name.clone()));
                let sees = |row| board.masks(caller, std::slice::from_ref(row))[0] & SEES != 0;
                (is_wanted && sees(row)).then(|| app_message(seq, row))
            }
            News::Drift(app, event) if self.topics.drift => self.entry(seq, "drift", app, event),
            News::Audit(app, entry) if self.topics.audit => self.entry(seq, "audit", app, entry),
            _ => None,
        }
    }

    fn entry(&self, seq: u64, kind: &str, app: &str, json: &Bytes) -> Option<Bytes> {
        let desk = &self.desk;
        if !desk.board.sees(&self.call.caller, desk.namespace(), app) {
            return None;
        }
        let mut out = format!("id: {seq}\nevent: {kind}\ndata: ").into_bytes();
        out.extend_from_slice(json);
        out.extend_from_slice(b"\n\n");
        Some(out.into())
    }
}
