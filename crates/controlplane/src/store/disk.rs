//! Durability: every write goes into one `redb` file, many writes in one transaction.
//!
//! A disk that can't be written, a full one say, ends nothing: what waits is refused with the
//! disk's own words, nothing new is accepted, and the writer tries again until it succeeds.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use tokio::sync::watch;
use value::Value;

use super::{Object, Table};

/// Writes that one transaction takes at most; more wait for the next one.
const BATCH_WRITES_MAX: usize = 1_024;
/// Writes that may wait for the disk. Beyond it writers wait, so that memory stays bounded.
const WAITING_WRITES_MAX: usize = 16_384;
/// How long the writer waits before it tries again what the disk refused.
const RETRY: Duration = Duration::from_millis(500);

/// `group NUL plural NUL key` to `revision (8 bytes) JSON`.
const OBJECTS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("objects");
/// Single facts about the file.
const FACTS: TableDefinition<'_, &str, u64> = TableDefinition::new("facts");
const REVISION: &str = "revision";

/// The state can't be kept on disk.
#[derive(Debug, thiserror::Error)]
#[error("the state in {folder}: {step}")]
pub struct DiskError {
    folder: String,
    step: &'static str,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

#[derive(Debug)]
struct Record {
    table: Table,
    key: String,
    revision: u64,
    /// `None` deletes.
    object: Option<Arc<Object>>,
}

/// How far the writer has come.
#[derive(Debug, Clone)]
struct Progress {
    /// Everything up to here is durable.
    revision: u64,
    /// Why what comes next can't be written now.
    failing: Option<Unwritable>,
}

/// The disk refuses what is to be written; its own words say why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the state in {folder} cannot be written: {why}; nothing is accepted until it can: \
     free space there, it is tried again by itself"
)]
pub(crate) struct Unwritable {
    folder: Arc<str>,
    why: Arc<str>,
}

/// The file and the thread that writes it.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: Arc<str>,
    sender: Mutex<Option<mpsc::SyncSender<Record>>>,
    progress: watch::Receiver<Progress>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

type Loaded = Vec<(Table, String, Value, u64)>;

impl Disk {
    /// Opens the file in `folder`, and returns what it holds and its revision.
    pub(super) fn open(folder: &Path) -> Result<(Self, Loaded, u64), DiskError> {
        let failed = |step: &'static str| {
            let folder = folder.display().to_string();
            move |source: Box<dyn std::error::Error + Send + Sync>| DiskError {
                folder,
                step,
                source,
            }
        };
        std::fs::create_dir_all(folder).map_err(|e| failed("cannot make the folder")(e.into()))?;
        let file = folder.join("state.redb");
        let name = folder.display().to_string();
        Self::start(&name, move || Ok(Database::create(&file)?), &failed)
    }

    /// Starts the writer of a database that `open` opens, again after each failure: `redb` refuses
    /// everything once the file has failed.
    fn start<F: FnOnce(Dyn) -> DiskError>(
        folder: &str,
        open: impl Fn() -> Result<Database, Dyn> + Send + 'static,
        failed: &impl Fn(&'static str) -> F,
    ) -> Result<(Self, Loaded, u64), DiskError> {
        let database = open().map_err(failed("cannot open the file"))?;
        let (loaded, revision) = load(&database).map_err(failed("cannot read the file"))?;
        let (sender, receiver) = mpsc::sync_channel(WAITING_WRITES_MAX);
        let failing = None;
        let (progress, watched) = watch::channel(Progress { revision, failing });
        let folder: Arc<str> = folder.into();
        let writer = Writer {
            folder: Arc::clone(&folder),
            open,
            database: Some(database),
            progress,
        };
        let writer = std::thread::Builder::new()
            .name("state-writer".into())
            .spawn(move || writer.run(&receiver))
            .map_err(|e| failed("cannot start the writer")(e.into()))?;
        let disk = Self {
            folder,
            sender: Mutex::new(Some(sender)),
            progress: watched,
            writer: Mutex::new(Some(writer)),
        };
        Ok((disk, loaded, revision))
    }

    /// Returns why nothing can be written now, if so.
    pub(super) fn failing(&self) -> Option<Unwritable> {
        self.progress.borrow().failing.clone()
    }

    pub(super) fn append(
        &self,
        table: Table,
        key: String,
        revision: u64,
        object: Option<Arc<Object>>,
    ) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = sender.as_ref() {
            // A writer that is gone answers nobody: `wait` says so.
            let _ = sender.send(Record {
                table,
                key,
                revision,
                object,
            });
        }
    }

    /// Waits until everything up to `revision` is durable.
    pub(super) async fn wait(&self, revision: u64) -> Result<(), Unwritable> {
        let mut progress = self.progress.clone();
        let reached = progress
            .wait_for(|p| p.revision >= revision || p.failing.is_some())
            .await;
        match reached {
            Ok(progress) if progress.revision >= revision => Ok(()),
            Ok(progress) => Err(progress.failing.clone().expect("waited for one of the two")),
            // The writer ended without having written this: it must not be answered.
            Err(_) => Err(Unwritable {
                folder: Arc::clone(&self.folder),
                why: "its writer has ended".into(),
            }),
        }
    }

    /// Writes what waits and lets go of the file.
    pub(super) fn close(&self) {
        self.sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(writer) = writer
            && writer.join().is_err()
        {
            tracing::error!("the writer of the state panicked");
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.close();
    }
}

