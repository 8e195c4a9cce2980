//! Where entries are kept: one task numbers them in order, writes some at a time, and throws away
//! the oldest.

use crate::entry::{Action, AuditEntry, DriftRecord};
use crate::shelf::{Shelf, name_of};
use api::names;
use cluster::{ApiError, Client};
use engine::ObjectKey;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use value::json;

/// Drift records that are kept; at 1 KB each they stay far below what an API server minds.
pub const DRIFT_RECORDS_MAX: usize = 1_000;
/// Audit entries that are kept.
pub const AUDIT_ENTRIES_MAX: usize = 2_000;
/// Entries that wait to be written; more means that the API server is gone for long.
const QUEUE_MAX: usize = 10_000;
/// Tries at one entry before it is given up and logged instead.
const TRIES: u32 = 8;
/// Requests at a time: as many as keep up with a thousand applications that end a sync together.
const FLIGHTS_MAX: usize = 16;
/// How long somebody waits for an entry to be written: an API server that is slower than that
/// delays whoever waits anyway.
const WAIT_MAX: Duration = Duration::from_secs(1);

enum Job {
    Drift(Box<DriftRecord>),
    Settle(Settle),
    Audit(Box<AuditEntry>),
    Flush(oneshot::Sender<()>),
}

struct Settle {
    drift: Drift,
    action: Action,
    at: Timestamp,
}

/// Which drift: the application and the object.
type Drift = (String, ObjectKey);

/// A job that somebody may wait for.
struct Errand {
    job: Job,
    done: Option<oneshot::Sender<()>>,
    attempt: u32,
}

/// What an entry's writer waits with, before it does what the entry must not be lost for.
#[derive(Debug)]
pub struct Receipt(Option<oneshot::Receiver<()>>);

impl Receipt {
    /// Waits until the entry is written; or until that was refused, or took too long: an entry
    /// never stops what it tells of.
    pub async fn written(self) {
        if let Some(done) = self.0 {
            // An error means that the queue is full, or the task is gone.
            let _written = tokio::time::timeout(WAIT_MAX, done).await;
        }
    }
}

/// A handle to the task that writes entries. Cheap to clone; never waits.
#[derive(Clone)]
pub struct Ledger {
    jobs: mpsc::Sender<Errand>,
}

impl Ledger {
    /// Starts the task that writes entries into `namespace`.
    #[must_use]
    pub fn start(client: Client, namespace: &str) -> Self {
        let (jobs, receiver) = mpsc::channel(QUEUE_MAX);
        let writer = Writer {
            client,
            namespace: namespace.to_owned(),
            drifts: Shelf::new(namespace, "driftrecords", DRIFT_RECORDS_MAX),
            audits: Shelf::new(namespace, "auditentries", AUDIT_ENTRIES_MAX),
            open: HashMap::new(),
            flights: FuturesUnordered::new(),
        };
        tokio::spawn(writer.run(receiver));
        Self { jobs }
    }

    /// Writes a drift record.
    #[expect(clippy::must_use_candidate, reason = "not everybody has to wait")]
    pub fn drift(&self, record: DriftRecord) -> Receipt {
        self.send(Job::Drift(Box::new(record)))
    }

    /// Says how the open drift of an object ended.
    pub fn settle(&self, app: &str, key: &ObjectKey, action: Action, at: Timestamp) {
        let drift = (app.to_owned(), key.clone());
        self.send(Job::Settle(Settle { drift, action, at }));
    }

    /// Writes an audit entry.
    #[expect(clippy::must_use_candidate, reason = "not everybody has to wait")]
    pub fn audit(&self, entry: AuditEntry) -> Receipt {
        self.send(Job::Audit(Box::new(entry)))
    }

    /// Waits until everything that was asked for so far is written.
    pub async fn flush(&self) {
        let (sender, receiver) = oneshot::channel();
        let errand = Errand {
            job: Job::Flush(sender),
            done: None,
            attempt: 0,
        };
        if self.jobs.send(errand).await.is_ok() {
            // An error means that the task is gone, and with it the queue.
            let _gone = receiver.await;
        }
    }

    fn send(&self, job: Job) -> Receipt {
        let (sender, receiver) = oneshot::channel();
        let errand = Errand {
            job,
            done: Some(sender),
            attempt: 0,
        };
        if self.jobs.try_send(errand).is_err() {
            tracing::error!("ledger entry lost: the queue is full");
            return Receipt(None);
        }
        Receipt(Some(receiver))
    }
}

/// A drift that isn't over.
struct Open {
    /// The record's name; empty until it is written.
    name: String,
    since: Timestamp,
    /// What is known of its end already.
    waiting: VecDeque<Errand>,
}

/// How a request ended.
struct End {
    errand: Errand,
    /// The entry's name.
    name: String,
    result: Result<(), ApiError>,
}

enum Landed {
    Ended(End),
    /// It is time to try again.
    Again(Errand),
    /// An entry that was too old is gone, or will be after the next restart.
    Dropped,
}

struct Writer {
    client: Client,
    namespace: String,
    drifts: Shelf,
    audits: Shelf,
    open: HashMap<Drift, Open>,
    flights: FuturesUnordered<BoxFuture<'static, Landed>>,
}

impl Writer {
    async fn run(mut self, mut jobs: mpsc::Receiver<Errand>) {
        loop {
            let has_room = self.flights.len() < FLIGHTS_MAX;
            tokio::select! {
                errand = jobs.recv(), if has_room => match errand {
                    None => break,
                    Some(errand) => match errand.job {
                        Job::Flush(done) => {
                            self.finish().await;
                            // An error means that nobody waits any more.
                            let _gone = done.send(());
                        }
                        job => self.begin(Errand { job, ..errand }).await,
                    },
                },
                Some(landed) = self.flights.next(), if !self.flights.is_empty() => {
                    self.landed(landed).await;
                }
            }
        }
        self.finish().await;
    }

