//! Durability: every write goes into one `redb` file, many writes in one transaction.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use tokio::sync::watch;
use value::Value;

use super::{Object, Table};

/// Writes that one transaction takes at most; more wait for the next one.
const BATCH_WRITES_MAX: usize = 1_024;
/// Writes that may wait for the disk. Beyond it writers wait, so that memory stays bounded.
const WAITING_WRITES_MAX: usize = 16_384;

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

/// The file and the thread that writes it.
#[derive(Debug)]
pub(crate) struct Disk {
    sender: Mutex<Option<mpsc::SyncSender<Record>>>,
    written: watch::Receiver<u64>,
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
        let database = Database::create(folder.join("state.redb"))
            .map_err(|e| failed("cannot open the file")(e.into()))?;
        let (loaded, revision) = load(&database).map_err(failed("cannot read the file"))?;
        let (sender, receiver) = mpsc::sync_channel(WAITING_WRITES_MAX);
        let (written, watched) = watch::channel(revision);
        let writer = std::thread::Builder::new()
            .name("state-writer".into())
            .spawn(move || write_all(&database, &receiver, &written))
            .map_err(|e| failed("cannot start the writer")(e.into()))?;
        let disk = Self {
            sender: Mutex::new(Some(sender)),
            written: watched,
            writer: Mutex::new(Some(writer)),
        };
        Ok((disk, loaded, revision))
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
            // A writer that is gone answers nobody: `wait` never returns then.
            let _ = sender.send(Record {
                table,
                key,
                revision,
                object,
            });
        }
    }

    pub(super) async fn wait(&self, revision: u64) {
        let mut written = self.written.clone();
        if written.wait_for(|w| *w >= revision).await.is_err() {
            // The writer ended without having written this: it must not be answered.
            std::future::pending::<()>().await;
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

fn write_all(database: &Database, receiver: &mpsc::Receiver<Record>, written: &watch::Sender<u64>) {
    while let Ok(first) = receiver.recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH_WRITES_MAX
            && let Ok(next) = receiver.try_recv()
        {
            batch.push(next);
        }
        let revision = batch
            .last()
            .expect("a batch has at least one write")
            .revision;
        if let Err(error) = commit(database, &batch, revision) {
            // Going on would answer writes that a restart forgets.
            tracing::error!(%error, "cannot write the state; no further write is answered");
            return;
        }
        written.send_replace(revision);
    }
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