type Dyn = Box<dyn std::error::Error + Send + Sync>;

fn load(database: &Database) -> Result<(Loaded, u64), Dyn> {
    let transaction = database.begin_write()?;
    transaction.open_table(OBJECTS)?;
    transaction.open_table(FACTS)?;
    transaction.commit()?;
    let transaction = database.begin_read()?;
    let mut loaded = Vec::new();
    let mut revision = super::FIRST_REVISION;
    if let Some(known) = transaction.open_table(FACTS)?.get(REVISION)? {
        revision = known.value();
    }
    for row in transaction.open_table(OBJECTS)?.iter()? {
        let (key, bytes) = row?;
        let key = std::str::from_utf8(key.value())?;
        let mut parts = key.splitn(3, '\0');
        let mut part = || parts.next().ok_or("a key of the file has too few parts");
        let (group, plural, name) = (part()?.to_owned(), part()?.to_owned(), part()?.to_owned());
        let (number, json) = bytes
            .value()
            .split_first_chunk::<8>()
            .ok_or("a value of the file is too short")?;
        let value = Value::parse(json)?;
        loaded.push(((group, plural), name, value, u64::from_le_bytes(*number)));
    }
    Ok((loaded, revision))
}

struct Writer<F> {
    folder: Arc<str>,
    open: F,
    /// Nothing after a failure.
    database: Option<Database>,
    progress: watch::Sender<Progress>,
}

impl<F: Fn() -> Result<Database, Dyn>> Writer<F> {
    fn run(mut self, receiver: &mpsc::Receiver<Record>) {
        while let Ok(first) = receiver.recv() {
            let mut batch = vec![first];
            while batch.len() < BATCH_WRITES_MAX
                && let Ok(next) = receiver.try_recv()
            {
                batch.push(next);
            }
            while let Err(error) = self.commit(&batch) {
                self.fail(error.as_ref());
                match receiver.recv_timeout(RETRY) {
                    // It was accepted before anyone knew.
                    Ok(next) => batch.push(next),
                    Err(mpsc::RecvTimeoutError::Timeout) => {}
                    Err(mpsc::RecvTimeoutError::Disconnected) => {
                        let lost = batch.len();
                        tracing::error!(lost, "ended before the disk took the last writes");
                        return;
                    }
                }
            }
            let revision = last_revision(&batch);
            let failing = None;
            let before = self.progress.send_replace(Progress { revision, failing });
            if before.failing.is_some() {
                tracing::info!("the state can be written again");
            }
        }
    }

    fn commit(&mut self, batch: &[Record]) -> Result<(), Dyn> {
        let database = match self.database.take() {
            Some(database) => database,
            None => (self.open)()?,
        };
        commit(&database, batch, last_revision(batch))?;
        self.database = Some(database);
        Ok(())
    }

    fn fail(&self, error: &(dyn std::error::Error + 'static)) {
        let failing = Unwritable {
            folder: Arc::clone(&self.folder),
            why: error.to_string().into(),
        };
        self.progress.send_if_modified(|progress| {
            if progress.failing.as_ref() == Some(&failing) {
                return false;
            }
            tracing::error!("{failing}");
            progress.failing = Some(failing);
            true
        });
    }
}

fn last_revision(batch: &[Record]) -> u64 {
    batch
        .last()
        .expect("a batch has at least one write")
        .revision
}

fn commit(database: &Database, batch: &[Record], revision: u64) -> Result<(), Dyn> {
    let transaction = database.begin_write()?;
    {
        let mut objects = transaction.open_table(OBJECTS)?;
        let mut facts = transaction.open_table(FACTS)?;
        let mut value = Vec::new();
        for record in batch {
            let key = format!("{}\0{}\0{}", record.table.0, record.table.1, record.key);
            match &record.object {
                Some(object) => {
                    value.clear();
                    value.extend_from_slice(&record.revision.to_le_bytes());
                    value.extend_from_slice(&object.value.to_vec());
                    objects.insert(key.as_bytes(), value.as_slice())?;
                }
                None => {
                    objects.remove(key.as_bytes())?;
                }
            }
        }
        facts.insert(REVISION, revision)?;
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests;
