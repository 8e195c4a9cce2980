//! Where entries are kept: one task writes them, in order, and throws away the oldest.

use crate::entry::{Action, AuditEntry, DriftRecord};
use api::names;
use cluster::{ApiError, Client};
use engine::ObjectKey;
use jiff::Timestamp;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::sync::mpsc;
use value::{Value, json};

/// Drift records that are kept; at 1 KB each they stay far below what an API server minds.
pub const DRIFT_RECORDS_MAX: usize = 1_000;
/// Audit entries that are kept.
pub const AUDIT_ENTRIES_MAX: usize = 2_000;
/// Entries that wait to be written; more means that the API server is gone for long.
const QUEUE_MAX: usize = 10_000;
/// Tries at one entry before it is given up and logged instead.
const TRIES: u32 = 8;

enum Job {
    Drift(Box<DriftRecord>),
    Settle {
        app: String,
        key: ObjectKey,
        action: Action,
        at: Timestamp,
    },
    Audit(Box<AuditEntry>),
    Flush(tokio::sync::oneshot::Sender<()>),
}

/// A handle to the task that writes entries. Cheap to clone; never waits.
#[derive(Clone)]
pub struct Ledger {
    jobs: mpsc::Sender<Job>,
}

impl Ledger {
    /// Starts the task that writes entries into `namespace`.
    #[must_use]
    pub fn start(client: Client, namespace: &str) -> Self {
        let (jobs, receiver) = mpsc::channel(QUEUE_MAX);
        let writer = Writer {
            client,
            namespace: namespace.to_owned(),
            drifts: Shelf::new("driftrecords", DRIFT_RECORDS_MAX),
            audits: Shelf::new("auditentries", AUDIT_ENTRIES_MAX),
            open: HashMap::new(),
        };
        tokio::spawn(writer.run(receiver));
        Self { jobs }
    }

    /// Writes a drift record.
    pub fn drift(&self, record: DriftRecord) {
        self.send(Job::Drift(Box::new(record)));
    }

    /// Says how the open drift of an object ended.
    pub fn settle(&self, app: &str, key: &ObjectKey, action: Action, at: Timestamp) {
        self.send(Job::Settle {
            app: app.to_owned(),
            key: key.clone(),
            action,
            at,
        });
    }

    /// Writes an audit entry.
    pub fn audit(&self, entry: AuditEntry) {
        self.send(Job::Audit(Box::new(entry)));
    }

    /// Waits until everything that was asked for so far is written.
    pub async fn flush(&self) {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        if self.jobs.send(Job::Flush(sender)).await.is_ok() {
            // An error means that the task is gone, and with it the queue.
            let _gone = receiver.await;
        }
    }

    fn send(&self, job: Job) {
        if self.jobs.try_send(job).is_err() {
            tracing::error!("ledger entry lost: the queue is full");
        }
    }
}

/// The entries of one kind, oldest first.
struct Shelf {
    plural: &'static str,
    max: usize,
    /// Names of the entries that are there; `None` until they were listed.
    names: Option<VecDeque<String>>,
    next: u64,
}

impl Shelf {
    const fn new(plural: &'static str, max: usize) -> Self {
        Self {
            plural,
            max,
            names: None,
            next: 1,
        }
    }
}

struct Writer {
    client: Client,
    namespace: String,
    drifts: Shelf,
    audits: Shelf,
    /// The record of each object whose drift isn't over: its name and when it began.
    open: HashMap<(String, ObjectKey), (String, Timestamp)>,
}

impl Writer {
    async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(job) = jobs.recv().await {
            if let Job::Flush(done) = job {
                // An error means that nobody waits any more.
                let _gone = done.send(());
                continue;
            }
            for attempt in 0..TRIES {
                match self.write(&job).await {
                    Ok(()) => break,
                    Err(error) if attempt + 1 == TRIES => {
                        tracing::error!(error = %error, "ledger entry lost");
                    }
                    Err(error) => {
                        tracing::debug!(error = %error, "ledger entry is tried again");
                        tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
                    }
                }
            }
        }
    }

    async fn write(&mut self, job: &Job) -> Result<(), ApiError> {
        let namespace = self.namespace.clone();
        match job {
            Job::Drift(record) => {
                let make = |number| record.to_value(&namespace, number);
                let name = add(&self.client, &namespace, &mut self.drifts, make).await?;
                let key = (record.app.clone(), record.key.clone());
                self.open.insert(key, (name, record.at));
                Ok(())
            }
            Job::Settle {
                app,
                key,
                action,
                at,
            } => {
                let Some((name, since)) = self.open.get(&(app.clone(), key.clone())).cloned()
                else {
                    return Ok(());
                };
                let took = i64::try_from(at.duration_since(since).as_millis()).unwrap_or(0);
                let patch = json!({"outcome": {
                    "action": action.as_str(), "time": at.to_string(), "tookMilliseconds": took,
                }});
                let path = format!("{}/{name}", collection(&namespace, self.drifts.plural));
                self.client.merge_patch(&path, &patch).await?;
                self.open.remove(&(app.clone(), key.clone()));
                Ok(())
            }
            Job::Audit(entry) => {
                let make = |number| entry.to_value(&namespace, number);
                add(&self.client, &namespace, &mut self.audits, make)
                    .await
                    .map(|_| ())
            }
            Job::Flush(_) => Ok(()),
        }
    }
}

fn collection(namespace: &str, plural: &str) -> String {
    format!(
        "/apis/{}/namespaces/{namespace}/{plural}",
        names::API_VERSION
    )
}

/// Adds an entry under the next number and removes what is too old. Returns its name.
async fn add(
    client: &Client,
    namespace: &str,
    shelf: &mut Shelf,
    make: impl Fn(u64) -> Value,
) -> Result<String, ApiError> {
    let path = collection(namespace, shelf.plural);
    if shelf.names.is_none() {
        load(client, &path, shelf).await?;
    }
    let object = make(shelf.next);
    let name = object.str_at(&["metadata", "name"]).to_owned();
    match client
        .create(
            &format!("{path}?fieldManager={}", names::FIELD_MANAGER),
            &object,
        )
        .await
    {
        Ok(_) => {}
        // Somebody else wrote under this number: look again at the next try.
        Err(error) if error.code == 409 => {
            shelf.names = None;
            return Err(error);
        }
        Err(error) => return Err(error),
    }
    shelf.next += 1;
    let kept = shelf.names.get_or_insert_default();
    kept.push_back(name.clone());
    while kept.len() > shelf.max {
        let Some(oldest) = kept.pop_front() else {
            break;
        };
        // What can't be deleted now is deleted after the next restart.
        let _later = client
            .delete(&format!("{path}/{oldest}"), &Value::object())
            .await;
    }
    Ok(name)
}

async fn load(client: &Client, path: &str, shelf: &mut Shelf) -> Result<(), ApiError> {
    let list = client.get(path).await?;
    let mut entries: Vec<(u64, String)> = list
        .array_at(&["items"])
        .iter()
        .filter_map(|item| {
            let number = u64::try_from(item.i64_at(&["spec", "number"])?).ok()?;
            Some((number, item.str_at(&["metadata", "name"]).to_owned()))
        })
        .collect();
    entries.sort();
    shelf.next = entries.last().map_or(1, |(number, _)| number + 1);
    shelf.names = Some(entries.into_iter().map(|(_, name)| name).collect());
    Ok(())
}
