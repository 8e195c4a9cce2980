//! A disk that is full for a while.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::StorageBackend;

use super::*;

/// A file in memory that can be full. What is written survives whoever opens it.
#[derive(Debug, Clone, Default)]
struct File {
    bytes: Arc<Mutex<Vec<u8>>>,
    full: Arc<AtomicBool>,
}

impl File {
    fn room(&self) -> io::Result<()> {
        match self.full.load(Ordering::SeqCst) {
            true => Err(io::Error::from(io::ErrorKind::StorageFull)),
            false => Ok(()),
        }
    }

    fn bytes(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().expect("no holder panics")
    }
}

impl StorageBackend for File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let at = usize::try_from(offset).expect("it fits");
        out.copy_from_slice(&self.bytes()[at..at + out.len()]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.room()?;
        let len = usize::try_from(len).expect("it fits");
        self.bytes().resize(len, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.room()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.room()?;
        let at = usize::try_from(offset).expect("it fits");
        self.bytes()[at..at + data.len()].copy_from_slice(data);
        Ok(())
    }
}

fn disk(file: &File) -> (Disk, Loaded, u64) {
    let file = file.clone();
    let open = move || Ok(Database::builder().create_with_backend(file.clone())?);
    let failed = |step| {
        move |source| DiskError {
            folder: "here".into(),
            step,
            source,
        }
    };
    Disk::start("/state", open, &failed).expect("it opens")
}

fn put(disk: &Disk, name: &str, revision: u64) {
    let table = (String::new(), "configmaps".to_owned());
    let object = Arc::new(Object::new(value::json!({"name": name}), revision));
    disk.append(table, name.to_owned(), revision, Some(object));
}

#[tokio::test]
async fn a_full_disk_refuses_with_its_own_words_and_then_takes_what_waited() {
    let file = File::default();
    let (first, _, start) = disk(&file);
    put(&first, "before", start + 1);
    assert_eq!(first.wait(start + 1).await, Ok(()));
    assert_eq!(first.failing(), None);

    file.full.store(true, Ordering::SeqCst);
    put(&first, "while", start + 2);
    let refused = first.wait(start + 2).await.expect_err("nothing is written");
    let words = refused.to_string();
    assert!(
        words.contains("the state in /state cannot be written") && words.contains("free space"),
        "{words}"
    );
    assert_eq!(first.failing(), Some(refused));
    // What was durable before can still be read.
    assert_eq!(first.wait(start + 1).await, Ok(()));

    file.full.store(false, Ordering::SeqCst);
    let mut progress = first.progress.clone();
    let freed = progress.wait_for(|p| p.failing.is_none()).await;
    assert_eq!(freed.expect("the writer lives").revision, start + 2);
    first.close();

    let (_second, loaded, revision) = disk(&file);
    let names: Vec<&str> = loaded.iter().map(|(_, name, ..)| name.as_str()).collect();
    assert_eq!((names, revision), (vec!["before", "while"], start + 2));
}

#[tokio::test]
async fn a_disk_that_stays_full_does_not_keep_the_process_from_ending() {
    let file = File::default();
    let (disk, _, start) = disk(&file);
    file.full.store(true, Ordering::SeqCst);
    put(&disk, "lost", start + 1);
    assert!(disk.wait(start + 1).await.is_err());
    disk.close();
}