    async fn finish(&mut self) {
        while let Some(landed) = self.flights.next().await {
            self.landed(landed).await;
        }
    }

    /// Sends what a job asks for.
    async fn begin(&mut self, errand: Errand) {
        let shelf = match errand.job {
            Job::Audit(_) => &mut self.audits,
            _ => &mut self.drifts,
        };
        if !shelf.is_known() {
            match shelf.load(&self.client).await {
                Ok(open) => {
                    for (name, record) in open {
                        let open = self.open.entry((record.app, record.key));
                        open.or_insert(Open {
                            name,
                            since: record.at,
                            waiting: VecDeque::new(),
                        });
                    }
                }
                Err(error) => return self.failed(errand, &error),
            }
        }
        let object = match &errand.job {
            Job::Drift(record) => {
                let drift = (record.app.clone(), record.key.clone());
                let open = self.open.entry(drift).or_insert_with(|| Open {
                    name: String::new(),
                    since: record.at,
                    waiting: VecDeque::new(),
                });
                open.name.clear();
                open.since = record.at;
                record.to_value(&self.namespace, self.drifts.take_number())
            }
            Job::Audit(entry) => entry.to_value(&self.namespace, self.audits.take_number()),
            Job::Settle(_) => return self.settle(errand),
            Job::Flush(_) => return,
        };
        let collection = match errand.job {
            Job::Audit(_) => &self.audits.collection,
            _ => &self.drifts.collection,
        };
        let path = format!("{collection}?fieldManager={}", names::FIELD_MANAGER);
        let client = self.client.clone();
        self.flights.push(Box::pin(async move {
            let result = client.create(&path, &object).await.map(drop);
            let name = name_of(&object);
            Landed::Ended(End {
                errand,
                name,
                result,
            })
        }));
    }

    fn settle(&mut self, errand: Errand) {
        let Job::Settle(settle) = &errand.job else {
            return;
        };
        let Some(open) = self.open.get_mut(&settle.drift) else {
            return;
        };
        if open.name.is_empty() {
            open.waiting.push_back(errand);
            return;
        }
        let took = settle.at.duration_since(open.since).as_millis();
        let patch = json!({"outcome": {
            "action": settle.action.as_str(),
            "time": settle.at.to_string(),
            "tookMilliseconds": i64::try_from(took).unwrap_or(0),
        }});
        let name = open.name.clone();
        let path = format!("{}/{name}", self.drifts.collection);
        let client = self.client.clone();
        self.flights.push(Box::pin(async move {
            let result = client.merge_patch(&path, &patch).await.map(drop);
            Landed::Ended(End {
                errand,
                name,
                result,
            })
        }));
    }

    async fn landed(&mut self, landed: Landed) {
        let End {
            errand,
            name,
            result,
        } = match landed {
            Landed::Ended(end) => end,
            Landed::Again(errand) => return self.begin(errand).await,
            Landed::Dropped => return,
        };
        // What was thrown away as too old needs no end.
        let is_gone = |e: &ApiError| e.is_not_found() && matches!(errand.job, Job::Settle(_));
        if let Err(error) = result
            && !is_gone(&error)
        {
            if error.code == 409 {
                // Somebody else wrote under this number.
                match errand.job {
                    Job::Audit(_) => self.audits.forget(),
                    _ => self.drifts.forget(),
                }
            }
            return self.failed(errand, &error);
        }
        let surplus = match &errand.job {
            Job::Audit(_) => self.audits.add(name),
            Job::Drift(record) => {
                let drift = (record.app.clone(), record.key.clone());
                if let Some(open) = self.open.get_mut(&drift) {
                    open.name.clone_from(&name);
                    for errand in std::mem::take(&mut open.waiting) {
                        self.settle(errand);
                    }
                }
                self.drifts.add(name)
            }
            Job::Settle(settle) => {
                // There may be a newer one of the same object.
                if self.open.get(&settle.drift).is_some_and(|o| o.name == name) {
                    self.open.remove(&settle.drift);
                }
                Vec::new()
            }
            Job::Flush(_) => Vec::new(),
        };
        if let Some(done) = errand.done {
            // An error means that nobody waits.
            let _nobody = done.send(());
        }
        for path in surplus {
            let client = self.client.clone();
            self.flights.push(Box::pin(async move {
                // What can't be deleted now is deleted after the next restart.
                let _later = client.delete(&path, &value::Value::object()).await;
                Landed::Dropped
            }));
        }
    }

    /// Tries again later; nobody waits for that.
    fn failed(&mut self, errand: Errand, error: &ApiError) {
        if let Some(done) = errand.done {
            // An error means that nobody waits.
            let _nobody = done.send(());
        }
        if errand.attempt + 1 == TRIES {
            tracing::error!(error = %error, "ledger entry lost");
            if let Job::Drift(record) = errand.job {
                self.open.remove(&(record.app, record.key));
            }
            return;
        }
        tracing::debug!(error = %error, "ledger entry is tried again");
        let wait = Duration::from_millis(50 << errand.attempt);
        let again = Errand {
            job: errand.job,
            done: None,
            attempt: errand.attempt + 1,
        };
        self.flights.push(Box::pin(async move {
            tokio::time::sleep(wait).await;
            Landed::Again(again)
        }));
    }
}
